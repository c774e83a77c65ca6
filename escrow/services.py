"""Writes of the chain side that other apps ask for. None of them moves a trade: only confirmed events do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from escrow.chain import typed_data
from escrow.chain.codec import called_trade
from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.chain.keys import NoRelayerKey, relayer_account
from escrow.chain.moves import BOTH, MOVES, message_of, signers_of
from escrow.chain.types import ChainTransaction, Deployment, TradeTerms
from escrow.fields import canonical_hash, checksum_address
from escrow.models import (
    Asset,
    AuditFinding,
    Block,
    Chain,
    ChainEvent,
    Escrow,
    GasReservation,
    Relayer,
    RelayTransaction,
    Reorg,
    SignedCall,
    Submission,
)
from escrow.projection import facts_of
from escrow.reducer import EscrowRecord, reduce_events
from escrow.selectors import chain_clock, current_chain
from escrow.states import SignedCallStatus, SubmissionStatus

DEFAULT_DAILY_CALLS = 40
MAX_PENDING_SUBMISSIONS = 10
MAX_DEADLINE = 2**63 - 1


class ChainMismatch(Exception):
    """The database knows another chain or contract under this id; on a devnet `python manage.py devnet reset` answers."""


class CallRefused(ValueError):
    """A signed call or submission was not accepted; str() is the sentence for the person, code names the reason."""

    code = "call_refused"


class SignatureWrong(CallRefused):
    """The signature is not the expected account's over exactly this move."""

    code = "signature_wrong"


class ValueRefused(CallRefused):
    """An argument, time or amount does not fit its type."""

    code = "value_refused"


class SignatureExpired(CallRefused):
    """The deadline of the signature has passed."""

    code = "signature_expired"


class RelayBudgetSpent(CallRefused):
    """The account had as many calls relayed today as the hub pays for."""

    code = "relay_budget_spent"


class UnrelatedTransaction(CallRefused):
    """The transaction is not this account's move of this trade."""

    code = "transaction_unrelated"


class TooManySubmissions(CallRefused):
    """Too many of the account's transactions for one trade wait at the same time."""

    code = "too_many_submissions"


# ---------------------------------------------------------------------- the chain


@transaction.atomic
def register_deployment(deployment: Deployment) -> Chain:
    """The row of a chain with its assets, made or refreshed from a deployment that was read back; idempotent.

    Raises: ChainMismatch.
    """
    chain = Chain.objects.select_for_update().filter(pk=deployment.chain_id).first()
    if chain is not None and chain.genesis_hash and _identity(chain) != _identity(deployment):
        raise ChainMismatch(
            f"This database follows another chain {deployment.chain_id}. Run `python manage.py devnet reset`."
        )
    chain, _ = Chain.objects.update_or_create(
        chain_id=deployment.chain_id,
        defaults={
            "name": deployment.name,
            "genesis_hash": deployment.genesis_hash,
            "contract_address": deployment.contract,
            "code_hash": deployment.code_hash,
            "deploy_block": deployment.deploy_block,
            "depth": settings.CHAIN_DEPTH,
        },
    )
    _register_assets(chain, deployment)
    _register_relayer(chain)
    return chain


@transaction.atomic
def reset_chain(chain_id: int) -> None:
    """Forget everything the chain said and everything that waited for it; the assets stay.

    The chain's row loses its identity, and the next register_deployment gives it the new one.
    """
    for model in (
        RelayTransaction,
        SignedCall,
        Submission,
        GasReservation,
        AuditFinding,
        Escrow,
        ChainEvent,
        Reorg,
        Block,
    ):
        model._default_manager.filter(chain_id=chain_id).delete()
    Chain.objects.filter(pk=chain_id).update(
        genesis_hash="",
        code_hash="",
        scanned_block=None,
        settled_block=None,
        head_number=None,
        head_time=None,
        head_seen_at=None,
        polled_at=None,
        problem="",
        problem_kind="",
        halt_reason="",
        audited_at=None,
        audit_cursor="",
        audit_problem="",
    )


# ---------------------------------------------------------------------- intents of people


def record_submission(*, account: str, trade_id: str, move: str, tx_hash: str) -> Submission:
    """Note a transaction that a person says to have sent; the same hash for the same trade is one row.

    Raises: ValidationError for a malformed hash, UnrelatedTransaction when the node shows it to be another's,
    TooManySubmissions.
    """
    chain, tx_hash = current_chain(), canonical_hash(tx_hash)
    found = Submission.objects.filter(chain=chain, trade_id=trade_id, tx_hash=tx_hash).first()
    if found is not None:
        return found
    sent = check_submission(account=account, trade_id=trade_id, move=move, tx_hash=tx_hash)
    # Sender and nonce at once: a transaction that is sped up a second later is found again by them.
    known = {"sender": sent.sender, "nonce": sent.nonce} if sent else {}
    waiting = Submission.objects.filter(
        chain=chain, trade_id=trade_id, account=account, status=SubmissionStatus.PENDING
    )
    if waiting.count() >= MAX_PENDING_SUBMISSIONS:
        raise TooManySubmissions(
            "Too many transactions of yours are waiting. Let them be mined, then try again."
        )
    return Submission.objects.get_or_create(
        chain=chain,
        trade_id=trade_id,
        tx_hash=tx_hash,
        defaults={"account": account, "move": move, **known},
    )[0]


def check_submission(
    *, account: str, trade_id: str, move: str, tx_hash: str
) -> ChainTransaction | None:
    """The transaction, refused if the node shows it to be something else; None for one it does not know yet.

    Raises: UnrelatedTransaction.
    """
    try:
        sent = gateway().transaction(tx_hash)
    except (NodeUnavailable, NodeRefused):
        return None
    if sent is None:
        return None
    function, called_id = called_trade(sent.data)
    is_ours = sent.to == gateway().contract and sent.sender == checksum_address(account)
    if not is_ours or called_id != trade_id or not function.startswith(move):
        raise UnrelatedTransaction(
            "That transaction is not this step of this trade. Nothing changed here."
        )
    return sent


def accept_signed_call(
    *,
    trade: TradeTerms,
    funded_at: int,
    move: str,
    arguments: Mapping[str, Any],
    signer: str,
    deadline: int,
    signature: str,
) -> SignedCall:
    """Keep a signed move for the relayer; the same message of the same signer is one row.

    A call that was refused earlier waits again when it is handed in again in time.
    Raises: UnknownMove, CallRefused (ValueRefused, SignatureWrong, SignatureExpired, RelayBudgetSpent), NodeUnavailable.
    """
    signer = checksum_address(signer)
    if move in MOVES and MOVES[move].by == BOTH:
        raise SignatureWrong(
            "A split needs the signatures of both sides. Ask the other side to accept it."
        )
    if signer not in signers_of(move, trade):
        raise SignatureWrong(
            "This step is for another party of the trade. Switch the account in the wallet."
        )
    digest = _move_digest(
        trade, funded_at=funded_at, move=move, arguments=arguments, deadline=deadline
    )
    _check_signed_in_time(signer, digest, deadline=deadline, signature=signature)
    return _keep(
        digest,
        signer,
        {
            "trade_id": trade.trade_id,
            "move": move,
            "terms": trade.as_json(),
            "funded_at": funded_at,
            "arguments": {name: str(value) for name, value in arguments.items()},
            "deadline": deadline,
            "signature": signature,
        },
    )


def accept_signed_settle(
    *,
    trade: TradeTerms,
    funded_at: int,
    to_buyer: int,
    deadline: int,
    seller_signature: str,
    buyer_signature: str,
) -> SignedCall:
    """Keep a split that both sides signed for the relayer; idempotent.

    Raises: CallRefused (ValueRefused, SignatureWrong, SignatureExpired, RelayBudgetSpent), NodeUnavailable.
    """
    arguments = {"toBuyer": to_buyer}
    digest = _move_digest(
        trade, funded_at=funded_at, move="settle", arguments=arguments, deadline=deadline
    )
    _check_signed_in_time(trade.seller, digest, deadline=deadline, signature=seller_signature)
    _check_signed_in_time(trade.buyer, digest, deadline=deadline, signature=buyer_signature)
    return _keep(
        digest,
        trade.seller,
        {
            "trade_id": trade.trade_id,
            "move": "settle",
            "terms": trade.as_json(),
            "funded_at": funded_at,
            "arguments": {"toBuyer": str(to_buyer)},
            "deadline": deadline,
            "signature": seller_signature,
            "buyer_signature": buyer_signature,
        },
    )


def accept_signed_withdrawal(
    *, account: str, token: str, amount: int, to: str, deadline: int, signature: str
) -> SignedCall:
    """Keep a signed withdrawal of a credit for the relayer; good for exactly the current credit; idempotent.

    Raises: CallRefused (ValueRefused, SignatureWrong, SignatureExpired, RelayBudgetSpent), NodeUnavailable.
    """
    account = checksum_address(account)
    arguments = {"account": account, "token": token, "amount": amount, "to": to}
    digest = call_digest("Withdraw", {**arguments, "deadline": deadline})
    _check_signed_in_time(account, digest, deadline=deadline, signature=signature)
    return _keep(
        digest,
        account,
        {
            "move": "withdraw",
            "arguments": {name: str(value) for name, value in arguments.items()},
            "deadline": deadline,
            "signature": signature,
        },
    )


def reserve_gas(*, trade_id: str, funded_at: int, account: str) -> None:
    """Ask the relayer to keep the gas for the "paid" of this funding ready; idempotent. It promises when it can.

    Only fundings that somebody will be asked to pay for belong here: `account` is the buyer's.
    """
    GasReservation.objects.get_or_create(
        chain=current_chain(),
        trade_id=trade_id,
        funded_at=funded_at,
        defaults={"account": checksum_address(account)},
    )


# ---------------------------------------------------------------------- facts for other apps


def unapplied_events(limit: int) -> list[ChainEvent]:
    """Confirmed events that nobody has acted upon, in chain order; set-aside ones are left out."""
    waiting = ChainEvent.objects.filter(
        canonical=True, confirmed=True, applied_at__isnull=True, set_aside_reason=""
    )
    return list(waiting.order_by("block_number", "log_index")[:limit])


def mark_applied(event: ChainEvent, *, set_aside: str = "") -> None:
    """Note, in the caller's transaction, that an event was acted upon, or why it never will be."""
    event.applied_at, event.set_aside_reason = timezone.now(), set_aside[:200]
    event.save(update_fields=["applied_at", "set_aside_reason"])


def undone_events(limit: int) -> list[ChainEvent]:
    """Events that were acted upon and that the chain has not any more, nor the same one elsewhere; oldest first."""
    undone = ChainEvent.objects.filter(canonical=False, applied_at__isnull=False)
    return list(undone.order_by("id")[:limit])


def mark_taken_back(events: Iterable[ChainEvent]) -> None:
    """Note, in the caller's transaction, that what was done for undone events is taken back."""
    ChainEvent.objects.filter(pk__in=[event.pk for event in events]).update(applied_at=None)


def record_acted_upon(trade_id: str) -> EscrowRecord | None:
    """What the events say that are on the chain and were acted upon; None when the trade was never funded by them."""
    acted = ChainEvent.objects.filter(
        trade_id=trade_id, canonical=True, applied_at__isnull=False, set_aside_reason=""
    ).order_by("block_number", "log_index")
    return reduce_events(facts_of(acted)).get(trade_id)


# ---------------------------------------------------------------------- private


def _identity(known: Chain | Deployment) -> tuple[str, str, str]:
    contract = known.contract_address if isinstance(known, Chain) else known.contract
    return known.genesis_hash, contract, known.code_hash


def _register_assets(chain: Chain, deployment: Deployment) -> None:
    for rank, asset in enumerate(deployment.assets):
        Asset.objects.update_or_create(
            chain=chain,
            token=asset.token,
            defaults={
                "symbol": asset.symbol,
                "name": asset.name,
                "decimals": asset.decimals,
                "has_permit": asset.has_permit,
                "permit_version": asset.permit_version,
                "sort_rank": rank,
            },
        )


def _register_relayer(chain: Chain) -> None:
    try:
        address = relayer_account().address
    except NoRelayerKey:
        return
    Relayer.objects.update_or_create(chain=chain, defaults={"address": address})


def _move_digest(
    trade: TradeTerms, *, funded_at: int, move: str, arguments: Mapping[str, Any], deadline: int
) -> bytes:
    primary, message = message_of(
        move, trade, funded_at=funded_at, arguments=arguments, deadline=deadline
    )
    return call_digest(primary, message)


def call_digest(primary: str, message: Mapping[str, Any]) -> bytes:
    """What is signed for a message of this hub's contract.

    Raises: ValueRefused.
    """
    chain = current_chain()
    contract = chain.contract_address
    try:
        return typed_data.digest(primary, message, chain_id=chain.chain_id, contract=contract)
    except typed_data.MessageRefused as error:
        raise ValueRefused(
            "This step carries a value that does not fit. Reload and try again."
        ) from error


def _check_signed_in_time(signer: str, digest: bytes, *, deadline: int, signature: str) -> None:
    if deadline > MAX_DEADLINE:
        raise ValueRefused(
            "The signature is meant to last for ever. Sign again with a shorter time."
        )
    if deadline <= chain_clock():
        raise SignatureExpired("This signature is too old by now. Sign again.")
    check_signed(signer, digest, signature)


def check_signed(signer: str, digest: bytes, signature: str) -> None:
    """Refuse a signature that is not the signer's over this digest; contract accounts are asked on chain.

    Raises: SignatureWrong, NodeUnavailable.
    """
    try:
        is_signed = typed_data.is_signed_by(signer, digest, signature)
    except typed_data.SignatureRefused as error:
        raise SignatureWrong(str(error)) from error
    if not is_signed:
        raise SignatureWrong(
            "The signature was not made by the expected account for exactly this step. Sign again."
        )


def _keep(digest: bytes, signer: str, values: dict[str, Any]) -> SignedCall:
    chain = current_chain()
    with transaction.atomic():
        kept = (
            SignedCall.objects.select_for_update()
            .filter(chain=chain, digest=digest, signer=signer)
            .first()
        )
        if kept is None:
            if not _is_promised(chain, values):
                _check_budget(chain, signer)
            kept, _ = SignedCall.objects.get_or_create(
                chain=chain, digest=digest, signer=signer, defaults=values
            )
        elif kept.status == SignedCallStatus.REFUSED:
            kept.status, kept.reason, kept.text = SignedCallStatus.WAITING, "", ""
            kept.save(update_fields=["status", "reason", "text"])
    return kept


def _is_promised(chain: Chain, values: Mapping[str, Any]) -> bool:
    """Whether the relayer has promised to send this: a buyer who was shown an account must be able to say "paid"."""
    covered = GasReservation.objects.filter(chain=chain, covered_at__isnull=False)
    funding = covered.filter(
        trade_id=values.get("trade_id", ""), funded_at=values.get("funded_at", 0)
    )
    is_first = not SignedCall.objects.filter(
        chain=chain,
        move="markPaid",
        trade_id=values.get("trade_id", ""),
        funded_at=values.get("funded_at", 0),
    ).exists()
    return values["move"] == "markPaid" and funding.exists() and is_first


def _check_budget(chain: Chain, account: str) -> None:
    since = timezone.now() - timedelta(days=1)
    used = SignedCall.objects.filter(chain=chain, signer=account, created_at__gte=since).count()
    if used >= daily_calls():
        raise RelayBudgetSpent(
            "This hub has sent as many steps for you today as it pays for. Send this one from your own wallet."
        )


def daily_calls() -> int:
    """How many relayed transactions the hub pays per account and day."""
    return int(getattr(settings, "RELAYER_DAILY_CALLS", DEFAULT_DAILY_CALLS))
