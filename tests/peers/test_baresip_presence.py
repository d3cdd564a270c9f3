"""baresip as a watcher of ours, and as somebody whom we watch: presence from phone to phone, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from watched import ACTIVE, BUDDY_STATE, LIMIT_S, QUESTION, Phone

UNKNOWN = 0


def configure(folder: Path, port: int, ours: int) -> Path:
    """A folder with a baresip that follows us, and tells others that it is there."""
    modules = Path("/usr/lib/baresip/modules")
    if not (modules / "presence.so").exists():
        pytest.skip("baresip's modules are not where Debian puts them")
    folder.mkdir()
    (folder / "config").write_text(f"""\
poll_method epoll
sip_listen 127.0.0.1:{port}
module_path {modules}
module stdio.so
module g711.so
module_tmp account.so
module_app contact.so
module_app menu.so
module_app presence.so
""")
    (folder / "accounts").write_text(f"<sip:bob@127.0.0.1:{port}>;regint=0\n")
    (folder / "contacts").write_text(f'"Alice" <sip:alice@127.0.0.1:{ours}>;presence=p2p\n')
    return folder


@pytest.fixture
def ours(free_port):
    made = Phone(free_port())
    yield made
    made.phone.close(2000)


def test_baresip_sees_us_come_and_go(need, start, free_port, tmp_path, ours):
    ours.phone.account_set_presence(ours.account, True)
    baresip = start([need("baresip"), "-f", configure(tmp_path / "baresip", free_port(), ours.port)], name="baresip")
    assert ours.wait(lambda e: e["type"] == QUESTION)["question"]["target"] == "presence"
    ours.phone.account_set_presence(ours.account, False)
    baresip.wait_for("Offline", LIMIT_S)
    ours.phone.account_set_presence(ours.account, True, 2)
    assert baresip.wait_for("changed status from", LIMIT_S, times=2)


def test_we_follow_baresip(need, start, free_port, tmp_path, ours):
    """It says of itself "?" until somebody presses its key: neither open nor closed."""
    port = free_port()
    baresip = start([need("baresip"), "-f", configure(tmp_path / "baresip", port, ours.port)], name="baresip")
    baresip.wait_for("baresip is ready")
    buddy = ours.phone.buddy_add(ours.account, f"sip:bob@127.0.0.1:{port}", subscribe=True)
    seen = ours.wait(lambda e: e["type"] == BUDDY_STATE and e["detail"]["subscription"] == ACTIVE)
    assert seen["detail"]["status"] == UNKNOWN and b"<basic>?</basic>" in seen["message"]
    ours.phone.buddy_subscribe(buddy, False)
