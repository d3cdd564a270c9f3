"""SIPp in both roles for reliable provisionals (RFC 3262), UPDATE (RFC 3311), session timers (RFC 4028) and redirection."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import wait_bound
from scenario import (answer_kept, bye, called_up, errors, expect, expect_and_keep, expect_call, from_callee, pause, repeats,
                      reply, request, run_sipp, sdp, taken, write)

RELIABLY = ("Require: 100rel", "Supported: 100rel")
OFFER, REQUIRE = 3, 3


def calling(need, start, folder: Path, port: int, free_port, *steps, **more):
    """SIPp calls that port of ours."""
    return run_sipp(need, start, folder, f"127.0.0.1:{port}", "-sf", write(folder / "uac.xml", *steps), "-p", free_port(),
                    "-m", 1, **more)


def answering(need, start, folder: Path, port: int, *steps, **more):
    """SIPp waits for a call."""
    uas = run_sipp(need, start, folder, "-sf", write(folder / f"uas{port}.xml", *steps), "-p", port, "-m", 1, **more)
    wait_bound(port)
    return uas


def ended_well(sipp, ours, folder: Path, by: int = 2) -> None:
    assert sipp.wait(60) == 0, sipp.text() + errors(folder) + ours.text()
    assert ours.wait_event("state", state="DISCONNECTED")["ended_by"] == by


# ---- reliable provisionals ----

def test_our_provisional_is_reliable(need, start, steer, free_port, tmp_path):
    """SIPp insists on it, and is slow: the 180 comes again until its PRACK."""
    ours = steer()
    ours.tell("ring")
    uac = calling(need, start, tmp_path, ours.port, free_port,
                  request("INVITE", to="", body=sdp(), extra=RELIABLY), expect(100, optional=True),
                  expect(180, ("Require", "100rel"), keep={"RSeq": "rseq"}), pause(1800),
                  request("PRACK", 2, extra=("RAck:[$rseq] 1 INVITE",)), expect(200, ("CSeq", "2 PRACK")),
                  request("INFO", 3), expect(200), expect(200, ("CSeq", "1 INVITE")), request("ACK"), bye(4))
    ours.wait_event("request")
    ours.tell("answer")
    ended_well(uac, ours, tmp_path)
    assert repeats(uac, "180") >= 2, uac.text()


def test_a_prack_for_something_else_is_refused(need, start, steer, free_port, tmp_path):
    """RFC 3262 3: 481, and the right one still counts."""
    ours = steer()
    ours.tell("ring")
    uac = calling(need, start, tmp_path, ours.port, free_port,
                  request("INVITE", to="", body=sdp(), extra=RELIABLY), expect(100, optional=True),
                  expect(180, keep={"RSeq": "rseq"}),
                  request("PRACK", 2, extra=("RAck: 77 1 INVITE",)), expect(481, ("CSeq", "2 PRACK")),
                  request("PRACK", 3, extra=("RAck:[$rseq] 1 INVITE",)), expect(200, ("CSeq", "3 PRACK")),
                  request("CANCEL", to="", branch="INVITE1"), expect(200), expect(487),
                  request("ACK", branch="INVITE1"))
    ended_well(uac, ours, tmp_path)


def test_who_cannot_prack_is_told_so(need, start, steer, free_port, tmp_path):
    ours = steer(session={"reliable": REQUIRE})
    ours.tell("ring")
    uac = calling(need, start, tmp_path, ours.port, free_port, request("INVITE", to="", body=sdp()),
                  expect(100, optional=True), expect(421, ("Require", "100rel")), request("ACK", branch="INVITE1"))
    assert uac.wait(60) == 0, uac.text() + errors(tmp_path) + ours.text()


# ---- UPDATE ----

def test_sipp_updates_us(need, start, steer, free_port, tmp_path):
    """A hold, its end, and one without an offer that only refreshes the target."""
    ours = steer()
    ours.tell("accept")
    uac = calling(need, start, tmp_path, ours.port, free_port, called_up(),
                  request("UPDATE", 2, body=sdp("sendonly", 2)), expect(200, ("body", "a=recvonly")), pause(100),
                  request("UPDATE", 3, body=sdp("sendrecv", 3)), expect(200, ("body", "m=audio [1-9]")), pause(100),
                  request("UPDATE", 4), expect(200), bye(5))
    ended_well(uac, ours, tmp_path)
    assert [e["media"] for e in ours.events("media")] == ["ACTIVE", "REMOTE_HOLD", "ACTIVE"]


def test_sipp_updates_us_before_it_has_answered(need, start, steer, free_port, tmp_path):
    """RFC 3311 5.1: its 183 has answered our offer reliably, so its UPDATE may bring another one, while the INVITE is open."""
    port, ours = free_port(), steer()
    uas = answering(need, start, tmp_path, port, expect_call(("Supported", "100rel"), ("Allow", "UPDATE"), keep=True),
                    answer_kept(183, "Session Progress", tag="1", body=sdp(), extra=("Require: 100rel", "RSeq: 7")),
                    expect("PRACK", ("RAck", "7 [0-9]+ INVITE")), reply(200),
                    from_callee("UPDATE", 1, body=sdp("sendonly", 2)), expect(200, ("body", "a=recvonly")),
                    answer_kept(200, tag="1"), expect("ACK"), expect("BYE"), reply(200))
    ours.tell(f"dial sip:service@127.0.0.1:{port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell("bye")
    ended_well(uas, ours, tmp_path, by=1)
    assert [e["media"] for e in ours.events("media")] == ["ACTIVE", "REMOTE_HOLD"]


def test_we_update_sipp(need, start, steer, free_port, tmp_path):
    """Only because its 200 says that it takes UPDATE."""
    port, ours = free_port(), steer()
    allows = ("Allow: INVITE, ACK, BYE, CANCEL, UPDATE",)
    uas = answering(need, start, tmp_path, port, expect_call(), reply(200, tag="1", body=sdp(), extra=allows, repeat=True),
                    expect("ACK"), expect("UPDATE", ("body", "m=audio [1-9]")), reply(200, body=sdp("sendrecv", 2)),
                    expect("UPDATE"), reply(488, "Not Acceptable Here"), expect("BYE"), reply(200))
    ours.tell(f"dial sip:service@127.0.0.1:{port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell("update")
    ours.wait_event("media", times=2, media="ACTIVE")
    ours.tell("update")
    assert ours.wait_event("hold_failed")["status"] == 488
    ours.tell("bye")
    ended_well(uas, ours, tmp_path, by=1)


# ---- session timers ----

def timed(more: str = "") -> tuple[str, ...]:
    return ("Supported: timer", "Allow: INVITE, ACK, BYE, CANCEL, UPDATE", f"Session-Expires: 90{more}")


def test_both_ways_a_session_is_refreshed_by_us(need, start, steer, free_port, tmp_path):
    """RFC 4028 10: half of the 90 s (which are the least that there may be) after the 2xx comes an UPDATE: in a call of
    SIPp that has made us the refresher, and at the same time in one of ours."""
    callee, caller, port = steer("callee"), steer("caller", session={"timer": OFFER, "session_expires_s": 90}), free_port()
    callee.tell("accept")
    uac = calling(need, start, tmp_path, callee.port, free_port,
                  request("INVITE", to="", body=sdp(), extra=timed(";refresher=uas")), expect(100, optional=True),
                  expect(180, optional=True), expect(200, ("Session-Expires", "90 *; *refresher=uas")), request("ACK"),
                  expect("UPDATE", ("Session-Expires", "90"), ("Supported", "timer")),
                  reply(200, extra=timed(";refresher=uac")), bye(2), seconds=70)
    uas = answering(
        need, start, tmp_path, port, expect_call(("Supported", "timer"), ("Session-Expires", "90")),
        reply(200, tag="1", body=sdp(), extra=(*timed(";refresher=uac"), "Require: timer"), repeat=True), expect("ACK"),
        expect("UPDATE", ("Session-Expires", "90")), reply(200, extra=(*timed(";refresher=uac"), "Require: timer")),
        from_callee("BYE", 1), expect(200), seconds=70)
    caller.tell(f"dial sip:service@127.0.0.1:{port}")
    ended_well(uac, callee, tmp_path)
    ended_well(uas, caller, tmp_path)


def test_sipp_refreshes(need, start, steer, free_port, tmp_path):
    """By UPDATE and by re-INVITE; who asks for too short a time is told the least."""
    ours = steer()
    ours.tell("accept")
    uac = calling(need, start, tmp_path, ours.port, free_port,
                  request("INVITE", to="", body=sdp(), extra=("Supported: timer", "Session-Expires: 30")),
                  expect(100, optional=True), expect(422, ("Min-SE", "90")), request("ACK", branch="INVITE1"),
                  request("INVITE", 2, to="", body=sdp(), extra=timed(";refresher=uac")), expect(100, optional=True),
                  expect(180, optional=True), expect(200, ("Session-Expires", "90 *; *refresher=uac"), ("Require", "timer")),
                  request("ACK", 2),
                  request("UPDATE", 3, extra=timed(";refresher=uac")), expect(200, ("Session-Expires", "90")),
                  request("INVITE", 4, body=sdp(), extra=timed(";refresher=uac")), expect(100, optional=True),
                  expect(200, ("Session-Expires", "90")), request("ACK", 4), bye(5))
    ended_well(uac, ours, tmp_path)


def test_sipp_wants_longer_sessions(need, start, steer, free_port, tmp_path):
    """RFC 4028 7.3: a 422, and the same call once more with what it asked for."""
    port, ours = free_port(), steer(session={"timer": OFFER, "session_expires_s": 90})
    uas = answering(need, start, tmp_path, port, expect("INVITE", ("Session-Expires", "90")),
                    reply(422, "Session Interval Too Small", tag="1", extra=("Min-SE: 240",)), expect("ACK"),
                    expect_call(("Session-Expires", "240"), ("Min-SE", "240")),
                    reply(200, tag="2", body=sdp(), extra=("Session-Expires: 240;refresher=uac", "Require: timer"),
                          repeat=True), expect("ACK"), from_callee("BYE", 1, tag="2"), expect(200))
    ours.tell(f"dial sip:service@127.0.0.1:{port}")
    ended_well(uas, ours, tmp_path)


# ---- redirection ----

@pytest.mark.parametrize("status, reason", [(301, "Moved Permanently"), (302, "Moved Temporarily"), (300, "Choose")])
def test_sipp_sends_us_elsewhere(need, start, steer, free_port, tmp_path, status, reason):
    """RFC 3261 8.1.3.4: the best address first; it is busy, and the next one takes the call."""
    first, busy, last, ours = free_port(), free_port(), free_port(), steer()
    ours.tell("consent")
    folders = [tmp_path / name for name in ("first", "busy", "last")]
    for folder in folders:
        folder.mkdir()
    contacts = (f"Contact: <sip:last@127.0.0.1:{last}>;q=0.3, <sip:busy@127.0.0.1:{busy}>;q=0.9",)
    moved = reply(status, reason, tag="1", extra=contacts, repeat=True).replace(
        "Contact: <sip:sipp@[local_ip]:[local_port]>\n", "")
    peers = [answering(need, start, folders[0], first, expect("INVITE"), moved, expect("ACK")),
             answering(need, start, folders[1], busy, expect("INVITE"), reply(486, "Busy Here", tag="2", repeat=True),
                       expect("ACK")),
             answering(need, start, folders[2], last, taken(), expect("BYE"), reply(200))]
    ours.tell(f"dial sip:service@127.0.0.1:{first}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell("bye")
    for peer, folder in zip(peers, folders):
        assert peer.wait(30) == 0, peer.text() + errors(folder) + ours.text()
    assert [e["kind"] for e in ours.events("question")] == [4, 4]
