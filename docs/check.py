"""Holds the documents against the program: `python -m docs.check` (with `--write`, mends them).

Guarantees: the diagram and the actions in architecture.md are printed from the tables,
`.env.example` from the settings, the README names every setting and every `make` target, no
document links to a file that is not there, and every test that a document names is there.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bot.domain import actions
from bot.domain.lifecycle import diagram
from cli.settings import Settings
from docs.env_example import EXAMPLE, example

ROOT = Path(__file__).parent.parent
ARCHITECTURE = ROOT / "docs" / "architecture.md"
README = ROOT / "README.md"
_DIAGRAM = re.compile(r"(<!-- diagram -->\n```mermaid\n).*?(```\n<!-- /diagram -->)", re.DOTALL)
_ACTIONS = re.compile(r"(<!-- actions -->\n).*?(<!-- /actions -->)", re.DOTALL)
_TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


def drawn(text: str) -> str:
    """`text` with its diagram and its table of actions printed anew."""
    text = _DIAGRAM.sub(lambda match: f"{match[1]}{diagram()}\n{match[2]}", text)
    return _ACTIONS.sub(lambda match: f"{match[1]}{actions.table()}\n{match[2]}", text)


def faults() -> list[str]:
    """What is not true, one line each."""
    found: list[str] = []
    architecture = ARCHITECTURE.read_text("utf-8")
    if drawn(architecture) != architecture:
        found.append("docs/architecture.md: not as the tables are; run with --write")
    readme = README.read_text("utf-8")
    found += [
        f"README.md: {name} is not mentioned" for name in Settings.names() if name not in readme
    ]
    if not EXAMPLE.exists() or EXAMPLE.read_text("utf-8") != example(readme):
        found.append(".env.example: not as the settings and the README are; run with --write")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for target in re.findall(r"`make ([a-z-]+)", readme):
        if target not in targets:
            found.append(f"README.md: there is no `make {target}`")
    for document in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))):
        written, name = document.read_text("utf-8"), document.relative_to(ROOT)
        found += [
            f"{name}: links to {link}, which is not there"
            for link in _LINK.findall(written)
            if not (document.parent / link).exists()
        ]
        found += [
            f"{name}: there is no {file}::{test}"
            for file, test in _TEST.findall(written)
            if not _has(ROOT / "tests" / file, test)
        ]
    return found


def _has(file: Path, test: str) -> bool:
    return file.exists() and f"def {test}(" in file.read_text("utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        ARCHITECTURE.write_text(drawn(ARCHITECTURE.read_text("utf-8")), "utf-8")
        EXAMPLE.write_text(example(README.read_text("utf-8")), "utf-8")
    problems = faults()
    print("\n".join(problems) or "the documents are true")
    sys.exit(bool(problems))
