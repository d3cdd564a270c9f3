"""The contract's messages: sections 8 and 9, D30."""

import pytest
from phones import DISCONNECTED, Log, OnAccount, OnCall, code_of, header, until


class Pages(OnAccount):
    def __init__(self, phone):
        OnAccount.__init__(self, phone)
        self.log = Log()

    def on_pager(self, from_uri, contact, mime_type, body):
        self.log.add("pager", (from_uri, contact, mime_type, body))

    def on_pager_status(self, to_uri, body, im_id, code, reason):
        self.log.add("status", (to_uri, body, im_id, code, reason))


class CallPages(OnCall):
    def on_pager(self, mime_type, body):
        self.log.add("pager", (mime_type, body))

    def on_pager_status(self, body, im_id, code, reason):
        self.log.add("status", (body, im_id, code, reason))


@pytest.fixture
def pages(phone):
    phone.account.set_callback(cb := Pages(phone))
    return cb


def test_s8_a_message_to_ourselves(phone, pages):
    text = "Grüße, 電話"  # D30: counted in bytes
    phone.account.send_pager(phone.uri, text, 7)
    assert pages.log.wait("pager") == ("<sip:127.0.0.1>", "", "text/plain", text)
    assert pages.log.wait("status") == (phone.uri, text, 7, 200, "OK")


def test_s8_content_type_and_headers_go_out(phone, pages, peer):
    phone.account.send_pager(peer.uri, "<b/>", content_type="text/xml", hdr_list=[("X-Why", "lunch")])
    request = peer.receive("MESSAGE")
    assert header(request, "Content-Type") == "text/xml" and header(request, "X-Why") == "lunch"
    assert request.endswith("\r\n\r\n<b/>")
    peer.reply(request, "486 Not Now")
    assert pages.log.wait("status") == (peer.uri, "<b/>", 0, 486, "Not Now")


def test_s8_what_others_send(phone, pages, peer):
    text = peer.invite(phone.transport.info().port, body="").replace("INVITE", "MESSAGE")
    text = text.replace("peer-1", "peer-2").replace("Content-Length: 0", "Content-Type: text/html; a=b\r\nContent-Length: 2")
    peer.send(text + "hi", ("127.0.0.1", phone.transport.info().port))
    assert pages.log.wait("pager") == ('"N" <sip:peer@127.0.0.1>', f"<{peer.uri}>", "text/html", "hi")


def test_s9_messages_inside_a_call(phone, pages):
    pair = phone.connect()
    out, into = CallPages(), CallPages()
    pair.caller.set_callback(out)
    pair.callee.set_callback(into)
    for im_id in (3, 4):
        pair.caller.send_pager(f"hello {im_id}", im_id)
    into.log.wait("pager", 2)
    out.log.wait("status", 2)
    assert into.log.find("pager") == [("text/plain", "hello 3"), ("text/plain", "hello 4")]
    assert sorted(out.log.find("status")) == [("hello 3", 3, 200, "OK"), ("hello 4", 4, 200, "OK")]
    assert pages.log.entries == []


def test_s9_send_pager_of_a_call_that_is_gone(phone):
    pair = phone.connect()
    pair.callee.hangup()
    pair.out.log.wait("state", state=DISCONNECTED)
    until(lambda: not pair.caller.is_valid())
    assert code_of(pair.caller.send_pager, "late") == 171140


def test_s8_what_cannot_be_sent(phone):
    assert code_of(phone.account.send_pager, "junk", "hi") == 171039
    assert code_of(phone.account.send_pager, phone.uri, 5) == 70004
    assert code_of(phone.account.send_pager, phone.uri, "x" * 2000) != 0
    phone.account.delete()
    assert code_of(phone.account.send_pager, phone.uri, "hi") == -1
