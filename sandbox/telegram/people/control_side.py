"""The person's side over HTTP: the calls of docs/sandbox.md, "Telegram's control side"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.control import Control, ControlError, call, json_body, wait_for_change
from sandbox.telegram.people.groups import Groups
from sandbox.telegram.people.phones import Phones
from sandbox.telegram.people.views import chat_view
from sandbox.telegram.state.chats import Chat, Person
from sandbox.telegram.state.core import Telegram

_NAMES = {"first_name": str, "last_name": str, "username": str, "language_code": str}
_ABSENT: Any = object()


class ControlSide:
    """The routes below `/sandbox` that are Telegram's own."""

    def __init__(
        self, telegram: Telegram, phones: Phones, groups: Groups, control: Control
    ) -> None:
        self._telegram, self._phones, self._groups = telegram, phones, groups
        self._control = control

    def routes(self) -> list[BaseRoute]:
        """All of them, the common ones included."""
        person, group = "/people/{id:int}", "/groups/{id}"
        phones = self._phones
        return [
            *self._control.routes(),
            call("PUT", "/limits", self._put_limits),
            call("POST", "/people", self._post_people),
            call("PATCH", person, self._patch_person),
            call("GET", f"{person}/chat", self._get_chat),
            self._act("open", lambda id, body: phones.open(id, take(body, "link", str, None))),
            self._act("text", self._text),
            self._act("contact", self._contact),
            self._act("location", self._location),
            self._act("sticker", lambda id, body: phones.sticker(id)),
            self._act("photo", lambda id, body: phones.photo(id, take(body, "caption", str, ""))),
            self._act("album", lambda id, body: phones.album(id, take(body, "pictures", int))),
            self._act("file", lambda id, body: phones.file(id, take(body, "kind", str))),
            self._act("edit", self._edit),
            self._act("press", self._press),
            self._act("pick", self._pick),
            self._act("block", lambda id, body: phones.block(id)),
            self._act("unblock", lambda id, body: phones.unblock(id)),
            self._act("vanish", lambda id, body: phones.vanish(id)),
            call("POST", "/groups", self._post_groups),
            call("GET", f"{group}/chat", self._get_group_chat),
            call("POST", f"{group}/text", self._group_text),
            call("POST", f"{group}/press", self._group_press),
            call("POST", f"{group}/migrate", self._group_migrate),
            call("DELETE", "/files", self._delete_files),
            Route("/files/{path:path}", self._get_file, methods=["GET"]),
        ]

    def _act(self, name: str, act: Callable[[int, dict[str, Any]], Any]) -> Route:
        async def acted(request: Request) -> Any:
            done = act(request.path_params["id"], await json_body(request))
            return {"ok": True} if done is None else done

        return call("POST", f"/people/{{id:int}}/{name}", acted)

    def _text(self, id: int, body: dict[str, Any]) -> Any:
        reply_to = take(body, "reply_to", int, None)
        return self._phones.text(id, take(body, "text", str), reply_to=reply_to)

    def _contact(self, id: int, body: dict[str, Any]) -> Any:
        return self._phones.contact(id, take(body, "phone_number", str, None))

    def _location(self, id: int, body: dict[str, Any]) -> Any:
        place = (float(take(body, name, (int, float))) for name in ("latitude", "longitude"))
        return self._phones.location(id, *place)

    def _edit(self, id: int, body: dict[str, Any]) -> Any:
        return self._phones.edit(id, take(body, "message_id", int), take(body, "text", str))

    def _press(self, id: int, body: dict[str, Any]) -> Any:
        return {"callback_query_id": self._phones.press(id, **_button(body))}

    def _pick(self, id: int, body: dict[str, Any]) -> Any:
        users = take(body, "user_ids", list)
        if not all(isinstance(user, int) for user in users):
            raise ControlError(400, "bad_body", "user_ids is a list of ids")
        return self._phones.pick(id, take(body, "request_id", int), users)

    async def _put_limits(self, request: Request) -> Any:
        self._telegram.limits.enforced = take(await json_body(request), "enforced", bool)
        self._telegram.changed()
        return {"enforced": self._telegram.limits.enforced}

    async def _post_people(self, request: Request) -> Any:
        body = await json_body(request)
        given = {name: take(body, name, kind) for name, kind in _NAMES.items() if body.get(name)}
        return self._phones.make(
            given.pop("first_name", None) or take(body, "first_name", str),
            id=take(body, "id", int, None),
            **given,
        ).shown()

    async def _patch_person(self, request: Request) -> Any:
        person, body = self._person(request), await json_body(request)
        for name, kind in _NAMES.items():
            if name in body:
                setattr(person, name, take(body, name, kind, None) or getattr(person, name))
        self._telegram.changed()
        return person.shown()

    async def _get_chat(self, request: Request) -> Any:
        person = self._person(request)
        await wait_for_change(request, self._control.revision)
        return self._view(self._telegram.chat(person.id) or Chat(person.id, "private", person))

    async def _post_groups(self, request: Request) -> Any:
        body = await json_body(request)
        privacy = take(body, "privacy", bool, True)
        return self._groups.make(take(body, "title", str), privacy=privacy).shown()

    async def _get_group_chat(self, request: Request) -> Any:
        group = self._groups.chat(_group_id(request))
        await wait_for_change(request, self._control.revision)
        return self._view(group)

    async def _group_text(self, request: Request) -> Any:
        body = await json_body(request)
        person = self._phones.person(take(body, "person", int))
        reply_to = take(body, "reply_to", int, None)
        text = take(body, "text", str)
        return self._groups.text(_group_id(request), person, text, reply_to=reply_to)

    async def _group_press(self, request: Request) -> Any:
        body = await json_body(request)
        group = self._groups.chat(_group_id(request))
        query_id = self._phones.press_in(group, take(body, "person", int), **_button(body))
        return {"callback_query_id": query_id}

    async def _group_migrate(self, request: Request) -> Any:
        return self._groups.migrate(_group_id(request)).shown()

    async def _delete_files(self, request: Request) -> Any:
        self._telegram.files.clear()
        self._telegram.changed()
        return {"ok": True}

    async def _get_file(self, request: Request) -> Response:
        stored = self._telegram.files.by_path(request.path_params["path"])
        if stored is None:
            return Response(status_code=404)
        safe = stored.mime_type if stored.mime_type.startswith("image/") else ""
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        kind = safe or "application/octet-stream"
        return Response(stored.content, media_type=kind, headers=headers)

    def _person(self, request: Request) -> Person:
        return self._phones.person(request.path_params["id"])

    def _view(self, chat: Chat) -> dict[str, Any]:
        return {"revision": self._control.revision.value, **chat_view(self._telegram, chat)}


def take(body: dict[str, Any], name: str, kind: Any, default: Any = _ABSENT) -> Any:
    """A field of a control call's body. Raises ControlError (400)."""
    value = body.get(name)
    if value is None and default is not _ABSENT:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ControlError(400, "bad_body", f"{name} is missing, or of the wrong kind")
    return value


def _group_id(request: Request) -> int:
    """Groups have negative ids, for which Starlette has no convertor."""
    text: str = request.path_params["id"]
    if not text.removeprefix("-").isdecimal():
        raise ControlError(404, "unknown_group", "a group's id is a number")
    return int(text)


def _button(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_id": take(body, "message_id", int),
        "data": take(body, "data", str),
        "forged": take(body, "forged", bool, False),
    }
