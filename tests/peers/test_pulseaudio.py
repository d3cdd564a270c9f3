"""A microphone and a speaker of PulseAudio's: what is spoken into the one is heard at the far phone, and back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from audio_check import assert_heard, write_wav
from conftest import wait_bound

RATE = 16000


@pytest.fixture
def server(need, start, tmp_path) -> dict[str, str]:
    """The environment of a server that is ours alone. What is played to `feed` is what the microphone `mic` hears; what
    `speaker` says, `speaker.monitor` repeats."""
    need("pactl")
    socket = tmp_path / "native"
    env = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PULSE_SERVER": f"unix:{socket}"}
    daemon = start([need("pulseaudio"), "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                    "--disable-shm=true", "--realtime=no", "--high-priority=no",
                    "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
                    "-L", "module-null-sink sink_name=speaker", "-L", "module-null-sink sink_name=feed",
                    "-L", "module-remap-source source_name=mic master=feed.monitor"], env=env)
    daemon.wait_until(lambda: subprocess.run(["pactl", "info"], env=env, capture_output=True, check=False).returncode == 0,
                      15, "that it serves")
    return env


def played(env, path: Path, sink: str) -> None:
    subprocess.run(["paplay", f"--device={sink}", str(path)], env=env, check=True, timeout=60)


@pytest.mark.parametrize("beside", ["alone", "beside a low-latency stream"])
def test_what_is_said_into_the_microphone_is_heard_and_back(server, start, command, phrases, free_port, tmp_path, beside):
    """A stream that wants 5 ms shortens every period of its card; ours must not suffer by it."""
    port, far, near = free_port(), tmp_path / "far.wav", tmp_path / "near.raw"
    if beside != "alone":
        for sink in ("speaker", "feed"):
            start(["pacat", "--playback", f"--device={sink}", "--latency-msec=5", "/dev/zero"], env=server)
    answers = start([command, "answer", "--local", f"127.0.0.1:{port}", "--sound", "--microphone", "pulse:mic", "--speaker",
                     "pulse:speaker", "--no-echo-cancel", "--json", "--timeout", "20", "--jitter", "200"], name="near", env=server)
    wait_bound(port)
    listener = start(["parecord", "--device=speaker.monitor", "--raw", "--format=s16le", "--channels=1", f"--rate={RATE}",
                      "--latency-msec=20", str(near)], env=server)
    listener.wait_until(lambda: near.exists() and near.stat().st_size > 0, 15, "anything")
    dials = start([command, "dial", f"sip:near@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--record", far,
                   "--play", phrases["bob"], "--duration", "7", "--jitter", "200"], name="far")
    dials.wait_for('"CONFIRMED"')
    played(server, phrases["alice"], "feed")
    assert dials.wait(30) == 0, dials.text() + answers.text()
    assert answers.wait(20) == 0, answers.text()
    heard = tmp_path / "near.wav"
    write_wav(heard, np.fromfile(near, "<i2").astype(float), RATE)
    assert_heard(phrases["alice"], far, correlation=0.9)
    assert_heard(phrases["bob"], heard, correlation=0.9)
