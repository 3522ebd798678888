"""Which tower: the likeliest first, then by distance, by name or address, or page by page.

Guarantees: a tower is taken only if it is known to us and not closed for booking, which is said
where it stands in the list; a list never has more than a page of
buttons, and says when Harbor has not been heard of lately.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from telegram import Update

from bot.domain.closures import Closure, closure_of
from bot.domain.geography import by_distance, kilometres, on_foot
from bot.domain.ids import TowerId
from bot.domain.message import Ask, Button, Key, Message, Press, press
from bot.domain.openers import Openers
from bot.domain.person import Draft
from bot.domain.tower import Tower, beside
from bot.usecases.closing import open_for_booking
from handlers.conversation.context import Context
from handlers.conversation.navigation import go
from handlers.conversation.questions import Screen
from wording.cards.closing import closed_line
from wording.opening_hours import hours_label
from wording.sanitize import esc
from wording.tower_names import told_apart

TOWER, NEAR = "send/tower", "send/near"
TAKE, NEARBY, EVERY = "tower", "near", "every"
LONGEST_QUERY = 60
_RECENT = 3
_LOOK_BACK = 12
"""Towers used, among which there are `_RECENT` places in all likelihood."""


# -- steps


async def took_tower(update: Update, context: Context) -> Draft | None:
    """A tower has been tapped; where they are is forgotten. Raises ClosedForBooking."""
    assert context.press is not None
    arg = context.press.arg
    known = await context.tx.tower(TowerId(arg)) if arg is not None else None
    if known is None:
        return None
    openers = context.wiring.open_requests.openers_at(known)
    await open_for_booking(context.act, known.id, openers.drop_off)
    return go(context.draft, "send/size", tower=known.id, page=None, here=None)


async def openers_at(context: Context, tower: TowerId) -> Openers:
    """What opens the doors there at present."""
    known = await context.tx.tower(tower)
    if known is None:
        return context.wiring.policy.openers_at(tower)
    return context.wiring.open_requests.openers_at(known)


async def asked_nearby(update: Update, context: Context) -> Draft:
    """Their location is to be asked for, by the phone's own button."""
    return go(context.draft, NEAR)


async def shared_location(update: Update, context: Context) -> Draft:
    """A location has come, asked for or not."""
    assert update.effective_message is not None
    location = update.effective_message.location
    assert location is not None
    here = [round(location.latitude, 4), round(location.longitude, 4)]
    return go(context.draft, TOWER, here=here, query=None, page=None)


async def searched(update: Update, context: Context) -> Draft:
    """Words have been typed: a part of a tower's name, street or city."""
    assert update.effective_message is not None
    text = (update.effective_message.text or "").strip()
    return go(context.draft, TOWER, query=text[:LONGEST_QUERY] or None, page=None)


async def listed_every(update: Update, context: Context) -> Draft:
    """Away with the search."""
    return go(context.draft, TOWER, query=None, here=None, page=None)


# -- prompts


async def near_prompt(screen: Screen) -> Message:
    """A keyboard with the phone's location button; words are a search here, too."""
    _ = screen.words._
    return screen.keyed(
        _("📍 <b>Where are you?</b>\nShare your location, or type a name or an address."),
        Key(_("📍 Share my location"), Ask.LOCATION),
    )


async def tower_prompt(screen: Screen) -> Message:
    """The list of towers."""
    _ = screen.words._
    reading = await screen.sight.towers.all()
    listing = await _listed(screen, reading.value)
    page, entries, more = screen.page_of(listing.towers)
    closed = await closed_among(screen, entries)
    names = told_apart(entries, reading.value)
    rows = [
        (Button(_label(screen, each, listing, name, each.id in closed), _take(each)),)
        for each, name in zip(entries, names, strict=True)
    ]
    lines = [_("📦 <b>Which tower?</b>"), _("Tap one, or type a name or an address.")]
    if not reading.value:
        lines = [_("📦 <b>Which tower?</b>"), _nothing_known(screen, read=reading.at is not None)]
    elif not entries:
        lines.append(_("Nothing found for “{query}”.", query=esc(screen.answers["query"])))
    elif reading.at is None:
        lines.append(_("<i>Harbor can't be reached just now; this is what I knew last.</i>"))
    for tower, name in zip(entries, names, strict=True):
        if (why := closed.get(tower.id)) is not None:
            lines.append(closed_line(screen.words, name, why.words))
    if listing.distance is not None and entries:
        lines.append(_("🚶 Times on foot are estimates: the straight line and 30\u00a0% more."))
    narrowed = "query" in screen.answers or "here" in screen.answers
    near = Button(_("📍 Nearest to me"), press(NEARBY))
    extra = (Button(_("All towers"), press(EVERY)), near) if narrowed else (near,)
    return screen.view("\n".join(lines), *rows, screen.pages(page, more), extra)


async def closed_among(screen: Screen, places: Sequence[Tower]) -> Mapping[TowerId, Closure]:
    """Which of these nothing can be booked at now, and why."""
    sight = screen.sight
    closures = await sight.database.glance(lambda tx: tx.closures())
    towers = (await sight.towers.all()).value if closures else []
    found = {
        place.id: closure_of(place, towers, closures, at_place=sight.by_link(place))
        for place in places
    }
    return {place: why for place, why in found.items() if why is not None}


def _nothing_known(screen: Screen, *, read: bool) -> str:
    if read:
        return screen.words._("Harbor names no tower just now. Please try again in a minute.")
    return screen.words._(
        "Harbor can't be reached just now, so I know of no tower yet. Nothing is lost:"
        " please try again in a minute."
    )


@dataclass(frozen=True, slots=True)
class _Listing:
    """Towers in the order they are shown, and what is said beside a name."""

    towers: list[Tower]
    recent: frozenset[TowerId]
    distance: Callable[[Tower], float] | None


async def _listed(screen: Screen, towers: list[Tower]) -> _Listing:
    matching = [tower for tower in towers if _matches(tower, screen.answers.get("query"))]
    found = screen.sight.places(matching)
    if here := screen.answers.get("here"):
        latitude, longitude = here
        near = by_distance(found, latitude, longitude)
        away = partial(kilometres, latitude=latitude, longitude=longitude)
        return _Listing(near, frozenset(), away)
    person = screen.person.id
    used = await screen.sight.database.look(lambda tx: tx.recent_towers(person, _LOOK_BACK))
    recent = _recent(screen, {tower.id: tower for tower in towers}, used, found)
    place = {tower: number for number, tower in enumerate(recent)}
    ordered = sorted(found, key=lambda tower: (place.get(tower.id, _RECENT), tower.name))
    return _Listing(ordered, frozenset(recent), None)


def _recent(
    screen: Screen, known: Mapping[TowerId, Tower], used: Sequence[TowerId], offered: list[Tower]
) -> list[TowerId]:
    """Those on offer that have been used, the latest first; any tower of a place counts for it."""
    there = [known[tower] for tower in used if tower in known]
    places = [
        offer.id
        for tower in there
        for offer in offered
        if offer.id == tower.id or (screen.sight.by_link(offer) and beside(offer, tower))
    ]
    return list(dict.fromkeys(places))[:_RECENT]


def _matches(tower: Tower, query: str | None) -> bool:
    words = (query or "").casefold().split()
    place = f"{tower.name} {tower.address} {tower.city} {tower.id}".casefold()
    return all(word in place for word in words)


def _take(tower: Tower) -> Press:
    return press(TAKE, tower.id)


def _label(screen: Screen, tower: Tower, listing: _Listing, name: str, closed: bool) -> str:
    if closed:
        name = f"🚫 {name}"
    elif tower.id in listing.recent:
        name = f"🕘 {name}"
    far = listing.distance(tower) if listing.distance else float("inf")
    away = None if far == float("inf") else screen.words.distance(far, tower.country)
    hours = hours_label(tower, screen.now, screen.words)
    walk = None if closed or hours else on_foot(far)
    walked = None if walk is None else f"🚶 {screen.words.span(walk)}"
    return " · ".join(filter(None, (name, away, walked, hours)))
