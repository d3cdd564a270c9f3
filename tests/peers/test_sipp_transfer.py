"""SIPp transfers us, and is transferred by us: REFER and its NOTIFYs, message by message."""

from __future__ import annotations

import json
import sys

from conftest import BUILD, ROOT, wait_bound
from scenario import called_up, errors, expect, expect_call, from_callee, reply, request, run_sipp, sdp, taken, write

PROGRAMS = ROOT / "tests" / "python" / "programs"
PYTHON = {"PYTHONPATH": str(BUILD / "python")}


def test_sipp_sends_us_to_another_sipp(need, start, free_port, tmp_path):
    target = free_port()
    reached = run_sipp(need, start, tmp_path, "-sf", write(
        tmp_path / "target.xml", expect_call(("Referred-By", "sipp@")), reply(200, tag="1", body=sdp(), repeat=True),
        expect("ACK"), expect("BYE"), reply(200)), "-p", target, "-m", 1)
    wait_bound(target)
    ours = start([sys.executable, PROGRAMS / "answer_all.py", "9"], name="answer_all", env=PYTHON)
    port = json.loads(ours.wait_for("ready").splitlines()[-1])["port"]
    refer = request("REFER", 2, extra=(f"Refer-To: <sip:service@127.0.0.1:{target}>",
                                       "Referred-By: <sip:sipp@127.0.0.1>"))
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sf", write(
        tmp_path / "referrer.xml", called_up(), refer, expect(202),
        expect("NOTIFY", ("body", "SIP/2.0 100"), ("Event", "refer"), ("Subscription-State", "active")), reply(200),
        expect("NOTIFY", ("body", "SIP/2.0 200"), ("Subscription-State", "terminated;reason=noresource")), reply(200),
        request("BYE", 3), expect(200)), "-p", free_port(), "-m", 1)
    assert uac.wait(40) == 0, uac.text() + errors(tmp_path)
    ours.write("\n")
    assert ours.wait(20) == 0, ours.text()
    assert reached.wait(20) == 0, reached.text() + errors(tmp_path)
    end = json.loads(ours.text().splitlines()[-1])
    assert (end["incoming"], end["counters"]["calls"]) == (1, 1)  # the one that we were sent into stands


def notify(cseq, status, state):
    return from_callee("NOTIFY", cseq, body=f"SIP/2.0 {status}\n", kind="message/sipfrag;version=2.0",
                       extra=("Event: refer", f"Subscription-State: {state}"))


def test_we_send_sipp_to_somebody(need, start, free_port, tmp_path):
    port = free_port()
    uas = run_sipp(need, start, tmp_path, "-sf", write(
        tmp_path / "referee.xml", taken(),
        expect("REFER", ("Refer-To", "sip:carol@127.0.0.1"), ("Referred-By", "sip:"), ("Contact", "sip:")),
        reply(202, "Accepted", tag=""), notify(1, "100 Trying", "active;expires=60"), expect(200),
        notify(2, "180 Ringing", "active;expires=60"), expect(200),
        notify(3, "200 OK", "terminated;reason=noresource"), expect(200), expect("BYE"), reply(200)),
        "-p", port, "-m", 1)
    wait_bound(port)
    ours = start([sys.executable, PROGRAMS / "transfer_once.py", f"sip:service@127.0.0.1:{port}",
                  "sip:carol@127.0.0.1"], name="transfer_once", env=PYTHON)
    assert uas.wait(40) == 0, uas.text() + errors(tmp_path) + ours.text()
    assert ours.wait(20) == 0, ours.text()
    assert json.loads(ours.text().splitlines()[-1]) == [
        [100, "Accepted", 0], [100, "Trying", 0], [180, "Ringing", 0], [200, "OK", 1]]


def test_sipp_refuses_to_be_sent(need, start, free_port, tmp_path):
    port = free_port()
    uas = run_sipp(need, start, tmp_path, "-sf", write(
        tmp_path / "unwilling.xml", taken(), expect("REFER"), reply(603, "Declined"), expect("BYE"), reply(200)),
        "-p", port, "-m", 1)
    wait_bound(port)
    ours = start([sys.executable, PROGRAMS / "transfer_once.py", f"sip:service@127.0.0.1:{port}",
                  "sip:carol@127.0.0.1"], name="transfer_once", env=PYTHON)
    assert uas.wait(40) == 0, uas.text() + errors(tmp_path) + ours.text()
    assert ours.wait(20) == 0, ours.text()
    assert json.loads(ours.text().splitlines()[-1]) == [[603, "Declined", 1]]


def test_we_join_two_sipps(need, start, steer, free_port, tmp_path):
    """Attended (RFC 5589 7): the first is asked to take our place in the call with the second."""
    first, second, ours = free_port(), free_port(), steer()
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    uas = [run_sipp(need, start, folder, "-sf", write(folder / "uas.xml", taken(), *steps), "-p", port, "-m", 1)
           for folder, port, steps in (
               (folders[0], first, [expect("REFER", ("Refer-To", f"127.0.0.1:{second}.*Replaces=.*to-tag%3[dD]1")),
                                    reply(202, "Accepted"), notify(1, "200 OK", "terminated;reason=noresource"), expect(200),
                                    expect("BYE"), reply(200)]),
               (folders[1], second, [expect("BYE"), reply(200)]))]
    for n, port in enumerate((first, second), 1):
        wait_bound(port)
        ours.tell(f"dial sip:service@127.0.0.1:{port}")
        ours.wait_event("state", state="CONFIRMED", times=n)
    ours.tell("attended")
    assert ours.wait_event("transfer", final=1)["status"] == 200
    ours.tell("bye")
    for sipp, folder in zip(uas, folders):
        assert sipp.wait(30) == 0, sipp.text() + errors(folder) + ours.text()
