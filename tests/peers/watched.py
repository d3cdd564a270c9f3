"""A phone of ours whose presence others follow, and that follows them."""

from __future__ import annotations

import time
from typing import Any, Callable

from offhook import _offhook

BUDDY_STATE, QUESTION, ASKS_SUBSCRIBE, ACTIVE = 52, 40, 3, 4
LIMIT_S = 40.0


class Phone:
    """A phone that lets everybody watch who asks."""

    def __init__(self, port: int, uri: str = "", **settings: Any) -> None:
        self.events: list[dict] = []
        self.port = port
        self.phone = _offhook.Phone(handler=self._take)
        self.phone.transport_add(1, "127.0.0.1", port)
        self.account = self.phone.account_add(uri or f"sip:alice@127.0.0.1:{port}", **settings)

    def _take(self, event: dict) -> None:
        self.events.append(event)
        if event["type"] == QUESTION and event["question"]["kind"] == ASKS_SUBSCRIBE:
            self.phone.question_answer(event["question"]["ticket"], 200)

    def wait(self, is_it: Callable[[dict], bool]) -> dict:
        end = time.monotonic() + LIMIT_S
        while True:
            self.phone.process(50)
            for event in self.events:
                if is_it(event):
                    return event
            assert time.monotonic() < end, self.events
