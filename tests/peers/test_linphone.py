"""linphone's console phone calls us and is called; both sides' speech is checked by correlation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audio_check import assert_heard, read_wav, write_wav
from conftest import wait_bound
from watched import QUESTION, Phone


@pytest.fixture
def linphone(need, start, speech, free_port, pem, tmp_path):
    """linphone(*options): it speaks bob.wav and records what it hears; has .port and .heard. config: further settings."""

    def one(*options: str, config: str = ""):
        more = config
        home, port, rtp = tmp_path / "home", free_port(), free_port() // 2 * 2
        for folder in (home / ".local/share/linphone", home / ".config/linphone"):
            folder.mkdir(parents=True)
        config = home / "linphonerc"
        config.write_text(f"""\
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=-1
bind_address=127.0.0.1
contact=sip:bob@127.0.0.1
guess_hostname=0
use_ipv6=0
root_ca={pem}/cert.pem
verify_server_cn=0
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
{more}""")
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
    """linphone says its file again after half a second, which is cut off."""
    samples, rate = read_wav(ours)
    said, said_rate = read_wav(speech["bob"])
    once = ours.with_name("once.wav")
    write_wav(once, samples[:(len(said) * rate) // said_rate + rate // 2], rate)
    assert_heard(speech["bob"], once)
    assert_heard(speech["alice"], phone.heard)


def events(program) -> list[dict]:
    return [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]


def test_we_call_linphone(start, command, linphone, speech, tmp_path):
    phone, heard = linphone("-a"), tmp_path / "heard.wav"
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{phone.port}", "--local", "127.0.0.1", "--play", speech["alice"],
                  "--record", heard, "--jitter", "300", "--duration", "8", "--json", "--timeout", "10"])
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert_both_heard(speech, heard, phone)
    stats = next(e for e in events(ours) if e["event"] == "call.stats")
    assert stats["codec"].startswith("PCM") and stats["rx_lost"] == 0 and stats["rx_packets"] > 250


def test_linphone_calls_us(start, command, linphone, speech, free_port, tmp_path):
    phone, heard, port = linphone(), tmp_path / "heard.wav", free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--play", speech["alice"], "--record", heard,
                  "--jitter", "300", "--duration", "8", "--json", "--timeout", "15", "--ring", "0.3"])
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


def test_linphone_calls_us_over_tls(start, command, linphone, speech, free_port, tmp_path, pem):
    """Our BYE goes over the connection that it has made."""
    phone, heard, port = linphone(), tmp_path / "heard.wav", free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", "tls", "--cert", pem / "cert.pem",
                  "--key", pem / "key.pem", "--play", speech["alice"], "--record", heard, "--jitter", "300", "--duration",
                  "8", "--json", "--timeout", "15"])
    ours.wait_for('"ready"')
    phone.write(f"call <sip:alice@127.0.0.1:{port};transport=tls>\n")
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert_both_heard(speech, heard, phone)


def test_we_hold_linphone_and_come_back(linphone, steer):
    phone, ours = linphone("-a"), steer()
    ours.tell(f"dial sip:bob@127.0.0.1:{phone.port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell("hold")
    ours.wait_event("media", media="LOCAL_HOLD")
    phone.wait_for("has been paused by")
    ours.tell("resume")
    ours.wait_event("media", times=2, media="ACTIVE")
    phone.write("terminate\n")
    assert ours.wait_event("state", state="DISCONNECTED")["ended_by"] == 2


def test_linphone_sends_us_to_somebody(linphone, steer):
    phone, ours, carol = linphone("-a"), steer("ours"), steer("carol")
    ours.tell("consent")
    carol.tell("accept")
    ours.tell(f"dial sip:bob@127.0.0.1:{phone.port}")
    ours.wait_event("state", state="CONFIRMED")
    phone.write(f"transfer 1 sip:carol@127.0.0.1:{carol.port}\n")
    carol.wait_event("state", state="CONFIRMED")
    ours.wait_event("state", times=2, state="CONFIRMED")


def test_linphone_joins_us_with_somebody(linphone, steer):
    """Attended (RFC 5589 7): REFER with Replaces to us, and ours takes the place of linphone's own call at the other."""
    phone, carol = linphone(), steer("carol")
    # linphone names the other one without his port: it expects a proxy that knows him.
    ours = steer("ours", account={"proxies": [f"sip:127.0.0.1:{carol.port};lr"]})
    for one in (ours, carol):
        one.tell("accept")
        one.tell("consent")
        phone.write(f"call sip:us@127.0.0.1:{one.port}\n")
        one.wait_event("state", state="CONFIRMED")
        phone.write("pause\n")
        one.wait_event("media", media="REMOTE_HOLD")
    phone.write("transfer 1 --to-call 2\n")
    assert "Replaces=" in ours.wait_event("question")["target"]
    carol.wait_event("replaced")
    ours.wait_event("state", times=2, state="CONFIRMED")
    assert carol.wait_event("state", state="DISCONNECTED")


def test_we_join_linphone_with_somebody(linphone, steer):
    phone, ours, carol = linphone("-a"), steer("ours"), steer("carol")
    carol.tell("accept")
    carol.tell("consent")
    ours.tell(f"dial sip:bob@127.0.0.1:{phone.port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell(f"dial sip:carol@127.0.0.1:{carol.port}")
    ours.wait_event("state", times=2, state="CONFIRMED")
    ours.tell("attended")
    carol.wait_event("replaced")
    assert ours.wait_event("transfer", final=1)["status"] == 200


def test_we_send_linphone_to_somebody(linphone, steer):
    phone, ours, carol = linphone("-a"), steer("ours"), steer("carol")
    carol.tell("accept")
    ours.tell(f"dial sip:bob@127.0.0.1:{phone.port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell(f"transfer sip:carol@127.0.0.1:{carol.port}")
    carol.wait_event("state", state="CONFIRMED")
    assert ours.wait_event("transfer", final=1)["status"] == 200


def test_linphone_follows_us(linphone, free_port):
    """A friend of its settings: it subscribes by itself, and says how we are."""
    ours = Phone(free_port())
    ours.phone.account_set_presence(ours.account, True)
    phone = linphone(config=f'[friend_0]\nurl="Alice" <sip:alice@127.0.0.1:{ours.port}>\npol=accept\nsubscribe=1\n')
    assert ours.wait(lambda e: e["type"] == QUESTION)["question"]["target"] == "presence"
    for online, said in ((False, "offline"), (True, "online")):
        ours.phone.account_set_presence(ours.account, online)
        ours.wait(lambda _, said=said: f"is {said}" in phone.text().lower())
    quit_linphone(phone)
    ours.phone.close(2000)
