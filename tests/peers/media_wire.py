"""A wire for a call with its sound: SIP goes through as it is, but the ports that descriptions name are exchanged for those
of a relay, which loses packets of RTP by a seed. RTCP gets through whole.

The caller calls `port` and is answered from there."""

from __future__ import annotations

import random
import re
import select
import socket
import threading
from typing import Callable, Iterator

import pytest

LOOPBACK = "127.0.0.1"


def _socket(port: int = 0) -> socket.socket:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((LOOPBACK, port))
    return s


def _pair() -> list[socket.socket]:
    """RTP on an even port, RTCP on the next."""
    while True:
        rtp = _socket()
        try:
            if rtp.getsockname()[1] % 2 == 0:
                return [rtp, _socket(rtp.getsockname()[1] + 1)]
        except OSError:
            pass
        rtp.close()


class MediaWire:
    """Forwards until close(); lost[side], passed[side]: packets of RTP on their way to the caller (0), the callee (1)."""

    def __init__(self, callee_port: int, *, seed: int, lose: float) -> None:
        self.lost, self.passed = [0, 0], [0, 0]
        self._chance, self._lose = random.Random(seed), lose
        self._sip = [_socket(), _socket()]
        self.port = self._sip[0].getsockname()[1]
        # media[side] is what the other side is told instead of this side's ports.
        self._media = [_pair(), _pair()]
        self._peers: dict[socket.socket, tuple[str, int]] = {self._sip[1]: (LOOPBACK, callee_port)}
        self._stop_r, self._stop_w = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop_w.send(b"x")
        self._thread.join()
        for s in (*self._sip, *self._media[0], *self._media[1], self._stop_r, self._stop_w):
            s.close()

    def _exchange(self, side: int, message: bytes) -> bytes:
        """All ports of media have five digits, so no length changes."""
        found = re.search(rb"\r\nm=audio (\d{5}) ", message)
        if not found:
            return message
        for i, s in enumerate(self._media[side]):
            theirs, ours = int(found[1]) + i, s.getsockname()[1]
            self._peers[s] = (LOOPBACK, theirs)
            message = re.sub(rb"(\r\nm=audio |\r\na=rtcp:)%d\b" % theirs, rb"\g<1>%d" % ours, message)
        return message

    def _run(self) -> None:
        sockets = [*self._sip, *self._media[0], *self._media[1]]
        while True:
            ready, _, _ = select.select([*sockets, self._stop_r], [], [])
            if self._stop_r in ready:
                return
            for s in ready:
                data, peer = s.recvfrom(65536)
                if s in self._sip:
                    side = self._sip.index(s)
                    self._peers[s] = peer
                    other = self._sip[1 - side]
                    other.sendto(self._exchange(side, data), self._peers[other])
                else:
                    self._forward(s, data)

    def _forward(self, s: socket.socket, data: bytes) -> None:
        """What comes in here is for the side whose ports these stand for; it leaves from those of the other side."""
        side = 0 if s in self._media[0] else 1
        kind = self._media[side].index(s)
        if kind == 0 and self._chance.random() < self._lose:
            self.lost[side] += 1
            return
        self.passed[side] += kind == 0
        if s in self._peers:
            self._media[1 - side][kind].sendto(data, self._peers[s])


@pytest.fixture
def media_wire() -> Iterator[Callable[..., MediaWire]]:
    """media_wire(callee_port, seed=, lose=) makes one; it is closed after the test."""
    made: list[MediaWire] = []

    def one(callee_port: int, **kwargs) -> MediaWire:
        made.append(MediaWire(callee_port, **kwargs))
        return made[-1]

    yield one
    for w in made:
        w.close()
