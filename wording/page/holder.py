"""What the page says to whoever has claimed the parcel in this browser, and the ways to open it.

Guarantees: what opens a door stands on the answer to a tap alone (`opened`), never on the page that
is fetched again and again (`theirs`); nothing is offered that the table of actions forbids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import MAX_NOTE, RequestKind
from bot.domain.history import HistoryEvent
from bot.domain.lifecycle import State
from bot.domain.openers import Opener, fits_symbol
from wording.cards import code as code_card
from wording.cards.door_help import advice, noted
from wording.cards.opening import (
    app_said,
    get_said,
    hand_to_app,
    needs,
    new_said,
    no_link,
    on_its_way,
    spelled,
)
from wording.cards.scene import Scene
from wording.cards.sender_ends import reason
from wording.cards.stored import extendable
from wording.cards.timeline import folded
from wording.page import anybody
from wording.page.value import Aside, Button, Do, Fact, Mark, Page, Story, bare, some
from wording.sanitize import plain, plain_name, read_out


def theirs(scene: Scene, *, told: bool = False) -> Page:
    """How the parcel stands; `told`: their words have just been passed on to the operators."""
    state = scene.delivery.state
    page = _BY_STATE[state](scene)
    said = (scene.words._("Passed on to the operators."),) if told else ()
    problems = _problem(scene) if state is not State.COLLECTED else ()
    return replace(
        page,
        lead=(*said, *page.lead),
        buttons=(*page.buttons, *problems),
        lives=state is not State.COLLECTED,
    )


def _problem(scene: Scene) -> tuple[Button, ...]:
    """The way to the operators, where there are any."""
    if not scene.situation.may(Action.PROBLEM):
        return ()
    return (Button(scene.words._("Report a problem"), aside=Aside.PROBLEM),)


def problem(scene: Scene) -> Page:
    """What is wrong? A few words for the operators."""
    _ = scene.words._
    return _page(
        scene,
        Mark.TROUBLE,
        bare(_("🆘 <b>What is wrong?</b>")),
        asks=_("Write it in a sentence or two; it goes to the operators with this parcel."),
        most=MAX_NOTE,
        writes=_("Write to the operators"),
        back=_("Back to the parcel"),
    )


def _page(scene: Scene, mark: Mark, heading: str, **rest: object) -> Page:
    words = scene.words
    return Page(words.language, mark, anybody.title(words), heading, **rest)  # type: ignore[arg-type]


def _waiting(scene: Scene) -> Page:
    _, situation = scene.words._, scene.situation
    return _page(
        scene,
        Mark.COMING,
        _("Your parcel is on its way"),
        lead=(
            _from(scene),
            _(
                "It is yours to collect, in this browser. This page shows as soon as Harbor "
                "reports it in the locker: come back to it whenever you like."
            ),
        ),
        facts=_place(scene),
        notes=some(bare(needs(scene.words, situation.picks_up_by, situation.policy))),
    )


def _in_locker(scene: Scene) -> Page:
    _, situation = scene.words._, scene.situation
    by_link = situation.picks_up_by is Opener.LINK
    getting = scene.delivery.asks is RequestKind.PICK_UP_TOKEN
    get = get_said(scene.words, CodeKind.PICK_UP, Opener.TOKEN)
    return _page(
        scene,
        Mark.READY,
        _("Your parcel is in locker {door}", door=scene.door_plain),
        lead=some(
            _from(scene),
            bare(scene.trouble)
            or (bare(on_its_way(scene.words, situation.picks_up_by)) if getting else None),
        ),
        facts=(*_place(scene), *_until(scene)),
        buttons=_offered(
            scene,
            (_open_said(scene) if by_link else get, Do.OPEN),
            (_("It did not open"), Do.DOOR) if situation.code_out else None,
            (_("More time"), Do.MORE_TIME),
        ),
        at_once=True,
        below=some(
            _("Tap it when you stand at the tower.") if by_link else None,
        ),
        notes=some(
            _late(scene),
            bare(needs(scene.words, situation.picks_up_by, situation.policy)),
            bare(no_link(scene.words, situation, CodeKind.PICK_UP)),
            bare(extendable(scene)),
            _("It can be collected in this browser alone: no other has the cookie."),
        ),
    )


def _collected(scene: Scene) -> Page:
    heading = scene.words._(
        "✅ <b>The parcel has been taken out</b> ({time})",
        time=scene.time(scene.delivery.collected_at),
    )
    lead = scene.words._("Please close the door firmly when you are done.")
    facts, story = _place(scene), _story(scene)
    return _page(scene, Mark.DONE, bare(heading), lead=(lead,), facts=facts, story=story)


def _story(scene: Scene) -> Story | None:
    """What happened, the last lines first to be seen; None where nothing is known."""
    _, (before, last) = scene.words._, folded(scene)
    if not last:
        return None
    earlier, latest = tuple(map(read_out, before)), tuple(map(read_out, last))
    return Story(_("What happened"), latest, earlier, _("Earlier"))


def _not_coming(scene: Scene) -> Page:
    _ = scene.words._
    said = _("📦 <b>The parcel from {sender} has no locker</b>", sender=scene.sender_name)
    so_far = _("No parcel has been reported so far. If that changes, you will be told here.")
    heading, *more = bare(said).splitlines()
    return _page(scene, Mark.OVER, heading, lead=(*more, so_far), facts=_place(scene))


def _closed(scene: Scene) -> Page:
    said = scene.words._(
        "⛔ <b>An operator has ended the delivery from {sender}</b>", sender=scene.sender_name
    )
    heading, *more = bare(said).splitlines()
    return _page(scene, Mark.OVER, heading, lead=(*more, *some(bare(reason(scene)))))


_BY_STATE: Mapping[State, Callable[[Scene], Page]] = {
    State.PREPARED: _waiting,
    State.REQUESTED: _waiting,
    State.RESERVED: _waiting,
    State.RENTED: _waiting,
    State.RELEASING: _not_coming,
    State.STORED: _in_locker,
    State.COLLECTED: _collected,
    State.CANCELLED: _not_coming,
    State.LAPSED: _not_coming,
    State.NO_LOCKER: _not_coming,
    State.CLOSED: _closed,
}


def opened(scene: Scene, code: Code) -> Page:
    """The answer to a tap: what opens the door, and how; shown once, and fetched no more."""
    _, words, policy = scene.words._, scene.words, scene.situation.policy
    link = code.text if code_card.openable(code) else code_card.handed_over(scene, code)
    said = _open_said(scene) if code.form is Opener.LINK else hand_to_app(words, policy)
    opens = (Button(said, url=link, main=True),) if link is not None else ()
    token = code.form is Opener.TOKEN
    return _page(
        scene,
        Mark.READY,
        bare(code_card.title(scene, code)),
        lead=some(
            bare(scene.closed_line),
            bare(code_card.valid(scene, code)),
            bare(app_said(words, policy)) if token else None,
        ),
        buttons=(
            *opens,
            *_offered(
                scene,
                (_("It did not open"), Do.DOOR),
                (new_said(words, code.form), Do.FRESH),
            ),
        ),
        steps=some(*map(bare_step, code_card.steps(scene, code))),
        notes=some(bare(code_card.tips(scene, code))),
        code=None if code_card.openable(code) else code.text,
        qr=code.text if token and fits_symbol(code.text) else None,
        qr_said=_("QR code for the app on another phone"),
        keypad=bare(code_card.on_keypad(words, code.kind)) if code.digits else "",
        digits=code.digits,
        spelled=spelled(words, code.digits) if code.digits else "",
        back=_("Back to the parcel"),
    )


def still_asking(scene: Scene) -> Page:
    """The answer to a tap while Harbor has not given what opens the door."""
    _ = scene.words._
    return _page(
        scene,
        Mark.TROUBLE,
        bare(on_its_way(scene.words, scene.situation.picks_up_by)),
        lead=(
            bare(scene.trouble)
            or _("Harbor is taking its time. Nothing is lost: please tap again in a moment."),
        ),
        buttons=_offered(scene, (_open_said(scene), Do.OPEN)),
        back=_("Back to the parcel"),
    )


def door_stays_shut(scene: Scene) -> Page:
    """What helps, once it has been written down that the door did not open."""
    _, words = scene.words._, scene.words
    *helps, _faulty = advice(words, scene.situation)
    opener = scene.situation.picks_up_by
    return _page(
        scene,
        Mark.TROUBLE,
        bare(_("🚪 <b>It did not open</b>")),
        lead=(noted(words, scene.delivery, scene.situation.policy),),
        steps=tuple(bare(help_) for help_ in helps),
        buttons=(
            *_offered(scene, (_open_said(scene), Do.OPEN), (new_said(words, opener), Do.FRESH)),
            *_problem(scene),
        ),
        back=_("Back to the parcel"),
    )


_PERMITS: Mapping[Do, Action] = {
    Do.OPEN: Action.PICK_UP_CODE,
    Do.FRESH: Action.NEW_PICK_UP_CODE,
    Do.DOOR: Action.DOOR,
    Do.MORE_TIME: Action.MORE_TIME,
}


def _offered(scene: Scene, *wanted: tuple[str, Do] | None) -> tuple[Button, ...]:
    """Buttons for what their reader may do now; opening the door is what the page is for."""
    return tuple(
        Button(each[0], do=each[1], main=each[1] is Do.OPEN)
        for each in wanted
        if each is not None and scene.situation.may(_PERMITS[each[1]])
    )


def _from(scene: Scene) -> str:
    return scene.words._("From {sender}.", sender=bare(scene.sender_name))


def _open_said(scene: Scene) -> str:
    return scene.words._("Open door {door}", door=scene.door_plain)


def bare_step(step: str) -> str:
    """A step without its number, which the list gives it."""
    return bare(step.partition(". ")[2] or step)


def _place(scene: Scene) -> tuple[Fact, ...]:
    situation = scene.situation
    note, told = plain(scene.delivery.note, 200), _written_by_operator(scene)
    name = plain_name(scene.delivery.parcel_name)
    return (
        *((Fact(scene.words._("Parcel"), name, strong=True),) if name else ()),
        *anybody.place(scene.words, situation.tower, situation.now),
        *((Fact(scene.words._("Note"), note),) if note else ()),
        *((Fact(scene.words._("An operator writes"), told, strong=True),) if told else ()),
    )


def _written_by_operator(scene: Scene) -> str:
    """The latest words of an operator to everybody concerned, or to the reader alone."""
    history, me = reversed(scene.situation.history), scene.situation.reader.id
    told = (x.detail for x in history if x.event is HistoryEvent.MESSAGE or x.told == me)
    return plain(next(told, None), 200)


def _until(scene: Scene) -> tuple[Fact, ...]:
    situation = scene.situation
    until, zones = scene.delivery.collect_until, situation.zones
    return anybody.deadline(scene.words, situation.tower, until, situation.now, zones=zones)


def _late(scene: Scene) -> str | None:
    situation = scene.situation
    until = scene.delivery.collect_until
    if scene.delivery.overdue_at is None and not situation.over(until):
        return None
    return anybody.late(scene.words, situation.tower, until, situation.now, zones=situation.zones)
