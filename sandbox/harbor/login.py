"""How to get a bearer token: the accounts host, and the logins of the service-provider API.

Each route's description says how certain it is, as in `api`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form

from sandbox.harbor import schemas as wire
from sandbox.harbor.accounts import LIFE_SECONDS, SERVICE, TOWER, Bearer
from sandbox.harbor.dependencies import World, bearer_with, router
from sandbox.harbor.lockers import Refusal

accounts = router(tags=["accounts"])
service = router("/api/v1/login", tags=["login"])

Caller = Annotated[Bearer, Depends(bearer_with(SERVICE))]


@accounts.post(
    "/realms/harbor/protocol/openid-connect/token",
    responses={code: {"model": wire.OAuthRefusal} for code in (400, 401)},
)
async def token(
    harbor: World,
    grant_type: Annotated[str, Form()] = "",
    client_id: Annotated[str, Form()] = "",
    client_secret: Annotated[str, Form()] = "",
    scope: Annotated[str, Form()] = "",
) -> wire.AccountsToken:
    """Issue a bearer token for client credentials. CONFIRMED."""
    form = {
        "grant_type": grant_type,
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": scope,
    }
    issued, scopes = harbor.accounts.grant(form)
    return wire.AccountsToken(access_token=issued, expires_in=LIFE_SECONDS, scope=scopes)


@service.post("/test-token")
async def test_token(caller: Caller) -> wire.Identity:
    """Try a bearer token. CONFIRMED; the body is UNKNOWN."""
    return wire.Identity(id=caller.client, scope=" ".join(sorted(caller.scopes)))


@service.post("/authorize")
async def authorize(
    harbor: World, caller: Caller, asked: wire.AuthorizeRequest
) -> wire.AccessToken:
    """Issue an SDK token for a phone. CONFIRMED; how long it lasts is UNKNOWN."""
    bearer = Bearer(caller.client, frozenset({TOWER}))
    return wire.AccessToken(access_token=harbor.accounts.issue(bearer))


@service.post("/access-token")
async def access_token(
    harbor: World, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> wire.AccessToken:
    """Log in as examples of 2023 did. CONFIRMED then; support today is UNKNOWN."""
    if not harbor.accounts.knows(username, password):
        raise Refusal(401, "Incorrect username or password")
    bearer = Bearer(username, frozenset({SERVICE, TOWER}))
    return wire.AccessToken(access_token=harbor.accounts.issue(bearer))
