"""A phone that calls itself, what its callbacks saw, and a peer of bare sockets. Nothing here sleeps: it waits for events."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Callable, NamedTuple, Optional

import pjsua as pj

LIMIT_S = 15.0  # for whatever must happen; only a fault waits so long

CALLING, INCOMING, EARLY, CONNECTING, CONFIRMED, DISCONNECTED = range(1, 7)


class Log:
    """What happened, in order, and the threads in which it did."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.entries: list[tuple[str, Any]] = []
        self.threads: list[threading.Thread] = []

    def add(self, what: str, detail: Any = None) -> None:
        with self._changed:
            self.entries.append((what, detail))
            self.threads.append(threading.current_thread())
            self._changed.notify_all()

    def find(self, what: str, **facts: Any) -> list[Any]:
        """The details of all entries of that name whose attributes are these."""
        return [detail for name, detail in list(self.entries)
                if name == what and all(getattr(detail, key) == value for key, value in facts.items())]

    def wait(self, what: str, count: int = 1, **facts: Any) -> Any:
        """Until there are `count` such entries; the detail of the last one."""
        with self._changed:
            done = self._changed.wait_for(lambda: len(self.find(what, **facts)) >= count, LIMIT_S)
        assert done, f"no {count}. {what} {facts} in {self.story()}"
        return self.find(what, **facts)[count - 1]

    def story(self) -> list[tuple[str, str]]:
        return [(what, getattr(detail, "state_text", detail)) for what, detail in self.entries]


class OnCall(pj.CallCallback):
    """Notes what info() shows inside each callback, then acts."""

    def __init__(self, act: Optional[Callable[[str, Any, Any], None]] = None) -> None:
        pj.CallCallback.__init__(self)
        self.log = Log()
        self.act = act

    def _note(self, what: str) -> None:
        call, info = self.call, self.call.info()
        if self.act:
            self.act(what, call, info)
        self.log.add(what, info)

    def on_state(self) -> None:
        self._note("state")

    def on_media_state(self) -> None:
        self._note("media")

    def on_dtmf_digit(self, digits: str) -> None:
        self.log.add("digit", digits)


class OnAccount(pj.AccountCallback):
    """Hands each incoming call to the phone's policy."""

    def __init__(self, phone: "Phone") -> None:
        pj.AccountCallback.__init__(self)
        self.phone = phone

    def on_incoming_call2(self, call: pj.Call, rdata: Any) -> None:
        cb = OnCall(self.phone.callee_act)
        call.set_callback(cb)
        self.phone.answer(call)
        self.phone.log.add("incoming", Incoming(call, cb, rdata))


class Incoming(NamedTuple):
    call: pj.Call
    cb: OnCall
    rdata: Any


class Pair(NamedTuple):
    """Both ends of a call, and their callbacks."""

    caller: pj.Call
    out: OnCall
    callee: pj.Call
    into: OnCall


class Phone:
    """One Lib on loopback, with one account that calls itself."""

    def __init__(self, with_thread: bool = True, ua: Optional[pj.UAConfig] = None,
                 media: Optional[pj.MediaConfig] = None, log: Optional[pj.LogConfig] = None) -> None:
        self.log = Log()
        self.answer: Callable[[pj.Call], None] = lambda call: call.answer(200)
        self.callee_act: Optional[Callable[[str, Any, Any], None]] = None
        self.lib = pj.Lib()
        if ua is None:
            ua = pj.UAConfig()
            ua.max_calls = 20
        self.lib.init(ua, log or pj.LogConfig(level=0), media)
        self.transport = self.lib.create_transport(pj.TransportType.UDP, pj.TransportConfig(bound_addr="127.0.0.1"))
        self.lib.start(with_thread)
        self.account = self.lib.create_account_for_transport(self.transport, cb=OnAccount(self))
        self.uri = f"sip:127.0.0.1:{self.transport.info().port}"

    def make(self, cb: Any = None, hdr_list: Any = None) -> pj.Call:
        return self.account.make_call(self.uri, cb, hdr_list)

    def ring(self, code: int = 180) -> Pair:
        """A call that rings at both ends."""
        self.answer = lambda call: call.answer(code)
        n, out = len(self.log.find("incoming")), OnCall()
        caller = self.make(out)
        call, cb, _ = self.log.wait("incoming", n + 1)
        out.log.wait("state", state=EARLY)
        return Pair(caller, out, call, cb)

    def connect(self, act: Optional[Callable[[str, Any, Any], None]] = None, hdr_list: Any = None) -> Pair:
        """A call that is confirmed at both ends."""
        n, out = len(self.log.find("incoming")), OnCall(act)
        caller = self.make(out, hdr_list)
        call, cb, _ = self.log.wait("incoming", n + 1)
        out.log.wait("state", state=CONFIRMED)
        cb.log.wait("state", state=CONFIRMED)
        return Pair(caller, out, call, cb)

    def destroy(self) -> None:
        self.lib.destroy()


def code_of(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
    """The err_code that an operation raises; 0 when it raises none."""
    try:
        operation(*args, **kwargs)
    except pj.Error as error:
        return error.err_code
    return 0


def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """For what tells nobody that it happened, such as a level or a counter."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.01)
    raise AssertionError(f"{what} did not happen")


class Peer:
    """A SIP peer of one bare socket: it says what the test tells it to say, and nothing else."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.uri = f"sip:peer@127.0.0.1:{self.port}"
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", 0))
        self.address: Any = None

    def close(self) -> None:
        self.socket.close()
        self.rtp.close()

    def receive(self, start: str, seconds: float = LIMIT_S) -> str:
        """The next message whose first line starts so; others are passed over."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                data, self.address = self.socket.recvfrom(65536)
            except socket.timeout:
                raise AssertionError(f"no {start!r} came") from None
            if data.decode().startswith(start):
                return data.decode()

    def send(self, text: str, address: Any = None) -> None:
        self.socket.sendto(text.encode(), address or self.address)

    def sdp(self, direction: str = "sendrecv", events: bool = True) -> str:
        port = self.rtp.getsockname()[1]
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
                 f"m=audio {port} RTP/AVP 0" + (" 101" if events else ""), f"a={direction}"]
        if events:
            lines += ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"]
        return "\r\n".join(lines) + "\r\n"

    def reply_text(self, request: str, status: str, headers: tuple[str, ...] = (), body: str = "") -> str:
        """A response to a request, with our tag and Contact."""
        lines = [f"SIP/2.0 {status}"]
        for line in request.split("\r\n\r\n")[0].split("\r\n")[1:]:
            name = line.split(":", 1)[0].lower()
            if name in ("via", "from", "call-id", "cseq", "record-route"):
                lines.append(line)
            elif name == "to":
                lines.append(line if ";tag=" in line else f"{line};tag=peer")
        lines += [f"Contact: <{self.uri}>", *headers]
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body)}", "", body]
        return "\r\n".join(lines)

    def reply(self, request: str, status: str, headers: tuple[str, ...] = (), body: str = "") -> str:
        """The same, sent."""
        text = self.reply_text(request, status, headers, body)
        self.send(text)
        return text

    def invite(self, port: int, call_id: str = "peer-1", headers: tuple[str, ...] = (), body: Optional[str] = None) -> str:
        """Sends an INVITE to that port of ours; gives its text."""
        body = self.sdp() if body is None else body
        lines = [f"INVITE sip:127.0.0.1:{port} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK-{call_id}",
                 "Max-Forwards: 70", f'From: "N" <sip:peer@127.0.0.1>;tag=from-{call_id}', f"To: <sip:127.0.0.1:{port}>",
                 f"Call-ID: {call_id}", "CSeq: 1 INVITE", f"Contact: <{self.uri}>", *headers]
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body)}", "", body]
        text = "\r\n".join(lines)
        self.send(text, ("127.0.0.1", port))
        return text


def header(message: str, name: str) -> Optional[str]:
    """The first header of that name."""
    for line in message.split("\r\n\r\n")[0].split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return None
