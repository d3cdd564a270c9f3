"""sipsak asks, floods and sends trash; the phone answers what can be answered and takes a call afterwards."""

from __future__ import annotations

import json
import subprocess

import pytest

MESSAGE = """\
MESSAGE sip:bob@127.0.0.1:{port} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK-message-1;rport
From: <sip:sipsak@127.0.0.1:{own}>;tag=1
To: <sip:bob@127.0.0.1:{port}>
Call-ID: message-{own}
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/plain
Content-Length: 5

Hello"""


@pytest.fixture
def phone(start, command, free_port):
    """A phone that takes one call; .port"""
    port = free_port()
    program = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--echo"])
    program.wait_for('"ready"')
    program.port = port
    return program


@pytest.fixture
def sipsak(need, free_port):
    def one(phone, *options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([need("sipsak"), "-H", "127.0.0.1", "-l", str(free_port()), *map(str, options), "-s",
                               f"sip:bob@127.0.0.1:{phone.port}"], capture_output=True, text=True, errors="replace",
                              timeout=60)

    return one


def takes_a_call(start, command, phone) -> None:
    call = start([command, "dial", f"sip:bob@127.0.0.1:{phone.port}", "--local", "127.0.0.1", "--tone", "440", "--json",
                  "--duration", "1.5", "--timeout", "10"])
    assert call.wait(30) == 0, call.text() + phone.text()
    assert phone.wait(10) == 0, phone.text()
    assert next(json.loads(row) for row in call.text().splitlines() if "call.stats" in row)["rx_packets"] > 20


def test_options_is_answered(start, command, phone, sipsak):
    """RFC 3261 11.2: what an INVITE would get, and what we can do."""
    said = sipsak(phone, "-vv")
    assert said.returncode == 0, said
    answer = said.stdout.split("message received:")[1]
    assert answer.lstrip().startswith("SIP/2.0 200 OK")
    for header in ("Allow: INVITE, ACK, CANCEL, BYE", "Accept: application/sdp", "Supported:"):
        assert header in answer, answer
    takes_a_call(start, command, phone)


def test_a_message_is_taken(start, command, phone, sipsak, free_port, tmp_path):
    file = tmp_path / "message"
    file.write_text(MESSAGE.format(port=phone.port, own=free_port()))
    said = sipsak(phone, "-vv", "-f", file)
    assert "SIP/2.0 200 OK" in said.stdout, said
    takes_a_call(start, command, phone)


def test_a_flood_of_options(start, command, phone, sipsak):
    said = sipsak(phone, "-F", "-e", 1000)
    assert said.returncode == 0 and "1000 request" in said.stdout, said
    assert sipsak(phone, "-v").stdout.find("200 OK") >= 0
    takes_a_call(start, command, phone)


def test_trash(start, command, phone, sipsak):
    """Every character of an OPTIONS replaced by another, one more with each request."""
    said = sipsak(phone, "-R", "-t", 100)
    assert said.returncode in (0, 1, 2, 3), said
    takes_a_call(start, command, phone)


def test_options_is_answered_over_tcp(start, command, need, free_port):
    port = free_port()
    phone = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", "tcp", "--json"])
    phone.wait_for('"ready"')
    said = subprocess.run([need("sipsak"), "-H", "127.0.0.1", "-E", "tcp", "-vv", "-s", f"sip:bob@127.0.0.1:{port}"],
                          capture_output=True, text=True, errors="replace", timeout=60)
    assert "SIP/2.0 200 OK" in said.stdout, said


OPTIONS = """\
OPTIONS sip:bob@127.0.0.1:{port} SIP/2.0
Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK-{n};rport
From: <sip:openssl@127.0.0.1>;tag=1
To: <sip:bob@127.0.0.1:{port}>
Call-ID: openssl
CSeq: {n} OPTIONS
Max-Forwards: 70
Content-Length: 0

"""


def test_sip_typed_into_openssl_is_answered(start, command, need, free_port, pem):
    """Two requests in one record, over each version of TLS that there is; a third piece is not SIP and ends it."""
    port = free_port()
    phone = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", "tls", "--cert", pem / "cert.pem", "--key",
                   pem / "key.pem", "--json"])
    phone.wait_for('"ready"')
    for version in ("-tls1_2", "-tls1_3"):
        client = start([need("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", pem / "cert.pem", "-quiet",
                        "-verify_return_error", version], name="openssl")
        text = "".join(OPTIONS.format(port=port, n=n) for n in (1, 2))
        client.write(text.replace("\n", "\r\n"))
        client.wait_for("SIP/2.0 200 OK", times=2)
        client.write("this is no SIP, whatever it may be\r\n\r\n")
        client.wait(20)
