"""What all end-to-end tests share: the build, speech, free ports, programs that are always ended."""

from __future__ import annotations

import json
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


@pytest.fixture(scope="session")
def phrases(speech: dict[str, Path]) -> dict[str, Path]:
    """The first words of both voices, and a silence behind them; for tests of which there are many."""
    short = {}
    for name, path in speech.items():
        short[name] = path.with_name(f"{name}-short.wav")
        subprocess.run(["sox", str(path), str(short[name]), "trim", "0", "2.5", "pad", "0", "0.5"], check=True)
    return short


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem for 127.0.0.1, its own issuer, and key.pem; good for two days."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=Test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A port of 127.0.0.1 that nobody has now, over UDP and TCP."""
    given: list[int] = []

    def one() -> int:
        while True:
            with (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
                  socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp):
                udp.bind(("127.0.0.1", 0))
                port = udp.getsockname()[1]
                try:
                    tcp.bind(("127.0.0.1", port))
                except OSError:
                    continue
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
        self.wait_until(lambda: self.text().count(what) >= times, seconds, repr(what))
        return self.text()

    def wait_until(self, said: Callable[[], bool], seconds: float, what: str) -> None:
        """Until it has said that; not longer than it runs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            if said():
                return
            if ended:
                break
            time.sleep(0.02)
        raise AssertionError(f"{self.args[0]} did not say {what}:\n{self.text()[-4000:]}")

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


class Steered(Program):
    """A phone that does what it is told on its standard input: tests/python/programs/steered.py."""

    port: int

    def tell(self, line: str) -> None:
        self.write(line + "\n")

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What it told, in order; of one kind, or all."""
        rows = [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]
        return [row for row in rows if not kind or row["event"] == kind]

    def wait_event(self, kind: str, seconds: float = 20, times: int = 1, **facts: Any) -> dict[str, Any]:
        """Until it has told so many of these; the last of them."""
        def found() -> list[dict[str, Any]]:
            return [e for e in self.events(kind) if all(e.get(name) == value for name, value in facts.items())]

        self.wait_until(lambda: len(found()) >= times, seconds, f"{times}. {kind} {facts}")
        return found()[times - 1]

    def quit(self) -> None:
        """It ends as it should; its recording is whole afterwards."""
        self.tell("quit")
        assert self.wait(20) == 0, self.text()


@pytest.fixture
def steer(tmp_path: Path) -> Iterator[Callable[..., Steered]]:
    """steer(name="x", **settings) starts a steered phone; its settings are described in steered.py."""
    phones: list[Steered] = []

    def one(name: str = "steered", **settings: Any) -> Steered:
        phone = Steered([sys.executable, str(ROOT / "tests" / "python" / "programs" / "steered.py"),
                         json.dumps(settings, default=str)], tmp_path / f"{name}-{len(phones)}.log",
                        env={"PYTHONPATH": str(BUILD / "python")})
        phones.append(phone)
        phone.port = phone.wait_event("ready")["port"]
        return phone

    yield one
    for phone in reversed(phones):
        phone.stop()


@pytest.fixture
def steered(steer: Callable[..., Steered]) -> Steered:
    """One with no settings of its own."""
    return steer()


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
