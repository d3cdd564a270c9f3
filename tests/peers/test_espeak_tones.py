"""Speech by espeak-ng, some minutes of it: the detectors of digits and of tones hear nothing in it."""

import os
import subprocess

import pytest
from conftest import BUILD, ROOT

VOICES = ("en-us+f3", "en-gb+m3", "de+f4")


@pytest.fixture(scope="module")
def minutes(tmp_path_factory):
    """Our own pages, read aloud: 8 kHz, 16-bit samples."""
    folder = tmp_path_factory.mktemp("aloud")
    text = (ROOT / "ARCHITECTURE.md").read_text()[:4000]
    parts = []
    for voice in VOICES:
        raw, part = folder / f"{voice}.wav", folder / f"{voice}.raw"
        subprocess.run(["espeak-ng", "-v", voice, "-w", str(raw), text], check=True)
        subprocess.run(["sox", str(raw), "-r", "8000", "-c", "1", "-t", "raw", "-e", "signed", "-b", "16", str(part),
                        "gain", "-n", "-6"], check=True)
        parts.append(part.read_bytes())
    path = folder / "all.raw"
    path.write_bytes(b"".join(parts))
    assert path.stat().st_size > 5 * 60 * 16000  # five minutes
    return path


@pytest.mark.parametrize("program", ["dtmf_ear", "progress"])
def test_nothing_is_heard_in_speech(program, minutes):
    done = subprocess.run([BUILD / "tests/audio" / f"test_audio_{program}"], capture_output=True, text=True,
                          env=os.environ | {"OFFHOOK_SPEECH": str(minutes)})
    assert done.returncode == 0, done.stdout + done.stderr
