"""A bad wire in user space: between two UDP programs it loses and doubles datagrams by a seed, and delays those to the
side named `late_to` (0 the caller, 1 the callee), past the ones behind them: SIPp itself takes no late message.

The caller sends to `front` and is answered from there; the callee is sent to from `back` and answers there. Whoever
should be reached through the wire must name the port of his side in Via and Contact: the callee `front`, the caller
`back`.
"""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from heapq import heappop, heappush
from typing import Callable, Iterator

import pytest


class Wire:
    """Forwards until close(); the counts say what it did."""

    def __init__(self, callee_port: int, *, seed: int, lose: float = 0.0, double: float = 0.0, late: float = 0.0,
                 late_to: int = 1, late_s: float = 0.05) -> None:
        self.arrived = self.lost = self.doubled = self.delayed = 0
        self._chance = random.Random(seed)
        self._lose, self._double, self._late, self._late_s = lose, double, late, late_s
        self._late_to = late_to
        self._sides = [self._socket(), self._socket()]
        self.front, self.back = (s.getsockname()[1] for s in self._sides)
        self._peers: list[tuple[str, int] | None] = [None, ("127.0.0.1", callee_port)]
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._stop_r, self._stop_w = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def _socket() -> socket.socket:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind(("127.0.0.1", 0))
        return s

    def close(self) -> None:
        self._stop_w.send(b"x")
        self._thread.join()
        for s in (*self._sides, self._stop_r, self._stop_w):
            s.close()

    def _send(self, side: int, data: bytes) -> None:
        peer = self._peers[side]
        if peer:
            self._sides[side].sendto(data, peer)

    def _take(self, side: int, data: bytes) -> None:
        """One datagram came in on this side; three draws each, so that the fates depend on the seed only."""
        lose, double, late = (self._chance.random() for _ in range(3))
        self.arrived += 1
        if lose < self._lose:
            self.lost += 1
            return
        if late < self._late and self._late_to == 1 - side:
            self.delayed += 1
            heappush(self._waiting, (time.monotonic() + self._late_s, self.arrived, 1 - side, data))
        else:
            self._send(1 - side, data)
        if double < self._double:
            self.doubled += 1
            self._send(1 - side, data)

    def _run(self) -> None:
        while True:
            wait = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([*self._sides, self._stop_r], [], [], wait)
            if self._stop_r in ready:
                return
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, side, data = heappop(self._waiting)
                self._send(side, data)
            for side, s in enumerate(self._sides):
                if s in ready:
                    data, peer = s.recvfrom(65536)
                    self._peers[side] = peer
                    self._take(side, data)


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    """wire(callee_port, seed=, lose=, ...) makes a bad wire; it is closed after the test."""
    made: list[Wire] = []

    def one(*args, **kwargs) -> Wire:
        made.append(Wire(*args, **kwargs))
        return made[-1]

    yield one
    for w in made:
        w.close()
