"""Holds what slither finds in the Escrow against slither.json, where each finding is explained in a line.

    python contracts/audit/check_slither.py     exit 1 on a finding that is not explained, and on an explanation of none
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import environment  # noqa: E402

EXPLAINED = HERE / "slither.json"


def main() -> int:
    done = subprocess.run(
        [environment.program("python"), str(HERE / "findings.py")],
        cwd=environment.CONTRACTS,
        env=environment.variables(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(done.stdout)
    explained = json.loads(EXPLAINED.read_text())
    new, stale = differences(said["findings"], explained)
    for finding in new:
        print(f"not explained: {finding['detector']} ({finding['impact']}) in {finding['place']}\n    {finding['says']}")
    for entry in stale:
        print(f"explains nothing: {entry['detector']} in {entry['place']}")
    impacts = Counter(finding["impact"] for finding in said["findings"])
    print(
        f"{said['detectors']} detectors, {said['functions']} functions, {len(said['findings'])} findings "
        f"({', '.join(f'{count} {impact.lower()}' for impact, count in impacts.most_common())}), {len(new)} not explained"
    )
    return 1 if new or stale or not said["functions"] else 0


def differences(findings: list[dict], explained: list[dict]) -> tuple[list[dict], list[dict]]:
    """Findings without an entry and entries without a finding; two of a kind in one place need two entries."""
    left = Counter(_key(entry) for entry in explained)
    new = []
    for finding in findings:
        if left[_key(finding)] > 0:
            left[_key(finding)] -= 1
        else:
            new.append(finding)
    return new, [entry for entry in explained if left[_key(entry)] > 0]


def _key(row: dict) -> tuple[str, str]:
    return row["detector"], row["place"]


if __name__ == "__main__":
    sys.exit(main())
