"""Buddies, their callbacks, and what comes from those who follow us."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional

from offhook import _offhook

from .call import HdrList, usable_headers
from .errors import Error, failing_as
from .infos import BuddyInfo
from .messages import body_text, composing, contact_of
from .uri import SIPUri

if TYPE_CHECKING:
    from .account import Account
    from .lib import Lib

# Event types and questions of include/offhook/event.h and question.h.
MWI, BUDDY_STATE, TYPING, ASKS_SUBSCRIBE = 53, 52, 56, 3
# Of include/offhook/presence.h: the same numbers as SubscriptionState, but for one that tries again by itself.
SUBSCRIPTION_PENDING, SUBSCRIPTION_ACTIVE, SUBSCRIPTION_TERMINATED, SUBSCRIPTION_WAITING = 3, 4, 5, 6


class BuddyCallback:
    """Receives the events of a buddy."""

    def __init__(self, buddy: "Optional[Buddy]" = None) -> None:
        self._set_buddy(buddy)

    def _set_buddy(self, buddy: "Optional[Buddy]") -> None:
        self.buddy: Any = None if buddy is None else weakref.proxy(buddy)

    def on_state(self) -> None:
        """The presence of the buddy, or our subscription, has changed."""

    def on_pager(self, mime_type: str, body: str) -> None:
        """A MESSAGE came from the buddy."""

    def on_pager_status(self, body: str, im_id: int, code: int, reason: str) -> None:
        """The fate of a message sent to the buddy."""

    def on_typing(self, is_typing: int) -> None:
        """The buddy is typing, or has stopped."""


class Buddy:
    """Somebody whose presence is of interest. Made by Account.add_buddy()."""

    def __init__(self, lib: "Lib", buddy_id: int, account: "Account", cb: Any = None) -> None:
        self._lib: Any = weakref.proxy(lib)
        self._id = buddy_id
        self._acc: Any = weakref.proxy(account)
        self._subscribed = False
        uri = lib._phone.buddy_info(buddy_id)["uri"]
        self._uri: str = uri
        self._person = person(uri)
        self._obj_name = f"{{Buddy {uri}}}"
        self.set_callback(cb)

    def __str__(self) -> str:
        return self._obj_name

    def info(self) -> BuddyInfo:
        """The buddy now."""
        try:
            return BuddyInfo(self._lib._phone.buddy_info(self._id), self._subscribed)
        except (_offhook.Error, ReferenceError, AttributeError):
            raise Error("info()", self, -1, "Invalid buddy") from None

    def set_callback(self, cb: Any) -> None:
        """Installs the object that receives this buddy's events; None installs one that does nothing."""
        if cb is None:
            cb = BuddyCallback()
        if hasattr(cb, "_set_buddy"):
            cb._set_buddy(self)
        else:
            cb.buddy = weakref.proxy(self)
        self._cb: Any = cb  # last: an event may come at once, on another thread

    def _order(self, op_name: str, on: bool) -> None:
        self._subscribed = on
        with failing_as(op_name, self):
            self._lib._command(self._id, "buddy_subscribe", self._id, on)

    def subscribe(self) -> None:
        """Asks for the buddy's presence; on_state() has run when this returns, and runs for each change."""
        self._order("subscribe()", True)

    def unsubscribe(self) -> None:
        """Asks no longer."""
        self._order("unsubscribe()", False)

    def delete(self) -> None:
        """Removes the buddy."""
        with failing_as("delete()", self):
            self._lib._forget_buddy(self._id)
        self._id = -1

    def send_pager(self, text: str, im_id: int = 0, content_type: str = "text/plain",
                   hdr_list: HdrList = None) -> None:
        """Sends a MESSAGE to the buddy; on_pager_status() tells its fate, with this im_id."""
        with failing_as("send_pager()", self):
            self._lib._send_message(self._acc._id, self._uri, text, im_id, content_type, usable_headers(hdr_list))

    def send_typing_ind(self, is_typing: bool = True, hdr_list: HdrList = None) -> None:
        """Tells the buddy that we are typing, or have stopped."""
        content_type, body = composing(bool(is_typing))
        with failing_as("send_typing_ind()", self):
            self._lib._alive("send_typing_ind()").message_send(self._acc._id, self._uri, content_type, body,
                                                              usable_headers(hdr_list))


def person(uri: str) -> Optional[tuple[str, str]]:
    """What tells one person from another: user and host of a URI or name-addr. None: it is neither."""
    if _offhook.uri_check(uri) != 0:
        return None
    parts = SIPUri(uri)
    return parts.user, parts.host.lower()


def buddy_of(buddies: Iterable[Buddy], account_id: int, uri: str) -> Optional[Buddy]:
    """The buddy of this account with this URI."""
    wanted = person(uri)
    if wanted is None:
        return None
    for buddy in buddies:
        if buddy._person == wanted and buddy._acc._id == account_id:
            return buddy
    return None


def deliver(lib: "Lib", event: Mapping[str, Any]) -> bool:
    """Runs the callback of an event about presence. False: it is about something else."""
    kind = event["type"]
    if kind == BUDDY_STATE:
        buddy = lib._buddies.get(event["id"])
        if buddy is not None:
            lib._call_back(buddy._cb, "on_state")
    elif kind == MWI:
        account = lib._accounts.get(event["account"])
        if account is not None:
            lib._call_back(account._cb, "on_mwi_info", body_text(event["message"] or b""))
    elif kind == TYPING:
        _typing(lib, event)
    elif event["question"] is not None and event["question"]["kind"] == ASKS_SUBSCRIBE:
        _subscribe(lib, event)
    else:
        return False
    return True


def _typing(lib: "Lib", event: Mapping[str, Any]) -> None:
    call = lib._calls.get(event["id"])
    account = lib._accounts.get(event["account"])
    buddy = buddy_of(lib._buddies.values(), event["account"], event["text"])
    if call is not None:
        lib._call_back(call._cb, "on_typing", event["status"])
    elif buddy is not None:
        lib._call_back(buddy._cb, "on_typing", event["status"])
    elif account is not None:
        lib._call_back(account._cb, "on_typing", f"<{event['text']}>", contact_of(event["message"] or b""),
                       event["status"])


def _subscribe(lib: "Lib", event: Mapping[str, Any]) -> None:
    """The program is asked about presence; our calls are nobody's business here. An answer of a wrong type refuses."""
    question, account = event["question"], lib._accounts.get(event["account"])
    code: int = 403
    reason: Optional[str] = None
    if account is not None and question["target"] == "presence":
        answer: Any = (200, None)
        if hasattr(account._cb, "on_incoming_subscribe"):
            buddy = buddy_of(lib._buddies.values(), event["account"], question["from"])
            answer = lib._call_back(account._cb, "on_incoming_subscribe", buddy, f"<{question['from']}>",
                                    contact_of(event["message"] or b""), event["id"])
        if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], int):
            code, reason = max(answer[0], 200), answer[1]
    try:
        lib._phone.question_answer(question["ticket"], min(code, 699), str(reason) if reason and code >= 300 else None)
    except _offhook.Error:
        pass  # its time has passed, or the watcher has gone: he was refused
