"""offhook message and offhook presence, against a peer of a bare socket."""

from __future__ import annotations

import json
import subprocess

import pytest
from test_manual import documented
from udp_peer import UdpPeer, answer_to, header, tag_of_ours

PIDF = ('<presence xmlns="urn:ietf:params:xml:ns:pidf"><tuple id="1"><status><basic>open</basic></status></tuple>'
        "<note>at lunch</note></presence>")
DIALOGS = ('<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" state="full" entity="sip:bob@x">'
           '<dialog id="7" direction="recipient"><state>early</state><remote><identity>sip:eve@x</identity></remote>'
           "</dialog></dialog-info>")


class Answerer(UdpPeer):
    """Answers each request with a status; a SUBSCRIBE that it accepts gets a NOTIFY with this body."""

    def __init__(self, status, content_type="", body=""):
        super().__init__()
        self.status, self.content_type, self.body, self.got, self.cseq = status, content_type, body, [], 0
        self.contact = f"Contact: <sip:bob@127.0.0.1:{self.port}>"
        self.start()

    def take(self, text, source):
        if text.startswith("SIP/2.0"):
            return
        self.got.append(text)
        self.say(answer_to(text, self.status, self.contact, "Expires: 600"), source)
        if text.startswith("SUBSCRIBE ") and self.status.startswith("2"):
            self.notify(text, source)

    def notify(self, text, source):
        self.cseq += 1
        over = header(text, "Expires") == "0"
        self.say([f"NOTIFY {header(text, 'Contact').strip('<>')} SIP/2.0",
                  f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bKn{self.cseq}",
                  f"From: {header(text, 'To')}{tag_of_ours(text)}", f"To: {header(text, 'From')}",
                  f"Call-ID: {header(text, 'Call-ID')}", f"CSeq: {self.cseq} NOTIFY", self.contact,
                  f"Event: {header(text, 'Event')}", "Max-Forwards: 70",
                  f"Subscription-State: {'terminated;reason=timeout' if over else 'active;expires=600'}",
                  f"Content-Type: {self.content_type}", f"Content-Length: {len(self.body)}", "", self.body], source)


@pytest.fixture
def there():
    made = []

    def one(*args):
        made.append(Answerer(*args))
        return made[-1]

    yield one
    for it in made:
        it.socket.close()


def run(command, *args, **more):
    done = subprocess.run([command, *map(str, args), "--local", "127.0.0.1", "--json"], capture_output=True, text=True,
                          timeout=30, check=False, **more)
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    for event in seen:
        assert set(event) == documented()[event["event"]], event["event"]
    return done, seen


@pytest.mark.parametrize("status, code", [("200 OK", 0), ("202 Accepted", 0), ("486 Busy Here", 1), ("401 Unauthorized", 3),
                                          ("408 Request Timeout", 4)])
def test_a_message_and_what_became_of_it(command, there, status, code):
    peer = there(status)
    done, seen = run(command, "message", f"bob@127.0.0.1:{peer.port}", "Grüße", "--header", "X-Why: tea", "--from",
                     "sip:alice@127.0.0.1")
    assert done.returncode == code, done.stderr
    sent = next(e for e in seen if e["event"] == "message.sent")
    assert sent["status"] == int(status[:3]) and sent["error"] == ""
    assert header(peer.got[0], "X-Why") == "tea" and peer.got[0].endswith("\r\n\r\nGrüße")
    assert header(peer.got[0], "Content-Type") == "text/plain;charset=UTF-8"


def test_a_message_from_standard_input(command, there):
    peer = there("200 OK")
    done, _ = run(command, "message", f"sip:bob@127.0.0.1:{peer.port}", "--type", "text/html", input="<b>hi</b>")
    assert done.returncode == 0, done.stderr
    assert header(peer.got[0], "Content-Type") == "text/html" and peer.got[0].endswith("<b>hi</b>")
    done, _ = run(command, "message", f"sip:bob@127.0.0.1:{peer.port}", input="x" * 1301)
    assert done.returncode == 2 and len(peer.got) == 1


def test_nobody_there(command, free_port):
    done, seen = run(command, "message", f"sip:bob@127.0.0.1:{free_port()}", "hello")
    assert done.returncode == 6, done.stderr
    assert next(e for e in seen if e["event"] == "message.sent")["error"] == "OH_EUNREACH"


def test_presence_is_seen(command, there):
    peer = there("200 OK", "application/pidf+xml", PIDF)
    done, seen = run(command, "presence", f"sip:bob@127.0.0.1:{peer.port}", "--timeout", "20")
    assert done.returncode == 0, done.stderr
    last = [e for e in seen if e["event"] == "presence"][-1]
    assert (last["subscription"], last["presence"], last["note"]) == ("active", "online", "at lunch")
    assert header(peer.got[-1], "Expires") == "0"  # unsubscribed


def test_calls_are_seen(command, there):
    peer = there("200 OK", "application/dialog-info+xml", DIALOGS)
    done, seen = run(command, "presence", f"sip:bob@127.0.0.1:{peer.port}", "--dialogs", "--expires", "600", "--duration", "0.5")
    assert done.returncode == 0, done.stderr
    call = next(e for e in seen if e["event"] == "presence.call")
    assert (call["id"], call["state"], call["direction"], call["remote"]) == ("7", "early", "recipient", "sip:eve@x")


def test_presence_is_refused_or_nobody_answers(command, there, free_port):
    done, seen = run(command, "presence", f"sip:bob@127.0.0.1:{there('403 Forbidden').port}")
    assert done.returncode == 1 and [e for e in seen if e["event"] == "presence"][-1]["status"] == 403
    done, _ = run(command, "presence", f"sip:bob@127.0.0.1:{free_port()}", "--timeout", "0.5")
    assert done.returncode == 4
    done, _ = run(command, "presence", "sip:bob@127.0.0.1", "--expires", "10")
    assert done.returncode == 2
