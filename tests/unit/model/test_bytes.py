"""The model's own hashing, signing and encoding are those of everybody else."""

from __future__ import annotations

import json

import pytest
from eth_abi import encode
from eth_account import Account

from stack.folders import ROOT
from tests.model import abi, cast
from tests.model.chances import Chances
from tests.model.contract import EscrowModel
from tests.model.messages import TYPES, Domain, Signature, Trade, struct_hash
from tests.model.sequences import Walk

VECTORS = json.loads((ROOT / "tests/vectors/typed_data.json").read_text(encoding="utf-8"))
MOVES = [v for v in VECTORS["vectors"] if v["primaryType"] in TYPES]


def _number(value: object) -> object:
    return Trade(*map(_number, value.values())) if isinstance(value, dict) else int(str(value), 0)  # type: ignore[arg-type]


def test_the_types_are_those_of_the_vectors() -> None:
    ours = {name: text for name, text in TYPES.items() if name in VECTORS["encodedTypes"]}
    assert len(ours) == 10
    assert ours.items() <= VECTORS["encodedTypes"].items()


@pytest.mark.parametrize("vector", MOVES, ids=lambda vector: vector["name"])
def test_messages_hash_as_in_the_vectors(vector: dict[str, object]) -> None:
    """S04."""
    message = vector["message"]
    assert isinstance(message, dict)
    hashed = struct_hash(str(vector["primaryType"]), tuple(map(_number, message.values())))
    assert f"0x{hashed:064x}" == vector["structHash"]


@pytest.mark.parametrize("vector", VECTORS["permit2"], ids=lambda vector: vector["name"])
def test_permit2_messages_hash_as_in_the_vectors(vector: dict[str, str]) -> None:
    """S04."""
    message = vector["document"]["message"]  # type: ignore[index]
    permitted, spender, nonce, deadline, witness = message.values()  # type: ignore[attr-defined]
    inner = struct_hash("TokenPermissions", tuple(map(_number, permitted.values())))
    values = (inner, *map(_number, (spender, nonce, deadline, witness)))
    assert f"0x{struct_hash('PermitWitnessTransferFrom', values):064x}" == vector["structHash"]


@pytest.mark.parametrize("place", range(5))
def test_signatures_recover_their_signer_in_both_forms(place: int) -> None:
    signer = cast.PEOPLE[place]
    trade = Chances(f"bytes-{place}").trades[0]
    spoken = Signature(signer, Domain("Parley", "1", 5, cast.ESCROW), "MarkPaid", (trade, 1, 2))
    digest = _digest_of(spoken)
    long = cast.KEYS.bytes_of(spoken)
    compact = cast.KEYS.bytes_of(spoken._replace(form="compact"))
    s = int.from_bytes(compact[32:], "big")
    unpacked = compact[:32] + (s % 2**255).to_bytes(32, "big") + bytes([27 + (s >> 255)])
    assert int(Account._recover_hash(digest, signature=long), 16) == signer
    assert unpacked == long


def test_calls_are_encoded_as_by_another_library() -> None:
    """S05: a batch has every shape that there is."""
    walk = Walk("bytes")
    trade = walk.trades[0]
    plain = [(trade, 5, walk._about(walk.trades[0].seller, "Release", trade, (), 5))] * 3
    kind = f"({abi._T},uint256,bytes)[]"
    spelled = [(_spelled(trade), 5, cast.KEYS.bytes_of(item[2])) for item in plain]
    assert abi.call("batch_release", [plain], cast.KEYS)[4:] == encode([kind], [spelled])


def test_every_function_of_the_model_has_its_calldata() -> None:
    world = {"approve", "set_mood", "set_oddity", "set_cut", "set_blocked"}
    reading = {"attempt", "word_of", "domain"}
    methods = {name for name in vars(EscrowModel) if not name.startswith("_")} - reading
    assert abi.FUNCTIONS.keys() - world == methods


def _spelled(trade: Trade) -> tuple[object, ...]:
    kinds = abi._T.strip("()").split(",")
    return tuple(
        f"0x{value:040x}"
        if kind == "address"
        else value.to_bytes(32, "big")
        if kind == "bytes32"
        else value
        for value, kind in zip(trade, kinds, strict=True)
    )


def _digest_of(spoken: Signature) -> bytes:
    """By the book, and by no code of ours but the struct hash, which the vectors hold."""
    from eth_utils.crypto import keccak

    domain = spoken.domain
    kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    texts = [keccak(text=text) for text in (kind, domain.name, domain.version)]
    separator = keccak(
        b"".join(texts) + encode(["uint256", "uint256"], [domain.chain_id, domain.contract])
    )
    hashed = struct_hash(spoken.primary, spoken.values).to_bytes(32, "big")
    return keccak(b"\x19\x01" + separator + hashed)
