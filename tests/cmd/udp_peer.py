"""A peer of the offhook command that is nothing but a UDP socket on loopback, and what such peers say."""

from __future__ import annotations

import socket
import threading


def header(text, name):
    return next(line.split(": ", 1)[1] for line in text.split("\r\n") if line.lower().startswith(name.lower() + ":"))


def tag_of_ours(text):
    """What our To has besides that of the request."""
    return "" if ";tag=" in header(text, "To") else ";tag=them"


def answer_to(text, status, *more):
    """A response to this request."""
    lines = [f"SIP/2.0 {status}", *(f"{name}: {header(text, name)}" for name in ("Via", "From", "Call-ID", "CSeq")),
             f"To: {header(text, 'To')}{tag_of_ours(text)}", *more, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


class UdpPeer(threading.Thread):
    """Gives every message to take(text, source) until its socket is closed."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            try:
                data, source = self.socket.recvfrom(65536)
            except OSError:
                return
            self.take(data.decode(), source)

    def say(self, message, to):
        self.socket.sendto(message if isinstance(message, bytes) else "\r\n".join(message).encode(), to)
