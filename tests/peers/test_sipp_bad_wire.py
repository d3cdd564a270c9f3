"""Twenty calls each way over a wire that loses, doubles and delays by a seed: all succeed, nothing is left over."""

from __future__ import annotations

import json
import time

import pytest
from conftest import wait_bound
from scenario import called_up, errors, expect, expect_call, from_callee, repeats, reply, run_sipp, sdp, write
from wire import Wire, wire

CALLS = 20
TIMEWAIT = '<timewait milliseconds="2000"/>'  # for what the other side sends again
FATES = [dict(lose=0.15), dict(double=0.3, late=0.1), dict(lose=0.1, double=0.1, late=0.1)]
NAMES = ["loss", "doubled-late", "all"]


def nothing_left(program) -> None:
    """Until all calls, and what SIP owed their peers, are gone."""
    end = time.monotonic() + 40
    asked = 0
    while time.monotonic() < end:
        program.write("counters\n")
        asked += 1
        last = json.loads(program.wait_for('"counters"', times=asked).splitlines()[-1])
        if last["event"] == "counters" and not (last["calls"] or last["rtp_ports"] or last["slots"] > 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"left over: {last}")


def ends(program) -> list[dict]:
    rows = [json.loads(line) for line in program.text().splitlines() if '"DISCONNECTED"' in line]
    return [e for e in rows if e["event"] == "state"]


def did_harm(wire: Wire, fate: dict, sipp) -> bool:
    """The wire did what it should, and SIPp counted that it sent or saw something again."""
    counts = {"lose": wire.lost, "double": wire.doubled, "late": wire.delayed}
    return repeats(sipp, "[A-Z0-9]+") > 0 and all(counts[name] for name in fate)


@pytest.mark.parametrize("fate", FATES, ids=NAMES)
def test_sipp_calls_us(need, start, steered, wire, free_port, tmp_path, fate):
    bad = wire(json.loads(steered.text().splitlines()[0])["port"], seed=11, **fate)
    steered.write("accept\n")
    scenario = write(tmp_path / "uac.xml", called_up(port=str(bad.back)), expect("BYE"), reply(200),
                     TIMEWAIT)
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{bad.front}", "-sf", scenario, "-p", free_port(), "-m", CALLS,
                   "-r", CALLS)
    steered.wait_for('"CONFIRMED"', 40, times=CALLS)
    steered.write("bye\n")
    assert uac.wait(60) == 0, uac.text() + errors(tmp_path)
    steered.wait_for('"DISCONNECTED"', 40, times=CALLS)
    assert all(e["ended_by"] == 1 for e in ends(steered))
    assert did_harm(bad, fate, uac)
    nothing_left(steered)


@pytest.mark.parametrize("fate", FATES, ids=NAMES)
def test_we_call_sipp(need, start, steered, wire, free_port, tmp_path, fate):
    port = free_port()
    bad = wire(port, seed=23, late_to=0, **fate)
    front = str(bad.front)
    # No 180: SIPp knows a repeated INVITE only from what it has sent first, and fails the call when that is lost.
    scenario = write(tmp_path / "uas.xml", expect_call(("body", "m=audio")),
                     reply(200, tag="[call_number]", body=sdp(), port=front, repeat=True), expect("ACK"),
                     from_callee("BYE", 1, tag="[call_number]", port=front), expect(200), TIMEWAIT)
    uas = run_sipp(need, start, tmp_path, "-sf", scenario, "-p", port, "-m", CALLS)
    wait_bound(port)
    steered.write(f"dial sip:service@127.0.0.1:{front} {CALLS}\n")
    steered.wait_for('"CONFIRMED", "media": "ACTIVE"', 40, times=CALLS)
    steered.wait_for('"DISCONNECTED"', 40, times=CALLS)
    assert all(e["ended_by"] == 2 and e["status"] == 200 for e in ends(steered))
    assert uas.wait(60) == 0, uas.text() + errors(tmp_path)
    assert did_harm(bad, fate, uas)
    nothing_left(steered)
