"""Two Kamailios serve one domain (SRV, by dnsmasq): our phones register and call at the second one while the first is away,
and are back at the first when it is back."""

from __future__ import annotations

import pytest
from dnsmasq import DOMAIN, name_server, srv
from kamailio import kamailio as proxies

FIRST_S, SECOND_S = 10, 11  # what each grants tells them apart


@pytest.fixture
def phone(steer):
    def one(name: str, resolver: str):
        it = steer(name, phone={"nameservers": [resolver]}, account={
            "uri": f"sip:{name}@{DOMAIN}", "registrar": f"sip:{DOMAIN}", "credentials": [("kamailio", name, "secret", None)],
            "wait_max_s": 2})
        it.tell("accept")
        return it
    return one


def at(one, granted_s: int, seconds: float = 20) -> None:
    """It is registered, as of now, with the one that grants so much."""
    seen = len(one.events("registration"))
    for n in range(seen + 1, seen + 20):
        last = one.wait_event("registration", seconds, times=n)
        if last["status"] == 200 and last["registration"]["granted_s"] == granted_s:
            return
    raise AssertionError(one.text())


def test_a_domain_goes_on_without_its_first_server_and_back(proxies, phone, name_server):
    users = {"alice": "secret", "bob": "secret"}
    first, second = proxies(users=users, max_s=FIRST_S), proxies(users=users, max_s=SECOND_S)
    resolver = name_server(srv(first.port, 1), srv(second.port, 2))
    alice, bob = phone("alice", resolver), phone("bob", resolver)
    n = 0
    for one, away in ((first, False), (second, True), (first, False)):
        if away:
            first.kill()
        elif n:
            first.start()
        for each in (alice, bob):
            # Who has failed is left alone for 30 s (RFC 3263 4.3 leaves it to us for how long).
            at(each, FIRST_S if one is first else SECOND_S, 45)
        n += 1
        alice.tell(f"dial sip:bob@{DOMAIN}")
        for each in (alice, bob):
            each.wait_event("state", state="CONFIRMED", times=n)
        alice.tell("bye")
        bob.wait_event("state", state="DISCONNECTED", times=n)
