"""Harbor's accounts host: who the clients are, and bearer tokens that end after 300 s.

Guarantees: a bearer token is signed, carries its scopes and end, and is refused once over.
Shapes follow access_token.md; refusals are OAuth's (`error`, `error_description`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.clock import Clock

SERVICE, TOWER = "service_provider", "tower_access"
SCOPES = frozenset({SERVICE, TOWER})
LIFE_SECONDS = 300


class OAuthError(Exception):
    """The accounts host refuses."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


class Unauthenticated(Exception):
    """The bearer token is missing, altered or over."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who calls, and what for."""

    client: str
    scopes: frozenset[str]


class Accounts:
    """Clients (`{id: secret}`) and the tokens issued to them."""

    def __init__(self, clock: Clock, clients: Mapping[str, str]) -> None:
        self._clock = clock
        self._clients = dict(clients)
        self._key = secrets.token_bytes(32)

    def grant(self, form: Mapping[str, str]) -> tuple[str, str]:
        """The access token for a token request, and its scope. Raises OAuthError."""
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise OAuthError(400, "invalid_request", "Missing form parameter: grant_type")
        if grant_type == "refresh_token":
            raise OAuthError(400, "invalid_grant", "Client credentials have no refresh token")
        if grant_type != "client_credentials":
            raise OAuthError(400, "unsupported_grant_type", "Unsupported grant_type")
        client = form.get("client_id", "")
        if not self.knows(client, form.get("client_secret", "")):
            raise OAuthError(
                401, "unauthorized_client", "Invalid client or Invalid client credentials"
            )
        scopes = frozenset(form.get("scope", "").split())
        if not scopes <= SCOPES:
            raise OAuthError(400, "invalid_scope", "Invalid scopes")
        return self.issue(Bearer(client, scopes)), " ".join(sorted(scopes))

    def knows(self, client: str, secret: str) -> bool:
        """Whether these are a client's credentials."""
        expected = self._clients.get(client)
        return expected is not None and hmac.compare_digest(secret.encode(), expected.encode())

    def issue(self, bearer: Bearer, seconds: float = LIFE_SECONDS) -> str:
        """An access token in the form of a JWT."""
        claims = {
            "jti": secrets.token_hex(8),
            "azp": bearer.client,
            "scope": " ".join(sorted(bearer.scopes)),
            "exp": self._clock.now().timestamp() + seconds,
        }
        head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        body = f"{head}.{_encoded(json.dumps(claims).encode())}"
        return f"{body}.{self._signature(body)}"

    def verified(self, token: str) -> Bearer:
        """Whose token this is. Raises Unauthenticated."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            raise Unauthenticated("not a token of ours")
        claims = json.loads(_decoded(body.partition(".")[2]))
        if claims["exp"] <= self._clock.now().timestamp():
            raise Unauthenticated("over")
        return Bearer(claims["azp"], frozenset(claims["scope"].split()))

    def _signature(self, body: str) -> str:
        return _encoded(hmac.digest(self._key, body.encode(), hashlib.sha256))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
