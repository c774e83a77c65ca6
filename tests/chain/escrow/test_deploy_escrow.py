"""C35: the Escrow comes to the same address on every chain, is read back value by value, and is refused when anything differs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from eth_account import Account
from eth_utils.crypto import keccak

from escrow.chain import build, deploy_escrow
from escrow.chain.deploy_payer import NodeAccount
from escrow.chain.deployments import DEPLOYMENTS_PATH
from escrow.chain.gateway import Gateway
from escrow.chain.permit2 import PERMIT2
from escrow.chain.rpc import Rpc
from escrow.chain.types import ZERO_ADDRESS
from stack import node as node_programs
from stack.folders import ROOT
from tests.chain.escrow.nodes import Node, running

FEES = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
OTHER = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
SALT = bytes(32)
HERE = build.address_of(FEES, SALT)
FIRST, SECOND = 900_001, 900_002
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def _first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running(FIRST, tmp_path_factory.mktemp("first")) as started:
        yield started


@pytest.fixture(scope="module")
def _second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running(SECOND, tmp_path_factory.mktemp("second")) as started:
        yield started


@pytest.fixture
def chain(_first: Node) -> Iterator[Node]:
    """A chain without an Escrow; what a test does to it is undone."""
    snapshot = _first.rpc("evm_snapshot")
    yield _first
    _first.rpc("evm_revert", snapshot)


@pytest.fixture
def other_chain(_second: Node) -> Iterator[Node]:
    snapshot = _second.rpc("evm_snapshot")
    yield _second
    _second.rpc("evm_revert", snapshot)


def deploy(chain: Node, *flags: str, payer: str | None = "node", **changes: Any) -> str:
    """What the command prints; it raises what it refuses."""
    values = {"rpc": chain.url, "chain_id": chain.chain_id, "fee_recipient": FEES, **changes}
    if payer == "node":
        flags = (*flags, "--from", chain.account)
    written = StringIO()
    call_command("deploy_escrow", *flags, stdout=written, **values)
    return written.getvalue()


def entry_in(printed: str) -> dict[str, Any]:
    """The entry at the end of what was printed."""
    found: dict[str, Any] = json.loads(printed[printed.index("\n{\n") :])
    return found


def runtime(chain: Node, fee_recipient: str = FEES) -> str:
    code = build.runtime_code(contract=HERE, chain_id=chain.chain_id, fee_recipient=fee_recipient)
    return "0x" + code.hex()


def refused(chain: Node, *flags: str, **changes: Any) -> str:
    """The one sentence of a refusal, after which the chain is as it was."""
    before = (chain.height(), chain.code(HERE), nonce(chain))
    with pytest.raises(CommandError) as error:
        deploy(chain, *flags, **changes)
    assert (chain.height(), chain.code(HERE), nonce(chain)) == before
    return str(error.value)


def nonce(chain: Node) -> int:
    return int(chain.rpc("eth_getTransactionCount", chain.account, "pending"), 16)


# --- deploying -------------------------------------------------------------------------------


def test_two_chains_get_the_same_address_and_each_its_own_domain(
    chain: Node, other_chain: Node
) -> None:
    """C35, S02, S03: one address, two domains; every value is read from the chain here too, not only by the command."""
    for each in (chain, other_chain):
        printed = deploy(each)
        assert "Read back: code, fee recipient, name, version, chain and address" in printed
        there = Gateway(each.url, HERE)
        assert there.fee_recipient() == FEES
        assert there.domain() == ("Parley", "1", each.chain_id, HERE)
        assert each.code(HERE) == runtime(each)
        entry = entry_in(printed)[str(each.chain_id)]
        assert entry["contract"] == HERE
        assert entry["codeHash"] == "0x" + keccak(hexstr=runtime(each)).hex() == there.code_hash()
        assert entry["deployBlock"] == each.height() == 1
    assert runtime(chain) != runtime(other_chain)


def test_another_fee_recipient_or_salt_is_another_address(chain: Node) -> None:
    deploy(chain)
    printed = deploy(chain, "--salt", "0x" + "11" * 32)
    elsewhere = entry_in(printed)[str(FIRST)]["contract"]
    assert elsewhere == build.address_of(FEES, b"\x11" * 32)
    printed = deploy(chain, fee_recipient=OTHER)
    assert entry_in(printed)[str(FIRST)]["contract"] == build.address_of(OTHER, SALT)
    assert len({HERE, elsewhere, build.address_of(OTHER, SALT)}) == 3


def test_dry_run_prints_everything_and_sends_nothing(chain: Node) -> None:
    before = (chain.height(), nonce(chain), chain.rpc("eth_getBalance", chain.account, "latest"))
    printed = deploy(chain, "--dry-run", payer=None)
    assert (
        chain.height(),
        nonce(chain),
        chain.rpc("eth_getBalance", chain.account, "latest"),
    ) == before
    assert chain.code(HERE) == "0x"
    assert f"contract       {HERE}" in printed
    assert f"fee recipient  {FEES}" in printed
    assert "This was a dry run. Nothing was sent." in printed
    sent = json.loads(printed[printed.index("{") : printed.index("}") + 1])
    assert (sent["to"], sent["value"], sent["chainId"]) == (build.FACTORY, 0, FIRST)
    assert sent["data"] == "0x" + (SALT + build.init_code(FEES)).hex()
    estimate = int(chain.rpc("eth_estimateGas", {"to": sent["to"], "data": sent["data"]}), 16)
    assert sent["gas"] == estimate + estimate // 10
    assert f"at most {sent['gas']:,}" in printed


def test_what_the_dry_run_shows_is_what_is_sent(chain: Node) -> None:
    printed = deploy(chain, "--dry-run")
    shown = json.loads(printed[printed.index("{") : printed.index("}") + 1])
    tx_hash = entry_in(deploy(chain))[str(FIRST)]["transaction"]
    sent = chain.rpc("eth_getTransactionByHash", tx_hash)
    assert sent["input"] == shown["data"]
    assert (int(sent["gas"], 16), int(sent["value"], 16)) == (shown["gas"], 0)
    assert sent["to"] == shown["to"].lower()


def test_a_second_run_finds_the_contract_and_sends_nothing(chain: Node) -> None:
    first = entry_in(deploy(chain))[str(FIRST)]
    chain.rpc("anvil_mine", hex(7))
    before = (chain.height(), nonce(chain))
    printed = deploy(chain, payer=None)
    assert "is there already, byte for byte. Nothing was sent." in printed
    again = entry_in(printed)[str(FIRST)]
    assert again == {**first, "transaction": ""}
    assert (chain.height(), nonce(chain)) == before


def test_key_file_pays_after_its_password_and_no_key_is_shown(chain: Node, tmp_path: Path) -> None:
    """The whole command as it is run: the password comes from the terminal, never from an argument or the environment."""
    owner = Account.create()
    chain.rpc("anvil_setBalance", owner.address, hex(10**18))
    file = key_file(tmp_path, owner)
    done = run(chain, "--keystore", str(file), typed="wrong")
    assert done.returncode == 1
    assert "The password does not open this key file. Nothing was sent." in done.stderr
    assert chain.code(HERE) == "0x"
    done = run(chain, "--keystore", str(file), typed=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert chain.code(HERE) == runtime(chain)
    assert bytes(owner.key).hex() not in done.stdout + done.stderr
    tx_hash = entry_in(done.stdout)[str(FIRST)]["transaction"]
    assert chain.rpc("eth_getTransactionByHash", tx_hash)["from"] == owner.address.lower()


# --- what it refuses -------------------------------------------------------------------------


def test_another_chain_than_meant_is_refused(chain: Node) -> None:
    """C35."""
    assert refused(chain, chain_id=1) == (
        "The node serves chain 900001, not chain 1 as asked. Nothing was sent."
    )


@pytest.mark.parametrize(
    ("recipient", "says"),
    [
        (ZERO_ADDRESS, "The fee recipient is the zero address"),
        (FEES.lower(), "is not an address with its checksum"),
        (FEES[:-1], "is not an address with its checksum"),
        (FEES[:-1] + "7", "is not an address with its checksum"),
        (PERMIT2, "is not a wallet but a contract"),
        (build.FACTORY, "is not a wallet but a contract"),
    ],
)
def test_a_fee_recipient_that_cannot_be_meant_is_refused(
    chain: Node, recipient: str, says: str
) -> None:
    """C35."""
    assert says in refused(chain, fee_recipient=recipient)


@pytest.mark.parametrize("salt", ["0x", "0x11", "0x" + "zz" * 32, "0x" + "11" * 33])
def test_a_salt_of_another_length_is_refused(chain: Node, salt: str) -> None:
    assert "The salt must be 32 bytes" in refused(chain, salt=salt)


def test_missing_and_foreign_permit2_are_refused(chain: Node) -> None:
    """C35."""
    real = chain.code(PERMIT2)
    chain.place_permit2("0x")
    assert f"There is no Permit2 at {PERMIT2} on chain {FIRST}." in refused(chain)
    chain.place_permit2("0x5f5ffd")
    assert "is not Permit2's (3 bytes with the hash 0x" in refused(chain)
    chain.place_permit2(real[:-2] + f"{int(real[-2:], 16) ^ 1:02x}")
    assert "is not Permit2's (9,152 bytes" in refused(chain)


def test_permit2_that_signs_for_another_chain_is_refused(chain: Node) -> None:
    """C35, S02: its two immutables may differ from chain to chain, but what it answers must be this chain's domain."""
    code = bytes.fromhex(chain.code(PERMIT2)[2:])
    copied = build.with_words(code, (6945,), FIRST.to_bytes(32, "big"))
    chain.place_permit2("0x" + copied.hex())
    assert "takes signatures for another chain or address" in refused(chain)
    own_domain = bytes.fromhex(_permit2_domain(chain)[2:])
    chain.place_permit2("0x" + build.with_words(copied, (6983,), own_domain).hex())
    assert "Read back" in deploy(chain)


def test_missing_and_foreign_factory_are_refused(chain: Node) -> None:
    """C35."""
    chain.rpc("anvil_setCode", build.FACTORY, "0x")
    assert f"There is no factory at {build.FACTORY}" in refused(chain)
    chain.rpc("anvil_setCode", build.FACTORY, "0x5f5ffd")
    assert f"The code at {build.FACTORY} is not the factory's." in refused(chain)


def test_foreign_code_at_the_address_is_refused(chain: Node) -> None:
    """C35: a byte too few, another byte, another contract."""
    real = runtime(chain)
    for code in ("0x5f5ffd", real[:-2], real[:2] + "61" + real[4:]):
        chain.rpc("anvil_setCode", HERE, code)
        assert f"The code at {HERE} is not the Escrow's" in refused(chain)


def test_an_escrow_that_pays_somebody_else_is_refused(chain: Node) -> None:
    """C35: the right code with another fee recipient."""
    chain.rpc("anvil_setCode", HERE, runtime(chain, OTHER))
    assert f"pays its fees to {OTHER.lower()}, not to {FEES}" in refused(chain)


def test_an_escrow_of_another_chain_is_refused(chain: Node, other_chain: Node) -> None:
    """C35, S02: as after a chain was copied with its state."""
    chain.rpc("anvil_setCode", HERE, runtime(other_chain))
    assert (
        "was built for another chain or address (_cachedChainId, _cachedDomainSeparator)"
        in refused(chain)
    )


def test_a_payer_without_gas_money_is_refused_before_the_password(
    chain: Node, tmp_path: Path
) -> None:
    owner = Account.create()
    file = key_file(tmp_path, owner)
    assert f"{owner.address} holds 0 coins, and the deployment takes up to 0." in refused(
        chain, "--keystore", str(file), payer=None
    )


def test_a_payer_with_a_transaction_on_its_way_is_refused(chain: Node) -> None:
    """Else a second run, while the first still waits, burns its gas at an address that is taken."""
    chain.rpc("evm_setAutomine", False)
    try:
        with pytest.raises(CommandError, match=r"was sent, but is not mined after 0\.3 seconds"):
            deploy(chain, "--wait", "0.3")
        assert "has 1 transaction(s) waiting to be mined" in refused(chain)
        chain.rpc("evm_mine")
        assert "is there already" in deploy(chain)
    finally:
        chain.rpc("evm_setAutomine", True)


def test_nobody_named_to_pay_and_an_unknown_payer_are_refused(chain: Node, tmp_path: Path) -> None:
    assert "Who pays for the gas?" in refused(chain, payer=None)
    assert f"The node holds no account {OTHER}" in refused(chain, "--from", OTHER, payer=None)
    assert "is not an address" in refused(chain, "--from", "0x12", payer=None)
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    assert "is not a key file" in refused(chain, "--keystore", str(empty), payer=None)


def test_a_node_that_is_away_is_one_sentence(chain: Node) -> None:
    assert refused(chain, payer=None, rpc="http://127.0.0.1:9") == (
        "The node did not answer eth_chainId."
    )


def test_a_chain_with_older_rules_is_refused(tmp_path: Path) -> None:
    """The contract would arrive there, and then hold nobody's coins: it uses transient storage."""
    with running(900_003, tmp_path, hardfork="shanghai") as old:
        assert "Chain 900003 runs older rules than Cancun" in refused(old)


def test_a_deployment_that_fails_on_the_chain_is_told(chain: Node) -> None:
    """Something came to the address between the estimate and the block."""
    rpc = Rpc(chain.url)
    plan = deploy_escrow.look(rpc, chain_id=FIRST, fee_recipient=FEES, salt=SALT)
    payer = NodeAccount(rpc, chain.account)
    cost = deploy_escrow.price(rpc, plan, payer.address)
    chain.rpc("anvil_setCode", HERE, "0x5f5ffd")
    tx_hash = deploy_escrow.send(rpc, plan, cost, payer)
    with pytest.raises(deploy_escrow.NotDeployed) as error:
        deploy_escrow.wait_for(rpc, tx_hash, seconds=5)
    assert str(error.value) == (
        f"The transaction {tx_hash} was mined and failed. Run the same command again: it looks first, and sends only what is missing."
    )
    assert chain.code(HERE) == "0x5f5ffd"
    assert "is not the Escrow's" in refused(chain)


def test_reading_back_where_nothing_came_is_refused(chain: Node) -> None:
    rpc = Rpc(chain.url)
    plan = deploy_escrow.look(rpc, chain_id=FIRST, fee_recipient=FEES, salt=SALT)
    with pytest.raises(deploy_escrow.NotDeployed, match=f"There is no code at {HERE}"):
        deploy_escrow.read_back(rpc, plan)


# --- what is written -------------------------------------------------------------------------


def test_the_entry_is_added_to_the_file_and_what_was_added_by_hand_stays(
    chain: Node, tmp_path: Path
) -> None:
    file = tmp_path / "deployments.json"
    file.write_text(DEPLOYMENTS_PATH.read_text())
    deploy(chain, "--write", str(file), "--name", "First")
    written = json.loads(file.read_text())
    assert list(written) == ["72731", str(FIRST)]
    assert written["72731"] == json.loads(DEPLOYMENTS_PATH.read_text())["72731"]
    entry = written[str(FIRST)]
    assert set(written["72731"]) <= set(entry)
    assert (entry["name"], entry["contract"], entry["deployBlock"]) == ("First", HERE, 1)
    coin = {"pair": "ETH/USD", "address": OTHER}
    file.write_text(json.dumps({str(FIRST): {**entry, "feeds": [coin]}}))
    deploy(chain, "--write", str(file), "--name", "Renamed")
    again = json.loads(file.read_text())[str(FIRST)]
    assert (again["feeds"], again["name"]) == ([coin], "First")


def test_a_file_with_another_contract_for_the_chain_is_refused_before_anything_is_sent(
    chain: Node, tmp_path: Path
) -> None:
    file = tmp_path / "deployments.json"
    file.write_text(json.dumps({str(FIRST): {"contract": OTHER}}))
    assert f"records another contract for chain {FIRST}, {OTHER}" in refused(
        chain, "--write", str(file)
    )
    file.write_text("no json")
    assert "is not a file of deployments" in refused(chain, "--write", str(file))
    assert file.read_text() == "no json"


def test_a_place_that_cannot_be_written_costs_the_files_and_not_the_contract(
    chain: Node, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file, no folder")
    with pytest.raises(CommandError, match="What was sent stays sent"):
        deploy(chain, "--bundle", str(taken))
    assert chain.code(HERE) == runtime(chain)
    assert "is there already" in deploy(chain, "--bundle", str(tmp_path / "free"), payer=None)


def test_the_bundle_compiles_to_the_very_bytes_that_were_sent(chain: Node, tmp_path: Path) -> None:
    """C35: with the compiler alone, from the files alone."""
    folder = tmp_path / "bundle"
    tx_hash = entry_in(deploy(chain, "--bundle", str(folder)))[str(FIRST)]["transaction"]
    facts = json.loads((folder / "facts.json").read_text())
    asked = (folder / "standard-input.json").read_text()
    compiled = _compile(asked)
    source, name = facts["contract"].split(":")
    code = compiled["contracts"][source][name]["evm"]["bytecode"]["object"]
    arguments = (folder / "constructor-arguments.hex").read_text().strip()
    assert (folder / "init-code.hex").read_text().strip() == code + arguments
    assert facts["initCodeHash"] == "0x" + keccak(hexstr=code + arguments).hex()
    sent = chain.rpc("eth_getTransactionByHash", tx_hash)["input"]
    assert sent == facts["salt"] + code + arguments
    assert facts["address"] == HERE
    assert not any(part in asked for part in (str(ROOT), "node_modules", "remappings"))
    assert not any(name.startswith(("/", ".")) for name in json.loads(asked)["sources"])
    assert _compiler_version().startswith(facts["compiler"])


def test_a_dry_run_writes_the_bundle_too(chain: Node, tmp_path: Path) -> None:
    deploy(chain, "--dry-run", "--bundle", str(tmp_path / "bundle"), payer=None)
    assert sorted(file.name for file in (tmp_path / "bundle").iterdir()) == [
        "constructor-arguments.hex",
        "facts.json",
        "init-code.hex",
        "standard-input.json",
    ]


def key_file(folder: Path, owner: Any) -> Path:
    file = folder / "key.json"
    file.write_text(json.dumps(Account.encrypt(owner.key, PASSWORD, iterations=2)))
    return file


def run(chain: Node, *arguments: str, typed: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, without a terminal: the password is read from its input."""
    command = [sys.executable, "-W", "ignore", "-m", "django", "deploy_escrow", "--rpc", chain.url]
    command += ["--chain-id", str(chain.chain_id), "--fee-recipient", FEES, *arguments]
    return subprocess.run(
        command,
        input=typed + "\n",
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def _permit2_domain(chain: Node) -> str:
    from eth_abi.abi import encode

    kind = keccak(text="EIP712Domain(string name,uint256 chainId,address verifyingContract)")
    words = [kind, keccak(text="Permit2"), chain.chain_id, PERMIT2]
    return "0x" + keccak(encode(["bytes32", "bytes32", "uint256", "address"], words)).hex()


def _compile(standard_input: str) -> Any:
    done = _solc("--standard-json", given=standard_input)
    return json.loads(done)


def _compiler_version() -> str:
    return _solc("--version").split("Version: ")[1]


def _solc(flag: str, given: str = "") -> str:
    command = [node_programs.program(), str(ROOT / "contracts" / "solc-wrap.mjs"), flag]
    return subprocess.run(
        command, input=given, cwd="/", capture_output=True, text=True, check=True
    ).stdout
