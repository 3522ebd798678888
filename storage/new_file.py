"""Files that appear whole or not at all.

Guarantees: what grows beside the place that it is for has a name that nobody can foresee, so that
whoever may write to that folder can't lie in wait; it is its owner's alone (0600), and gone if it
does not take its place.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """An empty file in the folder of `target`, gone after the block if it is still there."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    growing = Path(name)
    try:
        yield growing
    finally:
        growing.unlink(missing_ok=True)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """An empty file that is `target`, and on the disk, once the block has ended well.

    Raises FileExistsError where `target` is there, or is by then.
    """
    if target.exists():
        raise FileExistsError(f"{target} is there already and will not be overwritten")
    with beside(target) as growing:
        yield growing
        sync(growing)
        os.link(growing, target)  # unlike a rename, it takes the place of nothing
        sync(target.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
