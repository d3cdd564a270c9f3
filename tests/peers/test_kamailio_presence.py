"""Kamailio as presence server: what one phone publishes the other one sees, through a restart that forgets everything."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from kamailio import Kamailio

from offhook import _offhook

TABLES = Path("/usr/share/kamailio/dbtext/kamailio")
MODULES = Path("/usr/lib/x86_64-linux-gnu/kamailio/modules")
BUDDY_STATE, PUBLICATION = 52, 55
UNKNOWN, ONLINE, OFFLINE = 0, 1, 2
ACTIVE = 4
LIMIT_S = 40.0

CONFIG = """\
debug=1
log_stderror=yes
fork=yes
children=1
listen=udp:127.0.0.1:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "db_text.so"
loadmodule "presence.so"
loadmodule "presence_xml.so"
modparam("presence|presence_xml", "db_url", "text://{folder}/db")
modparam("presence", "server_address", "sip:127.0.0.1:{port}")
modparam("presence", "subs_db_mode", 0)
modparam("presence", "max_expires", 120)
modparam("presence_xml", "force_active", 1)
request_route {{
    if (is_method("PUBLISH")) {{ if (t_newtran()) handle_publish(); exit; }}
    if (is_method("SUBSCRIBE")) {{ if (t_newtran()) handle_subscribe(); exit; }}
    sl_send_reply("404", "Not here");
}}
"""


class PresenceServer(Kamailio):
    """Keeps publications in files that a restart begins anew, and subscriptions in memory."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        Kamailio.__init__(self, program, folder, port)
        (folder / "kamailio.cfg").write_text(CONFIG.format(port=port, folder=folder))

    def start(self) -> None:
        tables = self._folder / "db"
        shutil.rmtree(tables, ignore_errors=True)
        tables.mkdir()
        for name in ("version", "presentity", "active_watchers", "watchers", "xcap"):
            shutil.copy(TABLES / name, tables / name)
        Kamailio.start(self)


@pytest.fixture
def server(need: Callable[[str], str], free_port: Callable[[], int], tmp_path: Path):
    program = need("kamailio")
    if not (MODULES / "presence_xml.so").exists() or not TABLES.exists():
        pytest.skip("needs the packages kamailio-presence-modules and kamailio (its text tables)")
    made = PresenceServer(program, tmp_path / "kamailio", free_port())
    made.start()
    yield made
    made.kill()


class Phone:
    """A phone with one account at the server, and what it was told."""

    def __init__(self, user: str, port: int, **settings: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.phone = _offhook.Phone(handler=self._take)
        self.phone.transport_add(1, "127.0.0.1", 0)
        self.account = self.phone.account_add(f"sip:{user}@127.0.0.1:{port}", **settings)

    def _take(self, event: dict[str, Any]) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first such event; then all until there are forgotten."""
        end = time.monotonic() + LIMIT_S
        while True:
            self.phone.process(50)
            for i, event in enumerate(self.events):
                if is_it(event):
                    del self.events[:i + 1]
                    return event
            assert time.monotonic() < end, self.events

    def sees(self, status: int, note: str = "") -> dict[str, Any]:
        return self.wait(lambda e: e["type"] == BUDDY_STATE and e["detail"]["subscription"] == ACTIVE and
                         (e["detail"]["status"], e["detail"]["note"]) == (status, note))["detail"]

    def published(self) -> None:
        assert self.wait(lambda e: e["type"] == PUBLICATION)["status"] == 200

    def close(self) -> None:
        self.phone.close(2000)


def test_what_is_published_is_seen(server):
    bob = Phone("bob", server.port, publish=True)
    alice = Phone("alice", server.port)
    bob.phone.account_set_presence(bob.account, True, 1, "at lunch")
    bob.published()
    buddy = alice.phone.buddy_add(alice.account, f"sip:bob@127.0.0.1:{server.port}", subscribe=True)
    assert alice.sees(ONLINE, "at lunch")["activity"] == 1
    bob.phone.account_set_presence(bob.account, True, 2, "talking")
    bob.published()
    assert alice.sees(ONLINE, "talking")["activity"] == 2
    bob.phone.account_set_presence(bob.account, False)
    bob.published()
    alice.sees(OFFLINE)
    alice.phone.buddy_subscribe(buddy, False)
    alice.close()
    bob.close()


def test_a_server_that_has_forgotten_is_told_again(server):
    bob = Phone("bob", server.port, publish=True)
    alice = Phone("alice", server.port)
    bob.phone.account_set_presence(bob.account, True, 0, "here")
    bob.published()
    buddy = alice.phone.buddy_add(alice.account, f"sip:bob@127.0.0.1:{server.port}", subscribe=True)
    alice.sees(ONLINE, "here")
    server.kill()
    server.start()
    # The entity-tag is no longer known (412): given anew. The subscription neither (481): made anew.
    bob.phone.account_set_presence(bob.account, True, 0, "still here")
    bob.published()
    alice.phone.buddy_subscribe(buddy, False)
    alice.phone.buddy_subscribe(buddy, True)
    alice.sees(ONLINE, "still here")
    alice.close()
    bob.close()
