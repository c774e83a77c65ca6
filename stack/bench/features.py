"""What each feature of the contract costs: gas with it less gas without it, per step of a good trade.

Each feature is taken out of a copy of the sources, built as the real one is, and measured by the same bench as
`bench gas`. A feature whose text is no longer in the sources stops the run: then this list is what has to change.
The last rows are ideas that were not taken; their figure is what they would add.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from escrow.chain.deployments import recorded_deployment
from stack import node
from stack.bench.gas import NATIVE, bench_on_a_fresh_node
from stack.folders import ROOT
from stack.services import CHAIN_ID

Sources = dict[str, str]
ESCROW, INTERFACE = "src/Escrow.sol", "src/interfaces/IEscrow.sol"
_KEYS = ("eth_direct_total", "eth_relayed_total", "erc20_direct_total")


@dataclass(frozen=True)
class _Feature:
    """`change` takes the feature out of the sources, or, for an idea that was not taken, puts it in."""

    name: str
    change: Callable[[Sources], None]
    is_taken: bool = True


def measure() -> dict[str, int]:
    """Gas per feature and step: "feature: eth_direct_total" and so on, and the bytes of runtime code it takes."""
    as_it_is = _figures(_built(lambda sources: None))
    found = {}
    for feature in _FEATURES:
        changed = _figures(_built(feature.change))
        for key, value in as_it_is.items():
            less = value - changed[key]
            found[f"{feature.name}: {key}"] = less if feature.is_taken else -less
    return found


def _figures(build: dict[str, str]) -> dict[str, int]:
    recipient = recorded_deployment(CHAIN_ID).fee_recipient
    creation = build["bytecode"] + "00" * 12 + recipient[2:]
    with bench_on_a_fresh_node(creation) as bench:
        gas = {**bench.totals(NATIVE), **bench.totals(bench.usdc)}
    return {key: gas[key] for key in _KEYS} | {"runtime_bytes": len(build["deployed"]) // 2 - 1}


def _built(change: Callable[[Sources], None]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "contracts"
        (Path(folder) / "node_modules").symlink_to(ROOT / "node_modules")
        shutil.copytree(ROOT / "contracts" / "src", root / "src")
        for name in ("foundry.toml", "solc-wrap.mjs"):
            shutil.copy2(ROOT / "contracts" / name, root / name)
        sources = {name: (root / name).read_text() for name in (ESCROW, INTERFACE)}
        change(sources)
        for name, text in sources.items():
            (root / name).write_text(text)
        subprocess.run(
            [node.native_program("forge"), "build", "src/Escrow.sol"],
            cwd=root,
            env=node.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        built = json.loads((root / "out" / "Escrow.sol" / "Escrow.json").read_text())
    return {
        "bytecode": built["bytecode"]["object"],
        "deployed": built["deployedBytecode"]["object"],
    }


def _without(*texts: str) -> Callable[[Sources], None]:
    def change(sources: Sources) -> None:
        for text in texts:
            _replace(sources, ESCROW, text, "")

    return change


def _instead(old: str, new: str) -> Callable[[Sources], None]:
    return lambda sources: _replace(sources, ESCROW, old, new)


def _replace(sources: Sources, name: str, old: str, new: str) -> None:
    if old not in sources[name]:
        raise LookupError(f"{name} no longer says: {old}")
    sources[name] = sources[name].replace(old, new)


def _without_functions(*names: str) -> Callable[[Sources], None]:
    def change(sources: Sources) -> None:
        for name in names:
            body = rf"    /// @inheritdoc IEscrow\n    function {name}\(.*?\n    }}\n"
            entry = rf"(    ///[^\n]*\n)+    function {name}\(.*?;\n"
            for place, pattern in ((ESCROW, body), (INTERFACE, entry)):
                sources[place], count = re.subn(pattern, "", sources[place], count=1, flags=re.S)
                if not count:
                    raise LookupError(f"{place} has no function {name}")

    return change


def _with_another_view(sources: Sources) -> None:
    _replace(
        sources,
        INTERFACE,
        "interface IEscrow {",
        "interface IEscrow {\n    function a() external view returns (uint256);\n",
    )
    _replace(
        sources,
        ESCROW,
        "    // ---------------------------------------------------------------- views",
        "    function a() external view returns (uint256) { return block.chainid; }\n",
    )


_FEATURES = (
    _Feature("checks of the terms", _without("        _checkTerms(raw);\n")),
    _Feature(
        "whole terms in the funding event",
        _instead("log4(free, 0x140,", "log4(free, 0,"),
    ),
    _Feature(
        "tokens counted before and after",
        _without(
            "        if (received != raw.amount()) revert WrongAmountReceived(received, raw.amount());\n",
            "        uint256 before = SafeTransferLib.balanceOf(raw.token(), address(this));\n",
            "        uint256 received = FixedPointMathLib.zeroFloorSub(SafeTransferLib.balanceOf(raw.token(), address(this)), before);\n",
        ),
    ),
    _Feature(
        "no funding inside a funding",
        _without(
            "        if (_pulling) revert Reentered();\n        _pulling = true;\n",
            "        _pulling = false;\n",
        ),
    ),
    _Feature(
        "never closed in the second of the funding",
        _without("        _checkPassed(word.fundedAt(), 0);\n"),
    ),
    _Feature(
        "a fee, kept until it is withdrawn",
        _without("            if (fee != 0) feesOf[raw.token()] += fee;\n"),
    ),
    _Feature(
        "too little gas is refused, not credited",
        _without(
            "        uint256 gasBefore = gasleft();\n",
            "        uint256 gasNeeded = token == NATIVE ? NATIVE_GAS_NEEDED : TOKEN_GAS_NEEDED;\n",
            "        if (gasBefore < gasNeeded) revert LowGas(gasBefore, gasNeeded);\n",
        ),
    ),
    _Feature(
        "signatures of contract wallets",
        _without(" || _isSignedByContract(signer, digest, signature)"),
    ),
    _Feature("of two twin signatures only one", _without("s <= MAX_S && ")),
    _Feature("funding by Permit2", _without_functions("fundWithPermit2")),
    _Feature("funding by an ERC-2612 permit", _without_functions("fundWithPermit")),
    _Feature("batches", _without_functions("batchMarkPaid", "batchRelease")),
    _Feature("dispute and ruling in one call", _without_functions("disputeAndRule")),
    _Feature(
        "not taken: a closed trade leaves a mark",
        _instead("slot.word = NO_WORD;", "slot.word = Word.wrap(uint256(4));"),
        is_taken=False,
    ),
    _Feature(
        "not taken: payBy in the funding event",
        _instead("log4(free, 0x140,", "log4(free, 0x160,"),
        is_taken=False,
    ),
    _Feature("not taken: one more view", _with_another_view, is_taken=False),
)
