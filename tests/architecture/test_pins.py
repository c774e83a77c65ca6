"""What is pinned, and that the locks hold what was asked for."""

import itertools
import json
import re

import pytest

from stack.folders import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)(\[[a-z,]+\])?==(\S+)$")


def direct(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_every_direct_package_is_pinned_exactly_and_locked(kind):
    locked = (ROOT / f"{kind}.txt").read_text()
    for line in direct(f"{kind}.in"):
        name, _, version = PIN.match(line).groups()
        assert re.search(
            rf"(?m)^{re.escape(normal(name))}=={re.escape(version)}( ;.*)? \\$", locked
        ), line


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev", "requirements-tools"])
def test_every_locked_package_has_hashes(kind):
    lines = (ROOT / f"{kind}.txt").read_text().splitlines()
    pins = [
        number
        for number, line in enumerate(lines)
        if "==" in line and not line.startswith((" ", "#"))
    ]
    assert pins
    assert all("--hash=sha256:" in lines[number + 1] for number in pins)


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_every_direct_package_says_why_it_is_there(kind):
    lines = (ROOT / f"{kind}.in").read_text().splitlines()
    grouped_with = None
    for before, line in itertools.pairwise(lines):
        if PIN.match(line):
            assert before.startswith("#") or grouped_with == before, line
            grouped_with = line


def test_node_packages_are_pinned_and_their_lock_agrees():
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert lock[""][kind] == package[kind]
        for name, version in package[kind].items():
            assert lock[f"node_modules/{name}"]["version"] == version


def test_locks_name_no_registry():
    for name in (
        "package-lock.json",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-tools.txt",
    ):
        assert "://" not in re.sub(r'"url": "[^"]*"', "", (ROOT / name).read_text()), name
