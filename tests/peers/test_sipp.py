"""SIPp in both roles: it checks each message against its scenario and counts what did not fit."""

from __future__ import annotations

import json
import sys

from conftest import BUILD, ROOT, wait_bound
from scenario import answer_kept, expect, expect_and_keep, expect_call, pause, reply, request, run_sipp, sdp, write

ANSWER_ALL = ROOT / "tests" / "python" / "programs" / "answer_all.py"

CANCELS = [request("INVITE", to="", body=sdp()), expect(100, optional=True), expect(180), pause(300),
           request("CANCEL", to="", branch="INVITE1"), expect(200), expect(487), request("ACK", branch="INVITE1")]

GETS_CANCELLED = [expect_and_keep("INVITE"), reply(180, "Ringing", tag="1"), expect("CANCEL"), reply(200),
                  answer_kept(487, "Request Terminated", tag="1"), expect("ACK")]


def test_sipp_calls_one_after_another(need, start, command, free_port, tmp_path):
    port = free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--count", "5", "--json", "--tone", "440"])
    ours.wait_for('"ready"')
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sn", "uac", "-p", free_port(), "-m", 5, "-l", 1,
                   "-d", 300)
    assert uac.wait(60) == 0, uac.text()
    ours.wait(10)
    stats = [json.loads(line) for line in ours.text().splitlines() if '"call.stats"' in line]
    assert len(stats) == 5 and all(s["ended_by"] == "peer" for s in stats)


def test_sipp_calls_a_python_program_a_hundred_times(need, start, free_port, tmp_path):
    ours = start([sys.executable, ANSWER_ALL, "60"], name="answer_all", env={"PYTHONPATH": str(BUILD / "python")})
    port = json.loads(ours.wait_for("ready").splitlines()[-1])["port"]
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sn", "uac", "-p", free_port(), "-m", 100, "-r", 25,
                   "-l", 50, "-d", 500)
    assert uac.wait(60) == 0, uac.text()
    ours.write("\n")
    assert ours.wait(20) == 0, ours.text()
    end = json.loads(ours.text().splitlines()[-1])
    assert (end["incoming"], end["confirmed"], end["ended"]) == (100, 100, 100)
    assert end["counters"]["calls"] == 0 and end["counters"]["rtp_ports"] == 0


def test_over_the_limit_sipp_is_told_busy(need, start, free_port, tmp_path):
    ours = start([sys.executable, ANSWER_ALL, "1"], name="answer_all", env={"PYTHONPATH": str(BUILD / "python")})
    port = json.loads(ours.wait_for("ready").splitlines()[-1])["port"]
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sn", "uac", "-p", free_port(), "-m", 2, "-r", 2,
                   "-l", 2, "-d", 1500)
    assert uac.wait(60) == 1, uac.text()  # SIPp: 1 = at least one call failed
    ours.write("\n")
    assert ours.wait(20) == 0, ours.text()
    end = json.loads(ours.text().splitlines()[-1])
    assert end["incoming"] == 1 and end["confirmed"] == 1


def test_we_call_sipp(need, start, command, free_port, tmp_path):
    port = free_port()
    uas = run_sipp(need, start, tmp_path, "-sn", "uas", "-p", port, "-m", 1)
    wait_bound(port)
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port}", "--local", "127.0.0.1", "--duration", "1",
                  "--json", "--timeout", "10"])
    # SIPp's built-in callee sends no audio: that is what the exit status says.
    assert ours.wait(30) == 5, ours.text() + uas.text()
    assert uas.wait(20) == 0, uas.text()


def test_sipp_calls_over_one_connection(need, start, command, free_port, tmp_path):
    port = free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", "tcp", "--count", "5", "--json",
                  "--tone", "440"])
    ours.wait_for('"ready"')
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sn", "uac", "-t", "t1", "-p", free_port(), "-m", 5,
                   "-l", 1, "-d", 300)
    assert uac.wait(60) == 0, uac.text()
    ours.wait(10)
    stats = [json.loads(line) for line in ours.text().splitlines() if '"call.stats"' in line]
    assert len(stats) == 5 and all(s["ended_by"] == "peer" for s in stats)


def test_we_call_sipp_over_tcp(need, start, command, free_port, tmp_path):
    port = free_port()
    here = "[local_port];transport=tcp"
    answers = [expect_call(), reply(180, "Ringing", tag="1", port=here), reply(200, tag="1", body=sdp(), port=here),
               expect("ACK"), expect("BYE"), reply(200)]
    uas = run_sipp(need, start, tmp_path, "-sf", write(tmp_path / "uas.xml", *answers), "-t", "t1", "-p", port, "-m", 1)
    wait_bound(port, kind="tcp")
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port};transport=tcp", "--local", "127.0.0.1", "--transport",
                  "tcp", "--duration", "1", "--json", "--timeout", "10"])
    assert ours.wait(30) == 5, ours.text() + uas.text()  # as over UDP
    assert uas.wait(20) == 0, uas.text()


def test_we_cancel_a_call_to_sipp(need, start, command, free_port, tmp_path):
    port = free_port()
    uas = run_sipp(need, start, tmp_path, "-sf", write(tmp_path / "uas.xml", *GETS_CANCELLED), "-p", port, "-m", 1)
    wait_bound(port)
    ours = start([command, "dial", f"sip:service@127.0.0.1:{port}", "--local", "127.0.0.1", "--timeout", "1"])
    assert ours.wait(30) == 4, ours.text() + uas.text()
    assert uas.wait(20) == 0, uas.text()


def test_sipp_cancels_a_call_to_us(need, start, command, free_port, tmp_path):
    port = free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--ring", "20", "--json"])
    ours.wait_for('"ready"')
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{port}", "-sf", write(tmp_path / "uac.xml", *CANCELS), "-p",
                   free_port(), "-m", 1)
    assert uac.wait(60) == 0, uac.text()
    assert ours.wait(10) == 1, ours.text()
    end = json.loads([line for line in ours.text().splitlines() if '"DISCONNECTED"' in line][-1])
    assert end["status"] == 487 and end["ended_by"] == "peer"
