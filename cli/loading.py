"""How settings are read from the environment and `.env`, and what is said of those that are wrong.

Guarantees: a setting that can't be used is told in one line that says what is wrong and what to do,
and shows no secret; an unknown `LOCKERBOT_*` name is refused with the nearest known one, so that a
slip of the pen is not silently a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.complaints import BadSetting
from cli.names import FILE, PREFIX, in_place_of, unknown, unreadable

NEEDED = {
    "TELEGRAM_BOT_TOKEN": "ask @BotFather for one",
    "LOCKERBOT_SECRET_KEY": "make one with `openssl rand -hex 32` and keep it",
    "HARBOR_CLIENT_ID": "Harbor issues it",
    "HARBOR_CLIENT_SECRET": "Harbor issues it with the client id",
}
"""What has no default, and where it comes from."""


class Loaded(BaseSettings):
    """Settings that are read so: a field's alias, or else its name in capitals, is the setting's
    name in the environment."""

    model_config = SettingsConfigDict(
        env_file=FILE, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def names(cls) -> list[str]:
        """Every setting by its name in the environment."""
        return [field.alias or name.upper() for name, field in cls.model_fields.items()]

    @classmethod
    def load(cls, **given: Any) -> Self:
        """From the environment and `.env`; `given` (by alias) wins. Raises BadSetting."""
        names = cls.names()
        for complaint in chain(unreadable(names), unknown(names)):
            raise BadSetting(complaint)
        try:
            return cls(**given)
        except ValidationError as error:
            raise BadSetting(next(iter(_complaints(error).values()))) from None

    @classmethod
    def load_what_can_be_used(cls) -> tuple[Self, dict[str, str]]:
        """As `load`, with its default for each setting that can't be used; and by their names, what
        is wrong with those, one line each. What is at odds with such a default is wrong, too.
        Raises BadSetting where nothing can be read."""
        for complaint in unreadable(cls.names()):
            raise BadSetting(complaint)
        wrong: dict[str, str] = {}
        while True:
            defaults = {
                field.alias or name: field.get_default(call_default_factory=True)
                for name, field in cls.model_fields.items()
                if (field.alias or name.upper()) in wrong
            }
            try:
                return cls(**defaults), wrong
            except ValidationError as error:
                found = _complaints(error)
            if found.keys() <= wrong.keys():
                raise BadSetting(next(iter(found.values())))
            wrong |= found

    @classmethod
    def complaint(cls, name: str, value: str) -> str | None:
        """What is wrong with `value` for the setting `name`, in one line; None: nothing."""
        found = next(f for f, field in cls.model_fields.items() if name in (field.alias, f.upper()))
        try:
            cls(**{cls.model_fields[found].alias or found: value})  # type: ignore[arg-type]
        except ValidationError as error:
            return _complaints(error).get(name)
        return None

    def lacking(self, *names: str) -> Iterator[str]:
        """A line for each of these settings (environment names) that is missing."""
        for name in names:
            if not getattr(self, name.removeprefix(PREFIX).lower()):
                other = in_place_of(name, self.names())
                renamed = f" ({other} is set: rename it, if that is it)" if other else ""
                yield f"{name}: not set; {NEEDED[name]}{renamed}"

    def need(self, *names: str) -> None:
        """Raise BadSetting for the first of these settings (environment names) that is missing."""
        for complaint in self.lacking(*names):
            raise BadSetting(complaint)


def _complaints(error: ValidationError) -> dict[str, str]:
    """By each setting's name, the first thing that is wrong with it, in one line."""
    found: dict[str, str] = {}
    for each in error.errors(include_input=False, include_url=False):
        name = str(each["loc"][0]).upper() if each["loc"] else "?"
        found.setdefault(name, f"{name}: {each['msg'].removeprefix('Value error, ')}")
    return found
