"""Claims: the right to become a recipient, as a link, as a typed code and as a web page.

Guarantees: everything secret comes from `secrets`; a claim is found wherever it stands in what a
person writes: a link, or a code in any case, with any dash or none, O for 0, I and L for 1. Of one
text one claim is read, so that nobody tries two codes at once.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from bot.domain.ids import CROCKFORD, DeliveryId


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to become a recipient: a code to type, a link's payload, and the secret in its
    parcel page's address; all secret. `page` is None of claims from before there were pages."""

    delivery: DeliveryId
    code: str = field(repr=False)
    link: str = field(repr=False)
    page: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """What of a claim stands in a text: a link's payload, or else a code in canonical form."""

    link: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


CLAIM_LENGTH = 8
LONG_CLAIM_LENGTH = 12
"""Of the codes that are made while many people guess: 60 bits."""
LINK_PREFIX = "c_"

_LENGTHS = (CLAIM_LENGTH, LONG_CLAIM_LENGTH)
_GROUP = 4
_READ_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_READ = 1024  # characters; a code beyond is not looked for
_DASHES = frozenset("\u2043\u2212\u30fc\uff70")  # beside those that Unicode calls dashes
_UNSEEN = frozenset({"Cc", "Cf"})

_PAYLOAD = re.compile(rf"(?:[?&]start=|(?<![\w-])){LINK_PREFIX}([A-Za-z0-9_-]{{22}})")
_ADDRESS = re.compile(r"\S*://\S*")
_DASHED = re.compile(r"(?<![A-Z0-9-])[A-Z0-9]{4}(?: ?- ?[A-Z0-9]{4}){1,2}(?![A-Z0-9]|-[A-Z0-9])")
_SPACED = re.compile(r"(?<![A-Z0-9-])[A-Z0-9]{4}(?: [A-Z0-9]{4}){1,2}(?![A-Z0-9-])")
_DIGIT = re.compile("[0-9]")
_WORD = re.compile(r"(?<![A-Z0-9-])(?:[A-Z0-9]{12}|[A-Z0-9]{8})(?![A-Z0-9-])")


def new_claim(delivery: DeliveryId, length: int = CLAIM_LENGTH) -> Claim:
    """A fresh code of 5 bits a character, guarded by the delay after wrong tries; a link and a
    page of 132."""
    code = "".join(secrets.choice(CROCKFORD) for _ in range(length))
    return Claim(delivery, code, _unguessable(), _unguessable())


def _unguessable() -> str:
    """22 characters of base64url."""
    return secrets.token_urlsafe(18)[:22]


def read_claim(text: str, *, asked: bool = False) -> Written | None:
    """The claim that stands in `text`; None where there is none.

    A link wins over a code. What has the form of a code in groups, or holds a digit, may be one
    anywhere; letters alone ("sneakers") only where a code was `asked` for and nothing else stands
    there.
    """
    link = _PAYLOAD.search(text[:_READ])
    if link is not None:
        return Written(link=link[1])
    code = read_claim_code(text, asked=asked)
    return None if code is None else Written(code=code)


def read_claim_code(text: str, *, asked: bool) -> str | None:
    """The claim code that stands in `text`, in canonical form; None where there is none."""
    plain = _ADDRESS.sub(" ", code_signs(text))
    for form in (_DASHED, _WORD, _SPACED):
        for found in form.findall(plain):
            sure = "-" in found and " " not in found
            if (sure or _DIGIT.search(found)) and (code := _canonical(found)):
                return code
    return _canonical(plain.strip(" .,;:!?\"'()[]<>")) if asked else None


def code_signs(text: str) -> str:
    """`text` in capitals, every dash the same, without what can't be seen; of a long one only its
    beginning."""
    signs: list[str] = []
    for sign in unicodedata.normalize("NFKC", text[:_READ]):
        kind = unicodedata.category(sign)
        if kind == "Pd" or sign in _DASHES:
            signs.append("-")
        elif sign.isspace():
            signs.append(" ")
        elif kind not in _UNSEEN:
            signs.append(sign)
    return " ".join("".join(signs).upper().split())


def _canonical(written: str) -> str | None:
    code = written.translate(_READ_ALIKE)
    return code if len(code) in _LENGTHS and set(code) <= set(CROCKFORD) else None


def show_claim_code(code: str) -> str:
    """`K7QF-2M9X`."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def claim_payload(claim: Claim) -> str:
    """What follows `?start=` in a claim link: at most 64 of `A-Za-z0-9_-` (deep links)."""
    return LINK_PREFIX + claim.link
