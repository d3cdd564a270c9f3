"""Messages: whose callback one that came is for, and what became of those that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from offhook import _offhook

if TYPE_CHECKING:
    from .call import Call
    from .lib import Lib

CALL_RESPONSE, MESSAGE, MESSAGE_SENT = 7, 50, 51
OH_ETIMEDOUT = -10


def _value(message: bytes, name: str) -> str:
    return _offhook.message_header(message, name) or ""


def _uri(value: str) -> str:
    """A name-addr without what follows it in its header: with its brackets, as it stood."""
    return value.split(">", 1)[0] + ">" if "<" in value else value.split(";", 1)[0].strip()


def _text(message: bytes) -> str:
    return (_offhook.message_body(message) or b"").decode("utf-8", "replace")


def body_text(message: bytes) -> str:
    """The body of a SIP message as text."""
    return _text(message)


def contact_of(message: bytes) -> str:
    """The Contact of a SIP message, without its parameters; "" when it has none."""
    return _uri(_value(message, "Contact"))


def composing(active: bool) -> tuple[str, str]:
    """Content type and body of a message that says who is typing (RFC 3994)."""
    state = "<state>active</state><refresh>120</refresh>" if active else "<state>idle</state>"
    return ("application/im-iscomposing+xml", '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">{state}</isComposing>\n')


def _fate(event: Mapping[str, Any]) -> tuple[int, str]:
    """The status, or the one that stands for none (RFC 3261 8.1.3.1), with its phrase."""
    if event["status"]:
        line = bytes(event["message"] or b"").split(b"\r\n", 1)[0].decode("utf-8", "replace")
        return event["status"], line.split(" ", 2)[2] if line.count(" ") >= 2 else ""
    return (408, "Request Timeout") if event["error"] == OH_ETIMEDOUT else (503, "Service Unavailable")


class Messages:
    """Of one library: what was sent and has no fate yet, by the command that sent it."""

    def __init__(self) -> None:
        self._sent: dict[int, tuple[int, str, str, int]] = {}

    def sent(self, command: int, call_id: int, to_uri: str, body: str, im_id: int) -> None:
        """To be called before its fate can be delivered. call_id 0: outside of calls."""
        self._sent[command] = (call_id, to_uri, body, im_id)

    def forget(self, call_id: int) -> None:
        """The call has ended: no fate comes any more."""
        for command in [c for c, sent in self._sent.items() if sent[0] == call_id]:
            del self._sent[command]

    def deliver(self, lib: "Lib", call: "Call | None", event: Mapping[str, Any]) -> None:
        """One of the three kinds of event."""
        if event["type"] == MESSAGE:
            self._came(lib, call, event)
        elif event["cause"] in self._sent:
            _, to_uri, body, im_id = self._sent.pop(event["cause"])
            code, reason = _fate(event)
            if call is not None:
                lib._call_back(call._cb, "on_pager_status", body, im_id, code, reason)
                return
            buddy = lib._buddy_of(event["account"], to_uri)
            if buddy is not None:
                lib._call_back(buddy._cb, "on_pager_status", body, im_id, code, reason)
            elif event["account"] in lib._accounts:
                lib._call_back(lib._accounts[event["account"]]._cb, "on_pager_status", to_uri, body, im_id, code,
                               reason)

    def _came(self, lib: "Lib", call: "Call | None", event: Mapping[str, Any]) -> None:
        message = event["message"] or b""
        mime_type = _value(message, "Content-Type").split(";", 1)[0].strip()
        if call is not None:
            lib._call_back(call._cb, "on_pager", mime_type, _text(message))
            return
        buddy = lib._buddy_of(event["account"], _uri(_value(message, "From")))
        if buddy is not None:
            lib._call_back(buddy._cb, "on_pager", mime_type, _text(message))
        elif event["account"] in lib._accounts:
            lib._call_back(lib._accounts[event["account"]]._cb, "on_pager", _uri(_value(message, "From")),
                           _uri(_value(message, "Contact")), mime_type, _text(message))
