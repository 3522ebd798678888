"""What the documents print of the program is what the program says, and what they name is there."""

from __future__ import annotations

import re

from docs.check import ARCHITECTURE, ROOT, drawn

_SHOWN = re.compile(r"^\| .+? \| `(\w+\.py)::(\w+)` \|(?: !\[\]\((.+?)\))? \|$", re.MULTILINE)
_FEATURES = ROOT / "docs" / "features.md"


def test_the_architecture_shows_the_lifecycle_and_the_actions_as_they_are() -> None:
    written = ARCHITECTURE.read_text("utf-8")
    assert drawn(written) == written


def test_each_feature_names_a_test_and_a_picture_that_exist() -> None:
    written = _FEATURES.read_text("utf-8")
    features = _SHOWN.findall(written)
    assert len(features) == written.count("\n| ") - 1, "a row that can't be read"
    for file, test, picture in features:
        told = (ROOT / "tests" / file).read_text("utf-8")
        assert re.search(rf"^(async )?def {test}\(", told, re.MULTILINE), test
        assert not picture or (_FEATURES.parent / picture).is_file(), picture
