"""Where Harbor is and who we are to it, read from the environment (`HARBOR_*`) or `.env`.

Guarantees: a setting that can't be used is reported in one line that names it and shows no
secret; what Harbor leaves UNKNOWN (the cancel route, how a push is signed) is settable here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import httpx
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from harbor.client import Harbor
from harbor.routes import routes_with
from harbor.webhooks import ALGORITHMS, Signature

Environment = Literal["sandbox", "production"]

API_URLS: dict[Environment, str] = {
    "sandbox": "https://api.sandbox.harborlockers.com",
    "production": "https://api.harborlockers.com",
}
ACCOUNTS_URLS: dict[Environment, str] = {
    "sandbox": "https://accounts.sandbox.harborlockers.com",
    "production": "https://accounts.harborlockers.com",
}


class BadSettings(Exception):
    """A setting is missing or can't be used; the message is one line and names it."""


def _base_url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ValueError(f"no URL ({error})") from error
    if url.scheme not in ("http", "https") or not url.host or url.query or url.userinfo:
        raise ValueError("must read http(s)://host[:port][/path], without a user or a query")
    return text.rstrip("/")


def _mapping(value: Any) -> Any:
    """A JSON object, or lines of TOML, as a mapping."""
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.lstrip().startswith("{") else tomllib.loads(value)


def _known_routes(overrides: dict[str, str]) -> dict[str, str]:
    routes_with(overrides)
    return overrides


def _known_algorithm(name: str) -> str:
    plain = name.lower().replace("hmac-", "").replace("-", "")
    if plain not in ALGORITHMS:
        raise ValueError(f"must be one of {', '.join(ALGORITHMS)}")
    return plain


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class HarborSettings(BaseSettings):
    """Every `HARBOR_*` setting; names as in the fields, upper case, with that prefix."""

    model_config = SettingsConfigDict(
        env_prefix="HARBOR_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    environment: Environment = "sandbox"
    api_url: BaseUrl | None = None
    accounts_url: BaseUrl | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    routes: Annotated[
        dict[str, str], NoDecode, BeforeValidator(_mapping), AfterValidator(_known_routes)
    ] = Field(default_factory=dict)
    webhook_secret: SecretStr | None = None
    webhook_signature_header: str = "X-Harbor-Signature"
    webhook_algorithm: Annotated[str, AfterValidator(_known_algorithm)] = "sha256"

    @classmethod
    def load(cls) -> HarborSettings:
        """From the environment and `.env`; raises BadSettings."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = f"HARBOR_{first['loc'][0]}".upper() if first["loc"] else "HARBOR_*"
            why = first["msg"].removeprefix("Value error, ")
            raise BadSettings(f"{name}: {why}") from None

    @property
    def signature(self) -> Signature | None:
        """How pushes are signed; None when no secret is set, so that every push is a nudge."""
        if self.webhook_secret is None:
            return None
        return Signature(self.webhook_secret, self.webhook_signature_header, self.webhook_algorithm)

    def connect(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Harbor:
        """A client for these settings; raises BadSettings when the credentials are missing."""
        if not self.client_id or self.client_secret is None:
            missing = "HARBOR_CLIENT_SECRET" if self.client_id else "HARBOR_CLIENT_ID"
            raise BadSettings(f"{missing}: not set")
        return Harbor(
            api_url=self.api_url or API_URLS[self.environment],
            accounts_url=self.accounts_url or ACCOUNTS_URLS[self.environment],
            client_id=self.client_id,
            client_secret=self.client_secret,
            environment=self.environment,
            routes=self.routes,
            transport=transport,
            clock=clock,
        )
