"""What a locker token says to its tower, sealed so that only tower and server can read it.

Guarantees: `unseal` gives back exactly what `seal` was given, or raises Unsealable if either
string was altered or made for another key; so do `seal_bytes` and `unseal_bytes`. AES-256-GCM: the
payload is nonce and ciphertext, the payload_auth its tag; random padding makes the length of an
order vary, as an opaque code's length may.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_HEAD = struct.Struct(">8sIIq8s8sBB")
_NONCE, _TAG, _MOST_PADDING = 12, 16, 24
_LONGEST_ORDER, _LONGEST = 4096, 262_144
_AVAILABLE, _PERSISTS, _KEYPAD_AVAILABLE = 1, 2, 4


class Unsealable(ValueError):
    """The tag does not fit the payload under this key."""


class Undecodable(ValueError):
    """The strings are not hexadecimal bytes of a usable size."""


@dataclass(frozen=True, slots=True)
class Keypad:
    """A code set at an opening, and what typing it does to the locker."""

    code: str
    persists: bool
    next_token: bytes
    next_available: bool


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """Open `locker` of `tower` if its token is `match`, then write `next_token`, `available`."""

    tower: str
    locker: int
    token_id: int
    expires: datetime
    match: bytes
    next_token: bytes
    available: bool
    keypad: Keypad | None = None


def new_token() -> bytes:
    """A fresh value for a locker's memory."""
    return secrets.token_bytes(8)


def seal(order: OpenOrder, key: bytes) -> tuple[str, str]:
    """`(payload, payload_auth)`, both hexadecimal."""
    flags, code, following = _AVAILABLE * order.available, b"", b""
    if order.keypad:
        flags |= _PERSISTS * order.keypad.persists
        flags |= _KEYPAD_AVAILABLE * order.keypad.next_available
        code, following = order.keypad.code.encode(), order.keypad.next_token
    head = _HEAD.pack(
        bytes.fromhex(order.tower),
        order.locker,
        order.token_id,
        int(order.expires.timestamp() * 1000),
        order.match,
        order.next_token,
        flags,
        len(code),
    )
    padding = bytes(secrets.randbelow(_MOST_PADDING + 1))
    return seal_bytes(head + code + following + padding, key)


def unseal(payload: str, payload_auth: str, key: bytes) -> OpenOrder:
    """The order in a payload. Raises Undecodable, Unsealable."""
    plain = unseal_bytes(payload, payload_auth, key, most=_LONGEST_ORDER)
    if len(plain) < _HEAD.size:
        raise Undecodable("not the size of an order")
    return _read(plain)


def seal_bytes(plain: bytes, key: bytes) -> tuple[str, str]:
    """Anything sealed: `(payload, payload_auth)`, both hexadecimal."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, plain, None)
    return (nonce + sealed[:-_TAG]).hex(), sealed[-_TAG:].hex()


def unseal_bytes(payload: str, payload_auth: str, key: bytes, *, most: int = _LONGEST) -> bytes:
    """What was sealed, of at most so many bytes. Raises Undecodable, Unsealable."""
    try:
        sealed, tag = bytes.fromhex(payload), bytes.fromhex(payload_auth)
    except ValueError as error:
        raise Undecodable("not hexadecimal") from error
    if not _NONCE < len(sealed) <= most or len(tag) != _TAG:
        raise Undecodable("not the size of anything sealed")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:] + tag, None)
    except InvalidTag as error:
        raise Unsealable("altered, or for another tower") from error


def _read(plain: bytes) -> OpenOrder:
    tower, locker, token_id, expires, match, following, flags, digits = _HEAD.unpack_from(plain)
    keypad = None
    if digits:
        end = _HEAD.size + digits
        keypad = Keypad(
            code=plain[_HEAD.size : end].decode(),
            persists=bool(flags & _PERSISTS),
            next_token=plain[end : end + 8],
            next_available=bool(flags & _KEYPAD_AVAILABLE),
        )
    return OpenOrder(
        tower=tower.hex(),
        locker=locker,
        token_id=token_id,
        expires=datetime.fromtimestamp(expires / 1000, UTC),
        match=match,
        next_token=following,
        available=bool(flags & _AVAILABLE),
        keypad=keypad,
    )
