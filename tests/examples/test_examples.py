"""The examples do what their first comments say: each one runs against the offhook command or another example, and
where there is audio, what was said is what was heard."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from audio_check import assert_heard, compare_wavs
from conftest import BUILD, ROOT, wait_bound

SENTENCES = {"one": ("en-us", "The first sentence is about a quick brown fox."),
             "two": ("en-gb+f3", "Number two, she sells sea shells by the shore."),
             "three": ("en-us+m7", "And the third one, peter piper picked a pepper.")}


@pytest.fixture(scope="session")
def say(tmp_path_factory) -> dict[str, Path]:
    """Three voices, two to three seconds each with half a second of silence behind."""
    folder = tmp_path_factory.mktemp("sentences")
    files = {}
    for name, (voice, text) in SENTENCES.items():
        raw, files[name] = folder / f"{name}-raw.wav", folder / f"{name}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "170", "-w", raw, text], check=True)
        subprocess.run(["sox", raw, "-r", "8000", "-c", "1", "-b", "16", files[name], "gain", "-n", "-3", "pad", "0", "0.5"],
                       check=True)
    return files


def example(name: str) -> str:
    return str(BUILD / "examples" / name)


def ended(program, status: int = 0) -> str:
    assert program.wait(20) == status, program.text()
    return program.text()


def events(program):
    return [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]


@pytest.fixture
def peer(command, start, free_port):
    """peer("answer", ...) or peer("dial", uri, ...): the offhook command; answerers are ready and have .port."""

    def one(what, *args):
        port = free_port()
        local = f"127.0.0.1:{port}" if what == "answer" else "127.0.0.1"
        p = start([command, what, *args, "--local", local, "--jitter", "100", "--json"], name=f"offhook-{what}")
        p.port = port
        if what == "answer":
            p.wait_for('"ready"')
        return p

    return one


@pytest.fixture
def server(start, free_port):
    """server("ivr", ...) runs an example that answers calls at a port of its own, .port."""

    def one(name, *args):
        port = free_port()
        p = start([example(name), port, *args])
        p.port = port
        wait_bound(port)
        return p

    return one


def test_dial_play_is_heard(start, peer, say, tmp_path):
    heard = tmp_path / "heard.wav"
    bob = peer("answer", "--record", heard)
    said = ended(start([example("dial_play"), f"sip:bob@127.0.0.1:{bob.port}", say["one"]]))
    assert "ended: 200 OK" in said
    ended(bob)
    assert_heard(say["one"], heard)


def test_dial_play_tells_a_refusal(start, peer, say):
    bob = peer("answer", "--code", "486")
    assert "ended: 486 Busy Here" in ended(start([example("dial_play"), f"sip:bob@127.0.0.1:{bob.port}", say["one"]]), 1)


def test_answer_record_keeps_what_was_said(server, peer, say, tmp_path):
    kept = tmp_path / "message.wav"
    machine = server("answer_record", kept)
    ended(peer("dial", f"sip:m@127.0.0.1:{machine.port}", "--play", say["two"]))
    assert "recording" in ended(machine)
    assert_heard(say["two"], kept)


def test_echo_call_gives_back(start, peer, say, tmp_path):
    heard = tmp_path / "echo.wav"
    bob = peer("answer", "--play", say["one"], "--record", heard, "--duration", "4.5")
    start([example("echo_call"), f"sip:bob@127.0.0.1:{bob.port}"])
    ended(bob)
    assert_heard(say["one"], heard)


def test_ivr_plays_what_was_chosen(server, peer, say, tmp_path):
    menu = server("ivr", say["one"], say["two"], say["three"])
    heard = {key: tmp_path / f"{key}.wav" for key in ("menu", "2", "1")}
    callers = [peer("dial", f"sip:menu@127.0.0.1:{menu.port}", "--record", heard["menu"], "--duration", "4")]
    callers += [peer("dial", f"sip:menu@127.0.0.1:{menu.port}", "--record", heard[key], "--dtmf", key, "--duration", "4.5")
                for key in ("2", "1")]
    for caller in callers:
        ended(caller)
    assert_heard(say["one"], heard["menu"])
    assert_heard(say["three"], heard["2"])
    assert_heard(say["two"], heard["1"])
    assert compare_wavs(say["two"], heard["2"]).correlation < 0.9


def test_ivr_hangs_up_at_a_hash(server, peer, say):
    menu = server("ivr", say["one"])
    caller = peer("dial", f"sip:menu@127.0.0.1:{menu.port}", "--dtmf", "#", "--duration", "20")
    ended(caller)
    assert events(caller)[-1]["ended_by"] == "peer"


def test_conference_everybody_hears_the_others(server, peer, say, tmp_path):
    room = server("conference")
    uri = f"sip:room@127.0.0.1:{room.port}"
    heard = [tmp_path / f"{name}.wav" for name in ("first", "second")]
    first = peer("dial", uri, "--record", heard[0], "--duration", "7")
    second = peer("dial", uri, "--record", heard[1], "--duration", "7")
    room.wait_for("2 in the conference")
    ended(peer("dial", uri, "--play", say["one"]))
    ended(first)
    ended(second)
    for file in heard:
        assert_heard(say["one"], file)
    room.wait_for("0 in the conference")


def test_music_on_hold(start, peer, say, tmp_path):
    heard = tmp_path / "held.wav"
    bob = peer("answer", "--record", heard)
    alice = start([example("music_on_hold"), f"sip:bob@127.0.0.1:{bob.port}", say["three"]])
    bob.wait_for('"CONFIRMED"')
    alice.write("h\n")
    bob.wait_for('"REMOTE_HOLD"')
    with pytest.raises(subprocess.TimeoutExpired):
        bob.process.wait(3.2)  # as long as the music lasts
    alice.write("r\n")
    bob.wait_for('"ACTIVE"')
    alice.write("q\n")
    ended(alice)
    ended(bob)
    assert_heard(say["three"], heard)
    states = [e["media"] for e in events(bob) if e["event"] == "call.media"]
    assert states == ["ACTIVE", "REMOTE_HOLD", "ACTIVE"]


def test_call_tester_measures(start, server):
    room = server("conference")
    said = ended(start([example("call_tester"), f"sip:room@127.0.0.1:{room.port}", "40", "8"]))
    found = re.search(r"40 answered, 0 failed; set-up (\S+) ms at best, (\S+) on average, (\S+) at worst", said)
    assert found, said
    best, average, worst = map(float, found.groups())
    assert 0 < best <= average <= worst


def test_call_tester_counts_refusals(start, peer):
    bob = peer("answer", "--code", "603", "--count", "0")
    said = ended(start([example("call_tester"), f"sip:bob@127.0.0.1:{bob.port}", "3", "1"]), 1)
    assert "0 answered, 3 failed\n" in said
    assert sum(e["event"] == "call.incoming" for e in events(bob)) == 3


def test_record_both_keeps_both_sides(server, peer, say, tmp_path):
    kept = {"one": tmp_path / "caller.wav", "two": tmp_path / "agent.wav"}
    agent = peer("answer", "--play", say["two"], "--record", tmp_path / "agent-heard.wav", "--ring", "0.2")
    between = server("record_both", f"sip:agent@127.0.0.1:{agent.port}", kept["one"], kept["two"])
    caller = peer("dial", f"sip:service@127.0.0.1:{between.port}", "--play", say["one"], "--record",
                  tmp_path / "caller-heard.wav", "--duration", "5")
    for program in (caller, agent, between):
        ended(program)
    for name, file in kept.items():
        assert_heard(say[name], file)
    assert_heard(say["one"], tmp_path / "agent-heard.wav")
    assert_heard(say["two"], tmp_path / "caller-heard.wav")


def test_announce_refuse_speaks_before_it_refuses(server, peer, say, tmp_path):
    closed = server("announce_refuse", say["two"])
    callers = [peer("dial", f"sip:shop@127.0.0.1:{closed.port}", "--record", tmp_path / f"{n}.wav") for n in range(2)]
    for n, caller in enumerate(callers):
        ended(caller, 1)
        assert_heard(say["two"], tmp_path / f"{n}.wav")
        states = [(e["state"], e["status"]) for e in events(caller) if e["event"] == "call.state"]
        assert states[-2:] == [("EARLY", 183), ("DISCONNECTED", 480)]
    closed.wait_for("heard")


def test_json_tester_judges(command, start, server, peer):
    env = {**os.environ, "PATH": f"{Path(command).parent}:{os.environ['PATH']}"}
    program = [sys.executable, ROOT / "examples" / "json_tester.py"]
    bob = peer("answer", "--echo", "--count", "2")
    said = ended(start([*program, f"sip:bob@127.0.0.1:{bob.port}", "2"], env=env))
    assert "2 of 2 good, set-up" in said
    busy = peer("answer", "--code", "486")
    assert "refused      486 Busy Here" in ended(start([*program, f"sip:bob@127.0.0.1:{busy.port}", "1"], env=env), 1)


def test_program_audio_gives_back_and_is_silenced(start, free_port, peer, say, tmp_path):
    port = free_port()
    env = {**os.environ, "PYTHONPATH": str(BUILD / "python")}
    program = start([sys.executable, ROOT / "examples" / "program_audio.py", port], env=env)
    wait_bound(port)
    heard, silenced = tmp_path / "heard.wav", tmp_path / "silenced.wav"
    ended(peer("dial", f"sip:echo@127.0.0.1:{port}", "--play", say["one"], "--record", heard, "--duration", "6"))
    assert_heard(say["one"], heard)
    ended(peer("dial", f"sip:echo@127.0.0.1:{port}", "--dtmf", "5", "--record", silenced, "--duration", "2"))
    assert re.search(r"cleared: [1-9]", program.wait_for("echo ends:", times=2))


def test_voice_agent_is_interrupted_and_transfers(start, free_port, peer, say, tmp_path):
    port, said, stop = free_port(), tmp_path / "said.wav", tmp_path / "stop.wav"
    subprocess.run(["sox", *say.values(), "-r", "24000", said], check=True)
    subprocess.run(["sox", say["two"], stop, "trim", "0", "1", "pad", "1", "0"], check=True)
    agent = start([sys.executable, ROOT / "examples" / "voice_agent.py", port, said, "sip:human@127.0.0.1"],
                  env={**os.environ, "PYTHONPATH": str(BUILD / "python")})
    wait_bound(port)
    ended(peer("dial", f"sip:agent@127.0.0.1:{port}", "--play", stop, "--codecs", "opus"))
    told = re.search(r"interrupted after ([\d.]+) s", agent.wait_for("heard "))
    assert told and 0.5 < float(told.group(1)) < 6, agent.text()
    caller = peer("dial", f"sip:agent@127.0.0.1:{port}", "--dtmf", "0", "--duration", "20")
    ended(caller)
    (refused,) = [e for e in events(caller) if e["event"] == "refused"]
    assert {*refused} == {"time", "event", "kind", "from", "target"}
    assert (refused["kind"], refused["target"]) == ("transfer", "sip:human@127.0.0.1")
    agent.wait_for("transfer: 603 Decline")


def test_info_and_headers_pass(start, server):
    screen = server("screen_calls", "X-Ticket", "4711")
    uri = f"sip:desk@127.0.0.1:{screen.port}"
    assert "INFO: 200" in ended(start([example("send_info"), uri, "X-Ticket", "4711", "door 3 is open"]))
    screen.wait_for("door 3 is open")
    assert "call: 403 No Ticket" in ended(start([example("send_info"), uri, "X-Ticket", "0815", "nothing"]), 1)
    assert "nothing" not in screen.text()


def test_they_compile_and_run_with_the_installed_library(tmp_path):
    """cc FILE $(pkg-config --cflags --libs offhook), as strict C, with what `meson install` put there."""
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", tmp_path], check=True)
    package = next(tmp_path.rglob("offhook.pc")).parent
    env = {**os.environ, "PKG_CONFIG_PATH": str(package), "PKG_CONFIG_SYSROOT_DIR": str(tmp_path),
           "LD_LIBRARY_PATH": str(package.parent)}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "offhook"], env=env, check=True, capture_output=True,
                           text=True).stdout.split()
    assert all(str(tmp_path) in flag for flag in flags if flag.startswith(("-I", "-L"))), flags
    sources = sorted((ROOT / "examples").glob("*.c"))
    assert len(sources) >= 10
    for source in sources:
        program = tmp_path / source.stem
        subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source,
                        "-o", program, *flags], check=True)
        refused = subprocess.run([program, "nonsense://"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=20)
        if source.stem != "conference":  # its one argument is a port
            assert refused.returncode in (1, 2) and refused.stderr, source


def test_agent_audio_says_again_what_it_hears_and_can_be_interrupted(start, peer, say, tmp_path):
    heard = tmp_path / "heard.wav"
    bob = peer("answer", "--play", say["one"], "--record", heard, "--duration", "6")
    agent = start([example("agent_audio"), f"sip:bob@127.0.0.1:{bob.port}"])
    said = ended(agent)
    assert re.search(r"heard [3-6]\.\d s, said [3-6]\.\d s", said), said
    assert bob.wait(10) == 0, bob.text()
    assert_heard(say["one"], heard)

    bob = peer("answer", "--play", say["one"], "--dtmf", "5", "--duration", "3")
    agent = start([example("agent_audio"), f"sip:bob@127.0.0.1:{bob.port}"])
    assert "interrupted by 5 with " in ended(agent)


def test_render_conference_writes_the_same_minutes_twice(say, tmp_path):
    files = [tmp_path / "first.wav", tmp_path / "second.wav"]
    for file in files:
        subprocess.run([example("render_conference"), file, "600", say["one"], say["two"], say["three"]], check=True, timeout=60)
    assert files[0].read_bytes() == files[1].read_bytes()
    alone = tmp_path / "alone.wav"
    subprocess.run([example("render_conference"), alone, "5", say["one"]], check=True, timeout=60)
    assert_heard(say["one"], alone)
