"""Every page there is: what people without Telegram may come to read.

`python -m tests.support.pages_to_read` writes the books of tests/golden/pages anew, one a language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.domain.browsers import Unclaimed
from bot.domain.codes import CodeKind
from bot.domain.delivery import RequestKind, Trouble
from bot.domain.lifecycle import LIVE, State
from bot.domain.openers import Opener
from tests.support.scenes import (
    ANNA,
    BY_LINK,
    FIELDS,
    LINKS,
    NOW,
    STORY,
    TOWER,
    a_code,
    a_delivery,
    a_history,
    a_scene,
    asking,
)
from tests.support.twists import DORA
from wording.cards.scene import Scene
from wording.language import LANGUAGES, Words, speak
from wording.page import anybody, holder
from wording.page.value import Button, Page

GOLDEN = Path(__file__).parents[1] / "golden" / "pages"
RENEW = "python -m tests.support.pages_to_read"
WORDS_OF_OPERATOR = ("message", ANNA.id, "The tower is being painted: please mind the paint.")


def pages(words: Words) -> Iterator[tuple[str, Page]]:
    """Each with a name."""
    yield from _for_anybody(words)
    yield from _for_whoever_claimed(words)
    yield from _at_the_door(words)
    yield from _where_there_is_none(words)


def _unclaimed(state: State, **changes: Any) -> Unclaimed:
    delivery = a_delivery(state, recipient=None)
    basics: dict[str, Any] = {
        "state": state,
        "tower": TOWER,
        "now": NOW,
        "until": delivery.collect_until,
        "overdue": False,
        "zones": False,
        "telegram": LINKS.open_with("c_abcdefghijklmnopqrstuv"),
        "here": state in LIVE,
    }
    return Unclaimed(**(basics | changes))


def _for_anybody(words: Words) -> Iterator[tuple[str, Page]]:
    for state in (State.RESERVED, State.STORED, State.LAPSED):
        yield f"anybody, {state}", anybody.unclaimed(words, _unclaimed(state))
    kept = _unclaimed(State.STORED, here=False)
    yield "anybody, kept for somebody", anybody.unclaimed(words, kept)
    late = _unclaimed(State.STORED, overdue=True, until=NOW.replace(hour=8))
    yield "anybody, overdue", anybody.unclaimed(words, late)
    bare = replace(TOWER, name="", address="", city="", hours=None, zone=None)
    unknown = _unclaimed(State.STORED, tower=bare, telegram=None, zones=True)
    yield "anybody, little known", anybody.unclaimed(words, unknown)


def scene(words: Words, state: State = State.STORED, **changes: Any) -> Scene:
    """Dora's, who has claimed it in her browser."""
    about = {name: changes.pop(name) for name in [*changes] if name in _OF_SITUATION}
    delivery = a_delivery(state, recipient=DORA.id, recipient_name="", **changes)
    story = [(event, DORA.id if event == "claimed" else by, of) for event, by, of in STORY]
    about = {"history": a_history(*story[:5])} | about
    return a_scene(delivery, DORA, words=words, recipient=DORA, **about)


_OF_SITUATION = ("code", "history", "tower", "zones", "sender", "policy")


def _for_whoever_claimed(words: Words) -> Iterator[tuple[str, Page]]:
    for state in FIELDS:
        yield f"theirs, {state}", holder.theirs(scene(words, state, **BY_LINK))
    yield "theirs, by token", holder.theirs(scene(words))
    late = FIELDS[State.STORED] | {"overdue_at": NOW, "collect_until": NOW.replace(hour=8)}
    yield "theirs, overdue", holder.theirs(scene(words, **late, **BY_LINK))
    out = a_code(CodeKind.PICK_UP, DORA.id, Opener.LINK)
    yield "theirs, link is out", holder.theirs(scene(words, code=out, **BY_LINK))
    asked = {"request": asking(RequestKind.PICK_UP_TOKEN, DORA.id)}
    yield "theirs, asking", holder.theirs(scene(words, **asked, **BY_LINK))
    away = {**asked, "trouble": Trouble.HARBOR_AWAY}
    yield "theirs, Harbor away", holder.theirs(scene(words, **away, **BY_LINK))
    yield "theirs, Harbor said no", holder.theirs(scene(words, trouble=Trouble.REFUSED))
    told = a_history(*STORY, WORDS_OF_OPERATOR)
    yield "theirs, an operator writes", holder.theirs(scene(words, history=told, **BY_LINK))


def _at_the_door(words: Words) -> Iterator[tuple[str, Page]]:
    for form in Opener:
        code = a_code(CodeKind.PICK_UP, DORA.id, form)
        opener = BY_LINK if form is Opener.LINK else {}
        yield f"opened by {form}", holder.opened(scene(words, code=code, **opener), code)
        shut = scene(words, code=code, door_reports=1, **opener)
        yield f"did not open by {form}", holder.door_stays_shut(shut)
    digits = replace(a_code(CodeKind.PICK_UP, DORA.id, Opener.LINK), digits="4711")
    yield "opened by keypad", holder.opened(scene(words, code=digits, **BY_LINK), digits)
    yield "a problem", holder.problem(scene(words, **BY_LINK))
    yield "a problem was told", holder.theirs(scene(words, **BY_LINK), told=True)
    asked = {"request": asking(RequestKind.PICK_UP_TOKEN, DORA.id)}
    yield "still asking", holder.still_asking(scene(words, **asked, **BY_LINK))


def _where_there_is_none(words: Words) -> Iterator[tuple[str, Page]]:
    yield "not there", anybody.not_there(words)
    yield "somebody was first", anybody.somebody_was_first(words)
    yield "no longer", anybody.no_longer(words)
    for status in (400, 403, 409, 429, 503):
        yield f"trouble {status}", anybody.refused(words, status)


def book(words: Words) -> str:
    """All of them as they read."""
    return "\n".join(f"== {name} ==\n{_read(page)}\n" for name, page in pages(words))


def _read(page: Page) -> str:
    buttons = (f"[{_button(button)}]" for button in page.buttons)
    lines = [
        f"({page.mark}) {page.heading}",
        *page.lead,
        *(f"{fact.label}: {fact.text}" for fact in page.facts),
        *(f"{number}. {step}" for number, step in enumerate(page.steps, 1)),
        *((f"{page.keypad} {page.digits} ({page.spelled})",) if page.digits else ()),
        *((f"<QR: {page.qr_said}>",) if page.qr else ()),
        *((page.code,) if page.code else ()),
        *((f"{page.asks} ({page.most}) [!{page.writes}]",) if page.asks else ()),
        *((f"({page.story.heading})",) if page.story else ()),
        *((f"[{page.story.unfolds}]",) if page.story and page.story.earlier else ()),
        *(f"| | {line}" for line in (page.story.earlier if page.story else ())),
        *(f"| {line}" for line in (page.story.latest if page.story else ())),
        " ".join(buttons),
        *page.below,
        *(f"- {note}" for note in page.notes),
        f"< {page.back}" if page.back else "",
    ]
    return "\n".join(line for line in lines if line)


def _button(button: Button) -> str:
    main = "!" if button.main else ""
    return f"{main}{button.text} → {button.do or button.url or f'?{button.aside}'}"


def main() -> None:
    """Write every book."""
    GOLDEN.mkdir(exist_ok=True)
    for language in LANGUAGES:
        (GOLDEN / f"{language}.txt").write_text(book(speak(language)), encoding="utf-8")


if __name__ == "__main__":
    main()
