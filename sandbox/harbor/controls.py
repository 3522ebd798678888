"""Harbor's control side: what a person, a phone, a tower or Harbor's console does.

The calls are those of docs/sandbox.md, "Harbor's control side".
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from sandbox.control import ControlError, call, json_body
from sandbox.harbor.link_settings import is_word
from sandbox.harbor.links import SUCCESS, BadLink, Opening
from sandbox.harbor.lockers import Refusal
from sandbox.harbor.packets import Commands, Events, PacketError, pack, unpack
from sandbox.harbor.registry import Site
from sandbox.harbor.states import Status
from sandbox.harbor.tower import Door, DoorError, FirmwareError
from sandbox.harbor.webhooks import ALGORITHMS, Endpoint
from sandbox.harbor.world import Harbor

CODE = re.compile(r"HARBOR://OPEN/([0-9A-F]{16})/(\d{1,18})/([0-9A-F]+)/([0-9A-F]+)", re.I)
_LOCKER = "/towers/{tower}/lockers/{locker:int}"


def routes(harbor: Harbor) -> list[BaseRoute]:
    """The calls, to be mounted at `/sandbox`."""
    controls = _Controls(harbor)
    own = [
        ("POST", "/towers/{tower}/hold", controls.hold),
        ("POST", "/towers/{tower}/keypad", controls.keypad),
        ("POST", "/towers/{tower}/reopen", controls.reopen),
        ("POST", "/towers/{tower}/sync", controls.sync),
        ("POST", "/towers/{tower}/pull", controls.pull),
        ("POST", "/towers/{tower}/push", controls.push),
        ("POST", f"{_LOCKER}/put-in", controls.put_in),
        ("POST", f"{_LOCKER}/take-out", controls.take_out),
        ("POST", f"{_LOCKER}/close", controls.close),
        ("POST", f"{_LOCKER}/status", controls.status),
        ("PUT", "/sync", controls.automatic),
        ("PUT", "/webhook", controls.webhook),
        ("POST", "/links/look", controls.look_link),
        ("POST", "/links/open", controls.open_link),
        ("POST", "/links/doesnt-fit", controls.take_back),
        ("GET", "/links", controls.link_settings),
        ("PUT", "/links", controls.set_links),
    ]
    return [*harbor.control.routes(), *(_route(*each) for each in own)]


def _route(method: str, path: str, function: Callable[[Request], Awaitable[Any]]) -> Route:
    async def translated(request: Request) -> Any:
        try:
            return await function(request)
        except FirmwareError as error:
            raise ControlError(409, error.code, error.message, domain=error.domain) from error
        except DoorError as error:
            raise ControlError(409, "door", str(error)) from error
        except BadLink as error:
            raise ControlError(404, "bad_link", str(error)) from error
        except Refusal as error:
            raise ControlError(error.status, "refused", error.detail) from error

    return call(method, path, translated)


class _Controls:
    def __init__(self, harbor: Harbor) -> None:
        self._harbor = harbor

    async def hold(self, request: Request) -> Any:
        site = self._site(request)
        body = await json_body(request)
        if "code" in body:
            door = site.tower.hold(*_read_code(site, str(body["code"])))
        else:
            door = site.tower.hold(str(body.get("payload")), str(body.get("payload_auth")))
        return self._opened(site, door)

    async def keypad(self, request: Request) -> Any:
        site = self._site(request)
        if not site.seed.keypad:
            raise ControlError(409, "no_keypad", "this tower has no keypad")
        digits = str((await json_body(request)).get("digits", ""))
        return self._opened(site, site.tower.type_code(digits))

    async def reopen(self, request: Request) -> Any:
        site = self._site(request)
        return self._opened(site, site.tower.reopen())

    async def sync(self, request: Request) -> Any:
        return {"events": self._harbor.sync(self._site(request).seed.id)}

    async def pull(self, request: Request) -> Any:
        site = self._site(request)
        log = tuple(site.tower.log)
        start = log[0].number if log else site.tower.logged + 1
        packet = Events(tower=site.seed.id, start=start, events=log, obeyed=site.tower.obeyed)
        payload, payload_auth = pack(packet, site.key)
        return {
            "syncEventStart": start,
            "syncEventCount": len(log),
            "payload": payload,
            "payloadAuth": payload_auth,
        }

    async def push(self, request: Request) -> Any:
        site, body = self._site(request), await json_body(request)
        strings = str(body.get("payload")), str(body.get("payloadAuth"))
        try:
            packet = unpack(Commands, *strings, site.key)
        except PacketError as error:
            raise FirmwareError(508) from error
        before = site.tower.obeyed
        site.tower.obey(packet.commands)
        self._harbor.server.changed()
        return {"obeyed": site.tower.obeyed - before}

    async def put_in(self, request: Request) -> Any:
        site, locker = self._door(request)
        label = (await json_body(request)).get("parcel") or "a parcel"
        site.tower.put_in(locker, str(label))
        return self._shown(site, locker)

    async def take_out(self, request: Request) -> Any:
        site, locker = self._door(request)
        parcel = site.tower.take_out(locker)
        return {**self._shown(site, locker), "taken": parcel}

    async def close(self, request: Request) -> Any:
        site, locker = self._door(request)
        site.tower.close(locker)
        return self._shown(site, locker)

    async def status(self, request: Request) -> Any:
        site, locker = self._door(request)
        name = (await json_body(request)).get("status")
        if name not in {status.value for status in Status}:
            raise ControlError(400, "bad_status", f"Harbor has no status {name!r}")
        self._harbor.server.set_status(site.seed.id, locker, Status(name))
        if Status(name) is not Status.DECLINED:
            self._harbor.touched(site.seed.id)
        return self._shown(site, locker)

    async def automatic(self, request: Request) -> Any:
        automatic = (await json_body(request)).get("automatic")
        if not isinstance(automatic, bool):
            raise ControlError(400, "bad_sync", "automatic is true or false")
        self._harbor.automatic_sync = automatic
        self._harbor.server.changed()
        return {"automatic": automatic}

    async def webhook(self, request: Request) -> Any:
        body = await json_body(request)
        self._harbor.webhooks.endpoint = _endpoint(body) if body.get("url") else None
        self._harbor.server.changed()
        return {"url": body.get("url")}

    async def look_link(self, request: Request) -> Any:
        self._harbor.settle()
        asked = self._harbor.links.look(await _link(request))
        seed = self._harbor.registry.site(asked.tower).seed
        name = self._harbor.registry.locker(asked.tower, asked.locker).seed.name
        return {
            "request": asked.id,
            "tower": asked.tower,
            "locker": asked.locker,
            "name": name,
            "drop_off": asked.drop_off,
            "spent": asked.spent,
            "held": self._harbor.links.held(asked),
            "hold_until": asked.hold_until.isoformat() if asked.hold_until else None,
            "keypad": seed.keypad,
        }

    async def open_link(self, request: Request) -> Any:
        self._harbor.settle()
        outcome = (await json_body(request)).get("outcome", SUCCESS)
        if not is_word(outcome):
            raise ControlError(400, "bad_outcome", "outcome is success or another word")
        opening = self._harbor.links.open(await _link(request), outcome)
        return {**self._at_link(opening), "opened": opening.door is not None}

    async def take_back(self, request: Request) -> Any:
        self._harbor.settle()
        opening = self._harbor.links.take_back(await _link(request))
        return {**self._at_link(opening), "taken": opening.taken}

    async def link_settings(self, request: Request) -> Any:
        return self._harbor.server.link_settings.shown()

    async def set_links(self, request: Request) -> Any:
        server = self._harbor.server
        try:
            server.link_settings = server.link_settings.changed(await json_body(request))
        except ValueError as error:
            raise ControlError(400, "bad_links", str(error)) from error
        self._harbor.control.wire.hide(server.link_settings.digits_field)
        server.changed()
        return server.link_settings.shown()

    def _site(self, request: Request) -> Site:
        return self._harbor.registry.site(request.path_params["tower"])

    def _door(self, request: Request) -> tuple[Site, int]:
        site, locker = self._site(request), request.path_params["locker"]
        self._harbor.registry.locker(site.seed.id, locker)
        return site, locker

    def _at_link(self, opening: Opening) -> dict[str, Any]:
        asked = opening.request
        site = self._harbor.registry.site(asked.tower)
        if opening.door is not None:
            self._harbor.touched(asked.tower)
        name = site.lockers[asked.locker].seed.name
        return {
            "locker": asked.locker,
            "name": name,
            "tower": asked.tower,
            "return_url": opening.return_url,
        }

    def _opened(self, site: Site, door: Door) -> dict[str, Any]:
        self._harbor.touched(site.seed.id)
        return {"locker": door.id, "name": site.lockers[door.id].seed.name}

    def _shown(self, site: Site, locker: int) -> dict[str, Any]:
        self._harbor.server.changed()
        door = site.tower.doors[locker]
        shown = "open" if door.open else "closed"
        return {"locker": locker, "door": shown, "parcel": door.parcel}


def _read_code(site: Site, code: str) -> tuple[str, str]:
    match = CODE.fullmatch(code.strip())
    if match is None:
        raise ControlError(400, "bad_code", "this is not HARBOR://OPEN/tower/locker/payload/auth")
    tower, locker, payload, payload_auth = match.groups()
    if tower.lower() != site.seed.id:
        raise FirmwareError(206)
    if int(locker) not in site.lockers:
        raise FirmwareError(502)
    return payload, payload_auth


async def _link(request: Request) -> str:
    return str((await json_body(request)).get("link", ""))


def _endpoint(body: dict[str, Any]) -> Endpoint:
    given = {name: body[name] for name in ("secret", "header", "algorithm") if body.get(name)}
    if not all(isinstance(value, str) for value in (body["url"], *given.values())):
        raise ControlError(400, "bad_webhook", "url, secret, header and algorithm are texts")
    if not re.match(r"https?://[^/]", body["url"]):
        raise ControlError(400, "bad_webhook", "url begins with http:// or https://")
    if not re.fullmatch(r"[A-Za-z0-9-]+", given.get("header", "X")):
        raise ControlError(400, "bad_webhook", "header is letters, digits and hyphens")
    if given.get("algorithm", "sha256") not in ALGORITHMS:
        raise ControlError(400, "bad_webhook", f"algorithm is one of {sorted(ALGORITHMS)}")
    return Endpoint(body["url"], **given)
