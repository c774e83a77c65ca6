"""Frames are strict: whatever is not a frame of ours is a typed refusal, never a crash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.envelope import BadFrame, Envelope, error_frame, frame, parse
from realtime.topics import Refused


def test_request_is_read() -> None:
    text = '{"v":1,"op":"act","topic":"room:x","id":"a1","action":"post","data":{"n":1}}'
    assert parse(text) == Envelope("act", "a1", "room:x", "post", {"n": 1})


def test_brackets_inside_text_are_no_nesting() -> None:
    text = '{"v":1,"op":"act","data":{"t":"' + "[{" * 100 + r"\"[[[[[[[[[[[[" + '"}}'
    assert parse(text).data["t"].startswith("[{[{")


def test_pull_is_the_action_pull() -> None:
    assert parse('{"v":1,"op":"pull","topic":"room:x","action":"post"}').action == "pull"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        '"text"',
        "{",
        "{}",
        '{"v":1}',
        '{"v":2,"op":"ping"}',
        '{"v":true,"op":"ping"}',
        '{"v":"1","op":"ping"}',
        '{"v":1,"op":"websocket.close"}',
        '{"v":1,"op":["ping"]}',
        '{"v":1,"op":"ping","op":"act"}',
        '{"v":1,"op":"ping","data":[]}',
        '{"v":1,"op":"ping","data":{"n":NaN}}',
        '{"v":1,"op":"ping","data":{"n":Infinity}}',
        '{"v":1,"op":"ping","id":7}',
        '{"v":1,"op":"ping","id":"a b"}',
        '{"v":1,"op":"act","topic":"room:x","action":"__class__"}',
        '{"v":1,"op":"act","topic":"room:x","action":"dispatch.x"}',
        '{"v":1,"op":"subscribe","topic":{}}',
        '{"v":1,"op":"ping","data":' + "1" * 5000 + "}",
        '{"v":1,"op":"ping","data":' + "[" * 30_000 + "]" * 30_000 + "}",
        '{"v":1,"op":"ping","data":' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "}",
        '{"v":1,"op":"ping","topic":"' + "x" * 101 + '"}',
    ],
)
def test_everything_else_is_a_typed_refusal(text: str) -> None:
    """K11, N13: wrong types, other versions, unknown operations, repeated keys, deep nesting, huge numbers."""
    with pytest.raises(BadFrame):
        parse(text)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists) | st.text())
def test_no_input_raises_anything_else(value: object) -> None:
    """K11."""
    for text in (json.dumps(value), str(value)):
        with pytest.raises(BadFrame):
            parse(text)


def test_error_says_what_it_answers() -> None:
    request = parse('{"v":1,"op":"ping","id":"a1"}')
    assert json.loads(error_frame(Refused("No.", code="why", details={"retry": 3}), request)) == {
        "v": 1,
        "kind": "error",
        "id": "a1",
        "error": {"code": "why", "text": "No.", "retry": 3},
    }


def test_empty_fields_are_left_out() -> None:
    assert frame("hint", topic="room:x", seq=None) == '{"v":1,"kind":"hint","topic":"room:x"}'
