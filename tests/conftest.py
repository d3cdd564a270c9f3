"""What all end-to-end tests share: the build, speech, free ports, programs that are always ended."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("OFFHOOK_BUILD", ROOT / "build"))

ALICE_SAYS = "Hello, this is Alice. The quick brown fox jumps over the lazy dog, and the call goes on."
BOB_SAYS = "Good morning, Bob speaking. She sells sea shells by the sea shore, I hear you very well."


def pytest_configure(config: pytest.Config) -> None:
    sys.path.insert(0, str(BUILD / "python"))


@pytest.fixture(scope="session")
def command() -> str:
    """The offhook command."""
    path = BUILD / "cmd" / "offhook"
    assert path.exists(), f"{path} is not built"
    return str(path)


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two voices, 8 kHz mono 16-bit: {"alice": path, "bob": path}."""
    folder = tmp_path_factory.mktemp("speech")
    voices = {}
    for name, text, voice in (("alice", ALICE_SAYS, "en-us"), ("bob", BOB_SAYS, "en-gb+f3")):
        raw, path = folder / f"{name}-raw.wav", folder / f"{name}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(raw), text], check=True)
        subprocess.run(["sox", str(raw), "-r", "8000", "-c", "1", "-b", "16", str(path), "gain", "-n", "-3"], check=True)
        voices[name] = path
    return voices


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A UDP port of 127.0.0.1 that nobody has now."""
    given: list[int] = []

    def one() -> int:
        while True:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind(("127.0.0.1", 0))
                port = s.getsockname()[1]
            if port not in given:
                given.append(port)
                return port

    return one


def wait_bound(port: int, seconds: float = 10, kind: str = "udp") -> None:
    """Until somebody listens on this UDP (or TCP) port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            if int(line.split()[1].split(":")[1], 16) == port:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port}")


class Program:
    """A running program whose output goes to a file."""

    def __init__(self, args: list[str], log: Path, **kwargs: object) -> None:
        self.args, self.log = args, log
        self._out = open(log, "wb")
        self.process = subprocess.Popen(args, stdout=self._out, stderr=subprocess.STDOUT,
                                        stdin=subprocess.PIPE, **kwargs)  # type: ignore[call-overload]

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, what: str, seconds: float = 15, times: int = 1) -> str:
        """Until `what` stands in the output, so many times."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.text().count(what) >= times:
                return self.text()
            if self.process.poll() is not None and self.text().count(what) < times:
                break
            time.sleep(0.02)
        raise AssertionError(f"{self.args[0]} did not say {what!r}:\n{self.text()[-4000:]}")

    def wait(self, seconds: float = 30) -> int:
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.args[0]} does not end:\n{self.text()[-4000:]}") from None

    def write(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self._out.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """start(args, name="x") runs a program; all are ended after the test."""
    programs: list[Program] = []

    def one(args: list[str], name: str = "", **kwargs: object) -> Program:
        name = name or Path(args[0]).name
        p = Program([str(a) for a in args], tmp_path / f"{len(programs)}-{name}.log", **kwargs)
        programs.append(p)
        return p

    yield one
    for p in reversed(programs):
        p.stop()


@pytest.fixture
def steered(start: Callable[..., Program]) -> Program:
    """A phone that does what it is told on its standard input: tests/python/programs/steered.py."""
    program = start([sys.executable, str(ROOT / "tests" / "python" / "programs" / "steered.py")], name="steered",
                    env={"PYTHONPATH": str(BUILD / "python")})
    program.wait_for('"ready"')
    return program


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """The path of a peer's program; skips with the reason where it is not installed."""

    def one(name: str) -> str:
        path = shutil.which(name)
        if not path:
            pytest.skip(f"{name} is not installed")
        return path

    return one


@pytest.fixture
def make_phone() -> Iterator[Callable[..., Any]]:
    """make_phone(...) starts a Phone of tests/python/phones.py; the one Lib of the process is destroyed after the test."""
    import pjsua
    from phones import Phone

    yield Phone
    lib = pjsua.Lib.instance()
    if lib is not None:
        lib.destroy()


@pytest.fixture
def phone(make_phone: Callable[..., Any]) -> Any:
    return make_phone()


@pytest.fixture
def peer() -> Iterator[Any]:
    """A SIP peer of a bare socket."""
    from phones import Peer

    one = Peer()
    yield one
    one.close()
