"""The offhook command over TLS and WebSocket on real sockets; OpenSSL's own client looks at our server."""

from __future__ import annotations

import subprocess

import pytest


def run(command, *args, timeout=30):
    return subprocess.run([command, *map(str, args)], capture_output=True, text=True, timeout=timeout)


@pytest.fixture
def bob(command, start, free_port, pem):
    def answer(kind, *more):
        port = free_port()
        program = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", kind, "--cert", pem / "cert.pem",
                         "--key", pem / "key.pem", "--tone", "440", "--json", *more])
        program.wait_for('"ready"')
        return program, port
    return answer


@pytest.mark.parametrize("kind, uri", [("tls", "sip:bob@127.0.0.1:{};transport=tls"), ("tls", "sips:bob@127.0.0.1:{}"),
                                       ("ws", "sip:bob@127.0.0.1:{};transport=ws"),
                                       ("wss", "sips:bob@127.0.0.1:{};transport=ws")])
def test_a_call_over(command, bob, pem, kind, uri):
    answerer, port = bob(kind)
    dial = run(command, "dial", uri.format(port), "--local", "127.0.0.1", "--transport", kind, "--ca", pem / "cert.pem",
               "--duration", "0.5")
    assert dial.returncode == 0, dial.stderr
    assert answerer.wait(10) == 0, answerer.text()


def test_who_is_not_trusted_is_not_called(command, bob):
    _, port = bob("tls")
    dial = run(command, "dial", f"sip:bob@127.0.0.1:{port};transport=tls", "--local", "127.0.0.1", "--transport", "tls")
    assert dial.returncode == 6, dial.stderr
    assert "unknown CA: the server's certificate was issued by 'CN = Test', whom we do not trust" in dial.stderr
    dial = run(command, "dial", f"sip:bob@127.0.0.1:{port};transport=tls", "--local", "127.0.0.1", "--transport", "tls",
               "--no-verify", "--duration", "0.2")
    assert dial.returncode == 0, dial.stderr


def test_who_shows_no_certificate_is_not_answered(command, bob, pem):
    _, port = bob("tls", "--client-cert", "--ca", pem / "cert.pem")
    arguments = ["dial", f"sip:bob@127.0.0.1:{port};transport=tls", "--local", "127.0.0.1", "--transport", "tls",
                 "--ca", pem / "cert.pem", "--duration", "0.2"]
    dial = run(command, *arguments)
    assert dial.returncode == 6, dial.stderr
    dial = run(command, *arguments, "--cert", pem / "cert.pem", "--key", pem / "key.pem")
    assert dial.returncode == 0, dial.stderr


def test_openssl_speaks_with_us(bob, pem):
    _, port = bob("tls")
    client = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", pem / "cert.pem", "-verify_return_error"]
    told = subprocess.run([*client, "-brief"], input="", capture_output=True, text=True, timeout=20)
    assert "Protocol version: TLSv1.3" in told.stderr and "Verification: OK" in told.stderr
    told = subprocess.run([*client, "-tls1_1"], input="", capture_output=True, text=True, timeout=20)
    assert "alert protocol version" in told.stderr


def test_a_kind_that_there_is_not(command):
    dial = run(command, "dial", "sip:bob@127.0.0.1", "--transport", "pigeon")
    assert dial.returncode == 2, dial.stderr
