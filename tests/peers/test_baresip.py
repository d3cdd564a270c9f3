"""baresip calls us and is called; both sides' speech is checked by correlation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from audio_check import assert_heard


def configure(folder: Path, port: int, says: Path, codec: str, module: str = "g711", rate: int = 8000,
              channels: int = 1) -> Path:
    """A folder with a baresip that speaks the file `says` and dumps what it hears; answers by itself."""
    modules = Path("/usr/lib/baresip/modules")
    if not modules.exists():
        pytest.skip("baresip's modules are not where Debian puts them")
    folder.mkdir()
    (folder / "config").write_text(f"""\
poll_method epoll
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
        f"<sip:bob@127.0.0.1:{port}>;regint=0;answermode=auto;audio_codecs={codec}\n")
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
                  "--record", heard, "--jitter", "100", "--duration", "8", "--json", "--timeout", "10"])
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
                  "--jitter", "100", "--duration", "8", "--json", "--timeout", "15", "--ring", "0.3"])
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
