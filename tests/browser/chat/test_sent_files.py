"""Pictures and documents go sealed from one browser to the other, without what the camera wrote into them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from playwright.sync_api import Page, expect

from chat.models import Entry, Room, SealedFile
from tests.browser.chat.conftest import Open, reopened
from tests.browser.chat.test_sealed import SIZES, fits

pytestmark = [pytest.mark.urls("tests.browser.chat.urls"), pytest.mark.django_db(transaction=True)]

CANARY = b"GPS 48.2082 16.3738 kestrel"
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF kestrel"
DRAW = """async () => {
  const canvas = new OffscreenCanvas(640, 400);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "teal"; pen.fillRect(0, 0, 640, 400); pen.fillStyle = "white"; pen.fillRect(80, 80, 200, 120);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg" })).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""


def photograph(page: Page) -> bytes:
    """A JPEG with a place in its EXIF part, and more behind its end."""
    plain = base64.b64decode(page.evaluate(DRAW))
    exif = b"Exif\0\0" + CANARY
    part = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    return plain[:2] + part + plain[2:] + CANARY


def pick(page: Page, name: str, content: bytes, kind: str = "application/octet-stream") -> None:
    page.locator("[data-file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def saved(page: Page, press: str) -> tuple[str, bytes]:
    with page.expect_download() as saving:
        page.get_by_role("button", name=press).click()
    path = Path(str(saving.value.path()))
    return saving.value.suggested_filename, path.read_bytes()


def sealed_bytes() -> list[bytes]:
    return [storages["sealed"].open(row.path).read() for row in SealedFile.objects.order_by("pk")]


def test_photograph_arrives_without_its_place(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """W18, M10: looked at before it goes, drawn anew, sealed, and drawn again where it came."""
    hers, his = open_as(alice), open_as(bob)
    pick(hers, "IMG_2041.jpeg", photograph(hers), "image/jpeg")
    preview = hers.locator(".file-preview")
    expect(preview).to_contain_text("IMG_2041.jpg")
    expect(preview.get_by_role("img", name="Picture IMG_2041.jpg")).to_be_visible()
    assert not SealedFile.objects.exists()
    preview.get_by_role("button", name="Send it sealed").click()
    expect(preview).to_have_count(0)

    tile = his.locator(".sealed-file")
    expect(tile).to_contain_text("IMG_2041.jpg")
    expect(his.locator(".msg").filter(has=tile)).to_contain_text("proves nothing")
    tile.get_by_role("button", name="Show it").click()
    expect(tile.get_by_role("img", name="Picture IMG_2041.jpg")).to_be_visible()
    name, content = saved(his, "Save it")
    assert name == "IMG_2041.jpg"
    assert content[:3] == b"\xff\xd8\xff"
    assert CANARY not in content

    (stored,) = sealed_bytes()
    assert CANARY not in stored
    assert (len(stored) - 16) % 65_536 == 0
    row = SealedFile.objects.get()
    assert row.entry == Entry.objects.get(room=room, kind="message")
    # The sender's other look at it, after a reload.
    again = reopened(hers.context)
    again.locator(".sealed-file").get_by_role("button", name="Show it").click()
    expect(again.locator(".sealed-file").get_by_role("img")).to_be_visible()


def test_document_arrives_byte_for_byte(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    hers, his = open_as(alice), open_as(bob)
    pick(hers, "../slip\u202e.exe", PDF)
    expect(hers.locator(".file-preview")).to_contain_text("slip.pdf")
    hers.get_by_role("button", name="Send it sealed").click()
    expect(his.locator(".sealed-file")).to_contain_text("slip.pdf")
    assert saved(his, "Save it") == ("slip.pdf", PDF)
    assert b"kestrel" not in sealed_bytes()[0]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("slip.png", b"MZ\x90\0", "something else, whatever its name says"),
        ("slip.png", b"\x89PNG\r\n\x1a\n broken", "cannot be read"),
        ("slip.pdf", PDF + b"/OpenAction<</S/JavaScript", "holds a script"),
        ("long.pdf", PDF + b"x" * (5 * 2**20), "larger than 5 MB"),
    ],
    ids=["renamed", "broken", "script", "large"],
)
def test_what_is_not_sent_is_said_in_words(
    room: Room, alice: Any, open_as: Open, name: str, content: bytes, words: str
) -> None:
    page = open_as(alice)
    pick(page, name, content)
    expect(page.locator("[data-caution]")).to_contain_text(words)
    expect(page.locator(".file-preview")).to_have_count(0)
    assert not SealedFile.objects.exists()


def test_removed_picture_goes_nowhere(room: Room, alice: Any, open_as: Open) -> None:
    page = open_as(alice)
    pick(page, "a.jpg", photograph(page))
    page.locator(".file-preview").get_by_role("button", name="Remove").click()
    expect(page.locator(".file-preview")).to_have_count(0)
    assert not SealedFile.objects.exists()


def test_file_that_the_hub_changed_is_not_shown(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E03: the message names the hash of exactly the sealed bytes."""
    hers, his = open_as(alice), open_as(bob)
    pick(hers, "slip.pdf", PDF)
    hers.get_by_role("button", name="Send it sealed").click()
    tile = his.locator(".sealed-file")
    expect(tile).to_be_visible()
    path = storages["sealed"].path(SealedFile.objects.get().path)
    content = bytearray(Path(path).read_bytes())
    content[100] ^= 1
    Path(path).chmod(0o644)
    Path(path).write_bytes(content)
    tile.get_by_role("button", name="Save it").click()
    expect(tile).to_contain_text("not the one that the message names")


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_tiles_fit_and_have_no_barrier(
    room: Room, alice: Any, bob: Any, open_as: Open, width: int, dark: bool
) -> None:
    hers = open_as(alice, width=width, dark=dark)
    open_as(bob)
    pick(hers, f"{'very-long-name-' * 9}.jpg", photograph(hers))
    expect(hers.locator(".file-preview canvas")).to_be_visible()
    fits(hers, "file-preview", dark)
    hers.get_by_role("button", name="Send it sealed").click()
    hers.locator(".sealed-file").get_by_role("button", name="Show it").click()
    expect(hers.locator(".sealed-file canvas")).to_be_visible()
    fits(hers, "file", dark)
