"""The contract's sections 8 to 10: accounts, calls, their events, hold, early media, digits, the end."""

import gc
import threading
import weakref

import pjsua as pj
import pytest
from phones import (CALLING, CONFIRMED, CONNECTING, DISCONNECTED, EARLY, INCOMING, OnAccount, OnCall, code_of, header,
                    until)

ACTIVE, LOCAL_HOLD, REMOTE_HOLD = 1, 2, 3


# ---- 9.2 the order of events ----


def test_k9_caller_and_callee_see_their_events_in_order(phone):
    phone.answer = lambda call: (call.answer(180), call.answer(200))
    pair = phone.connect()
    assert pair.out.log.story() == [("state", "CALLING"), ("state", "EARLY"), ("state", "CONNECTING"),
                                    ("media", "CONNECTING"), ("state", "CONFIRMED")]
    assert pair.into.log.story() == [("state", "EARLY"), ("media", "EARLY"), ("state", "CONNECTING"),
                                     ("state", "CONFIRMED")]
    assert pair.out.log.find("state", state=CONNECTING)[0].conf_slot == -1
    for log in (pair.out.log, pair.into.log):
        assert log.find("state", state=CONFIRMED)[0].conf_slot >= 1


def test_k9_without_ringing_the_media_event_comes_while_incoming(phone):
    pair = phone.connect()
    assert pair.into.log.story() == [("media", "INCOMING"), ("state", "CONNECTING"), ("state", "CONFIRMED")]
    connecting = pair.into.log.find("state", state=CONNECTING)[0]
    assert (connecting.last_code, connecting.last_reason) == (200, "OK")


def test_s9_183_brings_media_while_early_and_not_again(phone):
    pair = phone.ring(183)
    pair.out.log.wait("media", state=EARLY)
    early = pair.out.log.find("media")[0]
    assert (early.media_state, early.media_dir) == (ACTIVE, 3) and early.conf_slot >= 1
    assert pair.out.log.story() == [("state", "CALLING"), ("state", "EARLY"), ("media", "EARLY")]
    assert pair.into.log.story()[0] == ("media", "INCOMING") or pair.into.log.story()[1] == ("media", "EARLY")
    pair.callee.answer(200)
    confirmed = pair.out.log.wait("state", state=CONFIRMED)
    assert pair.out.log.story()[3:] == [("state", "CONNECTING"), ("state", "CONFIRMED")]
    assert confirmed.conf_slot == early.conf_slot


def test_s9_every_provisional_is_told(phone):
    pair = phone.ring()
    pair.callee.answer(181, "Somewhere else")
    pair.callee.answer(180)
    pair.out.log.wait("state", 3, state=EARLY)
    assert [(i.last_code, i.last_reason) for i in pair.out.log.find("state", state=EARLY)] == [
        (180, "Ringing"), (181, "Somewhere else"), (180, "Ringing")]
    assert [i.last_code for i in pair.into.log.find("state")] == [180, 181, 180]


def test_k10_calling_comes_inside_make_call_where_info_works(phone):
    phone.answer = lambda call: None
    cb = OnCall()
    call = phone.make(cb)
    info = cb.log.entries[0][1]
    assert cb.log.threads[0] is threading.current_thread()
    assert (info.state, info.last_code, info.last_reason, info.media_state, info.conf_slot) == (CALLING, 0, "", 0, -1)
    assert (info.role, info.remote_uri, info.remote_contact) == (pj.CallRole.CALLER, phone.uri, "")
    assert str(call) == f"{{Call {phone.uri}}}" and call.is_valid() == 1


def test_s19_callbacks_run_where_they_are_caused(phone):
    pair = phone.connect()
    pair.caller.hangup()
    assert set(t.name for t in pair.into.log.threads) == {"pjsua worker"}
    ended = [t for (what, i), t in zip(pair.out.log.entries, pair.out.log.threads) if i.state == DISCONNECTED]
    assert ended == [threading.current_thread()]


def test_s8_incoming_call_is_fresh_and_has_no_on_state_for_incoming(phone):
    seen = []
    phone.answer = lambda call: seen.append(call.info())
    phone.make()
    incoming = phone.log.wait("incoming")
    info = seen[0]
    assert (info.state, info.last_code, info.media_state, info.conf_slot) == (INCOMING, 0, 0, -1)
    assert info.state_text == "INCOMING" and info.role == 1 and info.remote_contact.startswith("<sip:")
    assert incoming.cb.log.entries == []


# ---- 9.3, 9.4 the end ----


def test_k21_the_text_of_the_last_state_is_a_plain_str(phone):
    pair = phone.connect()
    pair.caller.hangup()
    text = pair.out.log.find("state", state=DISCONNECTED)[0].state_text
    assert type(text) is str and text == "DISCONNECTED"


def test_k7_hangup_of_a_confirmed_call(phone):
    pair = phone.connect()
    pair.caller.hangup()
    assert pair.out.log.story()[-1] == ("state", "DISCONNECTED") and pair.caller.is_valid() == 0
    end = pair.out.log.find("state", state=DISCONNECTED)[0]
    assert (end.last_code, end.last_reason, end.media_state, end.conf_slot) == (603, "Decline", 0, -1)
    assert end.media_dir == 3 and end.state_text == "DISCONNECTED"
    other = pair.into.log.wait("state", state=DISCONNECTED)
    assert (other.last_code, other.last_reason) == (200, "Normal call clearing")
    assert not [i for i in pair.into.log.find("media") if i.state == DISCONNECTED]


@pytest.mark.parametrize(("kwargs", "wire", "local"), [
    ({}, (603, "Decline"), (603, "Decline")),
    ({"code": 486}, (486, "Busy Here"), (486, "Busy Here")),
    ({"code": 404, "reason": "Nobody"}, (404, "Nobody"), (404, "Nobody")),
    ({"code": 0}, (603, "Decline"), (603, "Decline")),
    ({"reason": "Not today"}, (603, "Not today"), (603, "Not today")),
])
def test_s9_refusal_of_an_incoming_call(phone, kwargs, wire, local):
    pair = phone.ring()
    pair.callee.hangup(**kwargs)
    end = pair.into.log.find("state", state=DISCONNECTED)[0]
    assert end.last_code == local[0] and end.last_reason in (local[1], "Decline")
    end = pair.out.log.wait("state", state=DISCONNECTED)
    assert (end.last_code, end.last_reason) == wire


@pytest.mark.parametrize("code", [302, 404, 480, 486, 503, 600])
def test_s9_answer_with_a_final_code_refuses(phone, code):
    pair = phone.ring()
    pair.callee.answer(code, "")
    assert pair.callee.is_valid() == 0
    assert pair.out.log.wait("state", state=DISCONNECTED).last_code == code


def test_s9_cancel_after_ringing(phone):
    pair = phone.ring()
    pair.caller.hangup()
    end = pair.out.log.find("state", state=DISCONNECTED)[0]
    assert (end.last_code, end.last_reason) == (603, "Decline")
    end = pair.into.log.wait("state", state=DISCONNECTED)
    assert (end.last_code, end.last_reason) == (487, "Request Terminated")


def test_s9_cancel_is_held_back_until_a_provisional_comes(phone, peer):
    cb = OnCall()
    call = phone.account.make_call(peer.uri, cb)
    invite = peer.receive("INVITE")
    call.hangup()
    assert cb.log.story() == [("state", "CALLING"), ("state", "DISCONNECTED")]
    peer.socket.settimeout(0.2)
    with pytest.raises(OSError):  # only INVITEs again, if anything
        while peer.socket.recvfrom(65536)[0].startswith(b"INVITE"):
            pass
    peer.reply(invite, "180 Ringing")
    cancel = peer.receive("CANCEL")
    assert header(cancel, "CSeq") == header(invite, "CSeq").replace("INVITE", "CANCEL")
    peer.reply(cancel, "200 OK")
    peer.reply(invite, "487 Request Terminated")
    assert peer.receive("ACK")


def test_s9_a_200_that_crosses_the_cancel_is_acknowledged_and_ended(phone, peer):
    call = phone.account.make_call(peer.uri)
    invite = peer.receive("INVITE")
    call.hangup()
    peer.reply(invite, "200 OK", body=peer.sdp())
    assert peer.receive("ACK")
    peer.reply(peer.receive("BYE"), "200 OK")


@pytest.mark.parametrize(("state", "code"), [("confirmed", 200), ("callee", 603), ("caller", 487)])
def test_s9_hangup_all_picks_the_code_by_state(phone, state, code):
    pair = phone.connect() if state == "confirmed" else phone.ring()
    log = pair.into.log if state == "callee" else pair.out.log
    if state == "caller":
        pair.caller.hangup(0)
    elif state == "callee":
        pair.callee.hangup(0)
    else:
        phone.lib.hangup_all()
    assert log.wait("state", state=DISCONNECTED).last_code == code


def test_k3_a_dead_call(phone):
    pair = phone.connect()
    pair.caller.hangup()
    with pytest.raises(pj.Error) as caught:
        pair.caller.info()
    error = caught.value
    assert (error.op_name, error.obj, error.err_code, error.err_msg()) == ("info", pair.caller, -1, "Invalid call")
    assert str(error) == f"Object: {{Call {phone.uri}}}, operation=info, error=Invalid call"
    assert pair.caller.is_valid() == 0 and type(pair.caller.is_valid()) is int
    assert pair.caller.dump_status() == "" and str(pair.caller) == f"{{Call {phone.uri}}}"


@pytest.mark.parametrize(("name", "args"), [
    ("answer", ()), ("hangup", ()), ("hold", ()), ("unhold", ()), ("reinvite", ()), ("dial_dtmf", ("1",)),
    ("send_request", ("INFO",))])
def test_s9_operations_on_a_dead_call(phone, name, args):
    pair = phone.connect()
    pair.caller.hangup()
    with pytest.raises(pj.Error) as caught:
        getattr(pair.caller, name)(*args)
    assert (caught.value.err_code, caught.value.op_name, caught.value.obj) == (171140, f"{name}()", pair.caller)
    assert "PJSIP_ESESSIONTERMINATED" in caught.value.err_msg()


def test_s9_inside_the_disconnected_handler(phone):
    seen = []

    def act(what, call, info):
        if info.state == DISCONNECTED:
            call.hangup()
            seen.append((call.is_valid(), code_of(call.hold), code_of(call.answer), call.info().state))

    pair = phone.connect(act)
    pair.callee.hangup()
    pair.out.log.wait("state", state=DISCONNECTED)
    assert seen == [(0, 171140, 171140, DISCONNECTED)]
    assert len(pair.out.log.find("state", state=DISCONNECTED)) == 1
    with pytest.raises(pj.Error):
        until(lambda: pair.caller.info() is None)


def test_s9_a_program_may_redial_from_the_disconnected_handler(phone):
    second = OnCall()
    made = []

    def act(what, call, info):
        if info.state == DISCONNECTED:
            made.append(phone.make(second))

    pair = phone.connect(act)
    pair.callee.hangup()
    assert second.log.wait("state", state=CONFIRMED).role == 0
    assert made[0].is_valid() == 1


def test_k22_times_are_float_seconds_and_freeze(phone):
    seen = []

    def act(what, call, info):
        seen.append((info.call_time, info.total_time))
        if info.state == DISCONNECTED:
            threading.Event().wait(0.1)
            assert call.info().total_time == info.total_time

    pair = phone.connect(act)
    assert seen[0][0] == 0 and isinstance(seen[0][0], float)
    until(lambda: pair.caller.info().call_time > 0.05)
    pair.caller.hangup()
    assert 0.05 < seen[-1][0] <= seen[-1][1]
    assert len(pair.out.log.find("state", state=DISCONNECTED)) == 1


def test_s9_operations_in_the_wrong_state(phone):
    pair = phone.ring()
    assert code_of(pair.caller.hold) == 171141 and code_of(pair.callee.unhold) == 171141
    assert code_of(pair.caller.reinvite) == 171141
    assert code_of(pair.caller.answer) == 70013
    assert code_of(pair.caller.dial_dtmf, "1") == 70013
    pair.callee.answer()
    pair.out.log.wait("state", state=CONFIRMED)
    assert code_of(pair.caller.answer, 200) == 70013
    assert code_of(pair.callee.answer, 180) == 70013


def test_d10_answer_of_an_outgoing_call_after_hangup(phone):
    pair = phone.ring()
    pair.caller.hangup()
    assert code_of(pair.caller.answer) == 171140


def test_s9_update(phone):
    pair = phone.connect()
    before = len(pair.out.log.find("media"))
    pair.caller.update([("X-Why", "news")])
    until(lambda: len(pair.out.log.find("media")) > before)
    assert pair.caller.info().media_state == pj.MediaState.ACTIVE


def test_s4_require_100rel(phone, peer):
    settings = pj.AccountConfig()
    settings.id, settings.require_100rel = "<sip:strict@127.0.0.1>", 1
    call = phone.lib.create_account(settings, set_default=False).make_call(peer.uri, OnCall())
    invite = peer.receive("INVITE")
    assert header(invite, "Require") == "100rel"
    peer.reply(invite, "420 Bad Extension")
    call._cb.log.wait("state", state=DISCONNECTED)


# ---- 9.5 info ----


def test_s9_info_of_both_ends(phone):
    pair = phone.connect()
    out, into = pair.caller.info(), pair.callee.info()
    assert out.sip_call_id == into.sip_call_id != ""
    assert (out.role, into.role) == (0, 1) and out.uri == phone.account.info().uri
    assert out.remote_uri == phone.uri and ";tag=" not in into.remote_uri and ";tag=" not in into.uri
    port = phone.transport.info().port
    for info in (out, into):
        assert info.contact.startswith("<sip:") and f":{port}" in info.contact
        assert info.remote_contact.startswith("<sip:") and info.state_text == "CONFIRMED"
        assert (info.last_code, info.last_reason) == (200, "OK")
        assert set(vars(info)) == set(vars(pj.CallInfo()))


def test_s9_remote_uri_of_the_callee_has_the_display_name(phone, peer):
    peer.invite(phone.transport.info().port)
    call = phone.log.wait("incoming").call
    assert call.info().remote_uri == '"N" <sip:peer@127.0.0.1>' and str(call) == f"{{Call {call.info().remote_uri}}}"
    assert call.info().sip_call_id == "peer-1" and call.info().remote_contact == f"<{peer.uri}>"


def test_k6_the_account_object_is_the_same_everywhere(phone):
    pair = phone.connect()
    assert pair.caller.info().account is phone.account and pair.callee.info().account is phone.account
    assert phone.account._cb.account == phone.account
    assert pair.out.call == pair.caller
    phone.account.delete()
    assert not pair.caller.info().account and phone.account._id == -1


# ---- hold ----


def test_s9_hold_and_unhold_at_both_ends(phone):
    pair = phone.connect()
    lib, slot = phone.lib, pair.caller.info().conf_slot
    lib.conf_connect(slot, 0)
    lib.conf_connect(0, slot)
    pair.caller.hold()
    ours = pair.out.log.wait("media", media_state=LOCAL_HOLD)
    theirs = pair.into.log.wait("media", media_state=REMOTE_HOLD)
    assert (ours.media_dir, theirs.media_dir) == (pj.MediaDir.ENCODING, pj.MediaDir.DECODING)
    assert ours.conf_slot >= 1 and theirs.conf_slot >= 1 and ours.state == CONFIRMED
    assert pj._pjsua.conf_get_port_info(0).listeners == []
    assert pj._pjsua.conf_get_port_info(ours.conf_slot).listeners == []
    lib.conf_connect(0, ours.conf_slot)  # music on hold
    pair.caller.unhold()
    ours = pair.out.log.wait("media", 2, media_state=ACTIVE)
    theirs = pair.into.log.wait("media", 2, media_state=ACTIVE)
    assert (ours.media_dir, theirs.media_dir) == (3, 3)
    assert pj._pjsua.conf_get_port_info(0).listeners == []


def test_s9_both_hold(phone):
    pair = phone.connect()
    pair.caller.hold()
    pair.into.log.wait("media", media_state=REMOTE_HOLD)
    pair.out.log.wait("media", media_state=LOCAL_HOLD)
    pair.callee.hold()
    assert pair.into.log.wait("media", media_state=LOCAL_HOLD).media_dir == 0
    pair.out.log.wait("media", 3)
    pair.callee.unhold()
    assert pair.into.log.wait("media", 2, media_state=REMOTE_HOLD).media_dir == 2


def test_k11_reinvite_releases_hold_as_unhold_does(phone):
    pair = phone.connect()
    pair.caller.hold()
    pair.out.log.wait("media", media_state=LOCAL_HOLD)
    pair.caller.reinvite()
    assert pair.out.log.wait("media", 2, media_state=ACTIVE).media_dir == 3
    pair.caller.reinvite()
    pair.out.log.wait("media", 3, media_state=ACTIVE)  # fires though nothing changed


def test_s9_a_second_offer_while_one_is_open(phone, peer):
    cb = OnCall()
    call = phone.account.make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "200 OK", body=peer.sdp())
    cb.log.wait("state", state=CONFIRMED)
    call.hold([("X-Why", "lunch")])
    assert code_of(call.hold) == 70013 and code_of(call.unhold) == 70013
    hold = peer.receive("INVITE")
    assert "a=sendonly" in hold and header(hold, "X-Why") == "lunch"
    peer.reply(hold, "200 OK", body=peer.sdp("recvonly"))
    assert cb.log.wait("media", media_state=LOCAL_HOLD).media_dir == 1


def test_s9_a_refused_stream_and_old_hold(phone, peer):
    cb = OnCall()
    phone.account.make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "200 OK", body=peer.sdp("inactive"))
    info = cb.log.wait("state", state=CONFIRMED)
    assert info.media_state == REMOTE_HOLD and info.media_dir == 0 and info.conf_slot >= 1


def test_s9_port_zero_is_no_media(phone, peer):
    cb = OnCall()
    phone.account.make_call(peer.uri, cb)
    port = peer.rtp.getsockname()[1]
    peer.reply(peer.receive("INVITE"), "200 OK", body=peer.sdp().replace(f"audio {port}", "audio 0"))
    info = cb.log.wait("media")
    assert (info.media_state, info.conf_slot) == (0, -1)


# ---- headers ----


def test_k23_headers_reach_the_peer(phone):
    pair = phone.connect(hdr_list=[("X-One", "1"), ("X-Two", "zwei, ü"), ("Subject", "é" * 300)])
    rdata = phone.log.find("incoming")[0].rdata
    assert header(rdata.msg_info_buffer, "X-One") == "1"
    assert header(rdata.msg_info_buffer, "X-Two") == "zwei, ü"  # D30: bytes, not characters
    assert header(rdata.msg_info_buffer, "Subject") == "é" * 300
    assert rdata.msg_info_info.startswith("Request msg INVITE/cseq=")
    assert rdata.msg_info_buffer.startswith("INVITE sip:127.0.0.1") and "\r\n\r\nv=0" in rdata.msg_info_buffer
    assert pair.caller.is_valid()


@pytest.mark.parametrize("headers", [
    None, (), (("X-A", "1"),), "X-A: 1", {"X-A": "1"}, [("X-A",)], ["X-A"], [["X-A", "1"]], [("X-A", 1)], [(None, "")]])
def test_s14_odd_header_lists_are_ignored(phone, headers):
    phone.connect(hdr_list=headers)
    assert header(phone.log.find("incoming")[0].rdata.msg_info_buffer, "X-A") is None


@pytest.mark.parametrize("headers", [[("X-A", "1\r\nEvil: 1")], [("X A", "1")], [("X-A", "a\0b")], [("X-A", "1")] * 100])
def test_s14_headers_that_would_break_the_message(phone, headers):
    assert code_of(phone.make, None, headers) == 70004


def test_k23_headers_and_reasons_of_answers(phone, peer):
    phone.answer = lambda call: (call.answer(180, "Bim bam", [("X-A", "1")]), call.answer(200, ""))
    peer.invite(phone.transport.info().port)
    ringing = peer.receive("SIP/2.0 180")
    assert ringing.startswith("SIP/2.0 180 Bim bam\r\n") and header(ringing, "X-A") == "1"
    assert peer.receive("SIP/2.0 200").startswith("SIP/2.0 200 OK\r\n")


@pytest.mark.parametrize("operation", ["hangup", "bye"])
def test_k23_headers_of_the_end(phone, peer, operation):
    phone.answer = lambda call: None
    peer.invite(phone.transport.info().port)
    call = phone.log.wait("incoming").call
    if operation == "hangup":
        call.hangup(486, hdr_list=[("X-A", "1")])
        assert header(peer.receive("SIP/2.0 486"), "X-A") == "1"
        return
    call.answer()
    ok = peer.receive("SIP/2.0 200")
    peer.send(f"ACK {phone.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{peer.port};branch=z9hG4bK-ack\r\n"
              f"Max-Forwards: 70\r\nFrom: {header(ok, 'From')}\r\nTo: {header(ok, 'To')}\r\nCall-ID: peer-1\r\n"
              "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n")
    phone.log.find("incoming")[0].cb.log.wait("state", state=CONFIRMED)
    call.hangup(200, "", [("X-A", "1")])
    assert header(peer.receive("BYE"), "X-A") == "1"


@pytest.mark.parametrize(("name", "args"), [
    ("answer", (99,)), ("answer", (100,)), ("answer", (700,)), ("answer", (-1,)), ("answer", (2 ** 32 + 486,)),
    ("answer", ("200",)), ("answer", (200, 5)), ("answer", (200, "a\r\nX: y")), ("answer", (200, "a\0b")),
    ("hangup", (99,)), ("hangup", (180,)), ("hangup", (2 ** 32,)), ("hangup", (486, "a\nb"))])
def test_s9_codes_and_reasons_that_cannot_be_sent(phone, name, args):
    pair = phone.ring()
    assert code_of(getattr(pair.callee, name), *args) == 70004
    assert pair.callee.info().state == EARLY and pair.callee.is_valid() == 1


@pytest.mark.parametrize("code", [200, 202])
def test_s9_hangup_never_accepts(phone, code):
    pair = phone.ring()
    pair.callee.hangup(code)
    assert pair.out.log.wait("state", state=DISCONNECTED).last_code == 603


# ---- digits, requests ----


def test_s9_digits_arrive_one_by_one(phone):
    pair = phone.connect()
    pair.caller.dial_dtmf("19*#aD")
    pair.into.log.wait("digit", 6)
    assert pair.into.log.find("digit") == list("19*#AD")


@pytest.mark.parametrize(("digits", "code"), [(5, 70004), (None, 70004), ("1x", 220191), ("1" * 33, 70010)])
def test_s9_digits_that_cannot_be_sent(phone, digits, code):
    pair = phone.connect()
    with pytest.raises(pj.Error) as caught:
        pair.caller.dial_dtmf(digits)
    if code == 220191:
        assert "PJMEDIA_RTP_EINDTMF" in caught.value.err_msg()
    else:
        assert caught.value.err_code == code


def test_s9_a_peer_without_telephone_event(phone, peer):
    cb = OnCall()
    call = phone.account.make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "200 OK", body=peer.sdp(events=False))
    cb.log.wait("state", state=CONFIRMED)
    with pytest.raises(pj.Error) as caught:
        call.dial_dtmf("1")
    assert "PJMEDIA_RTP_EREMNORFC2833" in caught.value.err_msg()


def test_s9_send_request_and_d23_digits_by_info(phone):
    pair = phone.connect()
    pair.caller.send_request("INFO", [("X-A", "1")], "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n")
    assert pair.into.log.wait("digit") == "5"
    pair.caller.send_request("INFO", None, "application/dtmf", "#")
    assert pair.into.log.wait("digit", 2) == "#"
    assert code_of(pair.caller.send_request, "BYE") == 70004 and code_of(pair.caller.send_request, "B D") == 70004


def test_d30_bodies_are_counted_in_bytes(phone, peer):
    cb = OnCall()
    call = phone.account.make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "200 OK", body=peer.sdp())
    cb.log.wait("state", state=CONFIRMED)
    call.send_request("INFO", [("X-N", "Ä")], "text/plain", "Grüße, 你好")
    info = peer.receive("INFO")
    assert info.endswith("\r\n\r\nGrüße, 你好") and header(info, "X-N") == "Ä"
    assert header(info, "Content-Length") == str(len("Grüße, 你好".encode()))
    assert header(info, "Content-Type") == "text/plain"


def test_s9_dump_status(phone):
    pair = phone.connect()
    lines = pair.caller.dump_status(indent="> ").splitlines()
    assert lines[0].startswith(f"> [CONFIRMED] To: {phone.uri}") and all(line.startswith("> ") for line in lines)
    assert lines[1].startswith("> Call time: 00h:00m:0") and ", 1st res in " in lines[1] and lines[1].endswith("ms")
    assert "#0 audio PCM" in lines[2] and "@8kHz, sendrecv, peer=127.0.0.1:" in lines[2]
    assert len(pair.caller.dump_status(False).splitlines()) == 2
    assert pair.caller.dump_status(True, "", 20) == ""


# ---- callbacks ----


def test_k8_the_default_account_callback_refuses_with_603(phone):
    phone.account.set_callback(None)
    cb = OnCall()
    phone.make(cb)
    end = cb.log.wait("state", state=DISCONNECTED)
    assert (end.last_code, end.last_reason) == (603, "Decline")


def test_k16_callbacks_may_skip_the_base_constructor(phone):
    class Bare(pj.CallCallback):
        def __init__(self):
            self.states = []
            self.done = threading.Event()

        def on_state(self):
            self.states.append(self.call.info().state)
            if self.states[-1] == CONFIRMED:
                self.done.set()

    class BareAccount(pj.AccountCallback):
        def __init__(self):
            self.calls = []

        def on_incoming_call(self, call):
            assert self.account == phone.account
            self.calls.append(call)
            call.answer()

    phone.account.set_callback(BareAccount())
    cb = Bare()
    phone.make(cb)
    assert cb.done.wait(10) and cb.states == [CALLING, CONNECTING, CONFIRMED]


def test_k16_callbacks_need_not_derive_from_ours(phone):
    class Duck:
        def __init__(self):
            self.seen = []
            self.done = threading.Event()

        def _set_call(self, call):
            self.call = weakref.proxy(call)

        def on_state(self):
            self.seen.append(self.call.info().state)
            if self.seen[-1] == DISCONNECTED:
                self.done.set()  # and no on_media_state

    class DuckAccount:
        def _set_account(self, account):
            self.account = account

        def on_incoming_call(self, call):
            self.call = call
            call.set_callback(None)
            call.answer()

    phone.account.set_callback(DuckAccount())
    cb = Duck()
    call = phone.make(cb)
    until(lambda: CONFIRMED in cb.seen)
    call.hangup()
    assert cb.done.is_set() and cb.seen == [CALLING, CONNECTING, CONFIRMED, DISCONNECTED]


def test_k25_a_callback_installed_later(phone):
    pair = phone.ring()
    later = OnCall()
    pair.caller.set_callback(later)
    assert later.call == pair.caller
    pair.callee.answer()
    later.log.wait("state", state=CONFIRMED)
    assert not pair.out.log.find("state", state=CONFIRMED)
    phone.answer = lambda call: call.answer()
    call = phone.make()  # no callback at all
    call.set_callback(None)
    until(lambda: call.info().state == CONFIRMED if call.is_valid() else False)


def test_k17_the_library_keeps_the_call_alive(phone):
    cb = OnCall()
    phone.make(cb)
    gc.collect()
    cb.log.wait("state", state=CONFIRMED)
    assert cb.call.info().state == CONFIRMED
    cb.call.hangup()
    cb.log.wait("state", state=DISCONNECTED)
    gc.collect()
    with pytest.raises(ReferenceError):
        cb.call.info()


def test_d17_on_incoming_call2_may_be_inherited(phone):
    class Inherits(OnAccount):
        pass

    phone.account.set_callback(Inherits(phone))
    phone.connect()
    assert phone.log.find("incoming")[0].rdata.msg_info_buffer.startswith("INVITE")


def test_s9_attributes_may_be_set(phone):
    pair = phone.connect()
    pair.caller.pj = phone.account.whatever = phone.lib.whatever = 1
    assert pair.caller.pj == 1


# ---- 8 account ----


def test_d27_s8_account(phone):
    port = phone.transport.info().port
    info = phone.account.info()
    assert info.uri == f"<sip:127.0.0.1:{port}>" and str(phone.account) == f"{{Account {info.uri}}}"
    assert phone.account._obj_name == str(phone.account)
    assert vars(info) == dict(is_default=1, uri=info.uri, reg_active=0, reg_expires=-1, reg_status=0,
                              reg_reason="does not register", online_status=0, online_text="Offline")
    assert phone.account.is_default() is True and phone.account.is_valid() == 1
    second = phone.lib.create_account_for_transport(phone.transport, set_default=False)
    assert second.is_default() is False
    second.set_default()
    assert second.is_default() is True and phone.account.is_default() is False
    second.delete()
    assert second.is_valid() == 0 and second._id == -1 and type(second.is_valid()) is int


def test_d5_a_deleted_account_raises(phone):
    account = phone.lib.create_account_for_transport(phone.transport)
    account.delete()
    for operation in (account.info, account.delete, account.set_default, lambda: account.make_call("sip:x@127.0.0.1")):
        with pytest.raises(pj.Error) as caught:
            operation()
        assert caught.value.err_code == -1 and caught.value.err_msg() == "Invalid account"


@pytest.mark.parametrize(("uri", "code"), [
    ("junk", 171042), ("", 171042), ("sip:", 171042), ("tel:+123", 171005), ("http://x", 171042), (None, 70004), (5, 70004)])
def test_s8_uris_that_cannot_be_called(phone, uri, code):
    with pytest.raises(pj.Error) as caught:
        phone.account.make_call(uri)
    assert caught.value.err_code == code and caught.value.op_name == "make_call()"
    assert caught.value.obj is phone.account


def test_s8_the_destination_may_be_a_name_addr(phone):
    cb = OnCall()
    call = phone.account.make_call(f'"Bob B" <{phone.uri}>', cb)
    cb.log.wait("state", state=CONFIRMED)
    assert call.info().remote_uri == f'"Bob B" <{phone.uri}>'


def test_s6_max_calls(make_phone, peer):
    ua = pj.UAConfig()
    ua.max_calls = 2
    phone = make_phone(ua=ua)
    phone.answer = lambda call: None
    first = phone.make()  # two: one at each end
    phone.log.wait("incoming")
    with pytest.raises(pj.Error) as caught:
        phone.make()
    assert caught.value.err_code == 70010
    peer.invite(phone.transport.info().port)
    assert peer.receive("SIP/2.0 486")
    first.hangup()
    phone.log.find("incoming")[0].cb.log.wait("state", state=DISCONNECTED)
    assert until(lambda: not code_of(phone.make), "a free place")


def test_d34_a_redirection_shows_its_code(phone, peer):
    cb = OnCall()
    phone.account.make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "301 Moved Permanently")
    end = cb.log.wait("state", state=DISCONNECTED)
    assert (end.last_code, end.last_reason) == (301, "Moved Permanently")


def test_d33_an_unknown_method_is_answered(phone, peer):
    text = (f"FROBNICATE {phone.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{peer.port};branch=z9hG4bK-x\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: x\r\n"
            "CSeq: 1 FROBNICATE\r\nContent-Length: 0\r\n\r\n")
    peer.send(text, ("127.0.0.1", phone.transport.info().port))
    answer = peer.receive("SIP/2.0")
    assert answer[:11] in ("SIP/2.0 405", "SIP/2.0 501") and "INVITE" in header(answer, "Allow")


def test_d11_an_old_object_cannot_touch_a_newer_call(phone):
    old = phone.connect()
    old.caller.hangup()
    old.into.log.wait("state", state=DISCONNECTED)
    new = phone.connect()
    assert old.caller.is_valid() == 0 and code_of(old.caller.hangup) == 171140
    del old
    gc.collect()
    assert new.caller.is_valid() == 1 and new.callee.is_valid() == 1


def test_d25_a_name_without_address_does_not_block(phone):
    cb = OnCall()
    try:
        phone.account.make_call("sip:x@no-such-host.invalid", cb)
    except pj.Error as error:
        assert error.err_code == 70018
    else:
        end = cb.log.wait("state", state=DISCONNECTED)
        assert end.last_code in (502, 503, 408, 480)
