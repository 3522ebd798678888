"""The types of settings: how the text of each is read, and what it must be.

Guarantees: what can't be used is a ValueError that says what is wrong with it.
"""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from harbor.countries import country_code
from harbor.routes import routes_with
from harbor.webhooks import ALGORITHMS
from wording.language import LANGUAGES

NO_PICTURE = "none"
"""In place of a picture's file: none is set."""

_UNREPLACED = re.compile(r"[{}<>]")
_BOT_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_PAGE = re.compile(r"https://[^\s<>\"'@:/]+\.[^\s<>\"']+")
_MAIL = re.compile(r"[^\s<>\"'@:/]+@[^\s<>\"'@:/]+\.[a-zA-Z]{2,}")
_CONTACT = re.compile(
    rf"\s*(?:@[A-Za-z0-9_]{{4,32}}|\+?[0-9][0-9 ()./-]{{4,}}|{_MAIL.pattern}|{_PAGE.pattern})\s*"
)
_ROUTES = """write {"cancel_reservation": "METHOD /path"}"""
_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")


def _comma_separated(value: Any) -> Any:
    if isinstance(value, str):
        return [part for part in (piece.strip() for piece in value.split(",")) if part]
    return value


def chat_id(number: int) -> int:
    """Of a person or a group; raises ValueError. Telegram's have "at most 52 significant bits"."""
    if not 0 < abs(number) < 2**52:
        raise ValueError(f"{number} is no Telegram id; copy it again")
    return number


def _networks(value: Any) -> Any:
    try:
        return [
            ipaddress.ip_network(part, strict=False) if isinstance(part, str) else part
            for part in _comma_separated(value)
        ]
    except ValueError as error:
        raise ValueError(f"{error}; write addresses or networks, separated by commas") from error


def _telegram_token(token: SecretStr) -> SecretStr:
    if not _BOT_TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("is no bot token; copy the one that @BotFather shows (digits:letters)")
    return token


def _written_out(url: str) -> None:
    """Raise ValueError for an address that was copied with a placeholder in it."""
    if _UNREPLACED.search(url):
        raise ValueError("has a placeholder in it; write the address that belongs there")


def _http_base(url: str) -> str:
    _written_out(url)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # no port, or no address in brackets
        usable = False
    if not usable or parts.query:
        raise ValueError("is no URL; write http(s)://host[:port][/path]")
    return url.rstrip("/")


def _public_url(url: str) -> str:
    _written_out(url)
    if not url.lower().startswith("https://"):
        raise ValueError("must begin with https://; Telegram delivers webhooks to nothing else")
    return _http_base(url)


def _webhook_secret(secret: SecretStr) -> SecretStr:
    if not _SECRET_TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("may hold 1 to 256 of A-Z, a-z, 0-9, _ and - only")
    return secret


def _bearer(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", token.get_secret_value()):
        raise ValueError("may hold letters, digits and signs of ASCII only, and no spaces")
    return token


def _dsn(dsn: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(dsn.get_secret_value())
    except ValueError:  # which may repeat it
        parts = urlsplit("")
    project = parts.path.rpartition("/")[2]
    if parts.scheme not in ("http", "https") or not parts.username or not project.isdecimal():
        raise ValueError("is no DSN; copy the one that Sentry shows (https://key@host/number)")
    return dsn


def _database_url(url: str) -> str:
    from storage import url_fault  # takes a moment, and few commands need it

    if fault := url_fault(url):
        raise ValueError(fault)
    return url


def _keys(keys: list[SecretStr]) -> list[SecretStr]:
    if any(len(key.get_secret_value()) < 16 for key in keys):
        raise ValueError("each key needs 16 characters or more; `openssl rand -hex 32` makes one")
    return keys


def _language(name: str) -> str:
    if name not in LANGUAGES:
        *some, last = map(repr, LANGUAGES)
        raise ValueError(f"Input should be {', '.join(some)} or {last}")
    return name


def _country(name: str) -> str:
    code = country_code(name)
    if code is None:
        raise ValueError("is no country; write its code of two letters, such as US")
    return code


def _harbor_base(url: str) -> str:
    _written_out(url)
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"no URL ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.host or parts.query or parts.userinfo:
        raise ValueError("must read http(s)://host[:port][/path], without a user or a query")
    return url.rstrip("/")


def _mapping(value: Any) -> Any:
    """A JSON object, or lines of TOML, as a mapping."""
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value) if value.lstrip().startswith("{") else tomllib.loads(value)
    except ValueError as error:
        raise ValueError(f"can't be read ({error}); {_ROUTES}") from None
    if not all(isinstance(route, str) for route in read.values()):
        raise ValueError(f"names no route where one is to be; {_ROUTES}")
    return read


def _known_routes(overrides: dict[str, str]) -> dict[str, str]:
    routes_with(overrides)
    return overrides


def _known_algorithm(name: str) -> str:
    plain = name.lower().replace("hmac-", "").replace("-", "")
    if plain not in ALGORITHMS:
        raise ValueError(f"must be one of {', '.join(ALGORITHMS)}")
    return plain


LONGEST_LINE, LONGEST_ADDRESS = 60, 120


def _line(text: str) -> str:
    if not text.strip() or len(text) > LONGEST_LINE or not text.isprintable():
        raise ValueError(f"may have 1 to {LONGEST_LINE} characters in one line; shorten it")
    return text.strip()


def _contact(text: str) -> str:
    """A username, an address or a number: something that a person can use as it stands."""
    _written_out(text)
    if len(text) > LONGEST_ADDRESS or not text.isprintable() or not _CONTACT.fullmatch(text):
        raise ValueError(
            "is no contact; write @username, an e-mail address, +49 30 123456 or https://…"
        )
    return text.strip()


def _page(url: str) -> str:
    _written_out(url)
    if len(url) > LONGEST_ADDRESS or not _PAGE.fullmatch(url):
        raise ValueError(f"must be an https:// address of up to {LONGEST_ADDRESS} characters")
    return url


def _privacy(text: str) -> str:
    _written_out(text)
    if len(text) > LONGEST_ADDRESS or not (_PAGE.fullmatch(text) or _MAIL.fullmatch(text)):
        raise ValueError("is neither an https:// address nor an e-mail address")
    return text


_Listed = (NoDecode, BeforeValidator(_comma_separated))


def _picture(name: str) -> str:
    if name != NO_PICTURE:
        from pictures import own  # takes a moment, and few settings name a picture

        try:
            own.as_profile(Path(name).read_bytes())
        except OSError as error:
            raise ValueError(f"{name} can't be read ({error.strerror})") from error
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    return name


BotToken = Annotated[SecretStr, AfterValidator(_telegram_token)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
Bearer = Annotated[SecretStr, AfterValidator(_bearer)]
Dsn = Annotated[SecretStr, AfterValidator(_dsn)]
Keys = Annotated[list[SecretStr], *_Listed, AfterValidator(_keys)]
HttpBase = Annotated[str, AfterValidator(_http_base)]
HarborBase = Annotated[str, AfterValidator(_harbor_base)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[int, Field(ge=10, le=7 * 86400)]
ChatId = Annotated[int, AfterValidator(chat_id)]
ChatIds = Annotated[list[ChatId], *_Listed]
Networks = Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(_networks)]
Language = Annotated[str, AfterValidator(_language)]
Country = Annotated[str, AfterValidator(_country)]
Routes = Annotated[
    dict[str, str], NoDecode, BeforeValidator(_mapping), AfterValidator(_known_routes)
]
Line = Annotated[str, AfterValidator(_line)]
Contact = Annotated[str, AfterValidator(_contact)]
PageUrl = Annotated[str, AfterValidator(_page)]
PrivacyAddress = Annotated[str, AfterValidator(_privacy)]
Picture = Annotated[str, AfterValidator(_picture)]
Algorithm = Annotated[str, AfterValidator(_known_algorithm)]
