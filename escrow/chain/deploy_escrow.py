"""Puts the Escrow on any chain, through the factory that stands at one address everywhere, and proves what arrived.

The order is `look` (asks and refuses, sends nothing), `price`, `send`, `wait_for`, `read_back`. The account that sends
pays for the gas and has no part in the contract, which has no owner. No key is known here: see deploy_payer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eth_abi.abi import encode as abi_encode
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from escrow.chain import build
from escrow.chain.codec import artifact
from escrow.chain.deploy_payer import Payer
from escrow.chain.gateway import Gateway
from escrow.chain.permit2 import PERMIT2
from escrow.chain.rpc import NodeRefused, NodeUnavailable, Rpc, number
from escrow.chain.types import ZERO_ADDRESS

POLL_SECONDS = 0.1
# What an estimate may be short of when the block that mines it is another one.
GAS_MARGIN_PERCENT = 10

# Where Permit2's runtime holds the chain id and the domain of its own deployment; elsewhere than there it builds its own.
PERMIT2_IMMUTABLES = (6945, 6983)
PERMIT2_DOMAIN_CALL = "0x3644e515"
_PERMIT2_DOMAIN_TYPE = "EIP712Domain(string name,uint256 chainId,address verifyingContract)"

# Stores a one transiently, loads it, copies it in memory and returns it: all that Cancun brought and the Escrow uses.
_CANCUN_PROBE = "0x60015f5d5f5c5f5260205f60205e60206020f3"
_ONE = "0x" + "1".zfill(64)


class DeploymentRefused(Exception):
    """Something is not as it was meant, so nothing was sent; the text says what, and what to do."""


class WrongParameters(DeploymentRefused):
    """The fee recipient or the salt cannot be meant."""


class WrongChain(DeploymentRefused):
    """The node serves another chain, or one with older rules than the Escrow needs."""


class NoFactory(DeploymentRefused):
    """The factory is not there, or something else is."""


class NoPermit2(DeploymentRefused):
    """Permit2 is not there, or something else is."""


class ForeignCode(DeploymentRefused):
    """Something else stands at the Escrow's address."""


class PayerNotReady(DeploymentRefused):
    """The payer cannot pay for the gas, or has transactions on their way."""


class NotDeployed(Exception):
    """The transaction was sent, but what was meant did not come of it; the text names the transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done on one chain, after every check that needs no payer."""

    chain_id: int
    fee_recipient: str
    salt: bytes
    contract: str
    data: str
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What sending costs at most: gas, wei for each unit of it, and how much of that is the block producer's."""

    gas: int
    max_fee: int
    priority_fee: int

    @property
    def at_most(self) -> int:
        """Wei."""
        return self.gas * self.max_fee


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What was read back from the chain."""

    plan: Plan
    deploy_block: int
    code_hash: str
    tx_hash: str


# --- looking ---------------------------------------------------------------------------------


def look(rpc: Rpc, *, chain_id: int, fee_recipient: str, salt: bytes) -> Plan:
    """The plan for a chain, once all is as it must be there. Sends nothing.

    Raises: DeploymentRefused, NodeUnavailable.
    """
    _check_parameters(fee_recipient, salt)
    contract = build.address_of(fee_recipient, salt)
    _check_chain(rpc, chain_id)
    _check_permit2(rpc, chain_id)
    _check_factory(rpc)
    found = _code(rpc, contract)
    if found and found != _meant(contract, chain_id, fee_recipient):
        raise ForeignCode(_difference(found, contract, chain_id, fee_recipient))
    return Plan(
        chain_id=chain_id,
        fee_recipient=fee_recipient,
        salt=salt,
        contract=contract,
        data=build.creation_data(fee_recipient, salt),
        is_there=bool(found),
    )


def price(rpc: Rpc, plan: Plan, sender: str | None) -> Price:
    """The gas of the deployment and what it costs now. Without a sender anybody's estimate is taken.

    Raises: PayerNotReady when the sender cannot pay or has transactions waiting; DeploymentRefused, NodeUnavailable.
    """
    if sender is not None:
        _check_nothing_waits(rpc, sender)
    call = {"from": sender or ZERO_ADDRESS, "to": build.FACTORY, "data": plan.data}
    try:
        gas = number(rpc.ask_always("eth_estimateGas", call))
    except NodeRefused as error:
        raise DeploymentRefused(
            f"The node would not let the deployment through ({error.message}). Nothing was sent."
        ) from error
    max_fee, priority_fee = Gateway(rpc.url, plan.contract).gas_price()
    found = Price(
        gas=gas + gas * GAS_MARGIN_PERCENT // 100, max_fee=max_fee, priority_fee=priority_fee
    )
    if sender is not None:
        _check_balance(rpc, sender, found)
    return found


# --- sending ---------------------------------------------------------------------------------


def send(rpc: Rpc, plan: Plan, cost: Price, payer: Payer) -> str:
    """Hand the deployment to the node; the transaction's hash.

    Raises: DeploymentRefused, NodeUnavailable.
    """
    transaction = {
        "chainId": plan.chain_id,
        "nonce": number(rpc.ask_always("eth_getTransactionCount", payer.address, "latest")),
        "to": build.FACTORY,
        "value": 0,
        "data": plan.data,
        "gas": cost.gas,
        "maxFeePerGas": cost.max_fee,
        "maxPriorityFeePerGas": cost.priority_fee,
    }
    try:
        return payer.send(rpc, transaction)
    except NodeRefused as error:
        raise DeploymentRefused(
            f"The node did not take the transaction ({error.message}). Nothing was sent."
        ) from error


def wait_for(rpc: Rpc, tx_hash: str, *, seconds: float) -> int:
    """The number of the block that mined the deployment. A node that is away meanwhile is asked again.

    Raises: NotDeployed.
    """
    again = "Run the same command again: it looks first, and sends only what is missing."
    end = time.monotonic() + seconds
    while (receipt := _receipt(rpc, tx_hash)) is None:
        if time.monotonic() > end:
            raise NotDeployed(
                f"The transaction {tx_hash} was sent, but is not mined after {seconds:g} seconds. {again}"
            )
        time.sleep(POLL_SECONDS)
    if number(receipt["status"]) != 1:
        raise NotDeployed(f"The transaction {tx_hash} was mined and failed. {again}")
    return number(receipt["blockNumber"])


# --- reading back ----------------------------------------------------------------------------


def read_back(
    rpc: Rpc, plan: Plan, *, tx_hash: str = "", deploy_block: int | None = None
) -> Deployed:
    """What stands there now, compared value for value with what was meant.

    Raises: ForeignCode when anything differs, NotDeployed when nothing is there, NodeUnavailable.
    """
    code = _code(rpc, plan.contract)
    if not code:
        raise NotDeployed(
            f"There is no code at {plan.contract} on chain {plan.chain_id}. Run the same command again."
        )
    node = Gateway(rpc.url, plan.contract)
    if code != _meant(plan.contract, plan.chain_id, plan.fee_recipient):
        raise ForeignCode(_difference(code, plan.contract, plan.chain_id, plan.fee_recipient))
    if (recipient := node.fee_recipient()) != plan.fee_recipient:
        raise ForeignCode(
            f"The contract at {plan.contract} pays its fees to {recipient}, not to {plan.fee_recipient}."
        )
    if (domain := node.domain()) != (build.NAME, build.VERSION, plan.chain_id, plan.contract):
        raise ForeignCode(f"The contract at {plan.contract} signs as {domain}. Do not use it.")
    return Deployed(
        plan=plan,
        deploy_block=_first_block(rpc, plan.contract) if deploy_block is None else deploy_block,
        code_hash="0x" + keccak(code).hex(),
        tx_hash=tx_hash,
    )


def ether(wei: int) -> str:
    """Wei as decimal text in whole coins of 18 decimals, exactly."""
    return f"{Decimal(wei).scaleb(-18).normalize():f}"


# --- inside ----------------------------------------------------------------------------------


def _check_parameters(fee_recipient: str, salt: bytes) -> None:
    if not is_checksum_address(fee_recipient):
        raise WrongParameters(
            f"“{fee_recipient}” is not an address with its checksum. The fee recipient can never be changed: "
            "copy it from the wallet that holds it. Nothing was sent."
        )
    if fee_recipient == ZERO_ADDRESS:
        raise WrongParameters(
            "The fee recipient is the zero address: fees would be lost for ever, and the contract refuses it. Nothing was sent."
        )
    if fee_recipient in (PERMIT2, build.FACTORY):
        raise WrongParameters(
            f"{fee_recipient} is not a wallet but a contract of this deployment. Nothing was sent."
        )
    if len(salt) != 32:
        raise WrongParameters("The salt must be 32 bytes: 0x and 64 digits. Nothing was sent.")


def _check_chain(rpc: Rpc, chain_id: int) -> None:
    found = number(rpc.ask_always("eth_chainId"))
    if found != chain_id:
        raise WrongChain(
            f"The node serves chain {found}, not chain {chain_id} as asked. Nothing was sent."
        )
    try:
        answer = rpc.ask_always("eth_call", {"data": _CANCUN_PROBE}, "latest")
    except NodeRefused:
        answer = ""
    if answer != _ONE:
        raise WrongChain(
            f"Chain {chain_id} runs older rules than Cancun, which the Escrow is built for. Nothing was sent."
        )


def _check_permit2(rpc: Rpc, chain_id: int) -> None:
    found, committed = (
        _code(rpc, PERMIT2),
        bytes.fromhex(artifact("Permit2")["deployedBytecode"][2:]),
    )
    if not found:
        raise NoPermit2(
            f"There is no Permit2 at {PERMIT2} on chain {chain_id}. The Escrow names that address for ever: "
            "have Permit2 put there first, which anybody may do. Nothing was sent."
        )
    blank = bytes(32)
    if build.with_words(found, PERMIT2_IMMUTABLES, blank) != build.with_words(
        committed, PERMIT2_IMMUTABLES, blank
    ):
        raise NoPermit2(
            f"The code at {PERMIT2} on chain {chain_id} is not Permit2's ({len(found):,} bytes with the hash "
            f"0x{keccak(found).hex()}, against {len(committed):,} committed). Nothing was sent."
        )
    domain = rpc.ask_always("eth_call", {"to": PERMIT2, "data": PERMIT2_DOMAIN_CALL}, "latest")
    if domain != _permit2_domain(chain_id):
        raise NoPermit2(
            f"Permit2 at {PERMIT2} takes signatures for another chain or address than its own here. Nothing was sent."
        )


def _permit2_domain(chain_id: int) -> str:
    words = [keccak(text=_PERMIT2_DOMAIN_TYPE), keccak(text="Permit2"), chain_id, PERMIT2]
    return "0x" + keccak(abi_encode(["bytes32", "bytes32", "uint256", "address"], words)).hex()


def _check_factory(rpc: Rpc) -> None:
    found = "0x" + _code(rpc, build.FACTORY).hex()
    if found == "0x":
        raise NoFactory(
            f"There is no factory at {build.FACTORY} on this chain, so the Escrow could not get the address it has elsewhere. "
            "Anybody may put it there by its well-known transaction. Nothing was sent."
        )
    if found != build.FACTORY_CODE:
        raise NoFactory(f"The code at {build.FACTORY} is not the factory's. Nothing was sent.")


def _check_nothing_waits(rpc: Rpc, sender: str) -> None:
    # A second deployment behind a first one would burn its gas at an address that is taken.
    mined, all_sent = (
        number(rpc.ask_always("eth_getTransactionCount", sender, block))
        for block in ("latest", "pending")
    )
    if all_sent > mined:
        raise PayerNotReady(
            f"{sender} has {all_sent - mined} transaction(s) waiting to be mined. Wait for them, then run the same command again. "
            "Nothing was sent."
        )


def _check_balance(rpc: Rpc, sender: str, cost: Price) -> None:
    balance = number(rpc.ask_always("eth_getBalance", sender, "latest"))
    if balance < cost.at_most:
        raise PayerNotReady(
            f"{sender} holds {ether(balance)} coins, and the deployment takes up to {ether(cost.at_most)}. "
            "Send it gas money, then run the same command again. Nothing was sent."
        )


def _meant(contract: str, chain_id: int, fee_recipient: str) -> bytes:
    return build.runtime_code(contract=contract, chain_id=chain_id, fee_recipient=fee_recipient)


def _difference(found: bytes, contract: str, chain_id: int, fee_recipient: str) -> str:
    """How the code at the address differs from what was meant, in one sentence."""
    meant = _meant(contract, chain_id, fee_recipient)
    places = build.recorded_build()["immutables"]
    wrong = [
        name
        for name, starts in places.items()
        if any(found[at : at + 32] != meant[at : at + 32] for at in starts)
    ]
    everywhere = [at for starts in places.values() for at in starts]
    blank = bytes(32)
    if build.with_words(found, everywhere, blank) != build.with_words(meant, everywhere, blank):
        return (
            f"The code at {contract} is not the Escrow's ({len(found):,} bytes with the hash 0x{keccak(found).hex()}, "
            f"against 0x{keccak(meant).hex()}). Do not use it."
        )
    if "feeRecipient" in wrong:
        at = places["feeRecipient"][0]
        return (
            f"The Escrow at {contract} pays its fees to 0x{found[at + 12 : at + 32].hex()}, not to {fee_recipient}. "
            "Do not use it."
        )
    return f"The Escrow at {contract} was built for another chain or address ({', '.join(wrong)}). Do not use it."


def _code(rpc: Rpc, address: str, block: str = "latest") -> bytes:
    return bytes.fromhex(rpc.ask_always("eth_getCode", address, block)[2:])


def _receipt(rpc: Rpc, tx_hash: str) -> Any:
    try:
        return rpc.ask("eth_getTransactionReceipt", tx_hash)
    except NodeUnavailable:
        return None


def _first_block(rpc: Rpc, contract: str) -> int:
    """The block in which the contract appeared; 0, from where reading is right but long, when the node keeps no old state."""
    low, high = 0, number(rpc.ask_always("eth_blockNumber"))
    try:
        while low < high:
            middle = (low + high) // 2
            if _code(rpc, contract, hex(middle)):
                high = middle
            else:
                low = middle + 1
    except NodeRefused:
        return 0
    return low
