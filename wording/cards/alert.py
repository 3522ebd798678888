"""What operators are told without asking.

Guarantees: an alert that stands is shown, and one that is over says so; who has seen it is told to
every operator; acts are only begun here, each asks once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.actions import Action
from bot.domain.alert_buttons import AlertAction, door_to_arg, key_to_arg
from bot.domain.alerts import AlertKind, Away, Unheard
from bot.domain.codes import CodeKind
from bot.domain.limits import Limit
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.openers import Opener
from bot.domain.tower import LockerStatus
from wording.cards.closing import back_said
from wording.cards.concern import Concern
from wording.cards.orphan import in_vain, orphan_gone_said, orphan_said
from wording.cards.rows import card
from wording.sanitize import coded, esc, esc_name
from wording.tower_names import esc_tower, name_alone


def alert_card(concern: Concern) -> Message:
    """The alert as it stands now."""
    alert = concern.alert
    told = [_about(concern), when_said(concern), _seen(concern)]
    if alert.cleared_at is not None:
        return card([[said_of(concern), *told]], [_ops(concern)])
    return card(
        [[said_of(concern), *told]],
        *([act] for act in _acts(concern)),
        [to_see(concern), _ops(concern)],
    )


def said_of(concern: Concern) -> str:
    """What the alert says, or that it is over. Its first line says what is the matter (where it is
    merely settled, the second) and holds no name, nobody's own words and no id of a person."""
    kind = concern.alert.kind
    if concern.alert.cleared_at is not None:
        return _OVER.get(kind, _settled)(concern)
    return _STANDS[kind](concern)


def merely_settled(concern: Concern) -> bool:
    """Whether it is over, and there are no words of its own for that."""
    return concern.alert.cleared_at is not None and concern.alert.kind not in _OVER


def when_said(concern: Concern) -> str:
    """Since when it stands; from when to when it did."""
    _, alert, start = concern.words._, concern.alert, concern.time(concern.alert.raised_at)
    if alert.cleared_at is None:
        return _("since {time}", time=start)
    return _("from {start} to {end}", start=start, end=concern.time(alert.cleared_at))


def _seen(concern: Concern) -> str | None:
    """Who has seen it, and when; None while nobody has."""
    _, alert = concern.words._, concern.alert
    if alert.seen_at is None:
        return None
    operator = concern.situation.seen_by
    name = esc_name(operator.name if operator else None) or _("an operator")
    return _("👁 Seen by {name}, {time}", name=name, time=concern.time(alert.seen_at))


def to_see(concern: Concern) -> Button | None:
    """Says that whoever presses it has seen the alert; None once somebody has."""
    if concern.alert.seen_at is not None:
        return None
    return Button(concern.words._("Seen"), press(AlertAction.SEEN, key_to_arg(concern.alert.key)))


def _about(concern: Concern) -> str | None:
    """Tower, door, sender: whatever is known."""
    _ = concern.words._
    parts = [place_said(concern)]
    if concern.delivery is not None and concern.alert.kind is not AlertKind.ORPHAN:
        if concern.situation.sender is not None:
            name = esc_name(concern.situation.sender.name) or _("somebody")
            parts.append(_("sent by {name}", name=name))
        parts.append(f"<code>{concern.delivery.id}</code>")
    return " · ".join(filter(None, parts)) or None


def place_said(concern: Concern) -> str | None:
    """Tower and door, as far as they are known."""
    tower = concern.situation.tower
    where = (esc_tower(name_alone(tower)), esc(tower.address, 80)) if tower else ()
    parts = [f"📍 {', '.join(filter(None, where))}"] if tower else []
    if concern.delivery is not None:
        parts.append(concern.words._("locker {door}", door=concern.door))
    return " · ".join(parts) or None


def _acts(concern: Concern) -> list[Button]:
    _ = concern.words._
    alert = concern.alert
    if alert.kind is AlertKind.ORPHAN and not alert.release:
        if in_vain(alert):
            return []
        door = door_to_arg(alert.tower, alert.locker)
        if alert.status is LockerStatus.OCCUPIED:
            return [Button(_("Fetch the parcel out"), press(AlertAction.EMPTY_ORPHAN, door))]
        return [Button(_("Release the locker"), press(AlertAction.RELEASE_ORPHAN, door))]
    if alert.kind is AlertKind.DOOR_OUT:
        door = door_to_arg(alert.tower, alert.locker)
        return [Button(back_said(concern.words), press(AlertAction.BACK_IN_USE, door))]
    if concern.delivery is None:
        return []
    look = Button(_("Look at the delivery"), press_on(Action.LOOK, concern.delivery))
    if alert.kind is not AlertKind.PROBLEM:
        return [look]
    done = Button(_("✅ The problem is dealt with"), press_on(Action.SETTLE, concern.delivery))
    return [look, done]


def _ops(concern: Concern) -> Button:
    return Button(concern.words._("Overview"), press(Place.OPERATE))


def _harbor(concern: Concern) -> str:
    """What is known of why it gives no answer that can be used, and no more."""
    _, why = concern.words._, concern.alert.detail.get("why")
    if why == Away.UNREADABLE:
        return _(
            "🔌 <b>Harbor's answers can't be read</b>\nNothing is lost: requests are kept and tried"
            " again."
        )
    if why == Away.CREDENTIALS:
        return _(
            "🔌 <b>Harbor does not accept the bot's credentials</b>\nNothing is lost: requests are "
            "kept and tried again."
        )
    if why == Away.REFUSED:
        return _(
            "🔌 <b>Harbor refuses to list our lockers</b>\nNothing is lost: requests are kept and "
            "tried again."
        )
    return _(
        "🔌 <b>Harbor can't be reached</b>\nNothing is lost: requests are kept and tried again."
    )


def _harbor_back(concern: Concern) -> str:
    return concern.words._("✅ <b>Harbor is back</b>")


def _no_links(concern: Concern) -> str:
    return concern.words._(
        "🔗 <b>Harbor makes no Locker Open links</b>\nWhat is booked from now on is opened by "
        "locker tokens, with the app. Harbor is asked again once an hour."
    )


def _links_again(concern: Concern) -> str:
    return concern.words._("✅ <b>Harbor makes Locker Open links again</b>")


def _odd(concern: Concern) -> str:
    _ = concern.words._
    title = _(
        "🤔 <b>Harbor reports an unexpected state</b>\nThe locker's status there: {status}.",
        status=concern.alert.status.value if concern.alert.status else "?",
    )
    if not concern.alert.detail.get("unlisted"):
        return title
    lacking = _("Harbor's list of our lockers lacks it. Nothing is concluded from that.")
    return f"{title}\n{lacking}"


def _unheld(concern: Concern) -> str:
    _, status = concern.words._, concern.alert.status
    title = _(
        "🕳 <b>Locker {door} of a delivery is not ours at Harbor</b>\n"
        "Nothing is concluded from that; please look at it.",
        door=concern.door,
    )
    said = _("As its tower lists it: {status}.", status=status.value) if status else None
    return "\n".join(filter(None, (title, said or _("Its tower does not list it."))))


def _unreadable(concern: Concern) -> str:
    told = concern.alert.detail
    return concern.words._(
        "🧾 <b>Part of what Harbor says can't be read</b>\nEntries left out of {list}: {count}. "
        "Everything else is used. The first reason: {why}",
        list=coded(str(told.get("call", "?"))),
        count=str(told.get("entries", "?")),
        why=coded(str(told.get("why", "?")), 200),
    )


def _all_read(concern: Concern) -> str:
    return concern.words._("✅ <b>All that Harbor says can be read again</b>")


def _door_stuck(concern: Concern) -> str:
    title = concern.words._(
        "🚪 <b>A door has been reported three times: it does not open</b> (locker {door})",
        door=concern.door,
    )
    return "\n".join(filter(None, (title, _tried_by(concern))))


def _door_out(concern: Concern) -> str:
    return concern.words._(
        "🚧 <b>Locker {door} is left out of booking</b>\nSo many people have reported within "
        "{span} that its door does not open: {count}. It stays out until you say otherwise.",
        door=concern.door,
        span=concern.words.span(concern.situation.policy.door_reported_within),
        count=str(concern.alert.detail.get("people", "?")),
    )


def _door_in(concern: Concern) -> str:
    return concern.words._("✅ <b>Locker {door} can be booked again</b>", door=concern.door)


def _tried_by(concern: Concern) -> str | None:
    """With what the door was tried: where the fault may lie."""
    _, delivery = concern.words._, concern.delivery
    if delivery is None:
        return None
    kind = CodeKind.PICK_UP if delivery.reported_at is not None else CodeKind.DROP_OFF
    if delivery.opener(kind, concern.situation.policy) is Opener.LINK:
        return _(
            "Tried by an opening link: from a phone with Bluetooth on, an iPhone or an Android "
            "with the Locker Open app."
        )
    return _("Tried by a locker token, with the app that opens Harbor lockers.")


def _reported(concern: Concern) -> str:
    _, alert = concern.words._, concern.alert
    said = _("🆘 <b>Somebody reports a problem</b>\n“{text}”", text=esc(alert.text, 200) or "?")
    if alert.reports == 1:
        return said
    more = _("Reports so far: {count}. These are the latest words.", count=alert.reports)
    return f"{said}\n{more}"


def _overdue(concern: Concern) -> str:
    return concern.words._("⏰ <b>A parcel has not been collected in time</b>")


def _gone(concern: Concern) -> str:
    return concern.words._(
        "❗ <b>A parcel has left locker {door}, and nobody had been given a code for it</b>",
        door=concern.door,
    )


def _guessing(concern: Concern) -> str:
    return concern.words._(
        "🕵️ <b>Somebody types one wrong claim code after another</b>\n"
        "They have to wait longer each time. Telegram id: {person}",
        person=_person(concern),
    )


def _person(concern: Concern) -> str:
    """The id of whom it is about, until they ask to be forgotten."""
    person = concern.alert.person
    return concern.words._("forgotten") if person is None else f"<code>{person}</code>"


def _unsaved(concern: Concern) -> str:
    why = esc(str(concern.alert.detail.get("why", "")))
    return concern.words._("🛑 <b>Nothing can be saved:</b> {why}", why=why)


def _unheard(concern: Concern) -> str:
    """What is known of why nobody is heard, and what becomes of what people do meanwhile."""
    _, detail = concern.words._, concern.alert.detail
    why = detail.get("why")
    if why == Unheard.TAKEN:
        return _(
            "🙉 <b>Nobody is heard: another process receives this bot's updates</b>\nOnly one may; "
            "what the other one takes never gets here. Stop it."
        )
    if why == Unheard.ELSEWHERE:
        return _(
            "🙉 <b>Nobody is heard: Telegram was told to deliver elsewhere, or nowhere</b>\nThe "
            "bot has it deliver here again; whoever changed that may do so again. Stop it."
        )
    if why == Unheard.UNDELIVERED:
        return _(
            "🙉 <b>Nobody is heard: Telegram can't deliver to the bot</b>\n{why}\nTelegram keeps "
            "trying, for a day.",
            why=coded(str(detail.get("said", "?")), 200),
        )
    return _(
        "🙉 <b>Nobody is heard: Telegram gives no answer that can be used</b>\nIt keeps what "
        "people do, for a day."
    )


def _heard_again(concern: Concern) -> str:
    return concern.words._("✅ <b>People are heard again</b>")


def _saving_again(concern: Concern) -> str:
    again = concern.words._(
        "✅ <b>Everything can be saved again.</b> For a while nothing could be; what people did "
        "then is not lost."
    )
    return f"{again}\n{coded(str(concern.alert.detail.get('why', '')))}"


def _limit(concern: Concern) -> str:
    detail = concern.alert.detail
    setting = _SETTINGS[Limit(detail["limit"])] if "limit" in detail else "?"
    return concern.words._(
        "🚦 <b>Somebody has reached a limit</b>\n{setting}\nTelegram id: {person}",
        setting=f"<code>{setting}={detail.get('most')}</code>",
        person=_person(concern),
    )


_SETTINGS = {
    Limit.LIVE: "LOCKERBOT_LIVE_DELIVERIES",
    Limit.HOLDS: "LOCKERBOT_HOLDS",
    Limit.BOOKINGS: "LOCKERBOT_BOOKINGS_AN_HOUR",
}


def _guessed_by_many(concern: Concern) -> str:
    return concern.words._(
        "🕵️ <b>Unusually many wrong claim codes, from several people</b>\n"
        "Nobody is refused for that; claim codes made now are longer, until it is quiet for a day."
    )


def _settled(concern: Concern) -> str:
    over = concern.words._("✅ <b>This is settled:</b>")
    return f"{over}\n{_STANDS[concern.alert.kind](concern)}"


_Title = Callable[[Concern], str]
_STANDS: Mapping[AlertKind, _Title] = {
    AlertKind.HARBOR: _harbor,
    AlertKind.UNSAVED: _unsaved,
    AlertKind.UNHEARD: _unheard,
    AlertKind.LINKS: _no_links,
    AlertKind.ORPHAN: orphan_said,
    AlertKind.ODD: _odd,
    AlertKind.UNHELD: _unheld,
    AlertKind.DOOR: _door_stuck,
    AlertKind.DOOR_OUT: _door_out,
    AlertKind.PROBLEM: _reported,
    AlertKind.OVERDUE: _overdue,
    AlertKind.GONE: _gone,
    AlertKind.GUESSING: _guessing,
    AlertKind.UNREADABLE: _unreadable,
    AlertKind.LIMIT: _limit,
    AlertKind.GUESSED_BY_MANY: _guessed_by_many,
}
_OVER: Mapping[AlertKind, _Title] = {
    AlertKind.HARBOR: _harbor_back,
    AlertKind.UNSAVED: _saving_again,
    AlertKind.UNHEARD: _heard_again,
    AlertKind.LINKS: _links_again,
    AlertKind.ORPHAN: orphan_gone_said,
    AlertKind.UNREADABLE: _all_read,
    AlertKind.DOOR_OUT: _door_in,
}
