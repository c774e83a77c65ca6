"""A signed move as a file that anybody can carry to the contract, and what may be said of one that is handed in.

The format stands in docs/runbook/signed-steps.md. A file is a stranger's text: every field is checked, and the contract
is asked before anybody is told that it may be sent.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from escrow.chain.codec import CallMalformed, encode_call
from escrow.chain.errors import EscrowReverted, sentence_for
from escrow.chain.gateway import NodeRefused, gateway
from escrow.chain.moves import MOVES, UnknownMove, direct_calldata, signed_calldata, signers_of
from escrow.chain.typed_data import MessageRefused
from escrow.chain.types import TradeTerms
from escrow.fields import checksum_address
from escrow.models import SignedCall
from escrow.outcomes import Standing, standing_of
from escrow.selectors import current_chain
from escrow.services import CallRefused, call_digest, check_signed
from realtime.envelope import BadFrame, strict_json

FORMAT = 1
LONGEST_FILE = 65_536
# A QR code of more is hard to scan from a screen.
LONGEST_LINK = 1_400
WORDS = {
    "markPaid": "“paid”",
    "grantTime": "more time to pay",
    "reclaim": "taking the coins back",
    "release": "the release",
    "cancel": "giving the coins back",
    "settle": "the agreed split",
    "dispute": "opening a dispute",
    "rule": "the arbitrator's decision",
    "withdraw": "withdrawing a credit",
}
# A withdrawal has no trade to look at: one like it counts as this one if it is no older than its signature can be.
_MADE_WITHIN = timedelta(days=1)
_SIGNATURE = re.compile(r"0x(?:[0-9a-fA-F]{2}){1,16384}")
_NOT_A_STEP = (
    "This is no signed step of a trade, or a part of it is missing. Nothing was sent. "
    "Use the whole file as it was saved."
)


class FileRefused(ValueError):
    """The file cannot be brought to this contract; str() is the sentence for the person, code names the reason."""

    def __init__(self, text: str, code: str = "malformed") -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Carried:
    """A file that stood all checks; `is_made` when the contract has the move already, and sending it would be in vain."""

    call: SignedCall
    is_made: bool

    @property
    def words(self) -> str:
        """What the move does, for a sentence."""
        return WORDS[self.call.move]


def document_of(call: SignedCall) -> dict[str, Any]:
    """The file of a signed move: everything that anybody needs to submit it, integers as decimal text."""
    document = {
        "format": FORMAT,
        "what": f"A signed step of a Parley trade: {call.move}. Anybody may send it to the contract.",
        "chainId": call.chain.chain_id,
        "contract": call.chain.contract_address,
        "tradeId": call.trade_id,
        "move": call.move,
        "trade": call.terms,
        "fundedAt": str(call.funded_at),
        "arguments": call.arguments,
        "deadline": str(call.deadline),
        "signer": call.signer,
        "signature": call.signature,
    }
    if call.buyer_signature:
        document["buyerSignature"] = call.buyer_signature
    return document


def link_of(call: SignedCall) -> str:
    """An address of this hub that opens with the file in it, short enough for a QR code; "" for one that is too long.

    The file stands behind the #, which browsers keep to themselves: no server's log has it.
    """
    document = {name: value for name, value in document_of(call).items() if name != "what"}
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(json.dumps(document, separators=(",", ":")).encode()) + packer.flush()
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    link = f"{settings.PUBLIC_ORIGIN}/submit/#{text}"
    return link if len(link) <= LONGEST_LINK else ""


def carried(text: str) -> Carried:
    """What a file holds, after every check that can be made before it is sent.

    Raises: FileRefused with its sentence, NodeUnavailable.
    """
    call = _call_in(_document_in(text))
    chain, node = current_chain(), gateway()
    if call.deadline <= node.head().time and not _is_made(call):
        raise FileRefused(sentence_for("Expired", {"deadline": str(call.deadline)}), "expired")
    try:
        node.simulate(node.call_of(calldata_of(call)))
    except EscrowReverted as reverted:
        if standing_of(call, chain=chain, node=node) is Standing.MADE:
            return Carried(call, is_made=True)
        raise FileRefused(str(reverted), reverted.name) from reverted
    except NodeRefused as refused:
        raise FileRefused("The network could not try this step. Nothing was sent.") from refused
    return Carried(call, is_made=False)


def calldata_of(call: SignedCall) -> str:
    """The contract's call with which anybody submits a signed move.

    Raises: CallMalformed, MessageRefused, UnknownMove, KeyError, ValueError for a row that was never checked.
    """
    if call.move == "withdraw":
        values = call.arguments
        signature = bytes.fromhex(call.signature[2:])
        amount, to = int(values["amount"]), values["to"]
        return encode_call(
            "withdrawBySig",
            values["account"],
            values["token"],
            amount,
            to,
            call.deadline,
            signature,
        )
    terms = TradeTerms.from_typed(call.terms)
    if call.move == "settle":
        return direct_calldata(
            "settle",
            terms,
            call.arguments,
            deadline=call.deadline,
            seller_signature=call.signature,
            buyer_signature=call.buyer_signature,
        )
    return signed_calldata(
        call.move,
        terms,
        call.arguments,
        deadline=call.deadline,
        signer=call.signer,
        signature=call.signature,
    )


def _is_made(call: SignedCall) -> bool:
    return standing_of(call, chain=call.chain, node=gateway()) is Standing.MADE


def _document_in(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_FILE:
        raise FileRefused("This file is far too long for a signed step. Nothing was sent.")
    try:
        document = strict_json(text)
    except BadFrame as error:
        raise FileRefused(_NOT_A_STEP) from error
    if not isinstance(document, dict):
        raise FileRefused(_NOT_A_STEP)
    if document.get("format", FORMAT) != FORMAT:
        raise FileRefused("This file is of a kind that this hub does not know. Nothing was sent.")
    return document


def _call_in(document: dict[str, Any]) -> SignedCall:
    """The move as an unsaved row, after everything that needs no node has been checked."""
    _check_place(document)
    try:
        call = _read(document)
        digest = _digest_of(call)
        calldata_of(call)
    except (
        CallMalformed,
        CallRefused,
        MessageRefused,
        UnknownMove,
        ValidationError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise FileRefused(_NOT_A_STEP) from error
    _check_signatures(call, digest)
    return call


def _check_place(document: dict[str, Any]) -> None:
    chain = current_chain()
    if document.get("chainId") != chain.chain_id:
        raise FileRefused(
            f"This step is for another network (chain {str(document.get('chainId'))[:20]}). "
            "Nothing was sent. Open it with a hub of that network, or use the script.",
            "wrong_chain",
        )
    if str(document.get("contract", "")).lower() != chain.contract_address.lower():
        raise FileRefused(
            "This step is for another contract than this hub's. Nothing was sent. "
            "Open it with the hub where it was signed, or use the script.",
            "wrong_contract",
        )


def _read(document: dict[str, Any]) -> SignedCall:
    move, arguments = str(document["move"]), document["arguments"]
    signatures = [str(document["signature"]), str(document.get("buyerSignature", ""))]
    is_split = move == "settle"
    if move not in WORDS or not isinstance(arguments, dict) or len(arguments) > 4:
        raise ValueError(move)
    if not all(_SIGNATURE.fullmatch(one) for one in signatures[: 1 + is_split]):
        raise ValueError("signature")
    call = SignedCall(
        chain=current_chain(),
        move=move,
        arguments={str(name): str(value) for name, value in arguments.items()},
        deadline=_number(document["deadline"]),
        signer=checksum_address(str(document["signer"])),
        signature=signatures[0],
        buyer_signature=signatures[1] if is_split else "",
        created_at=timezone.now() - _MADE_WITHIN,
    )
    if move != "withdraw":
        terms = TradeTerms.from_typed(document["trade"])
        call.terms, call.funded_at = terms.as_json(), _number(document["fundedAt"])
        call.trade_id = terms.trade_id
        if document.get("tradeId", call.trade_id) != call.trade_id:
            raise ValueError("tradeId")
    return call


def _digest_of(call: SignedCall) -> bytes:
    if call.move == "withdraw":
        message: dict[str, Any] = {**call.arguments, "deadline": call.deadline}
        if checksum_address(call.arguments["account"]) != call.signer:
            raise ValueError("account")
        return call_digest("Withdraw", message)
    terms = TradeTerms.from_typed(call.terms)
    if call.signer not in signers_of(call.move, terms):
        raise ValueError("signer")
    primary = MOVES[call.move].primary
    message = {"trade": terms.as_typed(), "fundedAt": call.funded_at, **call.arguments}
    return call_digest(primary, {**message, "deadline": call.deadline})


def _check_signatures(call: SignedCall, digest: bytes) -> None:
    pairs = [(call.signer, call.signature)]
    if call.move == "settle":
        terms = TradeTerms.from_typed(call.terms)
        pairs = [(terms.seller, call.signature), (terms.buyer, call.buyer_signature)]
    for signer, signature in pairs:
        try:
            check_signed(signer, digest, signature)
        except CallRefused as refused:
            raise FileRefused(
                "The signature in this file does not fit what the file says: a part of it was changed, or it was cut off. "
                "Nothing was sent. Ask its signer for the file once more.",
                "wrong_signature",
            ) from refused


def _number(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise ValueError(text[:30])
    return int(text)
