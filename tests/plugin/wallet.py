"""A wallet for browser tests: announces itself in the page by EIP-6963 and signs in Python.

Every request is recorded; `refuse` makes the next one of a kind fail, as a person who presses "Reject" unless told otherwise.
"""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from playwright.sync_api import BrowserContext

from stack import services

SCRIPT = (Path(__file__).parent / "wallet.js").read_text()
USER_REJECTED = 4001
UNKNOWN_CHAIN = 4902
_PROMPTS = {"personal_sign", "eth_signTypedData_v4", "eth_sendTransaction", "eth_requestAccounts"}


class _Refusal(Exception):
    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.data = code, data

    def as_json(self) -> dict[str, Any]:
        more = {} if self.data is None else {"data": self.data}
        return {"code": self.code, "message": str(self), **more}


@dataclass
class ScriptedWallet:
    """One account with its key. `calls` holds (method, parameters) of every request in order."""

    account: LocalAccount
    rpc_url: str
    chain_id: int = services.CHAIN_ID
    knows_chain: bool = True
    calls: list[tuple[str, list[Any]]] = field(default_factory=list)
    _refusals: list[tuple[str, _Refusal]] = field(default_factory=list)

    def attach(self, context: BrowserContext, *, name: str = "Test wallet") -> None:
        """Put the wallet into every page of the context."""
        context.expose_function("__testWallet", self._answer)
        context.add_init_script(SCRIPT.replace("__NAME__", json.dumps(name)))

    def refuse(
        self,
        method: str,
        code: int = USER_REJECTED,
        message: str = "User rejected the request.",
        data: Any = None,
    ) -> None:
        """The next request of this kind fails: rejected by the person, or with the error given."""
        self._refusals.append((method, _Refusal(code, message, data)))

    def be_elsewhere(self, chain_id: int = 1, *, knows_chain: bool = True) -> None:
        """The wallet shows another network; it may never have heard of the devnet."""
        self.chain_id, self.knows_chain = chain_id, knows_chain

    @property
    def prompts(self) -> list[str]:
        """The methods that would have opened a window, in order."""
        return [method for method, _ in self.calls if method in _PROMPTS]

    def _answer(self, request: str) -> str:
        asked = json.loads(request)
        method, parameters = asked["method"], asked.get("params") or []
        self.calls.append((method, parameters))
        try:
            return json.dumps({"result": self._result(method, parameters)})
        except _Refusal as refusal:
            return json.dumps({"error": refusal.as_json()})

    def _result(self, method: str, parameters: list[Any]) -> Any:
        for entry in self._refusals:
            if entry[0] == method:
                self._refusals.remove(entry)
                raise entry[1]
        known = {
            "eth_requestAccounts": lambda: [self.account.address],
            "eth_accounts": lambda: [self.account.address],
            "eth_chainId": lambda: hex(self.chain_id),
            "wallet_switchEthereumChain": lambda: self._switch(parameters[0]["chainId"]),
            "wallet_addEthereumChain": lambda: self._learn(parameters[0]["chainId"]),
            "wallet_watchAsset": lambda: True,
            "personal_sign": lambda: self._sign_text(parameters[0]),
            "eth_signTypedData_v4": lambda: self._sign_typed(parameters[1]),
            "eth_sendTransaction": lambda: self._send(parameters[0]),
        }
        if method in known:
            return known[method]()
        return self._ask_node(method, *parameters)

    def _switch(self, chain_id: str) -> None:
        if int(chain_id, 16) != services.CHAIN_ID or not self.knows_chain:
            raise _Refusal(UNKNOWN_CHAIN, "Unrecognized chain ID.")
        self.chain_id = services.CHAIN_ID

    def _learn(self, chain_id: str) -> None:
        self.knows_chain = True
        self._switch(chain_id)

    def _ask_node(self, method: str, *parameters: Any) -> Any:
        """The node's answer; its error goes to the page whole, as wallets pass it on."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        request = urllib.request.Request(
            self.rpc_url, json.dumps(asked).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        if "error" in answer:
            error = answer["error"]
            raise _Refusal(error["code"], error["message"], error.get("data"))
        return answer["result"]

    def _sign_text(self, text: str) -> str:
        raw = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
        return "0x" + self.account.sign_message(encode_defunct(primitive=raw)).signature.hex()

    def _sign_typed(self, document: str | dict[str, Any]) -> str:
        message = json.loads(document) if isinstance(document, str) else document
        if int(str(message["domain"]["chainId"]), 0) != self.chain_id:
            raise _Refusal(-32603, "Provided chainId must match the active chainId.")
        signed = Account.sign_typed_data(self.account.key, full_message=message)
        return "0x" + signed.signature.hex()

    def _send(self, request: dict[str, Any]) -> Any:
        call = {**request, "from": self.account.address}
        gas = request.get("gas") or self._ask_node("eth_estimateGas", call)
        tip = 10**9
        price = int(self._ask_node("eth_gasPrice"), 16)
        nonce = self._ask_node("eth_getTransactionCount", self.account.address, "pending")
        signed = self.account.sign_transaction(
            {
                "chainId": self.chain_id,
                "nonce": int(nonce, 16),
                "to": request.get("to"),
                "value": int(request.get("value") or "0x0", 16),
                "data": request.get("data") or request.get("input") or "0x",
                "gas": int(int(str(gas), 16) * 1.2),
                "maxFeePerGas": price * 2 + tip,
                "maxPriorityFeePerGas": tip,
            }
        )
        raw = "0x" + signed.raw_transaction.hex()
        return self._ask_node("eth_sendRawTransaction", raw)
