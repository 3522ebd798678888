"""Harbor as the bot's core sees it: the port `bot.ports.lockers.Lockers`.

Guarantees: values and errors are the core's own. A 403 to a call about one locker means that this
locker is not ours, so it is a plain refusal; on any other call it means that our credentials lack
a scope. An answer that can't be read says nothing about any locker: it is a reason to try later.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from bot.domain.ids import LockerId, TowerId
from bot.domain.openers import OpenLink, Token
from bot.domain.tower import Hours, Locker, LockerStatus, Size, Tower, digits_apart, known_zone
from bot.ports import errors as edge
from bot.ports.calls import Calls
from bot.ports.lockers import LeftOut
from harbor import errors, wire
from harbor.client import Harbor
from harbor.countries import country_code
from harbor.entries import PORTION
from harbor.pushes import REFERENCE

log = structlog.get_logger(__name__)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
USUAL_TYPES = {Size.SMALL: 1, Size.MEDIUM: 2, Size.LARGE: 3, Size.X_LARGE: 4}
"""Harbor's usual locker type ids; they may vary, so those of lockers that were read come first."""
OFFSETS = frozenset({"EST", "MST", "HST"})
"""Zones that name an offset and no place: where clocks are changed, wrong half of the year."""
NONE_FREE = "no locker available"
"""What Harbor's refusal says, whatever its status, when no locker of the kind asked for is free."""
UNKNOWN_PATH = "Not Found"
"""What Harbor's framework says, with 404, of a path that it does not know."""


class HarborLockers:
    """The port over a client; `only` (tower ids) narrows what discovery shows, and `country` is
    that of towers for which Harbor names none that is known."""

    def __init__(
        self,
        harbor: Harbor,
        only: Collection[TowerId] | None = None,
        country: str | None = None,
    ) -> None:
        self._harbor, self._country = harbor, country
        self._only = None if only is None else {tower.lower() for tower in only}
        self._known: dict[tuple[TowerId, LockerId], tuple[wire.Locker, Locker]] = {}
        self._lists: dict[TowerId, tuple[datetime, list[Locker]]] = {}
        self._assigned: tuple[list[wire.Locker], list[Locker]] = ([], [])
        self._types: dict[Size, int] = {}

    @property
    def calls(self) -> Calls:
        """What was asked of Harbor, for the metrics."""
        return self._harbor.calls

    async def towers(self) -> list[Tower]:
        """Every tower we may use, with its location's address; dear, so keep the answer."""
        with _translated():
            found = await self._harbor.towers()
        there = defaultdict[int, list[TowerId]](list)
        for tower in found:
            there[tower.location.id].append(tower.id)
        return [
            _tower(tower, self._country, there[tower.location.id])
            for tower in found
            if self._only is None or tower.id in self._only
        ]

    async def lockers(self, tower: TowerId) -> list[Locker]:
        """All lockers of a tower, whatever their status."""
        asked_at = self._harbor.now()
        with _translated():
            found = await self._remembered(await self._harbor.lockers(tower))
        self._lists[tower] = asked_at, found
        return found

    def lately(self, tower: TowerId, since: datetime) -> list[Locker] | None:
        """That list as it was last read, if that was asked for at `since` or later."""
        asked_at, found = self._lists.get(tower, (None, None))
        return found if asked_at is not None and asked_at >= since else None

    async def assigned(self) -> list[Locker]:
        """Every locker in our possession; the very list of last time where Harbor says the same."""
        with _translated():
            found = await self._harbor.assigned_lockers()
        if found is not self._assigned[0]:
            self._assigned = found, await self._remembered(found)
        return self._assigned[1]

    def unanswered(self) -> Collection[int]:
        """At which locations the last look for towers learned nothing to go by."""
        return self._harbor.unanswered

    def left_out(self) -> Mapping[str, LeftOut | None]:
        """By call, what the lists that were read last are lacking."""
        return self._harbor.left_out()

    async def reserve(self, tower: TowerId, locker: LockerId, seconds: int) -> str | None:
        """Reserve an available locker; the reservation's id, where Harbor tells one."""
        with _translated(about_one_locker=True):
            made = await self._harbor.reserve(tower, locker, seconds)
        return None if made.id is None else str(made.id)

    async def cancel_reservation(
        self, tower: TowerId, locker: LockerId, reservation: str | None
    ) -> None:
        """Give a reserved locker back; NotOffered where we know no route for it."""
        with _translated(about_one_locker=True):
            await self._harbor.cancel_reservation(tower, locker, reservation)

    async def drop_off_token(self, tower: TowerId, locker: LockerId, seconds: int) -> Token:
        """A token to put something in; the locker is rented until it ends."""
        with _translated(about_one_locker=True):
            return _token(await self._harbor.drop_off_token(tower, locker, seconds))

    async def pick_up_token(self, tower: TowerId, locker: LockerId, seconds: int) -> Token:
        """A token to take something out of an occupied locker of ours."""
        with _translated(about_one_locker=True):
            return _token(await self._harbor.pick_up_token(tower, locker, seconds))

    async def release(self, tower: TowerId, locker: LockerId) -> None:
        """Give a rented locker back; it is available once its tower has been synced."""
        with _translated(about_one_locker=True):
            await self._harbor.release(tower, locker)

    async def drop_off_link(
        self,
        tower: Tower,
        size: Size,
        *,
        low: bool,
        keypad: bool = False,
        reference: str = "",
    ) -> OpenLink:
        """A Locker Open link for a locker that Harbor picks at the tower's location.

        Raises NoLocker when none of that kind is free there, NotOffered where Harbor's own words
        are that it has no such call.
        """
        if tower.location is None:
            raise edge.NotOffered(f"tower {tower.id} has no location, so Harbor makes no link")
        type_id = await self._type_id(tower.id, size)
        with _translated(about_one_locker=True), _absent():
            asked = await self._harbor.open_drop_off_request(
                tower.location,
                type_id,
                require_low=low,
                keypad=keypad,
                payload={REFERENCE: reference} if reference else None,
            )
        return await self._link(asked)

    async def pick_up_link(
        self, tower: TowerId, locker: LockerId, *, keypad: bool = False
    ) -> OpenLink:
        """A Locker Open link to take something out of an occupied locker of ours."""
        with _translated(about_one_locker=True), _absent():
            asked = await self._harbor.open_pick_up_request(locker, keypad=keypad)
        return _open_link(asked, tower, locker)

    async def label(self, tower: TowerId, locker: LockerId) -> Locker | None:
        """The locker as last read; its tower is read only where that has never been done."""
        if (tower, locker) not in self._known:
            await self.lockers(tower)
        _, known = self._known.get((tower, locker), (None, None))
        return known

    async def _type_id(self, tower: TowerId, size: Size) -> int:
        """Harbor's own number of a size, from whatever lockers have been read."""
        if size not in self._types:
            await self.lockers(tower)
        return self._types.get(size, USUAL_TYPES[size])

    async def _remembered(self, lockers: Iterable[wire.Locker]) -> list[Locker]:
        """Labels, sizes and types don't change, so that they are read once. In portions, as others
        are to have their turn."""
        found: list[Locker] = []
        for number, each in enumerate(lockers, start=1):
            before, locker = self._known.get((each.tower_id, each.id), (None, None))
            if locker is None or before is not each:
                locker = _locker(each)
                self._known[locker.tower, locker.id] = each, locker
                if locker.size is not None and each.type_id is not None:
                    self._types[locker.size] = each.type_id
            found.append(locker)
            if number % PORTION == 0:
                await asyncio.sleep(0)
        return found

    async def _link(self, asked: wire.OpenRequest) -> OpenLink:
        """The link of a request; asks Harbor for its locker when the answer did not name it."""
        told = asked
        if asked.tower_id is None or asked.locker_id is None:
            try:
                told = await self._harbor.open_request(asked.id)
            except errors.HarborError as error:
                raise edge.OutcomeUnknown(f"made a link, but {error}") from error
        if told.tower_id is None or told.locker_id is None:
            raise edge.OutcomeUnknown("Harbor made a link without saying for which locker")
        return _open_link(asked, told.tower_id, told.locker_id)


@contextlib.contextmanager
def _absent() -> Iterator[None]:
    """Harbor says that it has no such call: 405, or a 404 in the words of its framework for a path
    that it does not know. Any other 404 of its own concerns this place or locker alone."""
    try:
        yield
    except errors.NotOffered:
        raise
    except errors.Refused as error:
        if error.status == 405 or (error.status == 404 and error.detail == UNKNOWN_PATH):
            raise errors.NotOffered(str(error), error.status, error.detail) from error
        raise


@contextlib.contextmanager
def _translated(*, about_one_locker: bool = False) -> Iterator[None]:
    try:
        yield
    except errors.HarborError as error:
        raise _for_the_core(error, about_one_locker) from error


def _for_the_core(error: errors.HarborError, about_one_locker: bool) -> edge.EdgeError:
    """The core's error that says what `error` means to it."""
    said = str(error)
    match error:
        case errors.Unavailable():
            return edge.TryLater(said, error.retry_after)
        case errors.OutcomeUnknown():
            return edge.OutcomeUnknown(said)
        case errors.NotOffered():
            return edge.NotOffered(said)
        case errors.NotAllowed() if error.status != 403 or not about_one_locker:
            return edge.Misconfigured(said)
        case errors.Refused() if NONE_FREE in error.detail.lower():
            return edge.NoLocker(said)
        case errors.Refused():
            return edge.Refused(said)
        case errors.Broken():
            return edge.Unreadable(said)
        case _:
            return edge.TryLater(said)


def _locker(locker: wire.Locker) -> Locker:
    return Locker(
        id=locker.id,
        name=locker.label,
        tower=locker.tower_id,
        status=LockerStatus[locker.status.name],
        size=None if locker.size is wire.LockerSize.UNKNOWN else Size(locker.size.value),
        low=locker.is_low,
    )


def _token(token: wire.LockerToken) -> Token:
    return Token(
        token.payload.get_secret_value(), token.payload_auth.get_secret_value(), token.expires
    )


def _open_link(asked: wire.OpenRequest, tower: TowerId, locker: LockerId) -> OpenLink:
    link = asked.link.get_secret_value() if asked.link is not None else ""
    if not _leads_anywhere(link):
        raise edge.OutcomeUnknown("Harbor took a Locker Open request without giving its link")
    digits = asked.digits.get_secret_value() if asked.digits is not None else None
    request = asked.id if isinstance(asked.id, int) else None
    return OpenLink(tower, locker, link, request, digits)


def _leads_anywhere(link: str) -> bool:
    """Whether it can be shown as a link: one of the web has a host, an app's own (locker-open://)
    something behind its scheme; neither has a blank or a control sign."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    behind = parts.netloc if parts.scheme in ("http", "https") else parts.netloc or parts.path
    return bool(parts.scheme and behind) and link.isprintable() and " " not in link


def _tower(tower: wire.Tower, country: str | None, there: Sequence[TowerId]) -> Tower:
    """A tower under its location's name, with its own last digits where it does not stand alone
    `there`; in `country` where none is known."""
    place = tower.location
    name = place.name or place.address1 or tower.id
    return Tower(
        id=tower.id,
        name=name if len(there) == 1 else f"{name} · {digits_apart(tower.id, there)}",
        address=", ".join(line for line in (place.address1, place.address2) if line),
        city=place.city or "",
        latitude=place.lat,
        longitude=place.lon,
        zone=_zone(place.timezone),
        hours=_hours(place.access_hours),
        location=place.id,
        location_name=name,
        country=country_code(place.country) or country,
    )


def _zone(name: str | None) -> str | None:
    """`name` if the tz database knows it: Harbor's zones are typed in by hand."""
    if name in OFFSETS:
        return None
    zone = known_zone(name) if name else None
    if name and zone is None:
        log.warning("harbor.unknown_zone", zone=name[:60])
    return zone


def _hours(
    days: Mapping[str, list[wire.Hours]] | None,
) -> Mapping[int, tuple[Hours, ...]] | None:
    """Weekday (Monday 0) → spans; None when Harbor says nothing, which includes all days empty."""
    if not days or not any(days.values()):
        return None
    named = {day.lower(): spans for day, spans in days.items()}
    return {
        number: tuple(Hours(span.start, span.end) for span in named.get(day, ()))
        for number, day in enumerate(WEEKDAYS)
    }
