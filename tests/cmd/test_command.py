"""The offhook command: what it says, what it prints for machines, and its exit status."""

from __future__ import annotations

import array
import cmath
import json
import math
import socket
import subprocess
import wave

import pytest
from audio_check import assert_heard, read_wav


def run(command, *args, timeout=30):
    return subprocess.run([command, *map(str, args)], capture_output=True, text=True, timeout=timeout)


def events(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_two_commands_speak_with_each_other(command, start, speech, free_port, tmp_path):
    port = free_port()
    heard = {"alice": tmp_path / "alice.wav", "bob": tmp_path / "bob.wav"}
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--play", speech["bob"], "--record", heard["bob"],
                 "--jitter", "100", "--json", "--ring", "0.2", "--from", "sip:bob@127.0.0.1"])
    bob.wait_for('"ready"')
    alice = run(command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--play", speech["alice"],
                "--record", heard["alice"], "--json", "--jitter", "100", "--duration", "8", "--from", '"Alice" <sip:alice@127.0.0.1>')
    assert alice.returncode == 0, alice.stderr
    assert bob.wait(10) == 0, bob.text()
    assert_heard(speech["alice"], heard["bob"])
    assert_heard(speech["bob"], heard["alice"])
    seen = events(alice.stdout)
    assert [e["state"] for e in seen if e["event"] == "call.state"] == [
        "CALLING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED"]
    assert all(e["time"].endswith("Z") and "T" in e["time"] for e in seen)
    theirs = events(bob.text())
    assert next(e for e in theirs if e["event"] == "call.incoming")["remote"] == '"Alice" <sip:alice@127.0.0.1>'


def test_digits_arrive_once_each_and_the_call_ends_behind_them(command, start, free_port):
    port = free_port()
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "440", "--json"])
    bob.wait_for('"ready"')
    alice = run(command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--dtmf", "1122*#AD")
    assert alice.returncode == 0, alice.stderr
    assert bob.wait(10) == 0, bob.text()
    assert "".join(e["digit"] for e in events(bob.text()) if e["event"] == "call.dtmf") == "1122*#AD"


def test_echo_gives_back_what_was_said(command, start, speech, free_port, tmp_path):
    port = free_port()
    start([command, "answer", "--local", f"127.0.0.1:{port}", "--echo", "--jitter", "100", "--json"]).wait_for('"ready"')
    heard = tmp_path / "echo.wav"
    caller = run(command, "dial", f"sip:echo@127.0.0.1:{port}", "--local", "127.0.0.1", "--play", speech["alice"],
                 "--record", heard, "--jitter", "100", "--duration", "8")
    assert caller.returncode == 0, caller.stderr
    assert_heard(speech["alice"], heard)


def strength(samples, hz, rate):
    """The amplitude of hz in samples."""
    turn = 2 * math.pi * hz / rate
    return 2 * abs(sum(s * cmath.exp(-1j * turn * i) for i, s in enumerate(samples))) / len(samples)


def test_files_follow_each_other_and_both_sides_are_recorded(command, start, free_port, tmp_path):
    port, both = free_port(), tmp_path / "both.wav"
    files = [tmp_path / "first.wav", tmp_path / "second.raw"]
    for file, rate in zip(files, (8000, 16000), strict=True):
        subprocess.run(["sox", "-n", "-r", str(rate), "-b", "16", "-e", "signed", file, "synth", "0.8", "sine", "1000"],
                       check=True)
    start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "440", "--json"]).wait_for('"ready"')
    caller = run(command, "dial", f"sip:b@127.0.0.1:{port}", "--local", "127.0.0.1", "--play", files[0], "--play", files[1],
                 "--raw-rate", "16000", "--stereo", "--record", both, "--json")
    assert caller.returncode == 0, caller.stderr
    assert [e["file"] for e in events(caller.stdout) if e["event"] == "player.next"] == [str(files[1])]
    with wave.open(str(both)) as f:
        assert f.getnchannels() == 2 and f.getframerate() == 16000
        samples = array.array("h", f.readframes(f.getnframes()))
    middle = len(samples) // 4 // 2 * 2
    left, right = samples[middle:-middle:2], samples[middle + 1:-middle:2]
    assert strength(left, 440, 16000) > 4000 > 100 * strength(right, 440, 16000)
    assert strength(right, 1000, 16000) > 4000 > 100 * strength(left, 1000, 16000)


def test_over_ipv6(command, start):
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    bob = start([command, "answer", "--local", "[::1]:0", "--tone", "440", "--json"])
    port = events(bob.wait_for('"ready"'))[0]["port"]
    assert f"listening on [::1]:{port}" in bob.text()
    alice = run(command, "dial", f"bob@[::1]:{port}", "--tone", "440", "--duration", "0.6", "--json")
    assert alice.returncode == 0, alice.stderr
    assert events(alice.stdout)[-1]["rtp_remote"].startswith("[::1]:")
    assert bob.wait(10) == 0, bob.text()


def test_a_tone_has_its_frequency(command, start, free_port, tmp_path):
    import numpy as np

    port, heard = free_port(), tmp_path / "tone.wav"
    start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "1000", "--json"]).wait_for('"ready"')
    assert run(command, "dial", f"sip:t@127.0.0.1:{port}", "--local", "127.0.0.1", "--record", heard, "--duration",
               "2").returncode == 0
    samples, rate = read_wav(heard)
    middle = samples[rate // 2:rate // 2 + rate]
    assert abs(int(np.argmax(np.abs(np.fft.rfft(middle)))) - 1000) <= 1


@pytest.mark.parametrize("code, status", [(486, 1), (603, 1), (404, 1), (301, 1)])
def test_a_refused_call_is_a_failed_call(command, start, free_port, code, status):
    port = free_port()
    answerer = start([command, "answer", "--local", f"127.0.0.1:{port}", "--code", code, "--reason", "Not Today",
                      "--json"])
    answerer.wait_for('"ready"')
    caller = run(command, "dial", f"sip:x@127.0.0.1:{port}", "--local", "127.0.0.1", "--json")
    assert caller.returncode == status
    end = [e for e in events(caller.stdout) if e["event"] == "call.state"][-1]
    assert end["state"] == "DISCONNECTED" and end["status"] == code and end["reason"] == "Not Today"
    assert answerer.wait(10) == 0, answerer.text()


def test_nobody_answers(command, start, free_port):
    port = free_port()
    start([command, "answer", "--local", f"127.0.0.1:{port}", "--ring", "30", "--json"]).wait_for('"ready"')
    assert run(command, "dial", f"sip:x@127.0.0.1:{port}", "--local", "127.0.0.1", "--timeout", "1").returncode == 4


def test_nobody_calls(command, free_port):
    assert run(command, "answer", "--local", f"127.0.0.1:{free_port()}", "--timeout", "0.5").returncode == 4


def test_nobody_is_there(command, free_port):
    caller = run(command, "dial", f"sip:x@127.0.0.1:{free_port()}", "--local", "127.0.0.1", "--json")
    assert caller.returncode == 6, caller.stdout + caller.stderr


def test_a_name_without_address(command):
    caller = run(command, "dial", "sip:x@no-such-host.invalid", "--local", "127.0.0.1", "--json")
    assert caller.returncode == 6, caller.stdout + caller.stderr


def test_a_port_in_use(command):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        result = run(command, "answer", "--local", f"127.0.0.1:{s.getsockname()[1]}")
    assert result.returncode == 6
    assert len(result.stderr.splitlines()) == 1 and "in use" in result.stderr


@pytest.mark.parametrize("args, says", [
    ([], "offhook dial URI"),
    (["call", "sip:x@y"], "unknown command 'call'"),
    (["dial"], "whom?"),
    (["dial", "not a uri"], "no SIP URI"),
    (["dial", "sip:"], "no SIP URI"),
    (["dial", "sip:x@127.0.0.1", "--wrong"], "unknown option '--wrong'"),
    (["dial", "sip:x@127.0.0.1", "--duration"], "needs a value"),
    (["dial", "sip:x@127.0.0.1", "--duration", "long"], "'long' is not good. SECONDS from 0 to 10000000: hang up"),
    (["dial", "sip:x@127.0.0.1", "--play", "/no/such/file.wav"], "/no/such/file.wav"),
    (["dial", "sip:x@127.0.0.1", "--play", "/dev/null"], "'/dev/null'"),
    (["dial", "sip:x@127.0.0.1", *["--play", "x.wav"] * 65], "option --play: 'x.wav' is one too many, 64 can be given"),
    (["dial", "sip:x@127.0.0.1", *["-H", "X: y"] * 33], "option --header: 'X: y' is one too many, 32 can be given"),
    (["dial", "sip:x@127.0.0.1", "--rate", "12000"], "option --rate: 8000, 16000, 32000 or 48000"),
    (["dial", "sip:x@127.0.0.1", "--ptime", "15"], "option --ptime: 10, 20, 30, 40, 50 or 60"),
    (["dial", "sip:x@127.0.0.1", "--jitter", "501"], "'501' is not good. MS from 0 to 500"),
    (["dial", "sip:x@127.0.0.1", "--raw-rate", "999"], "'999' is not good. HZ from 1000 to 384000"),
    (["dial", "sip:x@127.0.0.1", "--tone", "de:bus"], "'de:bus' is not known: COUNTRY is two letters such as de"),
    (["dial", "sip:x@127.0.0.1", "--tone", "440,19"], "'440,19' is not good. TONE: play a tone: HZ[,HZ]"),
    (["dial", "sip:x@127.0.0.1", "--tone", "9000"], "9000 Hz: a tone has 20 to 7200"),
    (["dial", "sip:x@127.0.0.1", "--dtmf", "1" * 33], "is not good: 1 to 32 of 0-9 A-D * # R"),
    (["dial", "sip:x@127.0.0.1", "--dtmf", "12x"], "'12x' is not good: 1 to 32 of 0-9 A-D * # R"),
    (["dial", "sip:x@127.0.0.1", "--codecs", ",".join(
        ["PCMU", "PCMA", "G722", "opus", "GSM"] + [f"L16/{rate}" for rate in (8000, 16000, 24000, 32000, 48000)] +
        [f"{kind}{rate}" for kind in ("G726-", "AAL2-G726-") for rate in (16, 24, 32, 40)])], "more than 16 codecs"),
    (["presence", "sip:x@127.0.0.1", "--expires", "59"], "option --expires: 60 to 86400 for presence"),
    (["register", "sip:x@127.0.0.1", "--expires", "86401"], "'86401' is not good. SECONDS from 1 to 86400"),
    (["register", "sip:x@127.0.0.1", "--retry", "0"], "'0' is not good. SECONDS from 1 to 86400"),
    (["answer", "--count", "1000001"], "'1000001' is not good. N from 0 to 1000000"),
    (["answer", "--unmatched", "200"], "--unmatched is drop, or a status of 300 to 699"),
    (["answer", "--disallowed", "700"], "--disallowed is drop, or a status of 300 to 699"),
    (["answer", *["--allow", "192.0.2.1"] * 65], "option --allow: '192.0.2.1' is one too many, 64 can be given"),
    (["dial", "sip:x@127.0.0.1", *["--proxy", "sip:p"] * 9], "option --proxy: 'sip:p' is one too many, 8 can be given"),
    (["dial", "sip:x@127.0.0.1", *["--server", "sip:p"] * 9], "option --server: 'sip:p' is one too many, 8 can"),
    (["dial", "sip:x@127.0.0.1", "--record", "/no/such/folder/x.wav"], "/no/such/folder/x.wav"),
    (["dial", "sip:x@127.0.0.1", "--record", "x.mp3"], ".wav, .flac, .ogg or .opus"),
    (["dial", "sip:x@127.0.0.1", "--local", "999.1.1.1"], "cannot listen"),
    (["dial", "sip:x@127.0.0.1", "--local", "[::1]x"], "'[::1]x' is not good"),
    (["dial", "sip:x@127.0.0.1", "--codecs", "G.999"], "no codec 'G.999'"),
    (["dial", "sip:x@127.0.0.1", "sip:y@127.0.0.1"], "what is 'sip:y@127.0.0.1' for?"),
    (["answer", "--code", "99"], "'99' is not good. STATUS from 200 to 699: answer with"),
])
def test_wrong_use_is_one_clear_sentence(command, args, says):
    result = run(command, *args)
    assert result.returncode == 2, result.stderr
    assert says in result.stderr + result.stdout
    if args:
        assert len(result.stderr.splitlines()) == 1, result.stderr


def test_help_and_version(command):
    assert "exit status" in run(command, "--help").stdout
    assert run(command, "--version").stdout.startswith("offhook ")


def test_interrupted_it_hangs_up(command, start, free_port):
    import signal

    port = free_port()
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "440", "--json"])
    bob.wait_for('"ready"')
    alice = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--tone", "440"])
    alice.wait_for('"CONFIRMED"')
    alice.process.send_signal(signal.SIGINT)
    assert alice.wait(10) == 130
    assert bob.wait(10) == 0, bob.text()


def test_silence_speech_and_quality_are_told(command, start, free_port):
    port = free_port()
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--silence", "0.5"])
    bob.wait_for('"ready"')
    alice = run(command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--silence", "0.5",
                "--speech", "--stats", "0.5", "--duration", "2.5")
    assert alice.returncode == 0, alice.stderr
    assert bob.wait(10) == 0, bob.text()
    seen = events(alice.stdout)
    assert [e["event"] for e in seen if e["event"] in ("call.silence", "call.sound", "call.speech")] == ["call.silence"]
    assert next(e for e in seen if e["event"] == "call.silence")["silence_ms"] >= 500
    told = [e for e in seen if e["event"] == "call.quality"]
    assert len(told) >= 3 and told[-1]["rx_all_mos_cq"] > 4 and told[-1]["rx_loss_percent"] == 0
    assert seen[-1]["event"] == "call.stats" and seen[-1]["rx_all_mos_cq"] > 4 and "tx_told" in seen[-1]


def test_a_tone_of_the_network_is_told(command, start, free_port):
    port = free_port()
    bob = start([command, "answer", "--local", f"127.0.0.1:{port}", "--tone", "us:busy", "--dtmf-by", "tones"])
    bob.wait_for("listening")
    alice = run(command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--progress", "us",
                "--tone", "440:100 0:100", "--duration", "3.5")
    assert alice.returncode == 0, alice.stderr
    assert bob.wait(10) == 0, bob.text()
    told = [e for e in events(alice.stdout) if e["event"] == "call.progress"]
    assert [e["heard"] for e in told] == ["busy"] and told[0]["confidence"] == 90 and " Hz, " in told[0]["tones"]
    for wrong in (["--progress", "xx"], ["--tone", "us:what"], ["--dtmf-by", "smoke"]):
        assert run(command, "dial", "sip:bob@127.0.0.1", *wrong).returncode == 2
