"""Two of our phones call each other through Kamailio, which asks them who they are and is killed under their calls."""

from __future__ import annotations

import pytest
from audio_check import assert_heard
from kamailio import kamailio as proxies
from wire import wire

KINDS = {"udp": 1, "tcp": 2, "tls": 3, "ws": 4, "wss": 5}
USERS = {"alice": "secret", "bob": "sesame"}
DEVICES = {"alice": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "bob": "00000000-0000-1000-8000-000a95a0e128"}


def address(proxy, kind: str, user: str = "") -> str:
    """Where the proxy, or somebody behind it, is reached by that transport."""
    who = f"{user}@" if user else ""
    if kind == "wss":
        return f"sips:{who}127.0.0.1:{proxy.tls_port};transport=ws"
    port = proxy.tls_port if kind == "tls" else proxy.port
    return f"sip:{who}127.0.0.1:{port};transport={kind}"


@pytest.fixture
def phone(steer, phrases, pem, tmp_path):
    """phone(name, proxy, kind) is registered there; it says `name`'s words and hears into .heard."""
    def one(name: str, proxy, kind: str = "udp", account=None, timers=None, **settings):
        heard = tmp_path / f"{name}-heard.wav"
        certificate = {f"{part}_file": pem / f"{file}.pem" for part, file in (("cert", "cert"), ("key", "key"), ("ca", "cert"))}
        it = steer(name, phone={"jitter_ms": 300, **(timers or {})}, transport={"type": KINDS[kind], **certificate},
                   account={"uri": f"sip:{name}@127.0.0.1:{proxy.port}", "registrar": address(proxy, kind), "wait_max_s": 2,
                            "credentials": [("kamailio", name, USERS[name], None)], **(account or {})},
                   says=phrases[name], hears=heard, **settings)
        it.heard = heard
        it.wait_event("registration", status=200)
        return it
    return one


def assert_both_heard(phrases, alice, bob) -> None:
    alice.quit()
    bob.quit()
    assert_heard(phrases["alice"], bob.heard)
    assert_heard(phrases["bob"], alice.heard)


def both_say(*phones) -> None:
    """What they say is said to its end, and the silence behind it has let the last word arrive."""
    for one in phones:
        one.tell("say")
    for one in phones:
        one.wait_event("said")


def call(alice, bob, where: str) -> None:
    bob.tell("accept")
    alice.tell(f"dial {where}")
    for one in (alice, bob):
        one.wait_event("state", state="CONFIRMED")


def lasting(how: str, uuid: str) -> dict:
    """What makes a Contact outlive the connection that it was told over: a GRUU, or where we can be connected to."""
    return {"": {}, "gruu": {"instance_id": uuid, "use_gruu": True}, "listening": {"contact_rewrite": False}}[how]


@pytest.mark.parametrize("kind, how", [("udp", ""), ("tcp", "gruu"), ("tcp", "listening"), ("tls", "gruu"), ("ws", "gruu"),
                                       ("wss", "gruu")])
def test_the_proxy_dies_under_a_call_over(proxies, phone, phrases, kind, how):
    """Challenged with 407, they talk, and go on talking when it is dead; both register again by themselves; the BYE finds its
    way through the new one, which knows of the call only what the routes and the Contacts say, and nothing of the
    connections of that time."""
    proxy = proxies(users=USERS, max_s=10)
    alice, bob = (phone(name, proxy, kind, account=lasting(how, uuid)) for name, uuid in DEVICES.items())
    call(alice, bob, address(proxy, kind, "bob"))
    proxy.kill()
    both_say(alice, bob)
    proxy.start()
    for one in (alice, bob):
        one.wait_event("registration", 40, status=200, times=1 + len(one.events("registration")))
    alice.tell("bye")
    assert bob.wait_event("state", state="DISCONNECTED")["ended_by"] == 2
    alice.wait_event("state", state="DISCONNECTED")
    assert_both_heard(phrases, alice, bob)


def test_the_proxy_dies_while_it_rings(proxies, phone, phrases):
    """The new one has never heard of the INVITE, and passes its 200 on by the Via (RFC 3261 16.7, 16.11)."""
    proxy = proxies()
    alice, bob = phone("alice", proxy), phone("bob", proxy)
    bob.tell("ring")
    alice.tell(f"dial {address(proxy, 'udp', 'bob')}")
    alice.wait_event("state", state="EARLY")
    proxy.kill()
    proxy.start()
    bob.tell("answer")
    for one in (alice, bob):
        one.wait_event("state", state="CONFIRMED")
    both_say(alice, bob)
    alice.tell("bye")
    assert bob.wait_event("state", state="DISCONNECTED")["ended_by"] == 2
    assert_both_heard(phrases, alice, bob)


def test_a_call_that_nobody_carries_any_more_ends_with_a_reason(proxies, phone):
    """The proxy stays away: who hangs up is free at once; the other one asks whether anybody is there, and is told no."""
    proxy = proxies()
    alice, bob = phone("alice", proxy), phone("bob", proxy, session={"options_s": 1}, timers={"t1_ms": 100})
    call(alice, bob, address(proxy, "udp", "bob"))
    proxy.kill()
    alice.tell("bye")
    assert alice.wait_event("state", state="DISCONNECTED")["ended_by"] == 1
    end = bob.wait_event("state", 60, state="DISCONNECTED")
    assert (end["status"], end["ended_by"]) == (408, 3), end


def test_behind_a_nat(proxies, phone, wire, phrases):
    """The registrar sees us elsewhere than where we are; our Contact becomes what it sees, and calls come that way."""
    proxy = proxies(users=USERS)
    nat = wire(proxy.port, seed=1)
    bob = phone("bob", proxy, account={"registrar": f"sip:127.0.0.1:{nat.front}"})
    alice = phone("alice", proxy)
    call(alice, bob, address(proxy, "udp", "bob"))
    assert f"@127.0.0.1:{nat.back};" in bob.events("registration")[-1]["registration"]["contact"]
    both_say(alice, bob)
    alice.tell("bye")
    assert bob.wait_event("state", state="DISCONNECTED")["ended_by"] == 2
    assert_both_heard(phrases, alice, bob)


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_behind_an_edge_proxy(proxies, phone, phrases, kind):
    """RFC 3327: the registrar sends calls back over the Path; both proxies stay in them (RFC 3261 16.6, Record-Route)."""
    registrar = proxies(users=USERS)
    edge = proxies(registrar=registrar.port)
    alice, bob = phone("alice", edge, kind), phone("bob", edge, kind)
    call(alice, bob, address(edge, kind, "bob"))
    both_say(alice, bob)
    bob.tell("hold")
    alice.wait_event("media", media="REMOTE_HOLD")
    bob.tell("bye")
    assert alice.wait_event("state", state="DISCONNECTED")["ended_by"] == 2
    assert_both_heard(phrases, alice, bob)
