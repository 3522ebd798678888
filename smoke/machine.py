"""What of this machine a build has to be told to reach the index of packages.

Guarantees: nothing of it is kept in an image or in the project. A machine that needs no word of its
own about pip hands in nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_PIP, _CERT = Path("/etc/pip.conf"), Path("/etc/pip.pem")
_TOLD = ("index-url", "extra-index-url", "proxy", "cert", "trusted-host", "timeout")
"""Settings of pip that say how an index is reached; what else is set is this machine's affair."""
_LINE = re.compile(r"^(global|install|:env:)\.([\w-]+)='(.*)'$", re.MULTILINE)
_STRONGER = ("global", "install", ":env:")
"""Where pip finds a setting, the last first."""


def handed_in(folder: Path) -> Mapping[Path, Path]:
    """Files of this machine by where they are to be seen inside; what has to be written for that
    is written to `folder`."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    told = dict(_told(listed))
    if not told:
        return {}
    files = {}
    if "cert" in told:
        files[_CERT] = Path(told["cert"])
        told["cert"] = str(_CERT)
    folder.mkdir(parents=True, exist_ok=True)
    files[_PIP] = written = folder / "pip.conf"
    lines = (f"{name} = {said}\n" for name, said in told.items())
    written.write_text("[global]\n" + "".join(lines))
    return files


def _told(listed: str) -> Iterator[tuple[str, str]]:
    found = sorted(_LINE.findall(listed), key=lambda each: _STRONGER.index(each[0]))
    for _, name, said in found:
        elsewhere = " ".join(each for each in said.split() if not each.startswith(("file:", "/")))
        kept = said if name == "cert" else elsewhere
        if name in _TOLD and kept:
            yield name, kept
