"""The port is chosen once and kept."""

import os
import socket

import pytest

from stack import ports


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "STATE", tmp_path)


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_site_keeps_its_port():
    wanted = free()
    assert ports.choose(wanted).site == wanted
    assert ports.choose().site == wanted


def test_named_port_moves_the_site_for_good():
    first, second = free(), free()
    ports.choose(first)
    ports.choose(second)
    assert ports.choose().site == second


def test_taken_port_is_refused_with_its_holder_and_a_way_out(listener):
    with pytest.raises(ports.PortTaken) as refusal:
        ports.choose(listener)
    text = str(refusal.value)
    assert f"Port {listener} is taken by" in text
    assert f"process {os.getpid()}" in text
    assert "--port" in text
    assert "sign in again" in text


def test_refused_port_is_not_kept(listener, tmp_path):
    with pytest.raises(ports.PortTaken):
        ports.choose(listener)
    assert not (tmp_path / "port").exists()


def test_port_held_on_the_other_protocol_counts_as_taken():
    """Browsers try ::1 for localhost first, so a stranger there would get our visitors."""
    with socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])
