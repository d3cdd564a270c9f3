"""Speech through every codec that we share with baresip and linphone, both ways, checked by correlation.

Not G.726: baresip 1.0 packs what it calls G726-32 the other way round than RFC 3551 4.5.4 says.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from audio_check import assert_heard, read_wav, write_wav
from test_baresip import configure, dumped, events
from test_linphone import linphone, quit_linphone  # noqa: F401 (a fixture)

LOSSY = 0.9


def at_rate(path: Path, rate: int, channels: int) -> Path:
    """baresip speaks files at the rate of its codec only."""
    out = path.with_name(f"{path.stem}-{rate}-{channels}.wav")
    subprocess.run(["sox", path, "-r", str(rate), "-c", str(channels), out], check=True)
    return out


def ours_dials(start, command, speech, port: int, heard: Path, codec: str):
    return start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--codecs", codec, "--play",
                  speech["alice"], "--record", heard, "--jitter", "100", "--duration", "8", "--json", "--timeout", "10"])


def spoken(program) -> str:
    return next(e for e in events(program) if e["event"] == "call.stats")["codec"]


@pytest.mark.parametrize(("codec", "theirs", "module", "rate", "channels"), [
    ("G722", "G722", "g722", 16000, 1), ("opus", "opus", "opus", 48000, 2), ("GSM", "GSM", "gsm", 8000, 1),
    ("L16/16000", "L16/16000/1", "l16", 16000, 1)])
def test_we_speak_with_baresip(need, start, command, speech, free_port, tmp_path, codec, theirs, module, rate, channels):
    port, heard = free_port(), tmp_path / "heard.wav"
    folder = configure(tmp_path / "baresip", port, at_rate(speech["bob"], rate, channels), theirs, module, rate, channels)
    baresip = start([need("baresip"), "-f", folder], name="baresip")
    baresip.wait_for("baresip is ready")
    ours = ours_dials(start, command, speech, port, heard, codec)
    assert ours.wait(30) == 0, ours.text() + baresip.text()
    baresip.write("q")
    baresip.wait(10)
    assert spoken(ours).lower().startswith(codec.split("/")[0].lower())
    assert_heard(speech["bob"], heard, correlation=LOSSY, level_db=1.5)
    assert_heard(speech["alice"], dumped(folder), correlation=LOSSY, level_db=1.5)


def enable(phone, codec: str, rate: int) -> None:
    """linphone has some codecs turned off."""
    phone.write("codec list\n")
    phone.write(f"codec enable {re.findall(rf'([0-9]+): {codec} [(]{rate}[)]', phone.text())[-1]}\n")


@pytest.mark.parametrize(("codec", "theirs", "rate", "level_db"), [
    ("opus", "opus", 48000, 1.5), ("G722", "G722", 8000, 6.5), ("GSM", "GSM", 8000, 1.5)])
def test_we_speak_with_linphone(start, command, linphone, speech, tmp_path, codec, theirs, rate, level_db):  # noqa: F811
    """linphone 5.1 speaks G.722 at half the level."""
    phone, heard = linphone("-a"), tmp_path / "heard.wav"
    enable(phone, theirs, rate)
    ours = ours_dials(start, command, speech, phone.port, heard, codec)
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert spoken(ours).lower().startswith(theirs.lower())
    samples, hz = read_wav(heard)
    said, said_hz = read_wav(speech["bob"])
    once = tmp_path / "once.wav"  # linphone says its file again after half a second
    write_wav(once, samples[:len(said) * hz // said_hz + hz // 2], hz)
    assert_heard(speech["bob"], once, correlation=LOSSY, level_db=level_db)
    assert_heard(speech["alice"], phone.heard, correlation=LOSSY, level_db=level_db)
