"""Sealed files of docs/CHAT.md: what they become, and what a reader refuses. Bytes are given as runs: hex, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.sealed.file import BLOCK, MOST_FILE_BYTES, Manifest, seal_file
from chat.sealed.log import canonical_json
from tests.vectors.people import Vector, drawn

BLOB: Final = "0b8a7c2e-1111-4222-8333-944455556666"
HEADS: Final = {
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF\x01\x00\x00\x00WEBP",
    "application/pdf": b"%PDF-1.7\n",
}
Runs = list[tuple[bytes, int]]
NAMES: Final = {"image/jpeg": "Beleg März.jpg", "image/png": "slip.2.png", "image/webp": "票.webp", "application/pdf": "slip.pdf"}  # fmt: skip


def files() -> Iterator[Vector]:
    """Each type, at the edges of a block and of the largest file."""
    for type_, head in HEADS.items():
        sizes = (len(head), 1_000, BLOCK - 5, BLOCK - 4, BLOCK - 3, 3 * BLOCK)
        for size in (*sizes, *((MOST_FILE_BYTES,) if type_ == "image/png" else ())):
            key = drawn(f"file {type_} {size}")
            runs = [(head, 1), (b"\xa7", size - len(head))]
            sealed = seal_file(joined(runs), key)
            said = manifest(sealed, size, key, type_)
            yield {
                "file": given(runs),
                "manifest": said.content.decode(),
                "sealedSize": len(sealed),
                "sealedStart": sealed[:48].hex(),
            }


def refused_files() -> Iterator[Vector]:
    """`plain` is what was sealed, `changed` what happened to the sealed bytes afterwards."""
    key, head = drawn("file refused"), HEADS["application/pdf"]
    size = len(head)
    good: Runs = [(size.to_bytes(4, "big"), 1), (head, 1), (b"\0", BLOCK - 4 - size)]

    def refused(code: str, why: str, plain: Runs = good, label: bytes = b"parley file 1\0", **more: Any) -> Vector:  # fmt: skip
        sealed = AESGCM(key).encrypt(bytes(12), joined(plain), label)
        told = replace(manifest(sealed, size, key, "application/pdf"), **more)
        # Its hash first: nobody else's bytes are even tried.
        return {
            "code": code,
            "why": why,
            "plain": given(plain),
            "label": label.hex(),
            "sealKey": key.hex(),
            "manifest": told.content.decode(),
        }

    yield refused("file_hash", "other bytes", sha256="00" * 32)
    yield refused("key", "another key", key="11" * 32)
    yield refused("key", "another label", label=b"parley message 1\0")
    yield refused("key", "no label", label=b"")
    yield refused("file_size", "one byte more said", size=size + 1)
    yield refused("file_size", "one byte less said", size=size - 1)
    yield refused("file_type", "another type said", type="image/png", name="slip.png")
    yield refused("padding", "padding is not zero", [*good[:2], (b"\0", BLOCK - 5 - size), (b"\1", 1)])  # fmt: skip
    yield refused("padding", "a block too many", [*good, (b"\0", BLOCK)])
    yield refused("padding", "no whole block", [*good, (b"\0", 1)])
    yield refused("padding", "no padding", good[:2])
    yield refused("cut", "longer than its bytes", [(b"\0\1\0\0", 1), *good[1:]], size=BLOCK)
    yield refused("cut", "nothing", [])
    html = b"<script>"
    wrong: Runs = [(len(html).to_bytes(4, "big"), 1), (html, 1), (b"\0", BLOCK - 4 - len(html))]
    yield refused("file_type", "a page under the name of a document", wrong, size=len(html))


def refused_manifests() -> Iterator[Vector]:
    good = {
        "blob": BLOB,
        "key": "ab" * 32,
        "name": "slip.pdf",
        "sha256": "cd" * 32,
        "size": 1_000,
        "type": "application/pdf",
    }
    changes: list[dict[str, Any]] = [
        {"blob": "../../x"}, {"blob": BLOB.upper()}, {"blob": BLOB + "0"}, {"blob": 7}, {"key": "ab" * 31}, {"key": "AB" * 32}, {"key": None},
        {"sha256": "zz" * 32}, {"sha256": ""}, {"size": 0}, {"size": -1}, {"size": MOST_FILE_BYTES + 1}, {"size": "1000"}, {"size": True},
        {"type": "text/html"}, {"type": "__proto__"}, {"type": ["application/pdf"]}, {"extra": 1}, {"name": ""}, {"name": ".pdf"}, {"name": "slip.exe"},
        {"name": "slip.png"}, {"name": "slip.PDF"}, {"name": "a/b.pdf"}, {"name": "a\\b.pdf"}, {"name": "a:b.pdf"}, {"name": "a\u202eb.pdf"},
        {"name": "a\u200bb.pdf"}, {"name": "a\u0600b.pdf"}, {"name": "a\U000e0041b.pdf"}, {"name": "a\nb.pdf"}, {"name": "a\x85b.pdf"}, {"name": " slip.pdf"},
        {"name": "slip .pdf"}, {"name": "slip..pdf"}, {"name": "\u00a0slip.pdf"}, {"name": "re\u0301sume\u0301.pdf"}, {"name": "x" * 121 + ".pdf"},
        {"name": "\U0001f600" * 31 + ".pdf"},
    ]  # fmt: skip
    for change in changes:
        yield {"code": "file", "manifest": canonical_json(good | change)}
    for text in ("[]", "null", '"slip.pdf"', "{}", canonical_json({"blob": BLOB})):
        yield {"code": "file", "manifest": text}
    yield {"code": "spelling", "manifest": canonical_json(good).replace("1000", "1e3")}
    yield {"code": "spelling", "manifest": canonical_json(good).replace(":", ": ", 1)}


def manifest(sealed: bytes, size: int, key: bytes, type_: str) -> Manifest:
    return Manifest(
        blob=BLOB,
        key=key.hex(),
        name=NAMES[type_],
        sha256=sha256(sealed).hexdigest(),
        size=size,
        type=type_,
    )


def given(runs: Runs) -> list[list[Any]]:
    return [[data.hex(), count] for data, count in runs]


def joined(runs: Runs) -> bytes:
    return b"".join(data * count for data, count in runs)
