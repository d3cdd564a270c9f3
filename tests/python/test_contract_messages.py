"""Credentials (contract 4.5, 4.6) and messages (8.2, 8.3, 9): who we are, and what is written to whom."""

import hashlib
import re

import pjsua as pj
import pytest
from phones import OnAccount, OnCall, code_of, header

NONCE = 'Digest realm="office", nonce="n1", qop="auth"'


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def field(line: str, name: str) -> str:
    found = re.search(rf'\b{name}="?([^",]+)', line)
    assert found, f"no {name} in {line}"
    return found.group(1)


def account_at(phone, *credentials):
    config = pj.AccountConfig()
    config.id = "sip:alice@127.0.0.1"
    config.auth_cred += credentials
    return phone.lib.create_account(config, set_default=False)


@pytest.mark.parametrize("credential", [
    pj.AuthCred("*", "alice", "secret"),
    pj.AuthCred("office", "alice", "secret"),
    pj.AuthCred("office", "alice", md5("alice:office:secret"), passwd_type=1),
    pj.AuthCred("*", "alice", md5("alice:office:secret"), passwd_type=1)])
def test_s4_auth_cred_answers_a_challenge(phone, peer, credential):
    account = account_at(phone, credential)
    call = account.make_call(peer.uri, OnCall())
    first = peer.receive("INVITE")
    peer.reply(first, "401 Unauthorized", (f"WWW-Authenticate: {NONCE}",))
    peer.receive("ACK")
    second = peer.receive("INVITE")
    line = header(second, "Authorization")
    assert int(header(second, "CSeq").split()[0]) == int(header(first, "CSeq").split()[0]) + 1
    a2 = md5(f"INVITE:{field(line, 'uri')}")
    expected = md5(":".join([md5("alice:office:secret"), "n1", field(line, "nc"), field(line, "cnonce"), "auth", a2]))
    assert field(line, "response") == expected and field(line, "username") == "alice"
    peer.reply(second, "486 Busy Here")
    peer.receive("ACK")
    del call


def test_s4_a_challenge_of_another_realm_is_a_refusal(phone, peer):
    cb = OnCall()
    call = account_at(phone, pj.AuthCred("elsewhere", "alice", "secret")).make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "401 Unauthorized", (f"WWW-Authenticate: {NONCE}",))
    peer.receive("ACK")
    assert cb.log.wait("state", state=6).last_code == 401
    del call


class Writes(OnAccount):
    def on_pager(self, from_uri, contact, mime_type, body):
        self.phone.log.add("pager", (from_uri, contact, mime_type, body))

    def on_pager_status(self, to_uri, body, im_id, code, reason):
        self.phone.log.add("status", (to_uri, body, im_id, code, reason))


def test_r8_account_pager_both_ways(phone):
    phone.account.set_callback(Writes(phone))
    phone.account.send_pager(phone.uri, "h\u00e9llo", im_id=7)
    from_uri, contact, mime_type, body = phone.log.wait("pager")
    assert (contact, mime_type, body) == ("", "text/plain", "h\u00e9llo") and from_uri.startswith("<sip:127.0.0.1")
    assert phone.log.wait("status") == (phone.uri, "h\u00e9llo", 7, 200, "OK")


def test_r8_pager_that_is_refused(phone, peer):
    phone.account.set_callback(Writes(phone))
    phone.account.send_pager(peer.uri, "hi", 1, "text/html", [("X-A", "b")])
    message = peer.receive("MESSAGE")
    assert header(message, "Content-Type") == "text/html" and header(message, "X-A") == "b"
    peer.reply(message, "404 Nobody Here")
    assert phone.log.wait("status") == (peer.uri, "hi", 1, 404, "Nobody Here")
    assert code_of(phone.account.send_pager, "nonsense", "hi") == 171039


class Talks(OnCall):
    def on_pager(self, mime_type, body):
        self.log.add("pager", (mime_type, body))

    def on_pager_status(self, body, im_id, code, reason):
        self.log.add("status", (body, im_id, code, reason))


def test_r9_pager_inside_a_call(phone):
    pair = phone.connect()
    ours, theirs = Talks(), Talks()
    pair.caller.set_callback(ours)
    pair.callee.set_callback(theirs)
    pair.caller.send_pager("psst", 3)
    assert theirs.log.wait("pager") == ("text/plain", "psst")
    assert ours.log.wait("status") == ("psst", 3, 200, "OK")
    pair.caller.hangup()
