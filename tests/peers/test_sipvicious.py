"""SIPVicious against a phone in the open: its scans find nothing, its guesses get nowhere, memory stays where it was, and the
call that runs meanwhile is left alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import Program

GROWTH_KB = 8192  # of a phone that has seen some hundred requests


def memory_kb(program: Program) -> int:
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s*(\d+) kB", status)
    assert found
    return int(found.group(1))


@pytest.fixture
def attack(need, free_port, tmp_path):
    """attack(program, ...): what it said; its sessions are kept in the test's folder."""
    def one(program: str, phone: Program, *options: object) -> str:
        said = subprocess.run([need(program), "-p", str(phone.port), "-P", str(free_port()), "-b", "127.0.0.1", "-t",
                               "0.002", *map(str, options), "127.0.0.1"], capture_output=True, text=True,
                              errors="replace", timeout=90, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
        return said.stdout + said.stderr

    return one


@pytest.fixture
def phone(start, command, free_port):
    """A phone that takes one call to bob and does not exist for anybody else; .port"""
    port = free_port()
    program = start([command, "answer", "--local", f"127.0.0.1:{port}", "--from", f"sip:bob@127.0.0.1:{port}", "--unmatched",
                     "drop", "--max-per-source", "200", "--max-requests", "500", "--json", "--echo"])
    program.wait_for('"ready"')
    program.port = port
    return program


ATTACKS = {
    "svmap finds no phone": ("svmap", ["-m", "OPTIONS"]),
    "svmap by INVITE": ("svmap", ["-m", "INVITE"]),
    "svwar finds no extension": ("svwar", ["-e", "100-299", "-m", "REGISTER", "--force", "--maximumtime", "3"]),
    "svwar by OPTIONS": ("svwar", ["-e", "100-299", "-m", "OPTIONS", "--force", "--maximumtime", "3"]),
    "svwar by INVITE": ("svwar", ["-e", "100-299", "-m", "INVITE", "--force", "--maximumtime", "3"]),
    "svcrack finds no password": ("svcrack", ["-u", "100", "-r", "100-299", "--maximumtime", "3"]),
}


def test_nothing_is_found_and_a_call_goes_on(start, command, phone, attack):
    call = start([command, "dial", f"sip:bob@127.0.0.1:{phone.port}", "--local", "127.0.0.1", "--tone", "440", "--json",
                  "--timeout", "10"])
    call.wait_for('"CONFIRMED"')
    before = memory_kb(phone)
    for what, (program, options) in ATTACKS.items():
        said = attack(program, phone, *options)
        assert "| reqauth" not in said and "| noauth" not in said, f"{what}: {said}"
        assert "The password for" not in said and "+----" not in said, f"{what}: {said}"
        assert "offhook" not in said, f"{what}: {said}"
    assert memory_kb(phone) - before < GROWTH_KB
    assert "DISCONNECTED" not in call.text()
    call.process.terminate()
    call.wait(15)
    assert phone.wait(15) == 0, phone.text()
    events = [json.loads(row) for row in phone.text().splitlines() if row.startswith("{")]
    assert [e["state"] for e in events if e["event"] == "call.incoming"] == ["INCOMING"]
    assert next(e for e in events if e["event"] == "call.stats")["rx_packets"] > 100
