"""Files that were sent: kept in memory, told apart by file_id, fetched by path.

Guarantees: a file_id stays valid until every file is forgotten, and is good for what it was sent
as alone; a photo is an image Telegram would take.
Source: Bot API, "Sending files", getFile.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sandbox.telegram.protocol.calls import Call, Upload
from sandbox.telegram.protocol.errors import bad_request

LARGEST_PHOTO = 10 * 1024 * 1024
LARGEST_DOWNLOAD = 20 * 1024 * 1024
WRONG_FILE = "wrong file identifier/HTTP URL specified"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file: `path` is below `/file/bot<token>/`."""

    id: str
    unique_id: str
    path: str
    name: str
    content: bytes
    mime_type: str
    width: int = 0
    height: int = 0
    kind: str = "Document"

    def described(self) -> dict[str, Any]:
        """The fields every file object of the Bot API has."""
        return {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.content),
        }


class Files:
    """The store."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._numbers = itertools.count()

    def clear(self, *, keep: Iterable[StoredFile] = ()) -> None:
        """Forget every file but these."""
        self._by_id = {each.id: each for each in keep}
        self._by_path = {each.path: each for each in keep}

    def by_id(self, file_id: str) -> StoredFile | None:
        """The file a file_id names."""
        return self._by_id.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """The file behind a path from getFile."""
        return self._by_path.get(path)

    def take(self, call: Call, field: str) -> StoredFile:
        """The file a call sends: an upload, or a file_id. Raises ApiError (400)."""
        if (upload := call.upload(field)) is not None:
            return self.photo(upload) if field == "photo" else self.document(upload)
        value = call.text(field)
        if not value:
            raise bad_request(f"there is no {field} in the request")
        return self.known(value, field.capitalize())

    def known(self, value: str, kind: str) -> StoredFile:
        """The file of this kind that a file_id names. Raises ApiError (400): this Telegram fetches
        no addresses, and knows no other bot's file."""
        if value.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        stored = self._by_id.get(value)
        if stored is None:
            raise bad_request(WRONG_FILE)
        if stored.kind != kind:
            raise bad_request(f"can't use file of type {stored.kind} as {kind}")
        return stored

    def document(self, upload: Upload, kind: str = "Document") -> StoredFile:
        """Keep any file, as one of this kind. Raises ApiError (400) when it is empty."""
        return self._keep(upload, "documents", kind=kind)

    def photo(self, upload: Upload, *, only: str = "") -> StoredFile:
        """Keep an image, of that type `only`. Raises ApiError (400) when Telegram would not take it
        as a photo."""
        if len(upload.content) > LARGEST_PHOTO:
            raise bad_request(
                f"file of size {len(upload.content)} bytes is too big for a photo;"
                f" the maximum size is {LARGEST_PHOTO} bytes"
            )
        try:
            with Image.open(io.BytesIO(upload.content)) as image:
                width, height = image.size
                kind = image.get_format_mimetype() or "image/jpeg"
        except (OSError, ValueError, SyntaxError) as error:
            raise bad_request("IMAGE_PROCESS_FAILED") from error
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        if only and kind != only:
            raise bad_request("IMAGE_PROCESS_FAILED")
        named = Upload(f"photo.{kind.removeprefix('image/')}", upload.content, kind)
        return self._keep(named, "photos", width, height, kind="Photo")

    def _keep(
        self, upload: Upload, folder: str, width: int = 0, height: int = 0, *, kind: str
    ) -> StoredFile:
        if not upload.content:
            raise bad_request("file must be non-empty")
        suffix = upload.name.rpartition(".")[2][:8]
        suffix = suffix if suffix.isalnum() else "bin"
        stored = StoredFile(
            id=f"AgAC{secrets.token_urlsafe(24)}",
            unique_id=hashlib.sha256(upload.content).hexdigest()[:16],
            path=f"{folder}/file_{next(self._numbers)}.{suffix}",
            name=upload.name,
            content=upload.content,
            mime_type=upload.mime_type,
            width=width,
            height=height,
            kind=kind,
        )
        self._by_id[stored.id] = self._by_path[stored.path] = stored
        return stored


def photo_content(*stored: StoredFile, spoiler: bool) -> dict[str, Any]:
    """A photo, in the sizes this Telegram keeps: of a bot's but one."""
    sizes = [{**each.described(), "width": each.width, "height": each.height} for each in stored]
    return {"photo": sizes, **({"has_media_spoiler": True} if spoiler else {})}


def document_content(stored: StoredFile) -> dict[str, Any]:
    """A file as a document."""
    names = {"file_name": stored.name, "mime_type": stored.mime_type}
    return {"document": {**stored.described(), **names}}
