"""SIPp as the caller: re-INVITEs, late offers, wrong messages. It fails what does not fit its scenario."""

from __future__ import annotations

import json
import socket

import pytest
from scenario import answer_kept, bye, called_up, errors, expect, expect_and_keep, pause, request, run_sipp, sdp, write

GARBAGE = [b"", b"\0", b"\r\n\r\n", b"INVITE", b"\xff" * 1400, b"SIP/2.0 200 OK\r\n\r\n",
           b"INVITE sip: SIP/2.0\r\n" * 40,
           b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nContent-Length: -1\r\n\r\n",
           b"A" * 65000]

HOLD_AND_RESUME = [
    called_up(), pause(200),
    request("INVITE", 2, body=sdp("sendonly", 2)), expect(100, optional=True), expect(200, ("body", "a=recvonly")),
    request("ACK", 2), pause(200),
    request("INVITE", 3, body=sdp("inactive", 3)), expect(100, optional=True), expect(200, ("body", "a=inactive")),
    request("ACK", 3), pause(200),
    request("INVITE", 4, body=sdp("sendrecv", 4)), expect(100, optional=True), expect(200, ("body", "m=audio [1-9]")),
    request("ACK", 4), pause(200), bye(5)]

REINVITE_WITHOUT_OFFER = [
    called_up(), pause(200),
    request("INVITE", 2), expect(100, optional=True), expect(200, ("body", "m=audio [1-9][0-9]* RTP/AVP")),
    request("ACK", 2, body=sdp("sendrecv", 2)), pause(200), bye(3)]

LATE_OFFER = [
    request("INVITE"), expect(100, optional=True), expect(180, optional=True),
    expect(200, ("body", "m=audio [1-9][0-9]* RTP/AVP"), ("body", "telephone-event/8000"), ("Allow", "INVITE")),
    request("ACK", body=sdp()), pause(300), bye()]

REFUSED_REINVITE_LEAVES_THE_CALL = [
    called_up(), request("INVITE", 2, body="v=0\no=- 1 2 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n"
                         "m=audio [media_port] RTP/AVP 77\na=rtpmap:77 NOSUCH/8000\n"),
    expect(100, optional=True), expect(488, ("Warning", "30[0-9] ")), request("ACK", 2, branch="INVITE2"),
    request("OPTIONS", 3), expect(200), bye(4)]

IN_DIALOG_REQUESTS = [
    called_up(), request("OPTIONS", 2), expect(200, ("Allow", "INVITE"), ("Accept", "application/sdp")),
    request("INFO", 3), expect(200),
    request("MESSAGE", 4), expect(200), request("PUBLISH", 5), expect(405, ("Allow", "BYE")),
    request("DANCE", 6), expect(501, ("Allow", "BYE")),
    bye(7)]

@pytest.mark.parametrize("steps, media", [
    (HOLD_AND_RESUME, ["ACTIVE", "REMOTE_HOLD", "REMOTE_HOLD", "ACTIVE"]),
    (REINVITE_WITHOUT_OFFER, ["ACTIVE", "ACTIVE"]),
    (LATE_OFFER, ["ACTIVE"]),
    (REFUSED_REINVITE_LEAVES_THE_CALL, ["ACTIVE"]),
    (IN_DIALOG_REQUESTS, ["ACTIVE"]),
], ids=["hold-and-resume", "reinvite-without-offer", "late-offer", "refused-reinvite", "in-dialog-requests"])
def test_sipp_calls_and(need, start, command, free_port, tmp_path, steps, media):
    port = free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--tone", "440", "--ring", "0.1"])
    ours.wait_for('"ready"')
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sf", write(tmp_path / "uac.xml", *steps), "-p",
                   free_port(), "-mp", free_port(), "-m", 1)
    assert uac.wait(60) == 0, uac.text() + errors(tmp_path) + ours.text()
    assert ours.wait(10) in (0, 5), ours.text()
    lines = [json.loads(line) for line in ours.text().splitlines() if line.startswith("{")]
    assert [e["media"] for e in lines if e["event"] == "call.media"] == media
    end = [e for e in lines if e.get("state") == "DISCONNECTED"][0]
    assert end["ended_by"] == "peer" and end["status"] == 200


def test_byes_cross(need, start, command, free_port, tmp_path):
    """SIPp's BYE goes out before it answers ours; both are answered with 200."""
    port = free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--duration", "0.3"])
    ours.wait_for('"ready"')
    steps = [called_up(), expect_and_keep("BYE"), request("BYE", 2), expect(200), answer_kept(200)]
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sf", write(tmp_path / "uac.xml", *steps), "-p",
                   free_port(), "-m", 1)
    assert uac.wait(60) == 0, uac.text() + errors(tmp_path) + ours.text()
    assert ours.wait(10) == 0, ours.text()


REFUSED = {
    "bye-without-dialog": [request("BYE", 7, to=";tag=nobody"), expect(481)],
    "info-without-dialog": [request("INFO", 7, to=";tag=nobody"), expect(481)],
    "cancel-without-invite": [request("CANCEL", 1, to=""), expect(481)],
    "unknown-method": [request("DANCE", 1, to=""), expect(501, ("Allow", "INVITE"))],
    "publish": [request("PUBLISH", 1, to=""), expect(405, ("Allow", "INVITE"))],
    "100rel-demanded": [request("INVITE", to="", body=sdp(), extra=("Require: 100rel, nonsense",)),
                        expect(100, optional=True), expect(420, ("Unsupported", "nonsense")),
                        request("ACK", to="[peer_tag_param]", branch="INVITE1")],
    "content-length-too-long": [request("OPTIONS", to="", raw_length=5000), expect(400)],
    "unknown-body": [request("INVITE", to="", body=sdp()).replace("application/sdp", "text/plain"),
                     expect(100, optional=True), expect(415, ("Accept", "application/sdp")),
                     request("ACK", branch="INVITE1")],
    "no-common-codec": [request("INVITE", to="", body=sdp().replace("AVP 0", "AVP 3").replace("0 PCMU", "3 GSM")),
                        expect(100, optional=True), expect(488, ("Warning", "30[0-9] ")),
                        request("ACK", branch="INVITE1")],
    "broken-description": [request("INVITE", to="", body="v=0\nm=audio\n"), expect(100, optional=True),
                           expect(488), request("ACK", branch="INVITE1")],
    "options": [request("OPTIONS", to=""), expect(200, ("Allow", "INVITE"), ("Accept", "application/sdp"))],
    "merged": [request("INVITE", to="", body=sdp(), branch="one"), expect(100, optional=True), expect(180),
               request("INVITE", to="", body=sdp(), branch="two"), expect(482),
               request("ACK", branch="two"), expect(200), request("ACK"), bye(2)],
}


def test_wrong_requests_are_refused_and_the_phone_goes_on(need, start, command, free_port, tmp_path):
    port = free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--count", "2", "--ring", "1"])
    ours.wait_for('"ready"')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for garbage in GARBAGE:
            s.sendto(garbage, ("127.0.0.1", port))
    for name, steps in REFUSED.items():
        folder = tmp_path / name
        folder.mkdir()
        uac = run_sipp(need, start, folder, f"127.0.0.1:{port}", "-sf", write(folder / "uac.xml", *steps), "-p",
                       free_port(), "-m", 1)
        assert uac.wait(60) == 0, name + uac.text() + errors(folder)
    call = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--tone", "440", "--duration",
                  "1", "--timeout", "10"])
    assert call.wait(30) in (0, 5), call.text()
    assert ours.wait(10) in (0, 5), ours.text()
