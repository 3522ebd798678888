"""A message written down as a person sees it: in full for English, in one line for the others.

**bold**, _italics_, `code`, a link ‹behind its words›; a moment as an older phone shows it, and
behind one that ticks, ‹ticking›; a row of buttons as `[Get drop-off code → din] [Menu → menu]`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlsplit

from tests.support.project import Button, Key, Message, Plot, Sheet, asks, does, map_url
from tests.support.scenes import CLAIM, OTHER, PAGED, TOWER

NAMED = {
    **{f"map of {tower.name}": map_url(tower) for tower in (TOWER, OTHER)},
    "the claim link": f"https://t.me/parcels_bot?start=c_{CLAIM.link}",
    "the parcel page": f"https://parcels.example/p/{PAGED.page}",
}
"""Links too long to be read behind button after button; written out once, in links.txt."""

_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"</?([a-z]+)>")
_MOMENT = re.compile(r'<tg-time unix="\d+" format="([a-z]+)">([^<]*)</tg-time>')
_SIGNS = {"b": "**", "i": "_", "code": "`", "pre": "```"}
_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_SHARE = "https://t.me/share/url?"


@dataclass(frozen=True)
class Case:
    """One message in every language; `covers` is what of the project is thereby read."""

    section: str
    name: str
    views: Mapping[str, Message | None]
    covers: frozenset[Hashable] = frozenset()
    secret: str | None = None

    @property
    def title(self) -> str:
        return f"{self.section}: {self.name}"


def page(case: Case, language: str = "en") -> str:
    """The whole message with its buttons."""
    view = case.views[language]
    if view is None:
        return "(nothing is shown)"
    lines = _written(view.html).splitlines()
    lines += [" ".join(_button(button) for button in row) for row in view.buttons]
    for row in view.keys:
        lines.append("keys: " + " ".join(f"({key.text}{_asked(key)})" for key in row))
    if view.qr is not None:
        same = view.qr == case.secret
        lines.insert(0, "<QR of the text>" if same else f"<QR of something else: {view.qr}>")
    if view.venue is not None:
        lines.insert(0, f"<pin: {view.venue.title}, {view.venue.address}>")
    if view.sheet is not None:
        lines[:0] = _drawn(view.sheet)
    if view.plot is not None:
        lines[:0] = _plotted(view.plot)
    if view.protected:
        lines.append("protected: can't be forwarded or saved")
    return "\n".join(line.rstrip() for line in lines)


def _drawn(sheet: Sheet) -> list[str]:
    """A picture, from the top."""
    facts = [f"{label}: {value}" for label, value in sheet.facts]
    quoted = [f"> {sheet.words}"] if sheet.words else []
    symbol = [f"<QR of {_url(sheet.link)}> {' / '.join(sheet.beside)}"]
    lines = [f"**{sheet.title}**", *quoted, *facts, *symbol, _url(sheet.link), *sheet.below]
    return [f"| {line}" for line in lines]


def _plotted(plot: Plot) -> list[str]:
    """A plot's words, from the top."""
    bars = [f"{title}: {' '.join(said or '?' for _, said in days)}" for title, days in plot.bars]
    named = [" ".join(said) for said in plot.days]
    legend = [said for _, said in plot.legend]
    lines = [
        f"**{plot.title}**",
        plot.subtitle,
        *bars,
        plot.curve.title,
        " | ".join(named),
        *legend,
    ]
    return [f"| {line}" for line in lines]


def line(case: Case, language: str) -> str:
    """The words alone, in one line."""
    view = case.views[language]
    if view is None:
        return "(nothing is shown)"
    html = view.html if view.sheet else _PRE.sub("…", view.html)  # the same in every language
    text = unescape(_TAG.sub("", _LINK.sub(r"\2", _MOMENT.sub(r"\2", html))))
    words = " / ".join(part.strip() for part in text.splitlines() if part.strip())
    rows = [[_label(button) for button in row] for row in view.buttons]
    rows += [[f"[{key.text}]" for key in row] for row in view.keys]
    return " ".join([words, *(label for row in rows for label in row)])


def _written(html: str) -> str:
    html = _MOMENT.sub(lambda found: found[2] + ("‹ticking›" if found[1] == "r" else ""), html)
    linked = _LINK.sub(lambda found: f"{found[2]} ‹{_url(unescape(found[1]))}›", html)
    return unescape(_TAG.sub(lambda found: _SIGNS[found[1]], linked))


def _button(button: Button) -> str:
    how, what = does(button)
    if how == "url":
        what = _url(what)
    elif how == "copy":
        what = f"copy {_url(what)}"
    return f"[{button.text} → {what}]"


def _label(button: Button) -> str:
    how, what = does(button)
    if how == "url" and what.startswith(_SHARE):
        return f"[{button.text} “{_shared(what)[1]}”]"
    return f"[{button.text}]"


def _asked(key: Key) -> str:
    asked = asks(key)
    return f" → asks for {asked}" if asked else ""


def _url(url: str) -> str:
    if url.startswith(_SHARE):
        link, text = _shared(url)
        return f"share {_url(link)} “{text}”"
    return next((name for name, known in NAMED.items() if known == url), url)


def _shared(url: str) -> tuple[str, str]:
    said = parse_qs(urlsplit(url).query)
    return said["url"][0], said["text"][0]
