"""Walks a trade as its two people do: through the services, their own signatures and the real node."""

from __future__ import annotations

import secrets
import time
from decimal import Decimal
from typing import Any

from eth_account.signers.local import LocalAccount

from escrow import indexer, relayer
from escrow.chain.codec import encode_call
from escrow.chain.gateway import Gateway, gateway
from escrow.chain.moves import direct_calldata, message_of
from escrow.chain.typed_data import commitment, digest
from escrow.chain.types import ZERO_ADDRESS, Call, Receipt, TradeTerms
from escrow.models import Chain, SignedCall
from escrow.selectors import chain_clock, pending_events
from escrow.states import SignedCallStatus
from marketplace.accounts.models import User
from marketplace.offers.arbitrators import arbitrators
from marketplace.offers.models import Offer
from marketplace.trades import services
from marketplace.trades.access import role_of
from marketplace.trades.delivery import deliver_pending
from marketplace.trades.models import SettleProposal, Trade
from marketplace.trades.projection import Applied, apply_unapplied
from marketplace.trades.terms import take_digest, terms_of
from tests.integration.offers.publishing import publish_offer, values_for

ETHER = 10**18
HOUR, DAY = 3600, 86_400
PAYER = {"name": "Jonas Weber"}
PAYEE = {"name": "Bob Ozols", "iban": "DE89370400440532013000"}
EVIDENCE = f"0x{7:064x}"
PRICES = {"USDC": "0.9256", "DAI": "0.9256", "ETH": "2500"}
MOST_ROUNDS = 8
RECEIPT_SECONDS = 1.0
STOCKS = {"USDC": "1240", "DAI": "1240", "ETH": "3"}


class TradeDriver:
    """Two people and a market on the devnet. Everybody has ether; sellers get the coins they need."""

    def __init__(self, chain: Chain, keys: dict[str, LocalAccount], judge: LocalAccount) -> None:
        self.chain = chain
        self.node: Gateway = gateway()
        self.keys = keys
        self.judge = judge
        for account in (*keys.values(), judge):
            self.rpc("anvil_setBalance", account.address, hex(10_000 * ETHER))
        # A funding must not share its second with the block before it.
        self.mine(2)
        self.follow()

    # --- offers and takes ---

    def offer(self, maker: User, side: str = "sell", asset: str = "USDC", **changes: Any) -> Offer:
        """A published offer at 0.9256 EUR per USDC or 2,500 EUR per ETH."""
        changes = {
            "side": {"side": side, "asset": asset},
            "price": {"price_kind": "fixed", "fixed_price": PRICES[asset]},
            "amount": {"stock": STOCKS[asset], "min_fiat": "20", "max_fiat": "2000"},
            **changes,
        }
        if side == "buy":
            changes["methods"] = {"methods": [{"method": "sepa-instant", "details": {}}]}
        return publish_offer(
            maker, self.keys[maker.address], values_for(arbitrators()[0].address, **changes)
        )

    def account(self, details: dict[str, str] | None = None) -> services.Account:
        """An account sealed with a fresh salt, as a browser makes it."""
        details = details or PAYER
        salt = "0x" + secrets.token_hex(32)
        return services.Account(details, commitment(details, salt), salt)

    def take(self, taker: User, offer: Offer, fiat: str = "231.40", **changes: Any) -> Trade:
        """The taker's open take; on a buy offer he has the coins."""
        if not offer.is_sell:
            self.give(taker, offer.asset.token, 10_000 * 10**offer.asset.decimals)
        details = PAYER if offer.is_sell else PAYEE
        values = {
            "fiat": Decimal(fiat),
            "method": "sepa-instant",
            "account": self.account(details),
            **changes,
        }
        return services.take_offer(taker=taker, offer=offer, **values)

    def sign(self, trade: Trade) -> Trade:
        """The buyer names his account if he has not yet, and signs the terms."""
        if not trade.payer_commitment:
            trade = services.name_payer(user=trade.buyer, trade=trade, account=self.account())
        return services.sign_take(
            user=trade.buyer,
            trade=trade,
            deadline=trade.fund_by,
            signature=self.take_signature(trade),
        )

    def take_signature(self, trade: Trade, by: User | None = None) -> str:
        """Somebody's signature over the Take, the buyer's unless said otherwise."""
        return self.signed(by or trade.buyer, take_digest(trade, trade.fund_by))

    def agreed(
        self,
        maker: User,
        taker: User,
        side: str = "sell",
        asset: str = "USDC",
        fiat: str = "231.40",
    ) -> Trade:
        """A signed trade on a fresh offer."""
        return self.sign(self.take(taker, self.offer(maker, side, asset), fiat))

    def funded(
        self,
        maker: User,
        taker: User,
        side: str = "sell",
        asset: str = "USDC",
        fiat: str = "231.40",
    ) -> Trade:
        """A trade whose coins are locked and settled."""
        trade = self.agreed(maker, taker, side, asset, fiat)
        self.fund(trade)
        return self.settle_down(trade)

    def paid(self, maker: User, taker: User, side: str = "sell", asset: str = "USDC") -> Trade:
        """A trade marked paid by the buyer's signature."""
        trade = self.funded(maker, taker, side, asset)
        self.sign_move(trade, trade.buyer, "markPaid")
        return self.settle_down(trade)

    def disputed(self, maker: User, taker: User, side: str = "sell", asset: str = "USDC") -> Trade:
        """A trade the seller holds."""
        trade = self.paid(maker, taker, side, asset)
        self.sign_move(trade, trade.seller, "dispute", evidence=EVIDENCE)
        return self.settle_down(trade)

    # --- moves ---

    def fund(self, trade: Trade, terms: TradeTerms | None = None) -> Receipt:
        """The seller locks the coins of these terms, the trade's own unless others are given."""
        terms = terms or terms_of(trade)
        if terms.token != ZERO_ADDRESS:
            self.give(trade.seller, terms.token, terms.amount)
            approve = encode_call("approve", self.node.contract, terms.amount, contract="TestUSDC")
            self.send(trade.seller, Call(to=terms.token, data=approve))
        value = terms.amount if terms.token == ZERO_ADDRESS else 0
        return self.send(
            trade.seller, self.node.call_of(direct_calldata("fund", terms), value=value)
        )

    def send_move(
        self, trade: Trade, by: User | LocalAccount, name: str, **arguments: Any
    ) -> Receipt:
        """A move that somebody sends himself."""
        return self.send(by, self.node.call_of(direct_calldata(name, terms_of(trade), arguments)))

    def sign_move(
        self, trade: Trade, by: User, name: str, *, open_for: int = HOUR, **arguments: Any
    ) -> SignedCall:
        """A move that a party signs and hands to the hub."""
        deadline = chain_clock() + open_for
        return services.accept_move(
            user=by,
            trade=trade,
            move=name,
            arguments=arguments,
            deadline=deadline,
            signature=self.move_signature(trade, by, name, deadline, **arguments),
        )

    def move_signature(
        self, trade: Trade, by: User, name: str, deadline: int, **arguments: Any
    ) -> str:
        """A party's signature over a move of the present lock."""
        primary, message = message_of(
            name, terms_of(trade), funded_at=trade.funded_at, arguments=arguments, deadline=deadline
        )
        hashed = digest(
            primary, message, chain_id=self.chain.chain_id, contract=self.chain.contract_address
        )
        return self.signed(by, hashed)

    def propose_split(self, trade: Trade, by: User, to_buyer: int) -> SettleProposal:
        """A split that one side signs and leaves with the hub."""
        deadline = chain_clock() + DAY
        signature = self.move_signature(trade, by, "settle", deadline, toBuyer=to_buyer)
        return services.propose_settle(
            user=by, trade=trade, to_buyer=to_buyer, deadline=deadline, signature=signature
        )

    def accept_split(self, trade: Trade, by: User, split: SettleProposal) -> SignedCall:
        """The other side signs the same split."""
        signature = self.move_signature(trade, by, "settle", split.deadline, toBuyer=split.to_buyer)
        return services.accept_settle(
            user=by, trade=trade, number=split.number, signature=signature
        )

    # --- time and following ---

    def settle_down(self, trade: Trade) -> Trade:
        """Relay, mine and follow until what was sent is deep and applied; the trade as it is then."""
        for _ in range(MOST_ROUNDS):
            done = relayer.run_once()
            self.mine(2)
            applied = self.follow()
            if not (done.sent or applied.moved or self._is_waiting(trade)):
                break
        return self.fresh(trade)

    def _is_waiting(self, trade: Trade) -> bool:
        open_calls = (SignedCallStatus.WAITING, SignedCallStatus.SENT)
        calls = SignedCall.objects.filter(trade_id=trade.trade_id, status__in=open_calls)
        return calls.exists() or bool(pending_events(trade.trade_id))

    def follow(self) -> Applied:
        """Read to the tip and apply what became ripe, as the follower does."""
        while indexer.advance(self.chain).behind:
            pass
        applied = apply_unapplied()
        deliver_pending()
        return applied

    def skip(self, seconds: int) -> None:
        """Let time pass on the chain."""
        self.rpc("evm_increaseTime", seconds)
        self.mine(2)
        self.follow()

    def skip_past(self, moment: int) -> None:
        """Let the chain's clock pass a moment."""
        self.skip(moment - chain_clock() + 5)

    def fresh(self, trade: Trade) -> Trade:
        """The trade as the database has it now."""
        return Trade.objects.select_related(
            "offer", "asset__chain", "buyer", "seller", "maker", "taker"
        ).get(pk=trade.pk)

    # --- coins ---

    def give(self, user: User, token: str, amount: int) -> None:
        """Mint test coins to somebody; ether he has."""
        if token != ZERO_ADDRESS:
            self.send(
                user,
                Call(to=token, data=encode_call("mint", user.address, amount, contract="TestUSDC")),
            )

    def balance(self, trade: Trade, user: User) -> int:
        """What somebody holds of the trade's coin, in base units."""
        return self.node.token_balance(trade.asset.token, user.address)

    def send(self, by: User | LocalAccount, call: Call) -> Receipt:
        """Send a transaction that must succeed."""
        key = self.keys.get(by.address, self.judge)
        tx_hash = self.node.send("0x" + bytes(key.key).hex(), call)
        # The node mines it by itself, a moment later on a busy machine; a block of ours on top would count as depth.
        patience = time.monotonic() + RECEIPT_SECONDS
        while (receipt := self.node.receipt(tx_hash)) is None and time.monotonic() < patience:
            time.sleep(0.02)
        if receipt is None:
            self.mine()
            receipt = self.node.receipt(tx_hash)
        assert receipt is not None
        assert receipt.succeeded
        return receipt

    def mine(self, blocks: int = 1) -> None:
        """Make empty blocks a second apart: a trade cannot close in the second it was funded."""
        self.rpc("anvil_mine", hex(blocks), "0x1")

    def rpc(self, method: str, *params: Any) -> Any:
        """Ask the node's own control methods."""
        return self.node.rpc.ask(method, *params)

    def role(self, trade: Trade, user: User) -> str:
        """What somebody is in the trade."""
        return str(role_of(user, trade))

    def signed(self, by: User, hashed: bytes) -> str:
        return "0x" + bytes(self.keys[by.address].unsafe_sign_hash(hashed).signature).hex()
