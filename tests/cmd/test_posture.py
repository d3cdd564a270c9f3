"""`offhook security` lists how a phone would stand in the open; `answer` keeps out whom it is told to keep out."""

from __future__ import annotations

import json
import subprocess

import pytest

GUARDED = ["--unmatched", "drop", "--max-calls", "10", "--max-requests", "100", "--max-per-source", "10", "--allow",
           "127.0.0.0/8", "--allow", "192.0.2.7"]


def security(command, *args):
    return subprocess.run([command, "security", *args], capture_output=True, text=True, timeout=20)


def rows(said):
    return {row["name"]: row for row in map(json.loads, said.stdout.splitlines()) if row["event"] == "security"}


def test_a_phone_as_it_comes_is_not_fit_for_the_internet(command):
    said = security(command, "--local", "127.0.0.1:0", "--json", "--quiet")
    assert said.returncode == 1, said
    found = rows(said)
    assert found["transport"]["ok"] and not found["unmatched"]["ok"] and not found["max_requests"]["ok"]
    assert found["allow_from"]["value"] == "everybody" and set(found["unmatched"]) == {
        "time", "event", "name", "value", "ok", "text"}


def test_a_guarded_one_lacks_tls_alone(command):
    said = security(command, "--local", "127.0.0.1:0", *GUARDED)
    assert said.returncode == 1, said
    assert [line for line in said.stderr.splitlines() if line.startswith("LOOK")] == [
        "LOOK secure_only: off - names, records and routes may lead to transports in clear; set secure_only"]
    assert "ok   allow_from: 2 - others than these addresses and prefixes are refused" in said.stderr


@pytest.mark.parametrize(("args", "status", "says"), [
    (["--unmatched", "200"], 2, "--unmatched is drop, or a status of 300 to 699"),
    (["--disallowed", "never"], 2, "--disallowed is drop"),
    (["--allow", "somewhere"], 2, "'somewhere' is no IP address"),
    (["--secure-only"], 2, "TLS"),
    (["--play", "x.wav"], 2, "unknown option '--play' for 'security'"),
    (["sip:bob@127.0.0.1"], 2, "what is 'sip:bob@127.0.0.1' for?")])
def test_wrong_use_is_one_clear_sentence(command, args, status, says):
    said = security(command, "--local", "127.0.0.1:0", *args)
    assert said.returncode == status and says in said.stderr, said


def test_who_is_not_in_the_list_is_refused(command, start, free_port):
    port = free_port()
    phone = start([command, "answer", "--local", f"127.0.0.1:{port}", "--allow", "192.0.2.0/24", "--disallowed", "606"])
    phone.wait_for("listening")
    dial = subprocess.run([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1"], capture_output=True,
                          text=True, timeout=20)
    assert dial.returncode == 1 and "606" in dial.stderr, dial
