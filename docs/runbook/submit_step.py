"""Brings a signed step to the contract with no server of ours: a node, the saved file and a key with a little gas are enough.

pip install web3
KEY=0x… python submit_step.py RPC FILE          says whether the contract takes it now
KEY=0x… python submit_step.py RPC FILE send     sends it
"""

import json
import os
import sys
from pathlib import Path

from web3 import Web3
from web3.exceptions import Web3Exception

FIELDS = "seller buyer token amount arbitrator feeBps payWindow releaseWindow rulingWindow terms"
TRADE = "(address,address,address,uint128,address,uint16,uint32,uint32,uint32,bytes32)"
OWN = {
    "grantTime": [("newPayBy", "uint40")],
    "settle": [("toBuyer", "uint128")],
    "dispute": [("evidence", "bytes32")],
    "rule": [("toBuyer", "uint128"), ("evidence", "bytes32")],
    "withdraw": [("account", "address"), ("token", "address"), ("amount", "uint256"), ("to", "address")],
}  # fmt: skip
rpc, path, *wanted = sys.argv[1:]
step = json.loads(Path(path).read_text(encoding="utf-8"))
move = step["move"]


def value_of(kind, text):
    if kind == "address":
        return Web3.to_checksum_address(text)
    return bytes.fromhex(text[2:]) if kind.startswith("bytes") else int(text)


parts = [] if move == "withdraw" else [(TRADE, tuple(
    value_of(kind, step["trade"][name])
    for name, kind in zip(FIELDS.split(), TRADE[1:-1].split(","), strict=True)
))]  # fmt: skip
parts += [(kind, value_of(kind, step["arguments"][name])) for name, kind in OWN.get(move, [])]
if move == "dispute":
    parts.append(("address", value_of("address", step["signer"])))
parts += [("uint256", int(step["deadline"])), ("bytes", value_of("bytes", step["signature"]))]
if move == "settle":
    parts.append(("bytes", value_of("bytes", step["buyerSignature"])))
kinds, values = zip(*parts, strict=True)
name = move if move == "settle" else f"{move}BySig"

w3 = Web3(Web3.HTTPProvider(rpc))
me = w3.eth.account.from_key(os.environ["KEY"])
if w3.eth.chain_id != step["chainId"]:
    sys.exit(f"This node is on chain {w3.eth.chain_id}, the step is for chain {step['chainId']}.")
data = w3.keccak(text=f"{name}({','.join(kinds)})")[:4] + w3.codec.encode(kinds, values)
call = {"from": me.address, "to": Web3.to_checksum_address(step["contract"]), "data": data}
try:
    w3.eth.call(call)
except Web3Exception as refused:
    sys.exit(f"{move}: the contract does not take it now ({refused}).")
if wanted != ["send"]:
    sys.exit(f"{move}: the contract takes it now. Add “send” to send it.")
# Room for a payout that fails and becomes a credit.
gas = w3.eth.estimate_gas(call) + 450_000
number = {"nonce": w3.eth.get_transaction_count(me.address), "chainId": step["chainId"], "value": 0}
price = {"gas": gas, "gasPrice": 2 * w3.eth.gas_price}
signed = me.sign_transaction(call | number | price)
receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction))
sys.stdout.write(
    f"{move}: {'done' if receipt['status'] else 'failed'} in block {receipt['blockNumber']}\n"
)
