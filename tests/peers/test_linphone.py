"""linphone's console phone calls us and is called; both sides' speech is checked by correlation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audio_check import assert_heard, read_wav, write_wav
from conftest import wait_bound


@pytest.fixture
def linphone(need, start, speech, free_port, tmp_path):
    """linphone(*options): it speaks bob.wav and records what it hears; has .port and .heard."""

    def one(*options: str):
        home, port, rtp = tmp_path / "home", free_port(), free_port() // 2 * 2
        for folder in (home / ".local/share/linphone", home / ".config/linphone"):
            folder.mkdir(parents=True)
        config = home / "linphonerc"
        config.write_text(f"""\
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
bind_address=127.0.0.1
contact=sip:bob@127.0.0.1
guess_hostname=0
use_ipv6=0
[rtp]
audio_rtp_port={rtp}
bind_address=127.0.0.1
audio_jitt_comp=100
audio_adaptive_jitt_comp_enabled=0
[sound]
echocancellation=0
[video]
enabled=0
automatically_initiate=0
automatically_accept=0
""")
        phone = start([need("linphonec"), "-c", config, *options], name="linphonec",
                      env={"HOME": str(home), "PATH": "/usr/bin:/bin"})
        phone.port, phone.heard = port, tmp_path / "linphone-heard.wav"
        wait_bound(port)
        phone.write(f"soundcard use files\nrecord {phone.heard}\nplay {speech['bob']}\ncodec list\n")
        phone.wait_for("PCMA (8000)")
        return phone

    return one


def quit_linphone(phone) -> None:
    phone.write("quit\n")
    assert phone.wait(20) == 0, phone.text()


def assert_both_heard(speech: dict[str, Path], ours: Path, phone) -> None:
    """linphone says its file again after half a second, which is cut off; its jitter buffer slips 10 ms at times."""
    samples, rate = read_wav(ours)
    said, said_rate = read_wav(speech["bob"])
    once = ours.with_name("once.wav")
    write_wav(once, samples[:(len(said) * rate) // said_rate + rate // 2], rate)
    assert_heard(speech["bob"], once)
    assert_heard(speech["alice"], phone.heard, correlation=0.9)


def events(program) -> list[dict]:
    return [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]


def test_we_call_linphone(start, command, linphone, speech, tmp_path):
    phone, heard = linphone("-a"), tmp_path / "heard.wav"
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{phone.port}", "--local", "127.0.0.1", "--play", speech["alice"],
                  "--record", heard, "--jitter", "100", "--duration", "8", "--json", "--timeout", "10"])
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert_both_heard(speech, heard, phone)
    stats = next(e for e in events(ours) if e["event"] == "call.stats")
    assert stats["codec"].startswith("PCM") and stats["rx_lost"] == 0 and stats["rx_packets"] > 250


def test_linphone_calls_us(start, command, linphone, speech, free_port, tmp_path):
    phone, heard, port = linphone(), tmp_path / "heard.wav", free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--play", speech["alice"], "--record", heard,
                  "--jitter", "100", "--duration", "8", "--json", "--timeout", "15", "--ring", "0.3"])
    ours.wait_for('"ready"')
    phone.write(f"call sip:alice@127.0.0.1:{port}\n")
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert_both_heard(speech, heard, phone)
    states = [e["state"] for e in events(ours) if e["event"] == "call.state"]
    assert states == ["EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED"]


def test_linphone_holds_us_dials_digits_and_hangs_up(start, command, linphone, tmp_path):
    phone = linphone("-a")
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{phone.port}", "--local", "127.0.0.1", "--tone", "440",
                  "--duration", "20", "--json", "--timeout", "10"])
    ours.wait_for('"CONFIRMED"')
    ours.wait_for('"call.rtp"')
    for n, digit in enumerate("159#", 1):
        phone.write(digit + "\n")
        ours.wait_for('"call.dtmf"', times=n)
    phone.write("pause 1\n")
    ours.wait_for("REMOTE_HOLD")
    phone.wait_for("is now paused")
    phone.write("resume 1\n")
    ours.wait_for('"event":"call.media"', times=3)
    phone.write("terminate\n")
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert [e["media"] for e in events(ours) if e["event"] == "call.media"] == ["ACTIVE", "REMOTE_HOLD", "ACTIVE"]
    assert "".join(e["digit"] for e in events(ours) if e["event"] == "call.dtmf") == "159#"
    assert events(ours)[-1]["ended_by"] == "peer"
