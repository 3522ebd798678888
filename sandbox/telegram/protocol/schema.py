"""An independent opinion on every call: the Bot API's schema as aiogram ships it.

Guarantees: with aiogram installed (a development dependency), a call with a parameter or a nested
field the Bot API doesn't have, or with a value of the wrong type, is refused; a required parameter
that is absent is left to the method, which knows Telegram's words for it. Without aiogram there
is no opinion. A method's model is built at its first call: to build all of them takes seconds.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator
from functools import cache
from types import ModuleType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sandbox.telegram.protocol.calls import Call

_ACCEPTED_BEYOND = frozenset({"method"})


@cache
def _aiogram() -> ModuleType | None:
    """Imported only where somebody wants its opinion: it takes a second."""
    try:
        with _nothing_built():
            return importlib.import_module("aiogram")
    except ImportError:  # pragma: no cover - the tests have it
        return None


@contextlib.contextmanager
def _nothing_built() -> Iterator[None]:
    """pydantic's models that are defined within stay as they are defined; `_model` builds one."""
    builds = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(lambda cls, **options: None)  # type: ignore[assignment]  # put back below
    try:
        yield
    finally:
        BaseModel.model_rebuild = builds  # type: ignore[method-assign]  # as it was


def prepare() -> None:
    """Load the schema now instead of at the first call."""
    _aiogram()


def problem(method: str, call: Call) -> str | None:
    """What the schema says against the call of `method` (its proper name); None when nothing."""
    model = _model(method)
    if model is None:
        return None
    given = {k: v for k, v in call.parameters.items() if k not in _ACCEPTED_BEYOND}
    unknown = sorted(given.keys() - model.model_fields.keys())
    if unknown:
        return f"{method} has no parameter {', '.join(unknown)}"
    values: dict[str, Any] = {name: _value(model, name, value) for name, value in given.items()}
    for name in call.files.keys() & model.model_fields.keys():
        values[name] = _attachment()
    try:
        checked = model.model_validate(values)
    except ValidationError as error:
        return next((_told(method, e) for e in error.errors() if not _left_out(e)), None)
    return next((f"{method}: unknown field {path}" for path in _extras(checked, "")), None)


@cache
def _model(method: str) -> type[BaseModel] | None:
    aiogram = _aiogram()
    if aiogram is None:
        return None
    model = getattr(aiogram.methods, method[0].upper() + method[1:], None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    model.model_rebuild(_types_namespace=vars(aiogram.types))
    return model


def _value(model: type[BaseModel], name: str, value: Any) -> Any:
    """The parameter as the schema sees it: structures decoded, attachments as files."""
    if isinstance(value, str) and name in _structures(model) and value[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if name == "reply_markup":
        return _spelled_out(value)
    if isinstance(value, str) and name in _files(model) and value.startswith("attach://"):
        return _attachment()
    return None if value == "" and name not in _strings(model) else value


def _spelled_out(markup: Any) -> Any:
    """The Bot API lets a string stand for a button that only has a text; the schema does not."""
    if not isinstance(markup, dict) or not isinstance(markup.get("keyboard"), list):
        return markup
    rows = [
        [{"text": button} if isinstance(button, str) else button for button in row]
        if isinstance(row, list)
        else row
        for row in markup["keyboard"]
    ]
    return {**markup, "keyboard": rows}


@cache
def _structures(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(
            "list[" in str(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))
            for kind in _kinds(field.annotation)
        )
    )


@cache
def _files(model: type[BaseModel]) -> frozenset[str]:
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if _input_file() in _kinds(field.annotation))


def _input_file() -> Any:
    aiogram = _aiogram()
    return aiogram.types.InputFile if aiogram else None


def _attachment() -> Any:
    aiogram = _aiogram()
    return aiogram.types.BufferedInputFile(b"", "file") if aiogram else None


@cache
def _strings(model: type[BaseModel]) -> frozenset[str]:
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if str in _kinds(field.annotation))


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """All that a value may be, unions of unions and their annotations unfolded."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(kind for inner in get_args(annotation) for kind in _kinds(inner))
    return (annotation,)


def _left_out(error: Any) -> bool:
    return error["type"] == "missing" and len(error["loc"]) == 1


def _told(method: str, error: Any) -> str:
    return f"{method}: {'.'.join(map(str, error['loc']))}: {error['msg']}"


def _extras(value: Any, path: str) -> Iterator[str]:
    """The paths of fields no model declares."""
    if isinstance(value, BaseModel):
        yield from (f"{path}{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _extras(item, f"{path}{index}.")
