"""Locker Open links: a request at the server, and the link that a phone opens at the tower.

Guarantees: a link opens its own locker only, as long as that locker is held for its request and
the hold lasts, and until it has done so once. Formats follow locker_open and deeplinks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.harbor.link_settings import AT_ONCE
from sandbox.harbor.lockers import Locker, OpenRequest, Refusal, Tenancy
from sandbox.harbor.schemas import DropOffLinkRequest, OpenRequestBody, PickUpLinkRequest
from sandbox.harbor.sealing import Keypad, new_token
from sandbox.harbor.server import Asked, LockerToken, Server
from sandbox.harbor.states import Cause, Status
from sandbox.harbor.tower import Door, FirmwareError

TOKEN_SECONDS = 60.0
"""How long the token lasts for which a phone trades a link at the tower."""
LINK_BASE = "https://lockeropen.com/open"

SUCCESS = "success"
"""The one `status` of a return URL that is known."""


class BadLink(ValueError):
    """This is no link of ours."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What came of a link at the tower: `door` is None if none opened, `taken` came out of it."""

    request: OpenRequest
    door: Door | None
    status: str
    taken: str | None = None

    @property
    def return_url(self) -> str | None:
        """Where Harbor sends the browser: `open_locker_request` and `status` are added."""
        if not self.request.return_url:
            return None
        parts = urlsplit(self.request.return_url)
        query: list[tuple[str, Any]] = parse_qsl(parts.query, keep_blank_values=True)
        query += [("open_locker_request", self.request.id), ("status", self.status)]
        return urlunsplit(parts._replace(query=urlencode(query)))


class Links:
    """The requests made at `server`, and their links."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key = secrets.token_bytes(32)

    def for_drop_off(self, client: str, asked: DropOffLinkRequest) -> OpenRequest:
        """Rent some free locker of the size, and a link to it. Raises Refusal."""
        locker = self._free(asked)
        tenancy = self._server.rent(client, locker, self._server.link_settings.hold_seconds)
        tenancy.request = self._request(client, locker, asked, drop_off=True)
        tenancy.request.hold_until = tenancy.rented_until
        self._tell_of(tenancy.request, locker, tenancy)
        return tenancy.request

    def for_pick_up(self, client: str, asked: PickUpLinkRequest) -> OpenRequest:
        """A link to an occupied locker of one's own. Raises Refusal."""
        for locker in self._server.registry.lockers():
            if locker.id == asked.locker_id:
                locker.check(Cause.PICK_UP_TOKEN, client)
                request = self._request(client, locker, asked, drop_off=False)
                # No sample shows a push for a pick-up link; here its digits are the reason.
                if request.keypad_code and locker.tenancy:
                    self._tell_of(request, locker, locker.tenancy)
                return request
        raise Refusal(404, "Locker not found")

    def request(self, client: str, request_id: int) -> OpenRequest:
        """A request of the client's. Raises Refusal."""
        request = self._server.requests.get(request_id)
        if request is None or request.client != client:
            raise Refusal(404, "Locker open request not found")
        return request

    def look(self, link: str) -> OpenRequest:
        """The request behind a link, opening nothing. Raises BadLink."""
        return self._verified(link)

    def held(self, request: OpenRequest) -> bool:
        """Whether its locker still is as the link needs it."""
        tenancy = self._server.registry.locker(request.tower, request.locker).tenancy
        if tenancy is None:
            return False
        if request.drop_off:
            return tenancy.request is request
        return tenancy.client == request.client

    def open(self, link: str, outcome: str = SUCCESS) -> Opening:
        """A phone at the tower opens the link. Raises BadLink, Refusal, FirmwareError.

        With any `outcome` but success the phone gets its token and does not reach the tower.
        """
        request = self._verified(link)
        if request.spent:
            raise Refusal(409, "This link has been used: it has opened its door")
        self._check_hold(request)
        token = self._trade(request)
        if outcome != SUCCESS:
            return Opening(request, None, outcome)
        tower = self._server.registry.site(request.tower).tower
        door = tower.hold(token.payload, token.payload_auth)
        request.opened_by, request.spent = token.id, True
        return Opening(request, door, outcome)

    def take_back(self, link: str) -> Opening:
        """It does not fit: the door opens once more, and the parcel comes out.

        The tower logs that the drop-off was reverted. Raises BadLink, Refusal.
        """
        request = self._verified(link)
        if not request.drop_off or request.opened_by is None:
            raise Refusal(409, "This link has not put anything in")
        try:
            door, taken = self._server.registry.site(request.tower).tower.revert(request.opened_by)
        except FirmwareError as error:
            raise Refusal(409, "This link was not the last to open that door") from error
        return Opening(request, door, self._server.link_settings.cancelled, taken)

    def _check_hold(self, request: OpenRequest) -> None:
        until = request.hold_until
        if until is not None and until <= self._server.clock.now():
            raise Refusal(409, f"The hold of this link is over since {until.isoformat()}")
        if not self.held(request):
            raise Refusal(409, "The locker is no longer held for this link")

    def _trade(self, request: OpenRequest) -> LockerToken:
        ask = self._server.drop_off_token if request.drop_off else self._server.pick_up_token
        asked = Asked(TOKEN_SECONDS, request.client_info, request)
        return ask(request.client, request.tower, request.locker, asked)

    def _free(self, asked: DropOffLinkRequest) -> Locker:
        for locker in self._server.registry.at_location(asked.location_id):
            fits = locker.seed.type.id == asked.locker_type_id
            low = locker.seed.low or not asked.require_low_locker
            if fits and low and locker.status is Status.AVAILABLE:
                return locker
        raise Refusal(409, "No locker available of this type at the location")

    def _request(
        self,
        client: str,
        locker: Locker,
        asked: DropOffLinkRequest | PickUpLinkRequest,
        *,
        drop_off: bool,
    ) -> OpenRequest:
        request = OpenRequest(
            id=self._server.next_id(),
            client=client,
            tower=locker.tower,
            locker=locker.id,
            drop_off=drop_off,
            return_url=asked.return_url,
            client_info=asked.client_info,
            payload=asked.payload,
            persist_keypad_code=asked.persist_keypad_code,
        )
        if asked.keypad_intent and (drop_off or self._codes_at_once):
            request.keypad_code = self._digits(locker.tower)
        self._teach(request)
        request.link = f"{LINK_BASE}?{urlencode({'token': self._signed(request.id)})}"
        self._server.requests[request.id] = request
        return request

    @property
    def _codes_at_once(self) -> bool:
        return self._server.link_settings.keypad == AT_ONCE

    def _digits(self, tower_id: str) -> str | None:
        """A code of six digits that this tower has not had; None if it has no keypad."""
        if not self._server.registry.site(tower_id).seed.keypad:
            return None
        had = {x.keypad_code for x in self._server.requests.values() if x.tower == tower_id}
        while (code := f"{secrets.randbelow(10**6):06}") in had:
            pass
        return code

    def _teach(self, request: OpenRequest) -> None:
        """Let the tower know the request's code at once, if that is how it learns."""
        if request.keypad_code is None or not self._codes_at_once:
            return
        code = Keypad(
            request.keypad_code,
            request.persist_keypad_code,
            new_token(),
            next_available=not request.drop_off,
        )
        self._server.registry.site(request.tower).tower.learn_code(request.locker, code)

    def _tell_of(self, request: OpenRequest, locker: Locker, tenancy: Tenancy) -> None:
        self._server.push(
            "LOCKER_ASSIGNED",
            "LOCKER_OPEN_LINK_CREATED",
            locker,
            tenancy,
            keypad_code=request.keypad_code,
            request=request,
        )

    def body(self, request: OpenRequest) -> OpenRequestBody:
        """As the API shows it."""
        settings = self._server.link_settings
        told = request.keypad_code is not None and settings.digits_in_answers
        digits: dict[str, Any] = {settings.digits_field: request.keypad_code} if told else {}
        return OpenRequestBody(
            id=request.id,
            locker_id=request.locker,
            tower_id=request.tower,
            link_token=request.link,
            return_url=request.return_url,
            client_info=request.client_info,
            payload=request.payload,
            **digits,
        )

    def _signed(self, request_id: int) -> str:
        body = _encoded(json.dumps({"request_id": request_id}).encode())
        return f"{body}.{_encoded(hmac.digest(self._key, body.encode(), hashlib.sha1))}"

    def _verified(self, link: str) -> OpenRequest:
        token = parse_qs(urlsplit(link).query).get("token", [""])[0]
        for request in self._server.requests.values():
            if hmac.compare_digest(token.encode(), self._signed(request.id).encode()):
                return request
        raise BadLink("no link of this Harbor")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
