"""What the chat refuses, in words for the person."""

from __future__ import annotations

from realtime.topics import Refused

# The largest envelope: 8,192 bytes of padded text, its tag, 16 readers and the frame around them.
ENVELOPE_BYTES = 10_000


class BadMessage(Refused):
    """The request is not a message: a field is missing or malformed."""

    code = "bad_message"

    def __init__(self, field: str) -> None:
        super().__init__(
            "This message could not be understood. Reload the page and send it again.",
            details={"field": field},
        )


class MessageTooLong(Refused):
    """More bytes than a sealed message may have."""

    code = "message_too_long"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"This message is too long: {size:,} of at most {ENVELOPE_BYTES:,} bytes. Send it in two parts.",
            details={"field": "body"},
        )


class BadSeal(Refused):
    """The sealed bytes are not what docs/CHAT.md describes, or not this sender's in this room."""

    code = "bad_seal"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why} Nothing was stored. Reload the page and send it again.",
            details={"field": "body"},
        )


class NotBound(Refused):
    """The device is not bound to the account by a sign-in."""

    code = "not_bound"

    def __init__(self) -> None:
        super().__init__(
            "Your wallet has not signed this browser's keys. Sign in again here; what you wrote is kept.",
            details={"field": "body"},
        )


class UnknownKey(Refused):
    """A key statement that the message names is not in the room's log."""

    code = "unknown_key"

    def __init__(self) -> None:
        super().__init__(
            "The message names a key that is not in this room. It is sealed again by itself.",
            details={"field": "body"},
        )


class OutOfOrder(Refused):
    """The message does not continue its device's chain; the details say what would."""

    code = "out_of_order"

    def __init__(self, index: int, previous: bytes) -> None:
        super().__init__(
            "Another tab was a moment earlier. The message is sealed again by itself.",
            details={"field": "body", "index": index, "previous": previous.hex()},
        )


class NothingToOpen(Refused):
    """No message, too many, or nobody they could be opened for."""

    code = "nothing_to_open"

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} Nothing was opened.", details={"field": "opens"})


class Conflict(Refused):
    """The same client id was used for another content."""

    code = "conflict"

    def __init__(self) -> None:
        super().__init__(
            "A different message was already sent under this number. Reload the page and send it again.",
            details={"field": "clientId"},
        )


class RoomClosed(Refused):
    """The room takes no more messages."""

    code = "room_closed"

    def __init__(self) -> None:
        super().__init__("This conversation has ended. You can still read it.")


class NotAMember(Refused):
    """The sender is not, or no longer, in the room."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("This is not open to you, or not any more.")


class FileTooLarge(Refused):
    """More bytes than a sealed file may have."""

    code = "file_too_large"

    def __init__(self) -> None:
        super().__init__(
            "This file is larger than 5 MB. Nothing was sent. Take a smaller picture or a part of the document.",
            details={"field": "file"},
        )


class FileBroken(Refused):
    """The bytes are not those that the sender named, or none."""

    code = "file_broken"

    def __init__(self) -> None:
        super().__init__(
            "The file did not arrive whole, so it was not kept. Send it again.",
            details={"field": "file"},
        )


class TooManyFiles(Refused):
    """The member has as many files in this room as one may."""

    code = "too_many_files"

    def __init__(self) -> None:
        super().__init__(
            "You have sent 20 files in this trade, which is as many as one can. Write what else matters.",
            details={"field": "file"},
        )
