"""SIPp asks who we are (401, 407), and judges our proofs by its own <verifyauth>."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import BUILD, wait_bound
from scenario import errors, expect, reply, run_sipp, sdp, write


def proven(method: str) -> str:
    """A request whose credentials are right; else it gets a 403, which the scenario does not expect to send."""
    return (f'<recv request="{method}"><action><verifyauth assign_to="good" username="alice" password="secret"/></action>'
            f'</recv>\n<nop next="{method}" test="good"/>\n{reply(403, "Forbidden")}'
            f'<recv request="NEVER"/>\n<label id="{method}"/>\n')


def numbered(text: str) -> str:
    """SIPp's labels are numbers."""
    return text.replace('next="INVITE"', 'next="1"').replace('label id="INVITE"', 'label id="1"').replace(
        'next="BYE"', 'next="2"').replace('label id="BYE"', 'label id="2"')


def dial(start, port: int, password: str):
    return start([str(BUILD / "cmd" / "offhook"), "dial", f"sip:service@127.0.0.1:{port}", "--from",
                  "sip:alice@127.0.0.1", "--duration", "0.2"], name="offhook",
                 env={**os.environ, "OFFHOOK_PASSWORD": password})


def ask(start, need, folder: Path, port: int, status: int, header: str, *steps: str):
    phrase = {401: "Unauthorized", 407: "Proxy Authentication Required"}[status]
    path = write(folder / "uas.xml", expect("INVITE"), reply(status, phrase, tag="1", extra=(header,)), expect("ACK"),
                 *steps)
    path.write_text(numbered(path.read_text()))
    uas = run_sipp(need, start, folder, "-sf", path, "-p", port, "-m", 1)
    wait_bound(port)
    return uas


@pytest.mark.parametrize("qop", ["", ', qop="auth"'])
def test_sipp_takes_our_proof(need, start, free_port, tmp_path, qop):
    """The INVITE, and the BYE with the same nonce, unasked."""
    port = free_port()
    uas = ask(start, need, tmp_path, port, 401, f'WWW-Authenticate: Digest realm="sipp", nonce="47ebe028cda119c3"{qop}',
              proven("INVITE"), reply(180, "Ringing", tag="1"), reply(200, tag="1", body=sdp(), repeat=True),
              expect("ACK"), proven("BYE"), reply(200))
    us = dial(start, port, "secret")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path) + us.text()
    assert us.wait(20) in (0, 5), us.text()


def test_a_proxy_that_asks(need, start, free_port, tmp_path):
    """<verifyauth> reads Authorization only: here it is enough that each request has what it asks for, the ACK too."""
    port, proof = free_port(), ("Proxy-Authorization", "response=")
    uas = ask(start, need, tmp_path, port, 407, 'Proxy-Authenticate: Digest realm="sipp", nonce="47ebe028", qop="auth"',
              expect("INVITE", proof), reply(180, "Ringing", tag="1"), reply(200, tag="1", body=sdp(), repeat=True),
              expect("ACK", proof), expect("BYE", proof), reply(200))
    us = dial(start, port, "secret")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path) + us.text()
    assert us.wait(20) in (0, 5), us.text()


def test_a_wrong_password_is_tried_once(need, start, free_port, tmp_path):
    port = free_port()
    header = 'WWW-Authenticate: Digest realm="sipp", nonce="47ebe028cda119c35d4877b3"'
    uas = ask(start, need, tmp_path, port, 401, header, expect("INVITE", ("Authorization", "alice")),
              reply(401, "Unauthorized", tag="2", extra=(header,)), expect("ACK"))
    us = dial(start, port, "guess")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path) + us.text()
    assert us.wait(20) == 1, us.text()
