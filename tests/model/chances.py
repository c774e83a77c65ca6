"""The dice of the random sequences: trades, arguments and signatures, mostly good and sometimes wrong in one place."""

from __future__ import annotations

from random import Random

from tests.model import cast
from tests.model.cast import ACTORS, ESCROW, KEYS, NO_COIN, ODD, PEOPLE, PLAIN, WALLETS
from tests.model.contract import DAY
from tests.model.messages import AGREED, NOTHING, Domain, Signature, Spoken, Trade
from tests.model.world import FOREVER, NATIVE

PRIMARY = {"mark_paid": "MarkPaid", "reclaim": "Reclaim", "release": "Release", "cancel": "Cancel"}


class Chances:
    """The model at the start of a sequence, the trades that it is about, and everything that is thrown for."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)
        self.model = cast.opening()
        self.world = self.model.world
        self.trades = [self._new_trade() for _ in range(self.random.randint(1, 4))]
        self.wrong = [self._spoiled(self.random.choice(self.trades)) for _ in range(2)]

    # ------------------------------------------------------------------ what is signed

    def _about(
        self, who: int, primary: str, trade: Trade, own: tuple[int, ...], deadline: int
    ) -> Spoken:
        values = (trade, self.model.word_of(trade).funded_at, *own, deadline)
        return self._spoken(who, self.model.domain(), primary, values)

    def _spoken(self, who: int, domain: Domain, primary: str, values: tuple[object, ...]) -> Spoken:
        """What the contract wants to see, but for the times when something is wrong with it (invariant 6)."""
        wrong = self._is_wrong()
        if who not in KEYS:
            return (
                self.random.choice((NOTHING, self._strangers(domain, primary, values)))
                if wrong
                else AGREED
            )
        good = Signature(who, domain, primary, values, self.random.choice(("long", "compact")))
        if who in self.world.wallets and self._flip(0.3):
            return AGREED
        if not wrong:
            return good
        place = self.random.randrange(len(values))
        other = (
            self.random.choice(self.trades)
            if isinstance(values[place], Trade)
            else self._near(values[place])
        )
        changed = (*values[:place], other, *values[place + 1 :])
        same_shape = (
            self.random.choice(list(PRIMARY.values())) if primary in PRIMARY.values() else primary
        )
        return self.random.choice(
            (
                self._strangers(domain, primary, values),
                good._replace(values=changed),
                good._replace(primary=same_shape),
                good._replace(domain=domain._replace(chain_id=domain.chain_id + 1)),
                good._replace(domain=domain._replace(contract=domain.contract + 1)),
                good._replace(form=self.random.choice(("twin", "low v", "longer"))),
                NOTHING,
                AGREED,
            )
        )

    def _strangers(self, domain: Domain, primary: str, values: tuple[object, ...]) -> Signature:
        return Signature(self.random.choice(cast.PEOPLE), domain, primary, values)

    def _near(self, value: object) -> int:
        number = int(str(value))
        return number - 1 if number == FOREVER or (number and self._flip()) else number + 1

    # ------------------------------------------------------------------ choices

    def _new_trade(self) -> Trade:
        pick = self.random.choice
        seller, buyer, arbitrator = self.random.sample(ACTORS, 3)
        if self._flip(0.25):
            # Two wallets, which may both refuse and be owed something at once.
            (seller, buyer), arbitrator = self.random.sample(WALLETS, 2), PEOPLE[0]
        amounts = (1, 2, 3, 99, 10**6, 10**6 + 1, self.random.randint(1, 10**18), 2**128 - 1)
        return Trade(
            seller=seller,
            buyer=buyer,
            token=self.random.choices((NATIVE, PLAIN, ODD, NO_COIN), (9, 5, 5, 1))[0],
            amount=pick(amounts),
            arbitrator=ESCROW if self.random.random() < 0.01 else arbitrator,
            fee_bps=pick((0, 1, 50, 199, 200)),
            pay_window=pick((1_200, 14 * DAY, self.random.randint(1_200, 14 * DAY))),
            release_window=pick((3 * DAY, 30 * DAY, self.random.randint(3 * DAY, 30 * DAY))),
            ruling_window=pick((DAY, 90 * DAY, self.random.randint(DAY, 90 * DAY))),
            terms=self.random.getrandbits(256),
        )

    def _spoiled(self, trade: Trade) -> Trade:
        """The same trade with one field out of its range, or beyond its type."""
        change = self.random.choice(
            (
                {"buyer": trade.seller},
                {"buyer": 0},
                {"buyer": ESCROW},
                {"arbitrator": 0},
                {"arbitrator": trade.seller},
                {"arbitrator": trade.buyer},
                {"amount": 0},
                {"fee_bps": self.random.choice((201, 2**16 - 1))},
                {"pay_window": self.random.choice((0, 1_199, 14 * DAY + 1, 2**32 - 1))},
                {"release_window": self.random.choice((0, 3 * DAY - 1, 30 * DAY + 1, 2**32 - 1))},
                {"ruling_window": self.random.choice((0, DAY - 1, 90 * DAY + 1, 2**32 - 1))},
                {"seller": trade.seller + 2**160},
                {"buyer": trade.buyer + 2**255},
                {"token": trade.token + 2**160},
                {"amount": trade.amount + 2**128},
                {"arbitrator": trade.arbitrator + 2**161},
                {"fee_bps": trade.fee_bps + 2**16},
                {"pay_window": trade.pay_window + 2**32},
                {"release_window": trade.release_window + 2**40},
                {"ruling_window": trade.ruling_window + 2**255},
            )
        )
        return trade._replace(**change)

    def _part(self, trade: Trade) -> int:
        amount = trade.amount
        sensible = (0, amount, amount // 2, amount // 3, 1)
        return (
            self.random.choice((amount + 1, 2**128))
            if self._is_wrong(0.1)
            else self.random.choice(sensible)
        )

    def _deadline(self) -> int:
        now = self.world.time
        return (
            now - 1
            if self._is_wrong(0.05)
            else self.random.choice((FOREVER, now, now + 1, now + 3_600))
        )

    def _evidence(self) -> int:
        return self.random.choice((0, self.random.getrandbits(256)))

    def _stray_value(self) -> int:
        return 1 if self._is_wrong(0.02) else 0

    def _mostly(self, who: int) -> int:
        """The right one, or anybody. Nobody can call from beyond the range of addresses."""
        return self._anyone() if self._is_wrong(0.12) else who % 2**160

    def _anyone(self) -> int:
        return self.random.choice(ACTORS)

    def _coin(self) -> int:
        return self.random.choices((NATIVE, PLAIN, ODD, NO_COIN), (9, 4, 9, 1))[0]

    def _flip(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def _is_wrong(self, chance: float = 0.2) -> bool:
        return self.random.random() < chance
