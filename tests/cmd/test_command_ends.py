"""How the offhook command ends when it is not the call that ends it: nobody reads, somebody calls, somebody interrupts."""

from __future__ import annotations

import json
import signal
import socket
import subprocess

import pytest
from udp_peer import UdpPeer, answer_to, header


class Registrar(UdpPeer):
    """Takes every registration, calls once whoever is registered, and keeps what he says to that."""

    def __init__(self):
        super().__init__()
        self.said, self.requests = [], []
        self.start()

    def take(self, text, source):
        if text.startswith("SIP/2.0"):
            self.said.append(text.split("\r\n")[0])
            return
        method = text.split(" ", 1)[0]
        if method == "ACK":
            return
        self.requests.append(method)
        self.say(answer_to(text, "200 OK", f"Contact: {header(text, 'Contact')}", "Expires: 600"), source)
        if len(self.requests) == 1:
            self.call(header(text, "Contact").split(";")[0].strip("<>"), source)

    def call(self, uri, source):
        self.say([f"INVITE {uri} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK-call", "Max-Forwards: 70",
                  "From: <sip:eve@127.0.0.1>;tag=eve", f"To: <{uri}>", "Call-ID: call-1", "CSeq: 1 INVITE",
                  f"Contact: <sip:eve@127.0.0.1:{self.port}>", "Content-Length: 0", "", ""], source)


@pytest.fixture
def registrar():
    one = Registrar()
    yield one
    one.socket.close()


def test_who_is_registered_and_called_stays_registered(command, registrar):
    done = subprocess.run([command, "register", "sip:alice@example.test", "--registrar", f"sip:127.0.0.1:{registrar.port}",
                           "--local", "127.0.0.1", "--duration", "1.5", "--json"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert any(line.startswith("SIP/2.0 486") for line in registrar.said), registrar.said
    seen = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert "call.incoming" in seen and "call.stats" not in seen
    assert registrar.requests == ["REGISTER", "REGISTER"]  # the second one at the end


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["security", "--json", "--local", "127.0.0.1"],
                                  ["answer", "--json", "--local", "127.0.0.1:0"]])
def test_no_room_for_its_output_is_told(command, args):
    with open("/dev/full", "w") as full:
        done = subprocess.run([command, *args], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines().count("offhook: standard output: No space left on device") == 1


def test_it_ends_when_nobody_reads_its_events(command, start, free_port):
    port = free_port()
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "440", "--json"])
    bob.wait_for('"ready"')
    alice = subprocess.Popen([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--tone", "440",
                              "--stats", "0.1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "CONFIRMED" not in alice.stdout.readline():
        pass
    alice.stdout.close()
    assert alice.wait(20) == 2
    assert "offhook: standard output: Broken pipe" in alice.stderr.read().splitlines()
    alice.stderr.close()
    assert bob.wait(10) == 0, bob.text()


def test_half_a_message_is_not_sent_when_it_is_interrupted(command, start, registrar):
    writer = start([command, "message", f"sip:bob@127.0.0.1:{registrar.port}", "--local", "127.0.0.1", "--json"])
    writer.wait_for('"ready"')
    writer.write("I will not")
    while writer.process.poll() is None:
        writer.process.send_signal(signal.SIGINT)  # again and again: the first may come before it reads
        try:
            writer.process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    assert writer.wait() == 130, writer.text()
    assert not registrar.requests


def test_a_message_that_cannot_be_read_is_not_sent(command, registrar):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as nothing:  # not connected: reading fails
        done = subprocess.run([command, "message", f"sip:bob@127.0.0.1:{registrar.port}", "--local", "127.0.0.1"],
                              stdin=nothing, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "offhook: standard input: " in done.stderr
    assert not registrar.requests


def test_an_interrupted_password_is_an_interruption(command, start):
    asker = start([command, "register", "sip:alice@127.0.0.1:9", "--local", "127.0.0.1", "--password-file", "-"])
    while asker.process.poll() is None:
        asker.process.send_signal(signal.SIGINT)
        try:
            asker.process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    assert asker.wait() in (130, -signal.SIGINT), asker.text()  # the latter before it has begun
