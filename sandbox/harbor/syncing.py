"""How Harbor's server learns: from a tower when a phone syncs it, and from the clock.

Guarantees: events are taken in the order in which they happened; one for which the table has no
row is left aside; whatever is over by the clock is ended before anybody looks, but for a link's
rental, which ends at its tower's next sync.
"""

from __future__ import annotations

from datetime import datetime

from sandbox.harbor.link_settings import BY_TOKEN
from sandbox.harbor.lockers import Locker, OpenRequest, Tenancy
from sandbox.harbor.packets import Events
from sandbox.harbor.registry import Registry, Site
from sandbox.harbor.server import LockerToken, Server
from sandbox.harbor.states import Cause, Status
from sandbox.harbor.tower import TowerEvent


def sync(server: Server, tower_id: str) -> int:
    """A phone syncs a tower, events up and commands down: how many events there were."""
    site = server.registry.site(tower_id)
    count = _exchange(server, site)
    if _end_what_is_over(server, synced=site):
        count += _exchange(server, site)
    server.changed()
    return count


def hear(server: Server, site: Site, packet: Events) -> int:
    """A phone brings a tower's log: how many of its events are news. Commands are not brought.

    The tower drops what the server has, the server the commands that the tower has obeyed; a
    packet that is not out of date is a sync.
    """
    last = packet.start + len(packet.events) - 1
    if last < site.heard:
        return 0
    news = [event for event in packet.events if event.number > site.heard]
    for event in news:
        _learn(server, site, event)
    site.tower.forget(site.heard)
    site.commands[:] = [each for each in site.commands if each.number > packet.obeyed]
    _end_what_is_over(server, synced=site)
    server.changed()
    return len(news)


def _exchange(server: Server, site: Site) -> int:
    """Events up, commands down, and what those made happen up."""
    events = site.tower.collect_log()
    site.tower.obey(site.commands)
    site.commands.clear()
    events += site.tower.collect_log()
    for event in events:
        _learn(server, site, event)
    return len(events)


def settle(server: Server) -> None:
    """End by the clock every reservation and token's rental that is over.

    A rental is not ended while its tower has something to report: Harbor takes such a locker back
    "on the next sync", and its table knows no way from available to occupied. A link's rental is
    ended by its tower's next sync alone.
    """
    if _end_what_is_over(server, synced=None):
        server.changed()


def _end_what_is_over(server: Server, *, synced: Site | None) -> bool:
    """Whether anything was; `synced` is the tower that a phone has just synced."""
    now, ended = server.clock.now(), False
    for locker in server.registry.held():
        end = _end(locker)
        if end is None or end > now or _waits(locker, server.registry.sites[locker.tower], synced):
            continue
        rented = locker.status is Status.RENTED
        if rented and locker.tenancy and locker.tenancy.request:
            server.forget_code(locker, locker.tenancy.request)
        locker.move(Cause.RENTAL_EXPIRED if rented else Cause.RESERVATION_EXPIRED)
        ended = True
    return ended


def _waits(locker: Locker, site: Site, synced: Site | None) -> bool:
    """Whether a locker whose time is over must wait for a sync of its tower."""
    if locker.status is not Status.RENTED or locker.tenancy is None:
        return False
    by_link = locker.tenancy.request is not None
    return bool(site.tower.log) or (by_link and site is not synced)


def next_end(registry: Registry) -> datetime | None:
    """When the next reservation or rental that `settle` ends will be over; or was, if not ended."""
    held = registry.held()
    ends = (_end(each) for each in held if not _waits(each, registry.sites[each.tower], None))
    return min((end for end in ends if end), default=None)


def _end(locker: Locker) -> datetime | None:
    if locker.tenancy is None:
        return None
    if locker.status is Status.RESERVED:
        return locker.tenancy.reserved_until
    return locker.tenancy.rented_until if locker.status is Status.RENTED else None


def _learn(server: Server, site: Site, event: TowerEvent) -> None:
    site.heard = event.number
    locker = site.lockers[event.locker]
    locker.tower_token = event.token
    token = server.tokens.get(event.token_id) if event.token_id else None
    cause, tenancy = _cause(event, token), locker.tenancy
    if not locker.may(cause):
        return
    locker.move(cause)
    request = token.request if token else _by_code(server, event)
    if request is not None:
        request.spent = True
    if event.opened and tenancy:
        _tell(server, locker, tenancy, event, token, request)


def _by_code(server: Server, event: TowerEvent) -> OpenRequest | None:
    """The request whose keypad code was typed."""
    typed = (event.locker, event.keypad_code)
    same = (x for x in server.requests.values() if (x.locker, x.keypad_code) == typed)
    return next(same, None) if event.keypad_code else None


def _cause(event: TowerEvent, token: LockerToken | None) -> Cause:
    if not event.opened:
        return Cause.RELEASE_SET
    if event.reverted:
        return Cause.REVERTED
    drop_off = token.drop_off if token else not event.available
    return Cause.DROP_OFF_USED if drop_off else Cause.PICK_UP_USED


def _tell(
    server: Server,
    locker: Locker,
    tenancy: Tenancy,
    event: TowerEvent,
    token: LockerToken | None,
    request: OpenRequest | None,
) -> None:
    # A code that came with a token opens for the pick-up from now on; any other is void by now.
    learned = request is not None and server.link_settings.keypad == BY_TOKEN
    server.push(
        "LOCKER_OPERATION",
        "LOCKER_TOKEN_USED",
        locker,
        tenancy,
        at=event.at.replace(microsecond=0),
        token=token,
        keypad_code=request.keypad_code if request and learned else event.keypad_code,
        request=request,
    )
