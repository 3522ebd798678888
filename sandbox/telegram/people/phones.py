"""What people do: open the bot, write, press, share, block.

Guarantees: each act is one a Telegram client would let its owner do, and reaches the bot as
Telegram would bring it; anything else is refused with ControlError and changes nothing.
"""

from __future__ import annotations

import io
import itertools
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageDraw

from sandbox.control import ControlError
from sandbox.telegram.protocol.calls import Upload
from sandbox.telegram.state.chats import Chat, Message, Person
from sandbox.telegram.state.core import Telegram
from sandbox.telegram.state.files import photo_content
from sandbox.telegram.text.entities import LONGEST_CAPTION, LONGEST_TEXT, formatted

FIRST_ID = 1001
MOST_PICTURES = 10
_WIDTHS = (90, 320)
"""The sizes in which a photo of a person's is there, the smallest first."""
_FILES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "document": ("parcel.jpg", "image/jpeg", {"file_name": "parcel.jpg"}),
    "video": ("parcel.mp4", "video/mp4", {"width": 320, "height": 240, "duration": 3}),
    "animation": ("parcel.gif", "video/mp4", {"width": 320, "height": 240, "duration": 1}),
    "voice": ("voice.ogg", "audio/ogg", {"duration": 2}),
}
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
_STICKER = {
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
    "emoji": "📦",
    "set_name": "Sandbox",
}


class Phones:
    """The phones of everybody, by person's id."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._ids = itertools.count(FIRST_ID)
        self._albums = itertools.count(13_800_000_000_000_001)
        self._shades = itertools.count()

    def make(
        self,
        first_name: str,
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str = "en",
        id: int | None = None,
    ) -> Person:
        """A new person, who has not opened the bot yet."""
        people = self._telegram.people
        if id is None:
            id = next(number for number in self._ids if number not in people)
        if id in people or id <= 0 or id == self._telegram.bot["id"]:
            raise ControlError(409, "id_taken", f"the id {id} can't be given to anybody")
        people[id] = Person(id, first_name, last_name, username, language_code)
        self._telegram.changed()
        return people[id]

    def person(self, person_id: int) -> Person:
        """Somebody who is there. Raises ControlError (404)."""
        person = self._telegram.people.get(person_id)
        if person is None:
            raise ControlError(404, "unknown_person", f"nobody has the id {person_id}")
        return person

    def open(self, person_id: int, link: str | None = None) -> dict[str, Any]:
        """Open the bot by its link and press START: sends `/start` and the link's payload."""
        payload = self._payload(link) if link else ""
        if self.person(person_id).blocked:
            self.unblock(person_id)
        return self.text(person_id, f"/start {payload}".strip())

    def text(self, person_id: int, text: str, *, reply_to: int | None = None) -> dict[str, Any]:
        """Send a text."""
        text, entities = formatted(text, "", None)
        if not 0 < len(text) <= LONGEST_TEXT:
            raise ControlError(400, "bad_text", f"a text has 1 to {LONGEST_TEXT} characters")
        content: dict[str, Any] = {"text": text}
        if entities:
            content["entities"] = entities
        return self._say(person_id, content, reply_to)

    def contact(self, person_id: int, phone_number: str | None = None) -> dict[str, Any]:
        """Share one's own contact."""
        person = self.person(person_id)
        contact = {
            "phone_number": phone_number or f"+1555{person_id % 10_000_000:07d}",
            "first_name": person.first_name,
            "user_id": person.id,
        }
        return self._say(person_id, {"contact": contact})

    def location(self, person_id: int, latitude: float, longitude: float) -> dict[str, Any]:
        """Share a place, in degrees."""
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise ControlError(400, "bad_location", "no such place on earth")
        return self._say(person_id, {"location": {"latitude": latitude, "longitude": longitude}})

    def sticker(self, person_id: int) -> dict[str, Any]:
        """Send a sticker."""
        stored = self._telegram.files.document(
            Upload("sticker.webp", b"sticker", "image/webp"), "Sticker"
        )
        return self._say(person_id, {"sticker": {**stored.described(), **_STICKER}})

    def photo(self, person_id: int, caption: str = "") -> dict[str, Any]:
        """Send a photo."""
        return self._say(person_id, self._photo(caption))

    def album(self, person_id: int, pictures: int) -> list[dict[str, Any]]:
        """Send several photos at once: a message each, which name their album."""
        if not 2 <= pictures <= MOST_PICTURES:
            raise ControlError(400, "bad_album", f"an album has 2 to {MOST_PICTURES} pictures")
        album = {"media_group_id": str(next(self._albums))}
        return [self._say(person_id, {**self._photo(""), **album}) for _ in range(pictures)]

    def file(self, person_id: int, kind: str) -> dict[str, Any]:
        """Send a picture as a file, a video, a GIF or a voice message."""
        if kind not in _FILES:
            raise ControlError(400, "bad_file", f"one of {', '.join(_FILES)}")
        name, mime_type, more = _FILES[kind]
        upload = Upload(name, b"some bytes", mime_type)
        stored = self._telegram.files.document(upload, kind.capitalize())
        sent = {**stored.described(), "mime_type": mime_type, **more}
        document = {"document": sent} if kind == "animation" else {}
        return self._say(person_id, {kind: sent, **document})

    def _photo(self, caption: str) -> dict[str, Any]:
        caption, entities = formatted(caption, "", None)
        if len(caption) > LONGEST_CAPTION:
            raise ControlError(400, "bad_caption", "the caption is too long")
        shade = next(self._shades)
        sizes = [_drawn_parcel(width, shade) for width in _WIDTHS]
        stored = [
            self._telegram.files.photo(Upload("photo.jpg", drawn, "image/jpeg")) for drawn in sizes
        ]
        content = photo_content(*stored, spoiler=False)
        if caption:
            content |= {"caption": caption, "caption_entities": entities}
        return content

    def edit(self, person_id: int, message_id: int, text: str) -> dict[str, Any]:
        """Edit a text of one's own."""
        chat = self._chat(person_id)
        message = chat.messages.get(message_id)
        if message is None or not message.outgoing or "text" not in message.body:
            raise ControlError(409, "not_editable", "that is no text of this person's own")
        text, entities = formatted(text, "", None)
        if not 0 < len(text) <= LONGEST_TEXT:
            raise ControlError(400, "bad_text", f"a text has 1 to {LONGEST_TEXT} characters")
        body = {k: v for k, v in message.body.items() if k != "entities"} | {"text": text}
        if entities:
            body["entities"] = entities
        message.body = body | {"edit_date": int(self._telegram.clock.now().timestamp())}
        self._telegram.tell("edited_message", message.body, chat.id)
        self._telegram.changed()
        return message.body

    def press(self, person_id: int, message_id: int, data: str, *, forged: bool = False) -> str:
        """Press a callback button; returns the callback query's id. Raises ControlError (409)."""
        return self.press_in(self._chat(person_id), person_id, message_id, data, forged=forged)

    def press_in(
        self, chat: Chat, person_id: int, message_id: int, data: str, *, forged: bool = False
    ) -> str:
        """The same in any chat."""
        message = chat.messages.get(message_id)
        if not forged and (message is None or data not in message.callbacks()):
            raise ControlError(409, "no_such_button", "no button with that data is shown there")
        return self._telegram.ask(chat, self.person(person_id), message_id, data)

    def pick(self, person_id: int, request_id: int, user_ids: list[int]) -> dict[str, Any]:
        """Answer the keyboard's user picker. Raises ControlError (409) when none asks."""
        chat = self._chat(person_id)
        wanted = _user_request(chat, request_id)
        if wanted is None:
            raise ControlError(409, "no_such_button", "the keyboard asks for no such users")
        if not 1 <= len(user_ids) <= int(wanted.get("max_quantity", 1)):
            raise ControlError(409, "bad_quantity", "so many can't be picked")
        users = [_shared(self.person(user_id), wanted) for user_id in user_ids]
        return self._say(person_id, {"users_shared": {"request_id": request_id, "users": users}})

    def block(self, person_id: int) -> None:
        """Block the bot."""
        self._membership(person_id, blocked=True)

    def unblock(self, person_id: int) -> None:
        """Let the bot in again."""
        self._membership(person_id, blocked=False)

    def vanish(self, person_id: int) -> None:
        """Delete the account."""
        self.person(person_id).vanished = True
        self._telegram.changed()

    def _chat(self, person_id: int) -> Chat:
        person = self.person(person_id)
        if person.vanished:
            raise ControlError(409, "vanished", "that account was deleted")
        chat = self._telegram.chat(person_id)
        assert chat is not None, "whoever exists can have a chat"
        return chat

    def _say(
        self, person_id: int, content: dict[str, Any], reply_to: int | None = None
    ) -> dict[str, Any]:
        chat, person = self._chat(person_id), self.person(person_id)
        if person.blocked:
            raise ControlError(409, "blocked", "this person has blocked the bot")
        person.started = True
        answered = chat.messages.get(reply_to or chat.force_reply or 0)
        if answered is not None:
            content["reply_to_message"] = dict(answered.body)
        chat.force_reply = None
        if chat.keyboard is not None and chat.keyboard.get("one_time_keyboard"):
            chat.keyboard = None
        return say(self._telegram, chat, person, content).body

    def _payload(self, link: str) -> str:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        query = parse_qs(parts.query)
        if parts.scheme == "tg":
            bot = query.get("domain", [""])[0]
        else:
            bot = parts.path.strip("/") if parts.hostname in ("t.me", "telegram.me") else ""
        payload = query.get("start", [""])[0]
        if bot.lower() != str(self._telegram.bot["username"]).lower():
            raise ControlError(409, "another_bot", "the link does not lead to this bot")
        if not _PAYLOAD.fullmatch(payload):
            raise ControlError(409, "bad_payload", "Telegram takes no such start parameter")
        return payload

    def _membership(self, person_id: int, *, blocked: bool) -> None:
        chat, person = self._chat(person_id), self.person(person_id)
        if person.blocked == blocked:
            return
        person.blocked = blocked
        now = int(self._telegram.clock.now().timestamp())
        kicked = {"status": "kicked", "user": self._telegram.bot, "until_date": 0}
        member = {"status": "member", "user": self._telegram.bot}
        payload = {
            "chat": chat.shown(),
            "from": person.user(),
            "date": now,
            "old_chat_member": member if blocked else kicked,
            "new_chat_member": kicked if blocked else member,
        }
        if person.started:
            self._telegram.tell("my_chat_member", payload, chat.id)
        self._telegram.changed()


def _drawn_parcel(width: int, shade: int) -> bytes:
    """A parcel on a floor, each time in another light, as a picture so many pixels wide."""
    wide, high = 320, 240
    picture = Image.new("RGB", (wide, high), (170, 180 - shade % 5 * 10, 190))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 170, wide, high), fill=(110 + shade % 7 * 5, 110, 115))
    pen.rectangle((80, 80, 240, 200), fill=(190, 140, 90), outline=(120, 85, 50), width=3)
    pen.rectangle((148, 80, 172, 200), fill=(220, 190, 150))
    written = io.BytesIO()
    picture.resize((width, width * high // wide)).save(written, "JPEG")
    return written.getvalue()


def say(telegram: Telegram, chat: Chat, person: Person, content: dict[str, Any]) -> Message:
    """Put a person's message into a chat, and before the bot."""
    message = telegram.post(chat, person.user(), content)
    telegram.tell("message", message.body, chat.id)
    return message


def _user_request(chat: Chat, request_id: int) -> dict[str, Any] | None:
    for row in (chat.keyboard or {}).get("keyboard", ()):
        for button in row:
            request: dict[str, Any] = button.get("request_users") or {}
            if request.get("request_id") == request_id:
                return request
    return None


def _shared(person: Person, wanted: dict[str, Any]) -> dict[str, Any]:
    """What the bot learns of somebody who was picked: the id, and what it asked for."""
    shared: dict[str, Any] = {"user_id": person.id}
    if wanted.get("request_name"):
        shared["first_name"] = person.first_name
        if person.last_name:
            shared["last_name"] = person.last_name
    if wanted.get("request_username") and person.username:
        shared["username"] = person.username
    return shared
