"""Deploys the Escrow on a chain, or proves that the one there is the one meant (docs/DEPLOY.md)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from eth_utils.crypto import keccak

from escrow.chain import build, deploy_escrow, deployments
from escrow.chain.deploy_escrow import Deployed, Plan, Price, ether
from escrow.chain.deploy_payer import KeyFile, NodeAccount, NoPayer, Payer
from escrow.chain.permit2 import PERMIT2
from escrow.chain.rpc import NodeRefused, NodeUnavailable, Rpc

REFUSALS = (
    deploy_escrow.DeploymentRefused,
    deploy_escrow.NotDeployed,
    deployments.EntryRefused,
    NoPayer,
    NodeUnavailable,
    NodeRefused,
)
# A node of somebody else's may think long about four million gas.
NODE_TIMEOUT_SECONDS = 30


class Command(BaseCommand):
    """`python manage.py deploy_escrow --rpc URL --chain-id N --fee-recipient ADDRESS [--dry-run]`."""

    help = "Deploy the Escrow on a chain, read it back, write what proves it. What is there already is compared."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rpc", required=True, metavar="URL", help="a node of the chain")
        parser.add_argument("--chain-id", required=True, type=int)
        parser.add_argument(
            "--fee-recipient", required=True, metavar="ADDRESS", help="gets the fees, for ever"
        )
        parser.add_argument(
            "--salt", default="0x" + "00" * 32, help="32 bytes; the same on every chain"
        )
        parser.add_argument("--dry-run", action="store_true", help="check and print, send nothing")
        payer = parser.add_mutually_exclusive_group()
        payer.add_argument(
            "--keystore", type=Path, metavar="FILE", help="pays; its password is asked for"
        )
        payer.add_argument(
            "--from", dest="sender", metavar="ADDRESS", help="pays; an unlocked account of the node"
        )
        parser.add_argument("--name", default="", help="the chain's name in the entry")
        parser.add_argument(
            "--write", type=Path, metavar="FILE", help="put the entry into this file of deployments"
        )
        parser.add_argument(
            "--bundle", type=Path, metavar="FOLDER", help="write the files for verification here"
        )
        parser.add_argument(
            "--wait", type=float, default=300, metavar="SECONDS", help="for the block"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except REFUSALS as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"{error}. What was sent stays sent: run the same command again, it looks first."
            ) from error

    def _run(self, options: dict[str, Any]) -> None:
        rpc = Rpc(options["rpc"], timeout_seconds=NODE_TIMEOUT_SECONDS)
        plan = deploy_escrow.look(
            rpc,
            chain_id=options["chain_id"],
            fee_recipient=options["fee_recipient"],
            salt=_salt(options["salt"]),
        )
        if options["write"]:
            deployments.check_entry_fits(options["write"], plan.chain_id, plan.contract)
        self._say_plan(plan)
        if plan.is_there:
            self.stdout.write("The Escrow is there already, byte for byte. Nothing was sent.")
            found = deploy_escrow.read_back(rpc, plan)
        else:
            payer = _payer(rpc, options)
            cost = deploy_escrow.price(rpc, plan, payer.address if payer else None)
            self._say_price(cost, payer)
            if options["dry_run"]:
                self._say_transaction(plan, cost)
                self._write_bundle(options["bundle"], plan)
                self.stdout.write("This was a dry run. Nothing was sent.")
                return
            if payer is None:
                raise CommandError(
                    "Who pays for the gas? Name a key file (--keystore) or an unlocked account of the node (--from). Nothing was sent."
                )
            found = self._deploy(rpc, plan, cost, payer, options["wait"])
        self._finish(found, options)

    def _deploy(self, rpc: Rpc, plan: Plan, cost: Price, payer: Payer, wait: float) -> Deployed:
        tx_hash = deploy_escrow.send(rpc, plan, cost, payer)
        self.stdout.write(f"sent           {tx_hash}")
        block = deploy_escrow.wait_for(rpc, tx_hash, seconds=wait)
        return deploy_escrow.read_back(rpc, plan, tx_hash=tx_hash, deploy_block=block)

    def _finish(self, found: Deployed, options: dict[str, Any]) -> None:
        plan = found.plan
        self.stdout.write(f"block          {found.deploy_block}\ncode hash      {found.code_hash}")
        self.stdout.write(
            "Read back: code, fee recipient, name, version, chain and address are as meant."
        )
        self._write_bundle(options["bundle"], plan)
        entry = deployments.deployment_entry(
            name=options["name"] or f"Chain {plan.chain_id}",
            contract=plan.contract,
            deploy_block=found.deploy_block,
            fee_recipient=plan.fee_recipient,
            proof={
                "salt": "0x" + plan.salt.hex(),
                "codeHash": found.code_hash,
                "transaction": found.tx_hash,
            },
        )
        if options["write"] and not options["dry_run"]:
            deployments.write_entry(options["write"], plan.chain_id, entry)
            self.stdout.write(
                f"The entry stands in {options['write']}; add tokens and feeds there."
            )
        else:
            self.stdout.write(deployments.text_of({str(plan.chain_id): entry}))

    def _write_bundle(self, folder: Path | None, plan: Plan) -> None:
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in build.verification_files(plan.fee_recipient, plan.salt).items():
            (folder / name).write_text(text, encoding="utf-8")
        self.stdout.write(f"The files for verification are in {folder}.")

    def _say_plan(self, plan: Plan) -> None:
        code = build.init_code(plan.fee_recipient)
        for name, value in (
            ("chain", plan.chain_id),
            ("Permit2", f"{PERMIT2}, as committed"),
            ("factory", f"{build.FACTORY}, as known"),
            ("fee recipient", plan.fee_recipient),
            ("salt", "0x" + plan.salt.hex()),
            ("init code", f"{len(code):,} bytes, hash 0x{keccak(code).hex()}"),
            ("contract", plan.contract),
        ):
            self.stdout.write(f"{name:<15}{value}")

    def _say_price(self, cost: Price, payer: Payer | None) -> None:
        self.stdout.write(f"payer          {payer.address if payer else 'not named'}")
        self.stdout.write(
            f"gas            at most {cost.gas:,}, each at most {cost.max_fee:,} wei: {ether(cost.at_most)} coins"
        )

    def _say_transaction(self, plan: Plan, cost: Price) -> None:
        transaction = {
            "chainId": plan.chain_id,
            "to": build.FACTORY,
            "value": 0,
            "gas": cost.gas,
            "data": plan.data,
        }
        self.stdout.write("Would be sent:\n" + json.dumps(transaction, indent=1))


def _salt(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return b""


def _payer(rpc: Rpc, options: dict[str, Any]) -> Payer | None:
    if options["keystore"]:
        return KeyFile(options["keystore"], getpass)
    return NodeAccount(rpc, options["sender"]) if options["sender"] else None
