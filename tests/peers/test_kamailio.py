"""Kamailio as the registrar: we register with it, it dies and comes back without its memory, and we are there again."""

from __future__ import annotations

import json
import os

import pytest
from kamailio import kamailio as registrar


def registrations(program) -> list[dict]:
    rows = [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]
    return [row for row in rows if row["event"] == "registration"]


def ours(start, command, at, *options, password="", kind="udp", **named):
    port = at.tls_port if kind in ("tls", "wss") else at.port
    where = f"sips:127.0.0.1:{port};transport=ws" if kind == "wss" else f"sip:127.0.0.1:{port};transport={kind}"
    return start([command, "register", "sip:alice@kamailio", "--registrar", where, "--transport", kind, "--local",
                  "127.0.0.1", "--json", *options], env={**os.environ, "OFFHOOK_PASSWORD": password}, **named)


def test_we_register_and_unregister(start, command, registrar):
    phone = ours(start, command, registrar(max_s=120), "--timeout", "20")
    assert phone.wait(30) == 0, phone.text()
    first = registrations(phone)[0]
    assert (first["state"], first["status"], first["granted_s"]) == ("registered", 200, 120)
    assert first["contact"].startswith("<sip:alice@127.0.0.1:")


def test_a_short_interval_is_made_longer(start, command, registrar):
    phone = ours(start, command, registrar(min_s=90), "--expires", "20", "--timeout", "20")
    assert phone.wait(30) == 0, phone.text()
    assert registrations(phone)[0]["granted_s"] >= 90


def test_a_gruu_is_given(start, command, registrar):
    phone = ours(start, command, registrar(), "--instance", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "--timeout", "20")
    assert phone.wait(30) == 0, phone.text()
    assert "gr=urn:uuid:f81d4fae" in registrations(phone)[0]["gruu"]


def test_without_a_password_it_is_refused(start, command, registrar):
    phone = ours(start, command, registrar(users={"alice": "secret"}), "--timeout", "20")
    assert phone.wait(30) == 3, phone.text()
    assert registrations(phone)[0]["status"] == 401


@pytest.mark.parametrize("kind, algorithm", [("udp", "MD5"), ("tcp", "SHA-256"), ("tls", "MD5"), ("ws", "SHA-256"),
                                             ("wss", "SHA-256")])
def test_we_prove_who_we_are_over(start, command, registrar, pem, kind, algorithm):
    there = registrar(users={"alice": "secret"}, algorithm=algorithm)
    phone = ours(start, command, there, "--ca", pem / "cert.pem", "--timeout", "20", password="secret", kind=kind)
    assert phone.wait(30) == 0, phone.text() + there.log()
    assert [row["status"] for row in registrations(phone)] == [200]


def test_a_wrong_password_is_no_proof(start, command, registrar):
    phone = ours(start, command, registrar(users={"alice": "secret"}), "--timeout", "20", password="guess")
    assert phone.wait(30) == 3, phone.text()
    assert [row["status"] for row in registrations(phone)] == [401]


def test_a_registrar_whose_certificate_we_do_not_trust_gets_nothing(start, command, registrar):
    phone = ours(start, command, registrar(users={"alice": "secret"}), "--timeout", "1.5", password="secret", kind="tls")
    assert phone.wait(30) == 3, phone.text()
    assert all(row["status"] == 0 for row in registrations(phone)), phone.text()


def test_a_registrar_that_dies_is_met_again(start, command, registrar):
    """Killed under a live registration: the refresh fails, and succeeds when it is there again."""
    there = registrar(max_s=10)
    phone = ours(start, command, there, "--retry", "2", "--duration", "60")
    phone.wait_for('"registered"')
    there.kill()
    phone.wait_for("OH_E", 20)
    there.start()
    phone.wait_for('"status":200', 40, times=2)
    phone.stop()
