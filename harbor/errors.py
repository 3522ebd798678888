"""What can go wrong at Harbor, sorted by what the caller can do about it.

Nothing above this package ever meets an exception of httpx, aiohttp or pydantic: each becomes
one of these, with the foreign one as its cause. Messages never hold a token, a secret or a code.
"""

from __future__ import annotations


class HarborError(Exception):
    """Harbor did not do what was asked; the subclass says what that means for the caller."""


class Unavailable(HarborError):
    """Nothing was carried out, and the same call may work later.

    `retry_after`: the seconds that Harbor asked us to wait, if it said so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(HarborError):
    """Harbor understood and said no; asking again changes nothing.

    `status`: the HTTP status (0 when the call was never sent). `detail`: Harbor's own words.
    """

    def __init__(self, message: str, status: int, detail: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail


class NotAllowed(Refused):
    """The credentials are wrong, or lack a scope (401, 403): for the operator to put right."""


class NotFound(Refused):
    """Harbor knows no such tower, locker, location or request (404)."""


class NotOffered(Refused):
    """The settings, or Harbor's earlier answer, leave no route for this call; nothing was sent."""


class Broken(HarborError):
    """Harbor answered a read with something that can't be read."""


class OutcomeUnknown(HarborError):
    """A call that changes something was sent, and nobody can say whether it was carried out.

    Look (`assigned_lockers`, `lockers`) before asking again.
    """


class PushRefused(HarborError):
    """A webhook push that is forged, stale, oversized or unreadable: nothing in it counts.

    `status`: the HTTP status with which to answer it.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
