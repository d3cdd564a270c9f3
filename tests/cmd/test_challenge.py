"""offhook answer --challenge: only who proves to be one of the callers in the file is let in."""

from __future__ import annotations

import json
import os
import subprocess

import pytest


def dial(command, port, password, *more):
    environment = {**os.environ, "OFFHOOK_PASSWORD": password}
    return subprocess.run([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--from",
                           "sip:alice@127.0.0.1", "--duration", "0.2", *more], capture_output=True, text=True, timeout=30,
                          env=environment)


@pytest.fixture
def callers(tmp_path):
    path = tmp_path / "callers"
    path.write_text("# who may\n\nalice:pass:word\nbob:x\n")
    return path


def test_only_who_knows_a_password_is_let_in(command, start, free_port, callers):
    port = free_port()
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "440", "--json", "--challenge", callers,
                 "--realm", "our office"])
    bob.wait_for('"ready"')
    refused = dial(command, port, "guess")
    assert refused.returncode == 1, refused.stderr
    assert "401" in refused.stderr
    let_in = dial(command, port, "pass:word")
    assert let_in.returncode == 0, let_in.stderr
    assert bob.wait(10) == 0, bob.text()
    incoming = [e for e in map(json.loads, filter(lambda line: line.startswith("{"), bob.text().splitlines()))
                if e["event"] == "call.incoming"]
    assert [e["proven_user"] for e in incoming] == ["alice"]


@pytest.mark.parametrize("text, complaint", [("alice\n", ":1: a line is USER:PASSWORD"), (":x\n", ":1: a line is"),
                                             ("a:b\n" * 1001, ":1001: more than 1000 callers"),
                                             ("a:" + "x" * 70000, "too long")])
def test_a_file_that_is_none(command, tmp_path, text, complaint):
    path = tmp_path / "callers"
    path.write_text(text)
    answer = subprocess.run([command, "answer", "--local", "127.0.0.1:0", "--challenge", path], capture_output=True,
                            text=True, timeout=30)
    assert answer.returncode == 2, answer.stderr
    assert complaint in answer.stderr


def test_a_file_that_is_not_there(command):
    answer = subprocess.run([command, "answer", "--local", "127.0.0.1:0", "--challenge", "/nowhere/callers"],
                            capture_output=True, text=True, timeout=30)
    assert answer.returncode == 2
    assert "/nowhere/callers: No such file" in answer.stderr
