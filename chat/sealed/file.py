"""Sealed files (docs/CHAT.md, "Files"): how their bytes are sealed, and what a message says of them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.sealed.errors import Unsealed, must
from chat.sealed.log import canonical_json, parsed_json
from chat.sealed.reading import Reader, label, u32

MOST_FILE_BYTES: Final = 5 * 2**20
BLOCK: Final = 2**16
ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
}
_NONCE: Final = bytes(12)
_LABEL: Final = label("parley file 1")
_TAG: Final = 16
_BLOB: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH: Final = re.compile("[0-9a-f]{64}")
_PATH: Final = frozenset('\\/:*?"<>|')
# Control and format signs, and separators of lines: what cannot be seen in a name, or turns it round.
_HIDDEN: Final = frozenset(("Cc", "Cf", "Zl", "Zp"))
_EDGE: Final = re.compile(r"\A[.\s]|[.\s]\Z")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a message of type 3 says of a file. `sha256` is of the sealed bytes, `size` of the file itself, in bytes."""

    blob: str
    key: str
    name: str
    sha256: str
    size: int
    type: str

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """The file that a message names.

        Raises: Unsealed.
        """
        try:
            said = parsed_json(data.decode())
        except UnicodeDecodeError as error:
            raise Unsealed("file", "The message names no file.") from error
        named = isinstance(said, dict) and said.keys() == set(cls.__dataclass_fields__)
        must(named, "file", "The message names no file.")
        texts = [said[field] for field in ("blob", "key", "name", "sha256", "type")]
        must(all(isinstance(one, str) for one in texts), "file", "The message names no file.")
        hashes = all(_HASH.fullmatch(said[field]) for field in ("key", "sha256"))
        must(
            bool(_BLOB.fullmatch(said["blob"])) and hashes,
            "file",
            "The file's names are malformed.",
        )
        size = said["size"]
        must(
            type(size) is int and 0 < size <= MOST_FILE_BYTES,
            "file",
            "The file's size is out of its range.",
        )
        must(said["type"] in ENDINGS, "file", "The file's type is unknown.")
        plain = is_plain_name(said["name"], said["type"])
        must(plain, "file", "The file's name is not what it looks like.")
        return cls(**said)

    @property
    def content(self) -> bytes:
        """Its canonical JSON."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return canonical_json(fields).encode()


def is_plain_name(name: str, type_: str) -> bool:
    """Whether a name has no path, no hidden or reordering sign, and the ending of what the bytes are."""
    stem = name.removesuffix(ENDINGS[type_])
    return (
        stem != name
        and 1 <= len(stem.encode()) <= 120
        and unicodedata.normalize("NFC", name) == name
        and not any(sign in _PATH or unicodedata.category(sign) in _HIDDEN for sign in name)
        and not _EDGE.search(stem)
    )


def type_of(file: bytes) -> str:
    """What the bytes are by themselves; an empty text for what is not sent."""
    if file.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if file.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if file.startswith(b"RIFF") and file[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if file.startswith(b"%PDF-") else ""


def seal_file(file: bytes, key: bytes) -> bytes:
    """The bytes that the hub keeps; `key` is used for this file alone."""
    plain = u32(len(file)) + file
    return AESGCM(key).encrypt(_NONCE, plain + bytes(-len(plain) % BLOCK), _LABEL)


def open_file(sealed: bytes, manifest: Manifest) -> bytes:
    """The file, held against everything that its message says.

    Raises: Unsealed.
    """
    must(
        sha256(sealed).hexdigest() == manifest.sha256,
        "file_hash",
        "The file is not the one that the message names.",
    )
    try:
        plain = AESGCM(bytes.fromhex(manifest.key)).decrypt(_NONCE, sealed, _LABEL)
    except (InvalidTag, ValueError) as error:
        raise Unsealed("key", "The key does not open this.") from error
    from_ = Reader(plain)
    file = from_.take(from_.whole(4))
    must(
        len(file) == manifest.size,
        "file_size",
        "The file has another size than the message says.",
    )
    padding = from_.take(len(plain) - from_.at)
    fits = len(plain) % BLOCK == 0 and len(padding) < BLOCK and not any(padding)
    must(fits, "padding", "The file's padding is not the one that fits.")
    must(
        type_of(file) == manifest.type,
        "file_type",
        "The file is not of the type that the message says.",
    )
    return file
