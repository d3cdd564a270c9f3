"""baresip calls us and is called; both sides' speech is checked by correlation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from audio_check import assert_heard


def configure(folder: Path, port: int, says: Path, codec: str, module: str = "g711", rate: int = 8000,
              channels: int = 1, pem: Path | None = None) -> Path:
    """A folder with a baresip that speaks the file `says` and dumps what it hears; answers by itself. With `pem` it speaks
    TLS, on the port behind."""
    modules = Path("/usr/lib/baresip/modules")
    if not modules.exists():
        pytest.skip("baresip's modules are not where Debian puts them")
    folder.mkdir()
    tls = ""
    if pem:
        (folder / "both.pem").write_text((pem / "cert.pem").read_text() + (pem / "key.pem").read_text())
        tls = f"sip_certificate {folder}/both.pem\nsip_cafile {pem}/cert.pem\n"
    (folder / "config").write_text(f"""\
{tls}poll_method epoll
sip_listen 127.0.0.1:{port}
audio_source aufile,{says}
audio_alert aufile,{says}
audio_srate {rate}-{rate}
audio_channels {channels}-{channels}
rtp_ports {40000 + port % 500 * 20}-{40000 + port % 500 * 20 + 19}
snd_path {folder}
module_path {modules}
module stdio.so
module {module}.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
""")
    (folder / "accounts").write_text(
        f"<sip:bob@127.0.0.1:{port}{';transport=tls' if pem else ''}>;regint=0;answermode=auto;audio_codecs={codec}\n")
    (folder / "contacts").write_text("")
    return folder


def dumped(folder: Path) -> Path:
    """What baresip heard."""
    found = sorted(folder.glob("dump*dec*.wav"), key=lambda p: p.stat().st_size)
    assert found, f"baresip dumped nothing: {list(folder.iterdir())}"
    return found[-1]


def events(program) -> list[dict]:
    return [json.loads(line) for line in program.text().splitlines() if line.startswith("{")]


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_we_call_baresip(need, start, command, speech, free_port, tmp_path, codec):
    port = free_port()
    folder = configure(tmp_path / "baresip", port, speech["bob"], codec)
    baresip = start([need("baresip"), "-f", folder], name="baresip")
    baresip.wait_for("baresip is ready")
    heard = tmp_path / "heard.wav"
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--play", speech["alice"],
                  "--record", heard, "--jitter", "300", "--duration", "8", "--json", "--timeout", "10"])
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    baresip.write("q")
    baresip.wait(10)
    assert_heard(speech["bob"], heard)
    assert_heard(speech["alice"], dumped(folder))
    stats = next(e for e in events(ours) if e["event"] == "call.stats")
    assert stats["codec"].startswith(codec) and stats["rx_lost"] == 0 and stats["rx_packets"] > 250


def test_baresip_calls_us(need, start, command, speech, free_port, tmp_path):
    port, our_port = free_port(), free_port()
    folder = configure(tmp_path / "baresip", port, speech["bob"], "PCMU")
    heard = tmp_path / "heard.wav"
    ours = start([command, "answer", "--local", f"127.0.0.1:{our_port}", "--play", speech["alice"], "--record", heard,
                  "--jitter", "300", "--duration", "8", "--json", "--timeout", "15", "--ring", "0.3"])
    ours.wait_for('"ready"')
    baresip = start([need("baresip"), "-f", folder, "-e", f"/dial sip:alice@127.0.0.1:{our_port}"], name="baresip")
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    baresip.write("q")
    baresip.wait(10)
    assert_heard(speech["bob"], heard)
    assert_heard(speech["alice"], dumped(folder))
    states = [e["state"] for e in events(ours) if e["event"] == "call.state"]
    assert states == ["EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED"]


def test_baresip_holds_us_and_comes_back(need, start, command, speech, free_port, tmp_path):
    port = free_port()
    folder = configure(tmp_path / "baresip", port, speech["bob"], "PCMU")
    baresip = start([need("baresip"), "-f", folder], name="baresip")
    baresip.wait_for("baresip is ready")
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--tone", "440",
                  "--duration", "5", "--json", "--timeout", "10"])
    ours.wait_for('"call.rtp"')
    baresip.write("x")
    ours.wait_for("REMOTE_HOLD")
    baresip.write("X")
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    media = [e["media"] for e in events(ours) if e["event"] == "call.media"]
    assert media == ["ACTIVE", "REMOTE_HOLD", "ACTIVE"]


def test_digits_reach_us_from_baresip(need, start, command, speech, free_port, tmp_path):
    port = free_port()
    folder = configure(tmp_path / "baresip", port, speech["bob"], "PCMU")
    baresip = start([need("baresip"), "-f", folder], name="baresip")
    baresip.wait_for("baresip is ready")
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--duration", "6", "--json",
                  "--tone", "440", "--timeout", "10"])
    ours.wait_for('"CONFIRMED"')
    for digit in "159#":
        baresip.write(digit)
        ours.wait_for(f'"digit":"{digit}"')
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    assert "".join(e["digit"] for e in events(ours) if e["event"] == "call.dtmf") == "159#"


def test_our_digits_reach_baresip(need, start, command, speech, free_port, tmp_path):
    port = free_port()
    folder = configure(tmp_path / "baresip", port, speech["bob"], "PCMU")
    baresip = start([need("baresip"), "-f", folder], name="baresip")
    baresip.wait_for("baresip is ready")
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--dtmf", "2580*",
                  "--duration", "4", "--json", "--timeout", "10"])
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    assert "".join(re.findall(r"received event: '(.)' \(end=1\)", baresip.text())) == "2580*"


def test_we_hold_baresip_and_come_back(need, start, steer, speech, free_port, tmp_path):
    port, ours = free_port(), steer()
    baresip = start([need("baresip"), "-f", configure(tmp_path / "baresip", port, speech["bob"], "PCMU")], name="baresip")
    baresip.wait_for("baresip is ready")
    ours.tell(f"dial sip:bob@127.0.0.1:{port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell("hold")
    ours.wait_event("media", media="LOCAL_HOLD")
    baresip.wait_for("hold")
    ours.tell("resume")
    ours.wait_event("media", times=2, media="ACTIVE")
    baresip.write("b")
    assert ours.wait_event("state", state="DISCONNECTED")["ended_by"] == 2


def test_baresip_sends_us_to_somebody(need, start, steer, speech, free_port, tmp_path):
    port, ours, carol = free_port(), steer("ours"), steer("carol")
    ours.tell("consent")
    carol.tell("accept")
    baresip = start([need("baresip"), "-f", configure(tmp_path / "baresip", port, speech["bob"], "PCMU")], name="baresip")
    baresip.wait_for("baresip is ready")
    ours.tell(f"dial sip:bob@127.0.0.1:{port}")
    ours.wait_event("state", state="CONFIRMED")
    baresip.write(f"/transfer sip:carol@127.0.0.1:{carol.port}\n")
    assert f":{carol.port}" in ours.wait_event("question")["target"]
    carol.wait_event("state", state="CONFIRMED")
    ours.wait_event("state", times=2, state="CONFIRMED")
    # It hangs up when it hears that we have reached the other one.
    assert ours.wait_event("state", state="DISCONNECTED")["ended_by"] == 2


def test_we_send_baresip_to_somebody(need, start, steer, speech, free_port, tmp_path):
    port, ours, carol = free_port(), steer("ours"), steer("carol")
    carol.tell("accept")
    baresip = start([need("baresip"), "-f", configure(tmp_path / "baresip", port, speech["bob"], "PCMU")], name="baresip")
    baresip.wait_for("baresip is ready")
    ours.tell(f"dial sip:bob@127.0.0.1:{port}")
    ours.wait_event("state", state="CONFIRMED")
    ours.tell(f"transfer sip:carol@127.0.0.1:{carol.port}")
    carol.wait_event("state", state="CONFIRMED")
    assert ours.wait_event("transfer", final=1)["status"] == 200


def test_we_call_baresip_over_tls(need, start, command, phrases, free_port, tmp_path, pem):
    port, heard = free_port(), tmp_path / "heard.wav"
    folder = configure(tmp_path / "baresip", port, phrases["bob"], "PCMU", pem=pem)
    baresip = start([need("baresip"), "-f", folder], name="baresip")
    baresip.wait_for("baresip is ready")
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{port + 1};transport=tls", "--local", "127.0.0.1", "--transport", "tls",
                  "--ca", pem / "cert.pem", "--cert", pem / "cert.pem", "--key", pem / "key.pem", "--play", phrases["alice"],
                  "--record", heard, "--jitter", "300", "--duration", "4.5", "--json", "--timeout", "10"])
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    baresip.write("q")
    baresip.wait(10)
    assert_heard(phrases["bob"], heard)
    assert_heard(phrases["alice"], dumped(folder))


def test_baresip_calls_us_over_tls(need, start, command, phrases, free_port, tmp_path, pem):
    port, our_port, heard = free_port(), free_port(), tmp_path / "heard.wav"
    folder = configure(tmp_path / "baresip", port, phrases["bob"], "PCMU", pem=pem)
    ours = start([command, "answer", "--local", f"127.0.0.1:{our_port}", "--transport", "tls", "--cert", pem / "cert.pem",
                  "--key", pem / "key.pem", "--ca", pem / "cert.pem", "--play", phrases["alice"], "--record", heard,
                  "--jitter", "300", "--duration", "4.5", "--json", "--timeout", "15"])
    ours.wait_for('"ready"')
    baresip = start([need("baresip"), "-f", folder, "-e", f"/dial sip:alice@127.0.0.1:{our_port};transport=tls"],
                    name="baresip")
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    baresip.write("q")
    baresip.wait(10)
    assert_heard(phrases["bob"], heard)
    assert_heard(phrases["alice"], dumped(folder))
