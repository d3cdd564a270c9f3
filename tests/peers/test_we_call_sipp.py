"""SIPp as the callee: hold by us, by it, and by both at once; forks, early media, moved and refused calls; proxies."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from audio_check import assert_heard
from conftest import wait_bound
from scenario import (answer_kept, errors, expect, expect_and_keep, expect_call, from_callee, pause, repeats, reply,
                      run_sipp, sdp, taken, write)


def answering(need, start, folder: Path, port: int, *steps, options: tuple = ()):
    uas = run_sipp(need, start, folder, "-sf", write(folder / "uas.xml", *steps), "-p", port, "-m", 1, *options)
    wait_bound(port)
    return uas


def lines_of(program) -> list[dict]:
    return [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]


def test_we_hold_and_resume(need, start, steered, free_port, tmp_path):
    port = free_port()
    uas = answering(
        need, start, tmp_path, port, taken(),
        expect("INVITE", ("body", "a=sendonly")), reply(200, body=sdp("recvonly", 2)),
        expect("ACK"),
        expect("INVITE", ("body", "m=audio [1-9]")), reply(200, body=sdp("sendrecv", 3)), expect("ACK"),
        expect("BYE"), reply(200))
    steered.write(f"dial sip:service@127.0.0.1:{port}\n")
    steered.wait_for('"CONFIRMED"')
    steered.write("hold\n")
    steered.wait_for('"LOCAL_HOLD"')
    steered.write("resume\n")
    steered.wait_for('"event": "media"', times=3)
    steered.write("bye\n")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path)
    assert [e["media"] for e in lines_of(steered) if e["event"] == "media"] == ["ACTIVE", "LOCAL_HOLD", "ACTIVE"]


def test_sipp_holds_us_by_a_late_offer(need, start, steered, free_port, tmp_path):
    """Its re-INVITE has no offer, ours is in the 200, and its answer in the ACK is inactive."""
    port = free_port()
    uas = answering(
        need, start, tmp_path, port, taken(), pause(100),
        from_callee("INVITE", 1), expect(100, optional=True), expect(200, ("body", "m=audio [1-9]")),
        from_callee("ACK", 1, body=sdp("inactive", 2)), pause(100),
        from_callee("INVITE", 2, body=sdp("sendrecv", 3)), expect(100, optional=True), expect(200, ("body", "m=audio")),
        from_callee("ACK", 2), pause(100), from_callee("BYE", 3), expect(200))
    steered.write(f"dial sip:service@127.0.0.1:{port}\n")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path) + steered.text()
    steered.wait_for('"DISCONNECTED"')
    assert [e["media"] for e in lines_of(steered) if e["event"] == "media"] == ["ACTIVE", "REMOTE_HOLD", "ACTIVE"]


def test_both_hold_at_once(need, start, steered, free_port, tmp_path):
    """RFC 3261 14.1: both get 491, and we, who own the Call-ID, try again after 2.1 to 4 s."""
    port = free_port()
    uas = answering(
        need, start, tmp_path, port, taken(),
        expect_and_keep("INVITE"), from_callee("INVITE", 1, body=sdp("sendonly", 2)), expect(100, optional=True),
        expect(491), from_callee("ACK", 1, branch="INVITE1"), answer_kept(491, "Request Pending"), expect("ACK"),
        expect("INVITE", ("body", "a=sendonly")), reply(200, body=sdp("recvonly", 3)), expect("ACK"),
        expect("BYE"), reply(200))
    steered.write(f"dial sip:service@127.0.0.1:{port}\n")
    steered.wait_for('"CONFIRMED"')
    steered.write("hold\n")
    steered.wait_for('"LOCAL_HOLD"')
    steered.write("bye\n")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path) + steered.text()


def test_a_proxy_stands_in_the_way_and_a_server_takes_all(need, start, command, free_port, tmp_path):
    """The URI leads nowhere: what --proxy names is the route, and what --server names is where it goes."""
    for option, parameter in (("--proxy", ";lr"), ("--server", "")):
        port = free_port()
        folder = tmp_path / option
        folder.mkdir()
        there = f"sip:127.0.0.1:{port}{parameter}"
        seen = ("Route", there) if parameter else ("To", "service@nowhere.invalid")
        uas = answering(need, start, folder, port, expect("INVITE", seen), reply(486, "Busy Here"), expect("ACK"))
        dial = subprocess.run([command, "dial", "sip:service@nowhere.invalid", "--local", "127.0.0.1", option, there],
                              capture_output=True, text=True, timeout=20)
        assert dial.returncode == 1 and "486" in dial.stderr, dial
        assert uas.wait(20) == 0, uas.text() + errors(folder)


@pytest.mark.parametrize("status, reason, extra", [
    (302, "Moved Temporarily", ("Contact: <sip:elsewhere@127.0.0.1:9>",)), (300, "Multiple Choices", ()),
    (404, "Not Found", ()), (486, "Busy Here", ()), (503, "Service Unavailable", ("Retry-After: 30",)),
    (603, "Decline", ()), (699, "Not In Any Book", ())])
def test_sipp_refuses(need, start, command, free_port, tmp_path, status, reason, extra):
    port = free_port()
    uas = answering(need, start, tmp_path, port, expect_call(), reply(100, "Trying"),
                    reply(status, reason, tag="1", extra=extra, repeat=True), expect("ACK"))
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--timeout",
                  "10"])
    assert ours.wait(30) == 1, ours.text()
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path)
    end = [e for e in lines_of(ours) if e.get("state") == "DISCONNECTED"][0]
    assert (end["status"], end["reason"], end["ended_by"]) == (status, reason, "peer")


def test_early_media_and_the_echo_of_our_speech(need, start, command, speech, free_port, tmp_path):
    """183 with a description opens the audio; SIPp sends back what it hears, so what we say we hear."""
    port, heard = free_port(), tmp_path / "heard.wav"
    uas = answering(need, start, tmp_path, port, expect_call(("body", "m=audio")),
                    reply(183, "Session Progress", tag="1", body=sdp()), pause(300),
                    reply(200, tag="1", body=sdp(), repeat=True), expect("ACK"), expect("BYE"), reply(200),
                    options=("-rtp_echo", "-mp", free_port()))
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--timeout", "10",
                  "--play", speech["alice"], "--record", heard, "--jitter", "100", "--duration", "7"])
    assert ours.wait(30) == 0, ours.text()
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path)
    assert_heard(speech["alice"], heard)
    told = [(e["event"], e["state"]) for e in lines_of(ours) if e["event"] in ("call.media", "call.state")]
    assert told.index(("call.media", "EARLY")) < told.index(("call.state", "CONFIRMED"))


def test_a_long_ring(need, start, command, free_port, tmp_path):
    """A callee that rings again and again gets one INVITE, not many."""
    port = free_port()
    ring = [step for _ in range(4) for step in (reply(180, "Ringing", tag="1"), pause(700))]
    uas = answering(need, start, tmp_path, port, expect_call(), ring, reply(200, tag="1", body=sdp(), repeat=True),
                    expect("ACK"), expect("BYE"), reply(200))
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--timeout", "10",
                  "--duration", "0.2"])
    assert ours.wait(30) == 0, ours.text()
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path)
    assert repeats(uas, "INVITE") == 0, uas.text()


def test_a_provisional_that_wants_prack_gets_one(need, start, command, free_port, tmp_path):
    """RFC 3262 4: a reliable provisional is acknowledged by its numbers."""
    port = free_port()
    uas = answering(need, start, tmp_path, port, expect_and_keep("INVITE"),
                    answer_kept(183, "Session Progress", tag="1", extra=("Require: 100rel", "RSeq: 1")),
                    expect("PRACK", ("RAck", "1 [0-9]+ INVITE")), reply(200), answer_kept(200, tag="1", body=sdp()),
                    expect("ACK"), expect("BYE"), reply(200))
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--timeout", "10",
                  "--duration", "0.2"])
    assert ours.wait(30) == 0, ours.text()
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path)


def test_a_second_fork_is_acknowledged_and_ended(need, start, steered, free_port, tmp_path):
    """RFC 3261 13.2.2.4: a 2xx with another tag gets its ACK, then a BYE; the first call stays."""
    port = free_port()
    uas = answering(need, start, tmp_path, port, expect_and_keep("INVITE"), answer_kept(200, tag="1", body=sdp()),
                    expect("ACK", ("To", "tag=1")), answer_kept(200, tag="2", body=sdp()),
                    expect("ACK", ("To", "tag=2")), expect("BYE", ("To", "tag=2")), reply(200),
                    expect("BYE", ("To", "tag=1")), reply(200))
    steered.write(f"dial sip:service@127.0.0.1:{port}\n")
    steered.wait_for('"CONFIRMED"')
    time.sleep(0.5)  # the other fork's turn; nothing tells the program of it
    assert '"DISCONNECTED"' not in steered.text()
    steered.write("bye\n")
    assert uas.wait(20) == 0, uas.text() + errors(tmp_path) + steered.text()
