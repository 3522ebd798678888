"""Where a Harbor is and who we are to it, as a plain value; the settings make it.

Guarantees: no secret shows in its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import SecretStr

Environment = Literal["sandbox", "production"]

API_URLS: dict[Environment, str] = {
    "sandbox": "https://api.sandbox.harborlockers.com",
    "production": "https://api.harborlockers.com",
}
ACCOUNTS_URLS: dict[Environment, str] = {
    "sandbox": "https://accounts.sandbox.harborlockers.com",
    "production": "https://accounts.harborlockers.com",
}
TOWERS_BEGIN: dict[Environment, str] = {"sandbox": "01", "production": "10"}
"""With which digits the ids of an environment's towers begin (CONFIRMED)."""


@dataclass(frozen=True, slots=True)
class Access:
    """What Harbor issued to us, and where it is valid.

    `api_url`, `accounts_url`: bases without `/api/v1` and `/realms`. `environment`: its name, for
    messages. `routes`: replacements as in `harbor.routes`.
    """

    api_url: str
    accounts_url: str
    client_id: str
    client_secret: SecretStr
    environment: Environment = "sandbox"
    routes: Mapping[str, str] = field(default_factory=dict)
