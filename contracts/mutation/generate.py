"""Prints every way in which one of our files can be changed, as JSON lines {"operator", "file", "start", "end", "new"}; bytes
[start, end) of the file give way to `new`. Nothing is compiled or tested here: run.py does that.

All operators of slither-mutate, used as a library: as a program it would compile and test each mutant through forge, at minutes each.
It knows contracts only, so the free functions of src/types are shown to it as the functions of one. After them come ours.

Runs in the environment that holds slither-analyzer, in the folder of the contracts.
"""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from crytic_compile import CryticCompile
from crytic_compile.platform.solc_standard_json import SolcStandardJson
from slither import Slither
from slither.core.compilation_unit import SlitherCompilationUnit
from slither.tools.mutator.__main__ import _get_mutators

sys.path.insert(0, str(Path(__file__).parent))

import operators

FREE_FUNCTIONS = ("src/types/Word.sol", "src/types/Trade.sol")
FILES = ("src/Escrow.sol", *FREE_FUNCTIONS)


def compiled() -> SlitherCompilationUnit:
    """The Escrow and all it imports, by the project's own compiler, in one compilation."""
    request = SolcStandardJson()
    request.add_source_file(FILES[0])
    for name in ("@openzeppelin/", "solady/"):
        request.add_remapping(f"{name}=../node_modules/{name}")
    settings = request.to_dict()
    settings["settings"]["evmVersion"] = "cancun"
    logging.disable(logging.WARNING)
    return Slither(CryticCompile(SolcStandardJson(settings), solc="./solc-wrap.mjs")).compilation_units[0]


def contracts_in(unit: SlitherCompilationUnit) -> Iterator[object]:
    """The Escrow, and for each file of free functions something that looks like a contract that declares them."""
    yield next(contract for contract in unit.contracts if contract.name == "Escrow")
    for file in FREE_FUNCTIONS:
        functions = [f for f in unit.functions_top_level if f.source_mapping.filename.relative == file]
        yield SimpleNamespace(
            name=file,
            source_mapping=functions[0].source_mapping,
            functions_and_modifiers_declared=functions,
            state_variables_declared=[],
        )


def theirs(unit: SlitherCompilationUnit) -> Iterator[tuple[str, str, int, int, str]]:
    for contract in contracts_in(unit):
        for mutator in _get_mutators(None):
            found = mutator(unit, 0, "", "", contract, None, False, Path(), [])._mutate()
            for patches in found.get("patches", {}).values():
                for patch in patches:
                    if _is_no_fault(patch):
                        continue
                    file = contract.source_mapping.filename.relative
                    yield mutator.NAME, file, patch["start"], patch["end"], patch["new_string"]


def _is_no_fault(patch: dict[str, str]) -> bool:
    """A constant made immutable has the same value; all that this operator makes of constants."""
    return patch["new_string"] == patch["old_string"].replace(" constant", " immutable")


def ours(unit: SlitherCompilationUnit) -> Iterator[tuple[str, str, int, int, str]]:
    for name, source_unit in unit.crytic_compile_compilation_unit.source_units.items():
        if name.relative in FILES:
            text = Path(name.relative).read_bytes()
            for operator, start, end, new in operators.changes(source_unit.ast, text):
                yield operator, name.relative, start, end, new


def main() -> None:
    unit = compiled()
    for found in (theirs(unit), ours(unit)):
        for operator, file, start, end, new in found:
            print(json.dumps({"operator": operator, "file": file, "start": start, "end": end, "new": new}))


if __name__ == "__main__":
    main()
