"""The mission page's program as two processes: event by event what the contract says, and speech through slots."""

import json
import sys
from pathlib import Path

import pytest
from audio_check import assert_heard

PROGRAM = Path(__file__).parent / "programs" / "mission.py"


def lines(program):
    return [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]


def story(events):
    return [(e["event"], e.get("state_text", "")) for e in events if e["event"] in ("state", "media", "incoming")]


@pytest.fixture(scope="module")
def the_call(tmp_path_factory, speech):
    """Runs both processes once; gives the events of each and the two recordings."""
    from conftest import BUILD, Program

    folder = tmp_path_factory.mktemp("mission")
    env = {"PYTHONPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"}
    for name in ("ASAN_OPTIONS", "LD_LIBRARY_PATH"):
        import os

        if name in os.environ:
            env[name] = os.environ[name]
    heard = {"alice": folder / "alice-heard.wav", "bob": folder / "bob-heard.wav"}
    callee = Program([sys.executable, str(PROGRAM), "callee", str(speech["bob"]), str(heard["bob"])],
                     folder / "callee.log", env=env)
    caller = None
    try:
        callee.wait_for('"ready"')
        uri = lines(callee)[0]["uri"]
        caller = Program([sys.executable, str(PROGRAM), "caller", uri, str(speech["alice"]), str(heard["alice"])],
                         folder / "caller.log", env=env)
        assert caller.wait(40) == 0, caller.text()
        assert callee.wait(20) == 0, callee.text()
        return lines(caller), lines(callee), heard, uri
    finally:
        if caller:
            caller.stop()
        callee.stop()


def test_the_caller_sees_its_events_in_order(the_call):
    caller, _, _, _ = the_call
    assert story(caller) == [("state", "CALLING"), ("state", "EARLY"), ("state", "CONNECTING"),
                             ("media", "CONNECTING"), ("state", "CONFIRMED"), ("state", "DISCONNECTED")]


def test_the_callee_sees_its_events_in_order(the_call):
    _, callee, _, _ = the_call
    assert story(callee) == [("incoming", "INCOMING"), ("state", "EARLY"), ("media", "EARLY"),
                             ("state", "CONNECTING"), ("state", "CONFIRMED"), ("state", "DISCONNECTED")]


def test_calling_happens_inside_make_call_and_in_its_thread(the_call):
    caller, _, _, uri = the_call
    names = [e["event"] for e in caller]
    calling = names.index("state")
    assert names.index("make_call") < calling < names.index("made")
    e = caller[calling]
    assert e["in_main"] and e["code"] == 0 and e["reason"] == "" and e["slot"] == -1 and e["media"] == 0
    assert e["remote_uri"] == uri and e["remote_contact"] == "" and e["role"] == 0


def test_what_answer_causes_happens_inside_answer(the_call):
    _, callee, _, _ = the_call
    names = [(e["event"], e.get("state_text", "")) for e in callee]
    at = names.index
    assert at(("answer 180", "")) < at(("state", "EARLY")) < at(("answer 200", ""))
    assert at(("answer 200", "")) < at(("media", "EARLY")) < at(("state", "CONNECTING")) < at(("answered", ""))


def test_incoming_shows_a_fresh_call(the_call):
    _, callee, _, _ = the_call
    e = next(e for e in callee if e["event"] == "incoming")
    assert (e["state"], e["code"], e["media"], e["slot"], e["role"]) == (2, 0, 0, -1, 1)


def test_media_is_active_in_both_directions_with_a_slot(the_call):
    for side in the_call[:2]:
        e = next(e for e in side if e["event"] == "media")
        assert e["media"] == 1 and e["dir"] == 3 and e["slot"] >= 1


def test_the_slot_is_valid_at_confirmed(the_call):
    for side in the_call[:2]:
        e = next(e for e in side if e.get("state_text") == "CONFIRMED")
        assert e["slot"] >= 1 and e["media"] == 1 and e["code"] == 200 and e["reason"] == "OK"


def test_hangup_ends_the_call_before_it_returns(the_call):
    caller, _, _, _ = the_call
    names = [(e["event"], e.get("state_text", "")) for e in caller]
    assert names.index(("hangup", "")) < names.index(("state", "DISCONNECTED")) < names.index(("hung up", ""))
    end = caller[names.index(("state", "DISCONNECTED"))]
    assert end["code"] == 603 and end["reason"] == "Decline" and end["slot"] == -1 and end["media"] == 0
    assert end["call_time"] > 5 and isinstance(end["call_time"], float)
    assert next(e for e in caller if e["event"] == "hung up")["valid"] == 0


def test_the_other_side_sees_a_normal_clearing(the_call):
    _, callee, _, _ = the_call
    end = next(e for e in callee if e.get("state_text") == "DISCONNECTED")
    assert end["code"] == 200 and end["reason"] == "Normal call clearing" and end["slot"] == -1


def test_a_finished_call_is_dead(the_call):
    for side in the_call[:2]:
        dead = next(e for e in side if e["event"] == "dead")
        assert dead["code"] == -1 and dead["valid"] == 0 and dead["dump"] == ""
        assert dead["text"].startswith("Object: {Call ") and dead["text"].endswith(
            "}, operation=info, error=Invalid call")
        assert next(e for e in side if e["event"] == "dead hold")["code"] == 171140
        assert side[-1] == {"event": "destroyed", "instance": True}


def test_what_was_said_is_what_was_heard(the_call, speech):
    heard = the_call[2]
    assert_heard(speech["alice"], heard["bob"])
    assert_heard(speech["bob"], heard["alice"])
