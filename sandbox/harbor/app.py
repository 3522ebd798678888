"""A Harbor as an ASGI app, at the root of a port or mounted below a prefix.

Guarantees: errors have FastAPI's two shapes with `loc` in strings, the accounts endpoint's have
OAuth's. Served at the root it runs by itself; whoever mounts it runs `state.harbor.running()`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.routing import Mount

from sandbox.clock import Clock
from sandbox.control import WireLogMiddleware
from sandbox.harbor import api, controls, login, sdk
from sandbox.harbor.accounts import OAuthError, Unauthenticated
from sandbox.harbor.link_settings import LinkSettings
from sandbox.harbor.lockers import Refusal
from sandbox.harbor.world import Harbor

ROUTERS = (login.accounts, login.service, api.service, sdk.phones)
DESCRIPTION = """\
A stand-in for Harbor's accounts host, service-provider API and SDK API. What is CONFIRMED follows
Harbor's documents; INFERRED and UNKNOWN are this sandbox's reading. Its control side is in
docs/sandbox.md.
"""


def create_app(
    *,
    clock: Clock | None = None,
    seed: int = 1,
    client_id: str = "sandbox",
    client_secret: str = "sandbox",  # noqa: S107 - everybody may know it
    single_use: bool = True,
    twin: bool = False,
    link_settings: LinkSettings | None = None,
) -> FastAPI:
    """A new Harbor, as seeded; the object behind it is `app.state.harbor`.

    With `twin` the first location has a second tower.
    """
    harbor = Harbor(
        clock or Clock(),
        seed,
        client_id,
        client_secret,
        single_use=single_use,
        twin=twin,
        link_settings=link_settings,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with harbor.running():
            yield

    app = FastAPI(
        title="Harbor (sandbox)",
        description=DESCRIPTION,
        lifespan=lifespan,
    )
    app.state.harbor = harbor
    # Not include_router, which would build every route anew (40 ms) for each of many apps.
    app.router.routes += [route for each in ROUTERS for route in each.routes]
    app.router.routes.append(Mount("/sandbox", routes=controls.routes(harbor)))
    app.add_middleware(WireLogMiddleware, wire=harbor.control.wire)
    _translate_errors(app)
    return app


def _translate_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return JSONResponse({"detail": error.detail}, status_code=error.status)

    @app.exception_handler(Unauthenticated)
    async def unauthenticated(request: Request, error: Unauthenticated) -> Response:
        return JSONResponse(
            {"detail": "Could not validate credentials"},
            status_code=401,
            headers={"WWW-Authenticate": "Bearer"},
        )

    @app.exception_handler(OAuthError)
    async def no_grant(request: Request, error: OAuthError) -> Response:
        body = {"error": error.error, "error_description": error.description}
        return JSONResponse(body, status_code=error.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        detail = [
            {"loc": [str(part) for part in each["loc"]], "msg": each["msg"], "type": each["type"]}
            for each in error.errors()
        ]
        return JSONResponse({"detail": detail}, status_code=422)
