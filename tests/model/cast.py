"""Who is there in every sequence: eight actors, three coins, Permit2, the escrow and its fee recipient, and what they hold."""

from __future__ import annotations

from tests.model.contract import EscrowModel
from tests.model.messages import Keys
from tests.model.world import FOREVER, NATIVE, World

ESCROW, PLAIN, ODD, SINK = 0xE5C0, 0xC01A, 0xC01B, 0xDEAD
PERMIT2 = 0x000000000022D473030F116DDEE9F6B43AC78BA3
TREASURY, STRANGER, NO_COIN = 0xFEE5, 0x57A6, 0xC0FFEE
CHAIN_ID = 72_731
START = 1_800_000_000

KEYS = Keys()
# Five people; one account with both a key and a wallet's code, as EIP-7702 makes them; two wallets without a key.
PEOPLE = [KEYS.new(1_000 + number) for number in range(5)]
BOTH = KEYS.new(2_000)
WALLETS = [BOTH, 0xA11E7, 0xA11E8]
ACTORS = [*PEOPLE, *WALLETS[1:], BOTH]
# The fee recipient is a wallet with moods as well.
MOODY = [*WALLETS, TREASURY]

COINS = (NATIVE, PLAIN, ODD)
HOLDERS = [*ACTORS, TREASURY, ESCROW, SINK, STRANGER]
# Enough for any amount, but for one who is poor in tokens; and somebody sent the escrow a little by mistake.
RICH, POOR, BY_MISTAKE = 2**140, 1_000, 7

NAMES = {
    **{actor: f"actor {place}" for place, actor in enumerate(ACTORS)},
    ESCROW: "the escrow",
    TREASURY: "the treasury",
    STRANGER: "a stranger",
    NO_COIN: "no coin",
    PLAIN: "the plain coin",
    ODD: "the odd coin",
    PERMIT2: "Permit2",
    FOREVER: "forever",
}

# In the order of the mocks' own lists.
MOODS = ("Takes", "Refuses", "Burns", "Bombs", "CallsBack")
ODDITIES = {"None": 0, "AnswersNothing": 1, "AnswersFalse": 2, "AnswersTwoWords": 4, "Reverts": 6}


def opening() -> EscrowModel:
    """The model before the first call."""
    world = World(plain=PLAIN, odd=ODD, permit2=PERMIT2, sink=SINK)
    world.time, world.chain_id = START, CHAIN_ID
    world.wallets = set(MOODY)
    for coin in COINS:
        for holder in HOLDERS:
            world.tables.balances[coin, holder] = first_balance(coin, holder)
    for coin in (PLAIN, ODD):
        for actor in ACTORS:
            for spender in (ESCROW, PERMIT2):
                world.tables.allowances[coin, actor, spender] = FOREVER
    return EscrowModel(world, address=ESCROW, fee_recipient=TREASURY)


def first_balance(coin: int, holder: int) -> int:
    """What an account starts with."""
    if holder == ESCROW:
        return BY_MISTAKE
    if holder not in ACTORS:
        return 0
    return POOR if holder == PEOPLE[4] and coin != NATIVE else RICH


def figures(model: EscrowModel, trade_ids: list[int]) -> list[int]:
    """All that can be read of the contract and of the coins, in the order in which the replay reads it."""
    found: list[int] = []
    for trade_id in trade_ids:
        found += model.words.get(trade_id, (0, 0, 0, 0))
    for coin in COINS:
        found.append(model.fees.get(coin, 0))
        found += [model.credits.get((coin, account), 0) for account in ACTORS]
        found += [model.world.balance(coin, holder) for holder in HOLDERS]
    return found
