"""Ends a trade with no server of ours: a node, the contract's address, the trade's id and your own key are enough.

    pip install web3
    KEY=0x… python finish_trade.py RPC CONTRACT TRADE_ID               says what you may do now
    KEY=0x… python finish_trade.py RPC CONTRACT TRADE_ID MOVE [TO_BUYER]   does it (TO_BUYER, in base units, is for rule)

FROM_BLOCK=… helps where a node reads only recent blocks: give one shortly before the trade was funded.
"""

import os
import sys

from web3 import Web3
from web3.exceptions import Web3Exception

TRADE = "(address,address,address,uint128,address,uint16,uint32,uint32,uint32,bytes32)"
rpc, contract, trade_id, *wanted = sys.argv[1:]
MOVES = {name: [] for name in ("markPaid", "release", "cancel", "reclaim", "timeout")}
MOVES["dispute"] = [("bytes32", bytes(32))]
MOVES["rule"] = [("uint128", int(wanted[1]) if wanted[1:] else 0), ("bytes32", bytes(32))]

w3 = Web3(Web3.HTTPProvider(rpc))
me = w3.eth.account.from_key(os.environ["KEY"])
funded = w3.keccak(text=f"Funded(bytes32,address,address,{TRADE})")
start = int(os.environ.get("FROM_BLOCK", "0"))
log = w3.eth.get_logs({"address": contract, "fromBlock": start, "topics": [funded, trade_id]})[-1]
trade = w3.codec.decode([TRADE], log["data"])[0]


def call_of(move):
    kinds, values = zip((TRADE, trade), *MOVES[move], strict=True)
    selector = w3.keccak(text=f"{move}({','.join(kinds)})")[:4]
    return {"from": me.address, "to": contract, "data": selector + w3.codec.encode(kinds, values)}


def is_possible(move):
    try:
        return w3.eth.call(call_of(move)) is not None
    except Web3Exception:
        return False


possible = [move for move in MOVES if is_possible(move)]
if not wanted or wanted[0] not in possible:
    sys.exit(f"{me.address} may now: {', '.join(possible) or 'nothing'}")
gas = (
    w3.eth.estimate_gas(call_of(wanted[0])) + 450_000
)  # room for a payout that fails and becomes a credit
number = {"nonce": w3.eth.get_transaction_count(me.address), "chainId": w3.eth.chain_id, "value": 0}
price = {"gas": gas, "gasPrice": 2 * w3.eth.gas_price}
signed = me.sign_transaction(call_of(wanted[0]) | number | price)
receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction))
sys.stdout.write(
    f"{wanted[0]}: {'done' if receipt['status'] else 'failed'} in block {receipt['blockNumber']}\n"
)
