"""Prints what slither's detectors, all of them, find in our files and in the library functions that the Escrow reaches, as JSON:
{"detectors": how many, "functions": how many it reaches, "findings": [{"detector", "impact", "place", "says"}]}.

Of a library most functions are never compiled in; what is found there is not about the Escrow. Runs in the environment that holds
slither, in the folder of the contracts; check_slither.py reads it.
"""

import inspect
import json
import logging

from crytic_compile import CryticCompile
from crytic_compile.platform.solc_standard_json import SolcStandardJson
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector


def every_detector() -> list[type[AbstractDetector]]:
    found = [value for _, value in inspect.getmembers(all_detectors, inspect.isclass)]
    return [each for each in found if issubclass(each, AbstractDetector) and each is not AbstractDetector]


def compiled() -> Slither:
    """The Escrow by the project's own compiler and settings, but for the IR: slither reads the syntax tree."""
    request = SolcStandardJson()
    request.add_source_file("src/Escrow.sol")
    for name in ("@openzeppelin/", "solady/"):
        request.add_remapping(f"{name}=../node_modules/{name}")
    settings = request.to_dict()
    settings["settings"]["evmVersion"] = "cancun"
    logging.disable(logging.WARNING)
    return Slither(CryticCompile(SolcStandardJson(settings), solc="./solc-wrap.mjs"))


def reached(slither: Slither) -> set[str]:
    """The functions that a call of the Escrow can come to, itself and libraries, as their finding's place would name them."""
    escrow = next(contract for contract in slither.contracts if contract.name == "Escrow")
    waiting = list(escrow.functions_entry_points) + escrow.constructors
    found: set[str] = set()
    while waiting:
        function = waiting.pop()
        name = getattr(function, "canonical_name", "")
        if not name or name in found:
            continue
        found.add(name)
        calls = [*function.internal_calls, *function.library_calls, *function.modifiers]
        waiting.extend(call.function if hasattr(call, "function") else call for call in calls)
    return found


def place(element: dict) -> str:
    """Such as Escrow.fund(Trade); a file where that is all there is."""
    parent = element.get("type_specific_fields", {}).get("parent")
    if element["type"] in ("node", "variable") and parent:
        return place(parent)
    if element["type"] != "function":
        return element["source_mapping"]["filename_relative"].removeprefix("../node_modules/")
    return f"{parent['name']}.{element['type_specific_fields']['signature']}"


def is_ours(element: dict) -> bool:
    return element["source_mapping"]["filename_relative"].startswith("src/")


def main() -> None:
    slither = compiled()
    detectors = every_detector()
    for detector in detectors:
        slither.register_detector(detector)
    functions = reached(slither)
    findings = []
    for finding in (finding for found in slither.run_detectors() for finding in found):
        where = place(finding["elements"][0])
        if where in functions or any(is_ours(element) for element in finding["elements"]):
            says = " ".join(finding["description"].split())
            findings.append(
                {"detector": finding["check"], "impact": finding["impact"], "place": where, "says": says}
            )
    print(json.dumps({"detectors": len(detectors), "functions": len(functions), "findings": findings}))


if __name__ == "__main__":
    main()
