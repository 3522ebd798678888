"""Secrets at rest: what is sealed can be read only with the key, and only in its own place.

Guarantees: AES-256-GCM under a key derived (HKDF, SHA-256) from a string of LOCKERBOT_SECRET_KEY;
the first string seals, all of them open; a sealed text moved to another row or column does not
open. Looking a secret up goes by HMAC under a key of its own, so a stolen file tells nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import StorageBroken

_NONCE = 12


def _derived(key: str, purpose: str, length: int = 32) -> bytes:
    derivation = HKDF(SHA256(), length, salt=None, info=f"lockerbot {purpose}".encode())
    return derivation.derive(key.encode())


class _Key:
    """One string of the setting and what is derived from it."""

    def __init__(self, key: str) -> None:
        self.name = _derived(key, "key name", 4).hex()
        self.cipher = AESGCM(_derived(key, "sealing"))
        self.lookup = _derived(key, "lookup")


class Sealer:
    """Seals with the first of `keys`, opens with any. Raises ValueError when there is none."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("a secret key is needed, and none may be empty")
        self._keys = [_Key(key) for key in keys]
        self._named = {key.name: key for key in self._keys}

    @property
    def current(self) -> str:
        """The name of the sealing key, with which whatever it sealed begins."""
        return self._keys[0].name

    @property
    def names(self) -> frozenset[str]:
        """The names of all keys that open."""
        return frozenset(self._named)

    def seal(self, secret: str, place: str) -> str:
        """`secret` for a column that is named, with its row, by `place`."""
        nonce = os.urandom(_NONCE)
        sealed = self._keys[0].cipher.encrypt(nonce, secret.encode(), place.encode())
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """The secret. Raises StorageBroken for an unknown key, a wrong place or any damage."""
        name, _, body = sealed.partition(".")
        if name not in self._named:
            raise StorageBroken(
                f"a secret was sealed with key {name}, which LOCKERBOT_SECRET_KEY does not list"
            )
        try:
            raw = base64.urlsafe_b64decode(body)
            opened = self._named[name].cipher.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode())
        except (InvalidTag, ValueError) as e:
            raise StorageBroken(f"the sealed {place} has been damaged or moved") from e
        return opened.decode()

    def hashes(self, secret: str) -> list[str]:
        """By what `secret` may be found: one hash a key, the current key's first."""
        return [
            hmac.new(key.lookup, secret.encode(), hashlib.sha256).hexdigest() for key in self._keys
        ]
