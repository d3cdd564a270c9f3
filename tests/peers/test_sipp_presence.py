"""SIPp as our watcher, as somebody whom we follow, and as the server where we publish (RFC 3856, 3903, 6665)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import wait_bound
from scenario import errors, expect, expect_call, from_callee, reply, request, run_sipp, write
from watched import ACTIVE, BUDDY_STATE, Phone

PUBLICATION = 55
TERMINATED, ONLINE, OFFLINE = 5, 1, 2
PIDF = "application/pidf+xml"


def document(basic: str) -> str:
    return ("<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:service@127.0.0.1'><tuple id='1'><status>"
            f"<basic>{basic}</basic></status></tuple></presence>")


def notify(cseq: int, state: str, body: str) -> list[str]:
    """SIPp tells us, and is heard."""
    return [from_callee("NOTIFY", cseq, body=body, kind=PIDF, extra=("Event: presence", f"Subscription-State: {state}")),
            expect(200, ("CSeq", f"{cseq} NOTIFY"))]


@pytest.fixture
def phone(free_port):
    made = []

    def one(*args, **settings):
        made.append(Phone(free_port(), *args, **settings))
        return made[-1]

    yield one
    for it in made:
        it.phone.close(2000)


def serving(need, start, folder: Path, port: int, *steps):
    uas = run_sipp(need, start, folder, "-sf", write(folder / "uas.xml", *steps), "-p", port, "-m", 1)
    wait_bound(port)
    return uas


def ended_well(sipp, ours: Phone, folder: Path) -> None:
    ours.wait(lambda _: sipp.process.poll() is not None)
    assert sipp.wait(40) == 0, sipp.text() + errors(folder)


def test_sipp_follows_us(need, start, free_port, tmp_path, phone):
    """It is let in, hears of a change, renews and goes."""
    ours = phone()
    ours.phone.account_set_presence(ours.account, True)
    asks = ("Event: presence", f"Accept: {PIDF}")
    heard = [expect("NOTIFY", ("Subscription-State", "active;expires="), ("body", "open")), reply(200)]
    uac = run_sipp(need, start, tmp_path, f"127.0.0.1:{ours.port}", "-sf", write(
        tmp_path / "uac.xml", request("SUBSCRIBE", to="", extra=(*asks, "Expires: 90")), expect(200, ("Expires", "90")),
        heard, request("SUBSCRIBE", 2, extra=(*asks, "Expires: 60")), expect(200, ("Expires", "60")), heard,
        request("SUBSCRIBE", 3, extra=(*asks, "Expires: 0")), expect(200),
        expect("NOTIFY", ("Subscription-State", "terminated;reason=timeout")), reply(200)), "-p", free_port(), "-m", 1)
    ended_well(uac, ours, tmp_path)


def test_we_follow_sipp(need, start, free_port, tmp_path, phone):
    """It lets us wait, lets us in, changes, and is left."""
    port, ours = free_port(), phone()
    uas = serving(need, start, tmp_path, port,
                  expect_call(("Event", "presence"), ("Accept", "pidf"), ("Expires", "600"), method="SUBSCRIBE"),
                  reply(202, "Accepted", tag="1", extra=("Expires: 60",)), notify(1, "pending;expires=60", ""),
                  notify(2, "active;expires=60", document("open")), notify(3, "active;expires=59", document("closed")),
                  expect("SUBSCRIBE", ("Expires", "0")), reply(200, extra=("Expires: 0",)),
                  notify(4, "terminated;reason=timeout", ""))
    buddy = ours.phone.buddy_add(ours.account, f"sip:service@127.0.0.1:{port}", subscribe=True, expires_s=600)
    states = [ours.wait(lambda e, s=s: e["type"] == BUDDY_STATE and e["detail"]["status"] == s)["detail"]
              for s in (ONLINE, OFFLINE)]
    assert all(s["subscription"] == ACTIVE for s in states)
    ours.phone.buddy_subscribe(buddy, False)
    ended_well(uas, ours, tmp_path)


def test_who_is_thrown_out_by_sipp_knows_why(need, start, free_port, tmp_path, phone):
    port, ours = free_port(), phone()
    uas = serving(need, start, tmp_path, port, expect_call(method="SUBSCRIBE"), reply(200, tag="1", extra=("Expires: 60",)),
                  notify(1, "terminated;reason=rejected", ""))
    ours.phone.buddy_add(ours.account, f"sip:service@127.0.0.1:{port}", subscribe=True)
    over = ours.wait(lambda e: e["type"] == BUDDY_STATE and e["detail"]["subscription"] == TERMINATED)
    assert over["detail"]["reason"] == "rejected"
    ended_well(uas, ours, tmp_path)


def test_we_publish_at_sipp(need, start, free_port, tmp_path, phone):
    """It wants longer intervals, gives each publication a tag, forgets one (412), and is told when we go."""
    port = free_port()
    event = ("Event", "presence")
    uas = serving(need, start, tmp_path, port,
                  expect("PUBLISH", event, ("Content-Type", "pidf"), ("body", "open")),
                  reply(423, "Interval Too Brief", extra=("Min-Expires: 7200",)),
                  expect("PUBLISH", event, ("Expires", "7200"), ("body", "open")),
                  reply(200, extra=("SIP-ETag: one", "Expires: 7200")),
                  expect("PUBLISH", event, ("SIP-If-Match", "one"), ("body", "closed")),
                  reply(412, "Conditional Request Failed"),
                  expect("PUBLISH", event, ("body", "closed")), reply(200, extra=("SIP-ETag: two", "Expires: 7200")),
                  expect("PUBLISH", event, ("SIP-If-Match", "two"), ("Expires", "0")),
                  reply(200, extra=("SIP-ETag: three", "Expires: 0")))
    ours = phone(f"sip:alice@127.0.0.1:{port}", publish=True)
    ours.phone.account_set_presence(ours.account, True)
    ours.wait(lambda e: e["type"] == PUBLICATION and e["status"] == 200)
    ours.events.clear()
    ours.phone.account_set_presence(ours.account, False)
    ours.wait(lambda e: e["type"] == PUBLICATION and e["status"] == 200)
    ours.phone.account_remove(ours.account)
    ended_well(uas, ours, tmp_path)
