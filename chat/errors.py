"""What the chat refuses, in words for the person."""

from __future__ import annotations

from realtime.topics import Refused

TEXT_BYTES = 4_000


class BadMessage(Refused):
    """The request is not a message: a field is missing or malformed."""

    code = "bad_message"

    def __init__(self, field: str) -> None:
        super().__init__(
            "This message could not be understood. Reload the page and send it again.",
            details={"field": field},
        )


class EmptyMessage(Refused):
    """Nothing to send."""

    code = "empty_message"

    def __init__(self) -> None:
        super().__init__("Write something first.", details={"field": "body"})


class MessageTooLong(Refused):
    """More bytes than a message may have."""

    code = "message_too_long"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"This message is too long: {size:,} of at most {TEXT_BYTES:,} bytes. Send it in two parts.",
            details={"field": "body"},
        )


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
