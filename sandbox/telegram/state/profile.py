"""How the bot presents itself: name, descriptions, pictures and command lists.

Guarantees: a person gets the commands Telegram would show them, by scope and language; a picture is
a new file each time.
Source: Bot API, "Determining list of commands", InputProfilePhoto.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram.protocol.calls import Call, as_integer
from sandbox.telegram.protocol.errors import bad_request
from sandbox.telegram.state.files import Files, StoredFile, photo_content

MOST_COMMANDS = 100
LONGEST = {"name": 64, "description": 512, "short_description": 120}
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_PLAIN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")

Scope = tuple[str, int, int]
Command = dict[str, str]


class Profile:
    """The bot's words by language ("" is everybody's) and its commands by scope and language."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._words: dict[tuple[str, str], str] = {}
        self._commands: dict[tuple[Scope, str], list[Command]] = {}
        self.menu_button: dict[str, Any] = {"type": "commands"}
        self.pictures: list[StoredFile] = []
        """The latest first; it is the one that is shown."""

    def set_words(self, kind: str, call: Call) -> None:
        """Name, description or short_description, for the call's language. Raises ApiError."""
        text, language = call.text(kind), read_language(call)
        if len(text) > LONGEST[kind]:
            raise bad_request(f"BOT_{'TITLE' if kind == 'name' else 'ABOUT'}_INVALID")
        self._words[kind, language] = text

    def words(self, kind: str, language: str) -> str:
        """What set_words set for the language, or for everybody."""
        fallback = self._name if kind == "name" else ""
        return self._words.get((kind, language)) or self._words.get((kind, ""), "") or fallback

    def set_commands(self, scope: Scope, language: str, commands: list[Command]) -> None:
        """Replace a list; an empty one is as good as none."""
        if commands:
            self._commands[scope, language] = commands
        else:
            self._commands.pop((scope, language), None)

    def commands(self, scope: Scope, language: str) -> list[Command]:
        """Exactly what was set for this scope and language."""
        return self._commands.get((scope, language), [])

    def shown(self, chat: int, person: int, language: str, *, private: bool) -> list[Command]:
        """What somebody sees in a chat: the narrowest scope, their language before all."""
        everywhere = "all_private_chats" if private else "all_group_chats"
        scopes: list[Scope] = [("chat", chat, 0), (everywhere, 0, 0), ("default", 0, 0)]
        if not private:
            scopes.insert(0, ("chat_member", chat, person))
        for scope in scopes:
            for wanted in (language.partition("-")[0], ""):
                if commands := self.commands(scope, wanted):
                    return commands
        return []


def read_picture(files: Files, call: Call) -> StoredFile:
    """The call's InputProfilePhoto; this Telegram takes still ones alone. Raises ApiError (400)."""
    if not call.text("photo"):
        raise bad_request("photo isn't specified")
    photo = call.structure("photo", "can't parse photo JSON object")
    if not isinstance(photo, dict):
        raise bad_request("object expected as profile photo")
    kind = photo.get("type")
    if kind is None:
        raise bad_request('can\'t find field "type"')
    if kind != "static":
        raise bad_request("invalid profile photo type specified")
    if "photo" not in photo:
        raise bad_request('can\'t find field "photo"')
    upload = Call(call.method, photo, call.files).upload("photo")
    if upload is None or not str(photo["photo"]).startswith("attach://"):
        raise bad_request("photo must be uploaded as a file")
    return files.photo(upload, only="image/jpeg")


def pictures_shown(pictures: list[StoredFile], call: Call) -> dict[str, Any]:
    """The call's part of them as UserProfilePhotos, in the one size this Telegram keeps."""
    first = max(call.number("offset"), 0)
    most = min(max(call.number("limit", 100), 1), 100)
    some = pictures[first : first + most]
    sizes = [photo_content(each, spoiler=False)["photo"] for each in some]
    return {"total_count": len(pictures), "photos": sizes}


def read_language(call: Call) -> str:
    """The call's language_code, "" for everybody. Raises ApiError (400)."""
    language = call.text("language_code")
    if language and not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return language


def read_scope(call: Call) -> Scope:
    """The call's BotCommandScope. Raises ApiError (400)."""
    scope = call.structure("scope", "can't parse BotCommandScope JSON object")
    if scope is None:
        return ("default", 0, 0)
    if not isinstance(scope, dict):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = scope.get("type")
    if kind in _PLAIN_SCOPES:
        return (kind, 0, 0)
    if kind not in _CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat = as_integer(scope.get("chat_id"))
    if not chat:
        raise bad_request("can't parse BotCommandScope: Empty chat_id specified")
    return (kind, chat, as_integer(scope.get("user_id")))


def read_commands(call: Call) -> list[Command]:
    """The call's commands. Raises ApiError (400)."""
    commands = call.structure("commands", "can't parse commands JSON object") or []
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_read_command(command) for command in commands]


def _read_command(command: Any) -> Command:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    for field in ("command", "description"):
        if field not in command:
            raise bad_request(f"can't parse BotCommand: Can't find field \"{field}\"")
    name = str(command["command"]).removeprefix("/")
    description = str(command["description"]).strip()
    if not name:
        raise bad_request("command must be non-empty")
    if not description:
        raise bad_request("command description must be non-empty")
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if len(description) > 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}
