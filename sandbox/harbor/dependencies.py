"""What every route of Harbor's HTTP needs: the Harbor behind it, and who calls with which scope.

Guarantees: no route sees anything that is over by the clock; without a good bearer token a call is
401, without the scope 403.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sandbox.harbor.accounts import Bearer, Unauthenticated
from sandbox.harbor.faults import FaultyRoute
from sandbox.harbor.lockers import Refusal
from sandbox.harbor.schemas import Detail
from sandbox.harbor.world import Harbor

_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Detail} for code in (401, 403, 404, 409)
}
_scheme = HTTPBearer(auto_error=False)


def router(prefix: str = "", **more: Any) -> APIRouter:
    """A router whose calls can suffer faults by their functions' names."""
    return APIRouter(
        prefix=prefix,
        route_class=FaultyRoute,
        generate_unique_id_function=_name,
        responses=_REFUSALS if prefix else None,
        **more,
    )


def _name(route: APIRoute) -> str:
    return route.name


# What depends is async throughout: FastAPI would call a plain function on a thread, for longer.
async def _harbor(request: Request) -> Harbor:
    harbor: Harbor = request.app.state.harbor
    harbor.settle()
    return harbor


World = Annotated[Harbor, Depends(_harbor)]
TowerId = Annotated[str, Path(description="16 hexadecimal digits", examples=["0100000000000101"])]


def bearer_with(scope: str) -> Callable[..., Awaitable[Bearer]]:
    """Who calls, with a token for `scope`."""

    async def bearer(
        harbor: World, given: Annotated[HTTPAuthorizationCredentials | None, Security(_scheme)]
    ) -> Bearer:
        if given is None:
            raise Unauthenticated("no bearer token")
        found = harbor.accounts.verified(given.credentials)
        if scope not in found.scopes:
            raise Refusal(403, "Not enough permissions")
        return found

    return bearer
