"""JSON bodies have one meaning, or none."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory

from marketplace.answers import BadRequest, json_body, text_of


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": 1.5}',
        b'{"a": 1e400}',
        b'{"a": "\\ud800"}',
        b"\xff",
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b"[" * 5000,
        b'{"a": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_bodies_with_no_or_two_meanings_are_refused(body: bytes) -> None:
    """N13."""
    with pytest.raises(BadRequest):
        json_body(RequestFactory().post("/", body, content_type="application/json"))


def test_other_content_types_are_refused() -> None:
    with pytest.raises(BadRequest):
        json_body(RequestFactory().post("/", {"a": "1"}))


def test_a_plain_object_is_read() -> None:
    request = RequestFactory().post("/", json.dumps({"a": "b"}), content_type="application/json")
    assert text_of(json_body(request), "a") == "b"


@pytest.mark.parametrize("value", [None, 1, ["b"], {"b": 1}, "x" * 401, "a\x00b"])
def test_a_text_is_a_text(value: object) -> None:
    with pytest.raises(BadRequest) as caught:
        text_of({"a": value}, "a")
    assert caught.value.field == "a"
