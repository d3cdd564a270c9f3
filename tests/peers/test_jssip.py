"""JsSIP, the SIP stack of the browsers, under Node: it registers over WebSocket and calls through Kamailio, and it calls
straight to us. Its audio (jssip/phone.js) is a few lines that send back what it hears."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from audio_check import assert_heard
from conftest import ROOT, Steered
from kamailio import kamailio as proxies

HERE = Path(__file__).resolve().parent / "jssip"
WS, WSS = 4, 5


@pytest.fixture(scope="session")
def modules(need) -> Path:
    """JsSIP and what it needs, installed by npm from the lock file; skips with npm's reason."""
    npm, folder = need("npm"), ROOT / "out" / "jssip"
    lock = folder / "package-lock.json"
    if not (folder / "node_modules" / "jssip").exists() or lock.read_bytes() != (HERE / lock.name).read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(HERE / name, folder)
        try:
            done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                                  capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("npm does not install JsSIP within two minutes")
        if done.returncode:
            pytest.skip(f"npm cannot install JsSIP: {done.stderr.strip()[-300:]}")
    return folder / "node_modules"


@pytest.fixture
def jssip(need, modules, pem, tmp_path):
    """jssip(url, user, password=None, register=False) is a phone of the web that is connected."""
    phones = []

    def one(url: str, user: str = "web", **settings):
        phone = Steered([need("node"), HERE / "phone.js",
                         json.dumps({"url": url, "uri": f"sip:{user}@127.0.0.1", **settings})],
                        tmp_path / f"jssip{len(phones)}.log",
                        env={**os.environ, "NODE_PATH": str(modules), "NODE_EXTRA_CA_CERTS": str(pem / "cert.pem")})
        phones.append(phone)
        phone.wait_event("connected")
        return phone

    yield one
    for phone in phones:
        phone.stop()


@pytest.fixture
def ours(steer, pem, phrases, tmp_path):
    """ours(kind) takes calls over WebSocket; .url is where."""
    def one(kind: int = WS, **settings):
        certificate = {"cert_file": pem / "cert.pem", "key_file": pem / "key.pem"}
        it = steer("ours", transport={"type": kind, **certificate}, phone={"jitter_ms": 300}, says=phrases["alice"],
                   hears=tmp_path / "echo.wav", **settings)
        it.url = f"{'wss' if kind == WSS else 'ws'}://127.0.0.1:{it.port}"
        it.heard = tmp_path / "echo.wav"
        it.tell("accept")
        return it
    return one


@pytest.mark.parametrize("kind", [WS, WSS])
def test_it_calls_straight_to_us(jssip, ours, phrases, kind):
    """And hears us; the requests of both sides go over the connection that it has made: it has no address (RFC 7118 5)."""
    us = ours(kind)
    web = jssip(us.url)
    web.tell(f"call sip:us@127.0.0.1:{us.port}")
    web.wait_event("confirmed", originator="local")
    us.wait_event("state", state="CONFIRMED")
    us.tell("say")
    us.wait_event("said")
    for n, method in enumerate(("", "UPDATE"), 1):
        web.tell(f"hold {method}")
        web.wait_event("held", times=n)
        us.wait_event("media", media="REMOTE_HOLD", times=n)
        web.tell(f"unhold {method}")
        web.wait_event("unheld", times=n)
        us.wait_event("media", media="ACTIVE", times=n + 1)
    us.tell("hold")
    web.wait_event("hold", originator="remote")
    us.wait_event("media", media="LOCAL_HOLD")
    us.tell("resume")
    web.wait_event("unhold", originator="remote")
    us.tell("bye")
    assert web.wait_event("ended", originator="remote")["cause"] == "Terminated"
    us.quit()
    assert_heard(phrases["alice"], us.heard)


def test_it_asks_us_for_what_we_are_not(jssip, ours):
    """A phone is no registrar, and says so; what else it does not do is refused likewise, and the connection stays."""
    us = ours()
    web = jssip(us.url, register=True)
    assert web.wait_event("registrationFailed")["status"] == 405
    web.tell(f"call sip:us@127.0.0.1:{us.port}")
    us.wait_event("state", state="CONFIRMED")
    web.tell("bye")
    assert us.wait_event("state", state="DISCONNECTED")["ended_by"] == 2


def test_messages_and_digits(jssip, ours):
    us = ours()
    web = jssip(us.url)
    web.tell(f"message sip:us@127.0.0.1:{us.port} hello from the web")
    assert web.wait_event("messageSent")["status"] == 200
    web.tell(f"call sip:us@127.0.0.1:{us.port}")
    us.wait_event("state", state="CONFIRMED")
    web.tell("info 1")
    us.wait_event("request")
    us.tell("request INFO hello from us")
    assert web.wait_event("info", originator="remote")["body"] == "hello from us"
    us.tell("bye")
    web.wait_event("ended", originator="remote")


def test_it_changes_its_mind(jssip, ours):
    us = ours()
    us.tell("ring")
    web = jssip(us.url)
    web.tell(f"call sip:us@127.0.0.1:{us.port}")
    web.wait_event("progress", originator="remote")
    web.tell("bye")
    assert web.wait_event("failed")["cause"] == "Canceled"
    assert us.wait_event("state", state="DISCONNECTED")["status"] == 487


def test_it_is_sent_to_somebody_by_us(jssip, ours):
    """REFER over its connection; the call that it makes then takes the same way, and is told to us as it goes on."""
    us = ours()
    web = jssip(us.url)
    web.tell(f"call sip:us@127.0.0.1:{us.port}")
    us.wait_event("state", state="CONFIRMED")
    us.tell(f"transfer sip:other@127.0.0.1:{us.port}")
    assert web.wait_event("refer")["to"] == f"sip:other@127.0.0.1:{us.port}"
    us.wait_event("incoming", times=2)
    assert us.wait_event("transfer", final=1)["status"] == 200
    web.wait_event("confirmed", times=2)


def test_it_sends_us_to_somebody(jssip, ours, steer):
    us, carol = ours(), steer("carol", transport={"type": WS})
    carol.tell("accept")
    us.tell("consent")
    web = jssip(us.url)
    web.tell(f"call sip:us@127.0.0.1:{us.port}")
    us.wait_event("state", state="CONFIRMED")
    web.tell(f"refer sip:carol@127.0.0.1:{carol.port};transport=ws")
    carol.wait_event("state", state="CONFIRMED")
    assert web.wait_event("referred")["status"] == 200


def test_it_registers_and_calls_through_kamailio(jssip, proxies, steer):
    """A phone of the web and one of ours on UDP, both behind the proxy: each calls the other. Killed, it is met again."""
    proxy = proxies(users={"web": "weave", "alice": "secret"}, max_s=10)
    alice = steer("alice", account={"uri": "sip:alice@127.0.0.1", "registrar": f"sip:127.0.0.1:{proxy.port}",
                                    "credentials": [("kamailio", "alice", "secret", None)], "wait_max_s": 2})
    alice.wait_event("registration", status=200)
    web = jssip(f"wss://127.0.0.1:{proxy.tls_port}", password="weave", register=True)
    web.wait_event("registered", status=200)

    alice.tell(f"dial sip:web@127.0.0.1:{proxy.port}")
    web.wait_event("session", **{"from": "incoming"})
    web.tell("answer")
    alice.wait_event("state", state="CONFIRMED")
    web.tell("hold")
    alice.wait_event("media", media="REMOTE_HOLD")
    alice.tell("bye")
    web.wait_event("ended", originator="remote")

    proxy.kill()
    web.wait_event("disconnected")
    proxy.start()
    web.wait_event("registered", times=2)
    alice.wait_event("registration", status=200, times=2)
    alice.tell("accept")
    web.tell(f"call sip:alice@127.0.0.1:{proxy.port}")
    web.wait_event("confirmed", times=2)
    web.tell("bye")
    assert alice.wait_event("state", times=2, state="DISCONNECTED")["ended_by"] == 2
