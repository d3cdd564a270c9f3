"""The contract's registrations: sections 4.5, 4.6, 5, 6.2 and 8, K18, D6, D27, against a registrar of one bare socket."""

import hashlib
import re

import pjsua as pj
import pytest
from phones import Log, OnAccount, code_of, header, until

CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n0", algorithm=MD5'


class OnRegistration(pj.AccountCallback):
    """Notes what info() shows inside each on_reg_state()."""

    def __init__(self):
        pj.AccountCallback.__init__(self)
        self.log = Log()

    def on_reg_state(self):
        self.log.add("reg", self.account.info())


def config(peer, **settings):
    cfg = pj.AccountConfig()
    cfg.id, cfg.reg_uri = "<sip:alice@127.0.0.1>", f"sip:127.0.0.1:{peer.port}"
    for name, value in settings.items():
        assert hasattr(cfg, name)
        setattr(cfg, name, value)
    return cfg


def accept(peer, request, expires=60):
    peer.reply(request, "200 Well Come", (f"Contact: {header(request, 'Contact')};expires={expires}",))


def registered(phone, peer, **settings):
    """An account that is registered, its callback and its first REGISTER."""
    cb = OnRegistration()
    account = phone.lib.create_account(config(peer, **settings), False, cb)
    request = peer.receive("REGISTER")
    accept(peer, request)
    cb.log.wait("reg", reg_status=200)
    return account, cb, request


def proof(request, password="secret", username="alice", realm="r"):
    """Is this the answer to CHALLENGE? RFC 2617 3.2.2.1, without qop."""
    given = header(request, "Authorization") or ""
    uri, response = (re.search(f'{name}="([^"]*)"', given).group(1) for name in ("uri", "response"))
    ha1, ha2 = (hashlib.md5(text.encode()).hexdigest()
                for text in (f"{username}:{realm}:{password}", f"{request.split(' ')[0]}:{uri}"))
    return response == hashlib.md5(f"{ha1}:n0:{ha2}".encode()).hexdigest()


def seen(info):
    return info.reg_active, info.reg_status, info.reg_reason


def test_s5_in_flight_then_accepted(phone, peer):
    cb = OnRegistration()
    account = phone.lib.create_account(config(peer, reg_timeout=120), False, cb)
    request = peer.receive("REGISTER")
    assert header(request, "Expires") == "120" and header(request, "To") == "<sip:alice@127.0.0.1>"
    info = account.info()
    assert seen(info) == (1, 100, "In Progress") and info.reg_expires == 0
    accept(peer, request)
    info = cb.log.wait("reg")
    assert seen(info) == (1, 200, "OK") and 0 < info.reg_expires <= 60  # not the registrar's own phrase


def test_s8_set_registration_refreshes_and_takes_away(phone, peer):
    account, cb, first = registered(phone, peer)
    account.set_registration(True)
    again = peer.receive("REGISTER")
    assert header(again, "Call-ID") == header(first, "Call-ID") and header(again, "CSeq") == "2 REGISTER"
    accept(peer, again)
    cb.log.wait("reg", 2)
    account.set_registration(False)
    last = peer.receive("REGISTER")
    assert "expires=0" in header(last, "Contact") or header(last, "Expires") == "0"
    peer.reply(last, "200 OK")
    info = cb.log.wait("reg", 3)
    assert seen(info) == (1, 200, "OK") and info.reg_expires == -1


@pytest.mark.parametrize(("status", "phrase"), [("403 Go Away", "Forbidden"), ("404 What", "Not Found")])
def test_s5_refused_shows_the_standard_phrase(phone, peer, status, phrase):
    cb = OnRegistration()
    phone.lib.create_account(config(peer), False, cb)
    peer.reply(peer.receive("REGISTER"), status)
    info = cb.log.wait("reg")
    assert seen(info) == (1, int(status[:3]), phrase) and info.reg_expires == -1


def test_s5_nobody_there(phone, peer):
    cb = OnRegistration()
    cfg = config(peer)
    peer.close()
    phone.lib.create_account(cfg, False, cb)
    info = cb.log.wait("reg")
    assert info.reg_status == 503 and info.reg_expires == -1


def test_s8_no_registrar_no_registration(phone):
    assert code_of(phone.account.set_registration, True) == 70013
    assert seen(phone.account.info()) == (0, 0, "does not register")


def test_s4_credential_answers_the_challenge(phone, peer):
    cb = OnRegistration()
    phone.lib.create_account(config(peer, auth_cred=[pj.AuthCred("*", "alice", "secret")]), False, cb)
    peer.reply(peer.receive("REGISTER"), "401 Unauthorized", (CHALLENGE,))
    request = peer.receive("REGISTER")
    assert proof(request)
    accept(peer, request)
    assert cb.log.wait("reg").reg_status == 200 and len(cb.log.entries) == 1


def test_s4_a_digest_serves_as_the_password(phone, peer):
    ha1 = hashlib.md5(b"alice:r:secret").hexdigest()
    phone.lib.create_account(config(peer, auth_cred=[pj.AuthCred("r", "alice", ha1, passwd_type=1)]), False)
    peer.reply(peer.receive("REGISTER"), "401 Unauthorized", (CHALLENGE,))
    assert proof(peer.receive("REGISTER"))


def test_d6_each_account_has_its_own_credentials(phone, peer):
    host = f"127.0.0.1:{peer.port}"
    for user, password in (("alice", "one"), ("bob", "two")):
        phone.lib.create_account(pj.AccountConfig(host, user, password), False)
        peer.reply(peer.receive("REGISTER"), "401 Unauthorized", (CHALLENGE,))
        request = peer.receive("REGISTER")
        assert f'username="{user}"' in header(request, "Authorization") and proof(request, password, user)
        accept(peer, request)


def test_s5_without_a_credential_a_challenge_refuses(phone, peer):
    cb = OnRegistration()
    phone.lib.create_account(config(peer), False, cb)
    peer.reply(peer.receive("REGISTER"), "401 Unauthorized", (CHALLENGE,))
    assert seen(cb.log.wait("reg")) == (1, 401, "Unauthorized")


def routes(request):
    return [line[7:] for line in request.split("\r\n") if line.startswith("Route: ")]


def test_k18_such_an_account_goes_by_way_of_its_host(phone, peer):
    host = f"127.0.0.1:{peer.port}"
    account = phone.lib.create_account(pj.AccountConfig(host, "alice", "secret"), False, OnAccount(phone))
    request = peer.receive("REGISTER")
    assert routes(request) == [f"<sip:{host};lr>"]
    accept(peer, request)
    account.make_call("sip:bob@other.test")
    request = peer.receive("INVITE sip:bob@other.test ")
    assert routes(request) == [f"<sip:{host};lr>"]
    account.send_pager("sip:bob@other.test", "hi")
    assert routes(peer.receive("MESSAGE sip:bob@other.test ")) == [f"<sip:{host};lr>"]
    assert code_of(account.make_call, "junk") == 171042


def test_s4_proxies_are_visited_in_their_order(phone, peer):
    proxies = [f"sip:127.0.0.1:{peer.port};lr", "sip:second.test;lr", "", *(f"sip:p{i}.test;lr" for i in range(9))]
    account = phone.lib.create_account(config(peer, reg_uri="", proxy=proxies), False)
    account.make_call("sip:bob@other.test")
    assert routes(peer.receive("INVITE")) == [f"<{uri}>" for uri in proxies if uri][:8]


@pytest.mark.parametrize(("setting", "value", "code"), [
    ("reg_uri", "junk", 171039), ("proxy", ["junk"], 171039), ("proxy", ["tel:1"], 171039),
    ("reg_timeout", 100000, 70004)])
def test_s4_settings_that_cannot_be(phone, peer, setting, value, code):
    assert code_of(phone.lib.create_account, config(peer, **{setting: value})) == code


def test_s6_modify_account(phone, peer):
    account, cb, _ = registered(phone, peer)
    phone.lib.modify_account(account._id, config(peer, reg_uri=""))
    until(lambda: "0" in (header(r := peer.receive("REGISTER"), "Expires"), header(r, "Contact").rpartition("=")[2])
          and peer.reply(r, "200 OK"), "the old registration's end")
    until(lambda: seen(account.info()) == (0, 0, "does not register"))
    phone.lib.modify_account(account._id, config(peer, id="<sip:carol@127.0.0.1>"))
    request = peer.receive("REGISTER")
    while header(request, "Expires") == "0":
        request = peer.receive("REGISTER")
    assert header(request, "To") == "<sip:carol@127.0.0.1>" and account.info().uri == "<sip:carol@127.0.0.1>"
    assert code_of(phone.lib.modify_account, 999999, config(peer)) == 70004
    assert code_of(phone.lib.modify_account, account._id, pj.AccountConfig()) == 171039


def test_s4_keepalive(phone, peer):
    registered(phone, peer, ka_interval=1, ka_data="ping")
    assert peer.receive("ping") == "ping"


def test_s8_delete_and_destroy_unregister(phone, peer):
    account, _, _ = registered(phone, peer)
    registered(phone, peer, id="<sip:bob@127.0.0.1>")
    account.delete()
    request = peer.receive("REGISTER")
    assert "alice" in header(request, "To")
    peer.reply(request, "200 OK")
    pj.thread.start_new_thread(phone.destroy, ())
    request = peer.receive("REGISTER")
    assert "bob" in header(request, "To") and "0" in (header(request, "Expires"),
                                                      header(request, "Contact").rpartition("=")[2])
    peer.reply(request, "200 OK")
    until(lambda: pj.Lib.instance() is None, "destroy()")


def test_s8_set_transport_registers_over_the_other_one(phone, peer):
    account, cb, first = registered(phone, peer)
    other = phone.lib.create_transport(pj.TransportType.UDP, pj.TransportConfig(0, "127.0.0.1"))
    account.set_transport(other)
    again = peer.receive("REGISTER")
    assert f"127.0.0.1:{other.info().port}" in header(again, "Via")
    assert header(again, "Call-ID") == header(first, "Call-ID")
    accept(peer, again)
    cb.log.wait("reg", 2)
    other.close()
    assert code_of(account.set_transport, other) != 0
