"""The committed build: its address on every chain, its code on one, and the file of deployments."""

from __future__ import annotations

import json

import pytest
from eth_utils.crypto import keccak

from escrow.chain import build, deployments
from escrow.chain.codec import artifact
from escrow.chain.deploy_escrow import ether
from escrow.chain.typed_data import domain_separator

FEES = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
HERE = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def test_init_code_is_the_compilers_bytes_and_the_fee_recipient() -> None:
    compiled = artifact("Escrow")["bytecode"][2:]
    assert build.init_code(FEES).hex() == compiled + FEES[2:].lower().zfill(64)
    assert build.creation_data(FEES, b"\x07" * 32) == "0x" + "07" * 32 + build.init_code(FEES).hex()


def test_the_factorys_code_is_the_known_one() -> None:
    """Its hash as block explorers and other tools have it."""
    assert keccak(hexstr=build.FACTORY_CODE).hex() == (
        "2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"
    )


def test_address_depends_on_salt_and_fee_recipient_and_on_nothing_else() -> None:
    made_of = b"\xff" + bytes.fromhex(build.FACTORY[2:]) + bytes(32) + keccak(build.init_code(FEES))
    assert build.address_of(FEES, bytes(32)).lower() == "0x" + keccak(made_of)[12:].hex()
    others = {build.address_of(FEES, b"\1" * 32), build.address_of(HERE, bytes(32))}
    assert build.address_of(FEES, bytes(32)) not in others
    assert len(others) == 2


def test_immutables_are_filled_in_and_every_other_byte_is_the_compilers() -> None:
    blank = bytes.fromhex(artifact("Escrow")["deployedBytecode"][2:])
    code = build.runtime_code(contract=HERE, chain_id=5, fee_recipient=FEES)
    places = build.recorded_build()["immutables"]
    values = {
        "_cachedThis": HERE[2:].lower().zfill(64),
        "_cachedChainId": f"{5:064x}",
        "_cachedNameHash": keccak(text="Parley").hex(),
        "_cachedVersionHash": keccak(text="1").hex(),
        "_cachedDomainSeparator": domain_separator(chain_id=5, contract=HERE).hex(),
        "feeRecipient": FEES[2:].lower().zfill(64),
    }
    assert set(places) == set(values)
    for name, starts in places.items():
        for start in starts:
            assert blank[start : start + 32] == bytes(32)
            assert code[start : start + 32].hex() == values[name]
    everywhere = [start for starts in places.values() for start in starts]
    assert build.with_words(code, everywhere, bytes(32)) == blank


def test_the_compilers_input_names_no_folder_and_needs_nothing_else() -> None:
    given = build.recorded_build()["input"]
    imported = {
        line.split('"')[1]
        for source in given["sources"].values()
        for line in source["content"].splitlines()
        if line.startswith(("import ", "} from"))
    }
    assert {name for name in imported if not name.startswith(".")} <= set(given["sources"])
    assert not [name for name in given["sources"] if name.startswith(("/", "."))]
    assert "remappings" not in given["settings"]
    assert given["settings"]["optimizer"] == {"enabled": True, "runs": 200}
    assert (given["settings"]["evmVersion"], given["settings"]["viaIR"]) == ("cancun", True)
    assert given["settings"]["metadata"]["appendCBOR"] is False


def test_the_file_of_deployments_is_written_as_it_is_kept() -> None:
    committed = deployments.DEPLOYMENTS_PATH.read_text()
    assert deployments.text_of(json.loads(committed)) == committed


@pytest.mark.parametrize(
    ("wei", "text"),
    [(0, "0"), (1, "0.000000000000000001"), (10**18, "1"), (12 * 10**18 + 5 * 10**17, "12.5")],
)
def test_wei_are_told_in_coins_to_the_last_digit(wei: int, text: str) -> None:
    assert ether(wei) == text
