"""Sign-in messages (EIP-4361): a strict parser, the builder, and the checks of a message against what was asked.

A message is accepted only when building it again from the parsed fields gives the same bytes, so nothing can hide in
spelling, spaces or extra lines. Our profile asks for exactly one Resources line: the device keys of the browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from eth_account.messages import encode_defunct
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from escrow.chain.typed_data import device_hash

VERSION = "1"
DEVICE_PREFIX = "urn:parley:device:1:"
MAX_LENGTH = 2000
MAX_AGE = timedelta(minutes=10)
CLOCK_TOLERANCE = timedelta(minutes=2)

_PREAMBLE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<domain>[^\s/?#@]+) wants you to sign in with your Ethereum account:\Z"
)
_FIELDS = (
    ("uri", "URI: ", r"[a-z][a-z0-9+.-]*://[!-~]+"),
    ("version", "Version: ", r"1"),
    ("chain_id", "Chain ID: ", r"[1-9][0-9]{0,18}"),
    ("nonce", "Nonce: ", r"[A-Za-z0-9]{8,128}"),
    ("issued_at", "Issued At: ", r"[!-~]+"),
)
_OPTIONAL = (
    ("expiration_time", "Expiration Time: ", r"[!-~]+"),
    ("not_before", "Not Before: ", r"[!-~]+"),
    ("request_id", "Request ID: ", r"[A-Za-z0-9._~!$&'()*+,;=:@%-]*"),
)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})\Z")
_STATEMENT = re.compile(r"[ !#$&'()*+,\-./0-9:;=?@A-Z\[\]a-z_~]+\Z")
_DEVICE = re.compile(
    re.escape(DEVICE_PREFIX) + r"(?P<signing>[0-9a-f]{64}):(?P<agreement>[0-9a-f]{64})\Z"
)


class SignInRefused(ValueError):
    """A sign-in message was not accepted; the text says why and what to do."""

    code = "sign_in_refused"


class MalformedMessage(SignInRefused):
    """The text is not exactly an EIP-4361 message."""

    code = "sign_in_malformed"


class WrongDevice(SignInRefused):
    """The message does not carry exactly one line with the device keys."""

    code = "sign_in_device"


class WrongDomain(SignInRefused):
    """The message was made for another site."""

    code = "sign_in_domain"


class WrongChain(SignInRefused):
    """The message was made for another network."""

    code = "sign_in_chain"


class WrongNonce(SignInRefused):
    """The message answers another question than the one asked."""

    code = "sign_in_nonce"


class WrongTime(SignInRefused):
    """The message is too old, expired, or from the future."""

    code = "sign_in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInMessage:
    """The fields of a sign-in message. Times stay text, so that the message can be rebuilt byte for byte."""

    domain: str
    address: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    resources: tuple[str, ...]
    statement: str | None = None
    scheme: str | None = None
    version: str = VERSION
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None

    @classmethod
    def parse(cls, text: str) -> SignInMessage:
        """The message in the text.

        Raises: MalformedMessage unless the text is exactly what its fields build; WrongDevice.
        """
        if len(text) > MAX_LENGTH:
            raise MalformedMessage("The sign-in message is too long. Start signing in again.")
        message = _parse_lines(text.split("\n"))
        if message.text() != text:
            raise MalformedMessage(
                "The sign-in message is not in its exact form. Start signing in again."
            )
        message._device_line()
        return message

    def text(self) -> str:
        """The exact text that a wallet signs."""
        scheme = "" if self.scheme is None else f"{self.scheme}://"
        lines = [
            f"{scheme}{self.domain} wants you to sign in with your Ethereum account:",
            self.address,
            "",
        ]
        lines += [] if self.statement is None else [self.statement]
        lines.append("")
        lines += [prefix + str(getattr(self, name)) for name, prefix, _ in _FIELDS]
        lines += [
            prefix + value
            for name, prefix, _ in _OPTIONAL
            if (value := getattr(self, name)) is not None
        ]
        if self.resources:
            lines += ["Resources:", *[f"- {resource}" for resource in self.resources]]
        return "\n".join(lines)

    @property
    def signing_key(self) -> bytes:
        """The device's Ed25519 public key, 32 bytes."""
        return bytes.fromhex(self._device_line()["signing"])

    @property
    def agreement_key(self) -> bytes:
        """The device's X25519 public key, 32 bytes."""
        return bytes.fromhex(self._device_line()["agreement"])

    @property
    def device_hash(self) -> str:
        """The hash under which a trade's terms name the device."""
        return device_hash(self.signing_key, self.agreement_key)

    def digest(self) -> bytes:
        """The 32 bytes signed by personal_sign (EIP-191)."""
        signable = encode_defunct(text=self.text())
        return keccak(b"\x19" + signable.version + signable.header + signable.body)

    def check(
        self,
        *,
        origin: str,
        chain_id: int,
        nonce: str,
        now: datetime,
        longest: timedelta = MAX_AGE,
    ) -> None:
        """Refuse the message unless it answers this site's question now, at most `longest` after it was written.

        Raises: WrongDomain, WrongChain, WrongNonce, WrongTime.
        """
        site = urlsplit(origin)
        if self.domain != site.netloc or self.scheme not in (None, site.scheme):
            raise WrongDomain(
                f"This message signs in to {self.domain}, not to {site.netloc}. Do not sign it elsewhere."
            )
        if self.uri != origin and not self.uri.startswith(origin + "/"):
            raise WrongDomain(
                f"This message names another page than {origin}. Start signing in again."
            )
        if self.chain_id != chain_id:
            raise WrongChain(
                "The wallet is on another network. Switch the network and sign in again."
            )
        if self.nonce != nonce:
            raise WrongNonce(
                "This sign-in was started elsewhere or was used before. Start signing in again."
            )
        self._check_time(now, longest)

    def _check_time(self, now: datetime, longest: timedelta) -> None:
        issued = _time(self.issued_at)
        if issued > now + CLOCK_TOLERANCE or now - issued > longest:
            raise WrongTime(
                "This sign-in message is too old or from the future. Check the clock and sign in again."
            )
        if self.expiration_time is not None and now >= _time(self.expiration_time):
            raise WrongTime("This sign-in message has expired. Start signing in again.")
        if self.not_before is not None and now < _time(self.not_before):
            raise WrongTime("This sign-in message is not valid yet. Start signing in again.")

    def _device_line(self) -> re.Match[str]:
        found = _DEVICE.match(self.resources[0]) if len(self.resources) == 1 else None
        if found is None:
            raise WrongDevice(
                "The sign-in message must name exactly one device. Reload the page and sign in again."
            )
        return found


def build(
    *,
    origin: str,
    address: str,
    chain_id: int,
    nonce: str,
    issued_at: str,
    signing_key: bytes,
    agreement_key: bytes,
    statement: str | None = None,
    expiration_time: str | None = None,
) -> SignInMessage:
    """The message that asks an account to sign in to a site from one device.

    Raises: MalformedMessage when a value has no place in such a message.
    """
    message = SignInMessage(
        domain=urlsplit(origin).netloc,
        address=address,
        statement=statement,
        uri=origin,
        chain_id=chain_id,
        nonce=nonce,
        issued_at=issued_at,
        expiration_time=expiration_time,
        resources=(f"{DEVICE_PREFIX}{signing_key.hex()}:{agreement_key.hex()}",),
    )
    return SignInMessage.parse(message.text())


def _parse_lines(lines: list[str]) -> SignInMessage:
    reader = _Reader(lines)
    preamble = _PREAMBLE.match(reader.next())
    if preamble is None:
        raise MalformedMessage(
            "The first line of the sign-in message is not the expected one. Start signing in again."
        )
    address = _address(reader.next())
    statement = _statement(reader)
    values = {name: reader.field(prefix, pattern) for name, prefix, pattern in _FIELDS}
    optional = {name: reader.optional(prefix, pattern) for name, prefix, pattern in _OPTIONAL}
    for name in ("expiration_time", "not_before"):
        if optional[name] is not None:
            _time(str(optional[name]))
    _time(values["issued_at"])
    return SignInMessage(
        scheme=preamble["scheme"],
        domain=preamble["domain"],
        address=address,
        statement=statement,
        uri=values["uri"],
        version=values["version"],
        chain_id=int(values["chain_id"]),
        nonce=values["nonce"],
        issued_at=values["issued_at"],
        expiration_time=optional["expiration_time"],
        not_before=optional["not_before"],
        request_id=optional["request_id"],
        resources=_resources(reader),
    )


class _Reader:
    """Takes the lines of a message one after the other."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def next(self) -> str:
        if self._at >= len(self._lines):
            raise MalformedMessage("The sign-in message ends too early. Start signing in again.")
        self._at += 1
        return self._lines[self._at - 1]

    def peek(self) -> str | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def field(self, prefix: str, pattern: str) -> str:
        line = self.next()
        if not line.startswith(prefix) or not re.fullmatch(pattern, line[len(prefix) :]):
            name = prefix.removesuffix(": ")
            raise MalformedMessage(
                f"The line “{name}” of the sign-in message is missing or wrong. Sign in again."
            )
        return line[len(prefix) :]

    def optional(self, prefix: str, pattern: str) -> str | None:
        line = self.peek()
        return self.field(prefix, pattern) if line is not None and line.startswith(prefix) else None


def _address(line: str) -> str:
    if not line.startswith("0x") or not is_checksum_address(line):
        raise MalformedMessage(
            "The account in the sign-in message is not a checksummed address. Sign in again."
        )
    return line


def _statement(reader: _Reader) -> str | None:
    if reader.next() != "":
        raise MalformedMessage(
            "The sign-in message lacks the empty line after the account. Sign in again."
        )
    line = reader.next()
    if line == "":
        return None
    if not _STATEMENT.match(line) or reader.next() != "":
        raise MalformedMessage(
            "The statement of the sign-in message has forbidden characters. Sign in again."
        )
    return line


def _resources(reader: _Reader) -> tuple[str, ...]:
    if reader.peek() is None:
        return ()
    if reader.next() != "Resources:":
        raise MalformedMessage(
            "The sign-in message has a line that does not belong there. Sign in again."
        )
    found: list[str] = []
    while (line := reader.peek()) is not None:
        if not re.fullmatch(r"- [a-z][a-z0-9+.-]*:[!-~]+", line):
            raise MalformedMessage(
                "The Resources of the sign-in message have a wrong line. Sign in again."
            )
        found.append(reader.next()[2:])
    return tuple(found)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text) if _TIME.match(text) else None
    except ValueError:
        found = None
    if found is None:
        raise MalformedMessage(
            "A time in the sign-in message is not a valid time. Start signing in again."
        )
    return found
