"""Checks an evidence file without the hub: no database, no node, no network."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from chat.sealed.bundle import Bound, Line, Verdict, verify_bundle
from chat.sealed.errors import Unsealed
from chat.text import shown
from escrow.chain.siwe import SignInMessage, SignInRefused
from escrow.chain.typed_data import SignatureRefused, recover

WORDS = {
    "message": "{who} wrote: {text}",
    "opening": "{who} {text} for the arbitrator",
    "line": "the hub noted: {text}",
    "key": "key of {who}",
    "closed": "not shown",
    "bad": "FALSE: {why}",
}


class Command(BaseCommand):
    """`python manage.py verify_bundle FILE`: a plain result per line; exit code 1 when anything is false."""

    help = "Check an evidence file of a conversation, line by line, without the hub."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            verdict = verify_bundle(file.read_bytes(), recovered)
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from error
        except Unsealed as error:
            raise CommandError(str(error)) from error
        for line in verdict.lines:
            self.stdout.write(_told(line))
        for text in _summary(verdict):
            self.stdout.write(text)
        if not verdict.is_whole:
            raise CommandError("Not everything in this file is true; see above.")
        self.stdout.write("Everything that is shown holds.")


def recovered(address: str, message: str, signature: str, chain_id: int) -> Bound:
    """What a sign-in message binds, and whether the account's own key signed it.

    Raises: Unsealed unless the message is in its one spelling, for this chain and account.
    """
    try:
        said = SignInMessage.parse(message)
    except SignInRefused as error:
        raise Unsealed("binding", "A sign-in message is not in its exact form.") from error
    if said.chain_id != chain_id or said.address.lower() != address.lower():
        raise Unsealed("binding", "A sign-in message is another account's or another network's.")
    site = urlsplit(said.uri)
    if said.domain != site.netloc or said.scheme not in (None, site.scheme):
        raise Unsealed("binding", "A sign-in message names two sites.")
    try:
        signer = recover(said.digest(), signature)
    except (SignatureRefused, ValueError):
        signer = ""
    return Bound(
        address=said.address,
        site=f"{site.scheme}://{site.netloc}",
        device=bytes.fromhex(said.device_hash.removeprefix("0x")),
        signing=said.signing_key,
        by_wallet=signer.lower() == address.lower(),
    )


def _told(line: Line) -> str:
    words = WORDS[line.what].format(who=line.address, text=shown(line.text), why=line.why)
    return "  ".join(filter(None, (f"{line.seq:>5}", _moment(line.at), words)))


def _moment(at: int) -> str:
    """A time of the hub's; an empty text where it says none, the bare seconds where no calendar has them."""
    if not at:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {at}"


def _summary(verdict: Verdict) -> list[str]:
    told = [
        f"Room {verdict.name} on chain {verdict.chain_id}, contract {verdict.contract}.",
        f"Its maker names the trade {verdict.trade or '(none)'}; nothing in the file proves that.",
        f"Made by {verdict.by or 'nobody that the file binds'}: {'signed' if verdict.is_signed else 'NOT SIGNED'}.",
        f"The hub's receipt for the whole log {'holds' if verdict.has_receipt else 'DOES NOT HOLD'}; its key is {verdict.hub}.",
        f"Sign-ins at: {', '.join(verdict.sites) or 'none'}.",
        f"Hash of the file: {verdict.hash}.",
    ]
    told += [f"FALSE: {fault}" for fault in verdict.faults]
    told += [
        f"The wallet of {address} is a contract, or did not sign: only the chain or the hub can say that its device is its own."
        for address in verdict.unsigned_devices
    ]
    return told
