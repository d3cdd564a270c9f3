"""A voice that was recorded, for telephones: the prompts of Asterisk, half an hour by Allison Smith, through GSM's codec. In
it there is no digit and no tone, and where it begins and ends is noticed in noise too."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import BUILD

FOLDER = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
NO_SPEECH = ("beep", "tone")  # these are tones


@pytest.fixture(scope="module")
def prompts(tmp_path_factory) -> Path:
    """All of them, a second of silence between two: 8 kHz, 16-bit samples."""
    path = tmp_path_factory.mktemp("prompts") / "all.raw"
    files = [f for f in sorted(FOLDER.rglob("*.gsm"))
             if f.parent.name != "silence" and not any(word in f.stem for word in NO_SPEECH)]
    assert len(files) > 400, f"not installed: {FOLDER}"
    silence = FOLDER / "silence" / "1.gsm"
    parts = [str(part) for f in files for part in (f, silence)]
    subprocess.run(["sox", *parts, "-t", "raw", "-e", "signed", "-b", "16", str(path)], check=True)
    assert path.stat().st_size > 25 * 60 * 16000
    return path


@pytest.mark.parametrize("program", ["dtmf_ear", "progress", "vad"])
def test_recorded_speech_is_taken_for_what_it_is(program, prompts):
    done = subprocess.run([BUILD / "tests/audio" / f"test_audio_{program}"], capture_output=True, text=True,
                          env=os.environ | {"OFFHOOK_SPEECH": str(prompts)})
    assert done.returncode == 0, done.stdout + done.stderr
