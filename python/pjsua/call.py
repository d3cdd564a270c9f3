"""Calls and their callbacks."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Mapping, Optional

from offhook import _offhook

from .constants import CALL_STATE_NAMES, CallState
from .errors import (OH_EBUSY, OH_EENDED, OH_EINVAL, OH_ENOENT, OH_ESCHEME, OH_ESTATE, OH_EURI, PJ_EINVAL, PJ_EINVALIDOP,
                     PJSIP_EINVALIDURI, PJSIP_ESESSIONSTATE, PJSIP_ESESSIONTERMINATED, Error, failing_as)
from .infos import CallInfo
from .tracing import trace

if TYPE_CHECKING:
    from .lib import Lib

HdrList = Optional[list[tuple[str, str]]]

ENDED = {OH_EENDED: PJSIP_ESESSIONTERMINATED, OH_ENOENT: PJSIP_ESESSIONTERMINATED}
DIRECTIONS = ("inactive", "sendonly", "recvonly", "sendrecv")


def usable_headers(hdr_list: Any) -> Optional[list[tuple[str, str]]]:
    """What the library takes: a list of pairs of str; anything else is ignored, as it always was."""
    if not isinstance(hdr_list, list):
        return None
    return [(pair[0], pair[1]) for pair in hdr_list
            if isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(part, str) for part in pair)]


class CallCallback:
    """Receives the events of one call. Derive from it, or give any object with these methods."""

    def __init__(self, call: "Optional[Call]" = None) -> None:
        self._set_call(call)

    def _set_call(self, call: "Optional[Call]") -> None:
        self.call: Any = None if call is None else weakref.proxy(call)

    def on_state(self) -> None:
        """The state of the call has changed; self.call.info() shows this very moment."""

    def on_media_state(self) -> None:
        """An offer/answer was completed: the slot's connections are gone, connect again when ACTIVE."""

    def on_dtmf_digit(self, digits: str) -> None:
        """A digit came from the peer."""

    def on_transfer_request(self, dst: str, code: int) -> int:
        """The peer asks to call dst instead: a code of 300 or more refuses."""
        return code

    def on_transfer_status(self, code: int, reason: str, final: int, cont: int) -> int:
        """Progress of our transfer; 0 stops the reports."""
        return cont

    def on_replace_request(self, code: int, reason: str) -> tuple[int, str]:
        """Somebody asks to take this call's place: a code of 300 or more refuses."""
        return (code, reason)

    def on_replaced(self, new_call: "Call") -> None:
        """new_call is about to take this call's place."""

    def on_pager(self, mime_type: str, body: str) -> None:
        """A MESSAGE came inside the call."""

    def on_pager_status(self, body: str, im_id: int, code: int, reason: str) -> None:
        """The fate of a message sent by Call.send_pager()."""

    def on_typing(self, is_typing: int) -> None:
        """The peer is typing, or has stopped."""


class Call:
    """One call. It dies when the on_state() that reports DISCONNECTED has returned."""

    def __init__(self, lib: "Lib", call_id: int, obj_name: str = "{Call object}") -> None:
        self._lib: Any = weakref.proxy(lib)
        self._id = call_id
        self._obj_name = obj_name
        trace(f"{obj_name} created")
        self.set_callback(None)

    def __del__(self) -> None:
        trace(f"{self._obj_name} destroyed")

    def __str__(self) -> str:
        return self._obj_name

    def attach_to_id(self, call_id: int) -> None:
        """Binds the object to a call of the library (for the module's own use)."""
        self._id = call_id

    def set_callback(self, cb: Any) -> None:
        """Installs the object that receives this call's events; None installs one that does nothing."""
        if cb is None:
            cb = CallCallback()
        if hasattr(cb, "_set_call"):
            cb._set_call(self)
        else:
            cb.call = weakref.proxy(self)
        self._cb: Any = cb  # last: an event may come at once, on another thread

    # ---- questions ----

    def _dict(self) -> Mapping[str, Any]:
        if self._id == -1:
            raise Error("info", self, -1, "Invalid call")
        try:
            info: Mapping[str, Any] = self._lib._phone.call_info(self._id)
        except (_offhook.Error, ReferenceError, AttributeError):
            raise Error("info", self, -1, "Invalid call") from None
        return info

    def info(self) -> CallInfo:
        """The call now; inside a callback: as of its event. Raises Error once the call is gone."""
        info = self._dict()
        return CallInfo(info, self._lib._accounts.get(info["account"]))

    def is_valid(self) -> int:
        """1 while the call lives, 0 from its hangup or disconnection on."""
        try:
            return int(self._dict()["state"] != CallState.DISCONNECTED)
        except Error:
            return 0

    def dump_status(self, with_media: bool = True, indent: str = "", max_len: int = 1024) -> str:
        """A few lines about the call for people; "" when it is gone or they exceed max_len."""
        try:
            info = self._dict()
            stats = self._lib._phone.call_stats(self._id)
        except (Error, _offhook.Error, ReferenceError, AttributeError):
            return ""
        seconds = int(info["call_time"])
        lines = [
            f"[{CALL_STATE_NAMES[info['state']]}] To: {info['remote_uri']}",
            f"Call time: {seconds // 3600:02d}h:{seconds // 60 % 60:02d}m:{seconds % 60:02d}s, "
            f"1st res in {stats['first_response_ms']:.0f} ms, conn in {stats['setup_ms']:.0f}ms",
        ]
        if with_media and stats["codec"]:
            name, rate = stats["codec"].split("/")[:2]
            lines += [
                f"  #0 audio {name} @{int(rate) // 1000}kHz, {DIRECTIONS[info['media_dir']]}, peer={stats['remote']}",
                f"     RX {stats['rx_packets']} pkt, {stats['rx_bytes']} bytes, loss {stats['rx_lost']}, "
                f"discard {stats['rx_late'] + stats['rx_discarded']}, dup {stats['rx_duplicate']}, "
                f"reorder {stats['rx_reordered']}",
                f"        jitter {stats['rx_jitter_ms']:.3f} ms (max {stats['rx_jitter_max_ms']:.3f})",
                f"     TX {stats['tx_packets']} pkt, {stats['tx_bytes']} bytes, loss {stats['peer_lost']}, "
                f"jitter {stats['peer_jitter_ms']:.3f} ms",
                f"     RTT {stats['rtt_ms']:.3f} ms",
            ]
        text = "".join(f"{indent}{line}\n" for line in lines)
        return text if len(text) <= max_len else ""

    # ---- operations ----

    def _do(self, op_name: str, method: str, *args: Any, codes: Optional[Mapping[int, int]] = None) -> None:
        """Runs a command about this call and delivers, in this thread, the events that it caused."""
        if self._id == -1:
            raise Error(op_name, self, PJSIP_ESESSIONTERMINATED)
        with failing_as(op_name, self, {**ENDED, **(codes or {})}):
            try:
                self._lib._command(self._id, method, self._id, *args)
            except ReferenceError:
                raise Error(op_name, self, PJSIP_ESESSIONTERMINATED) from None

    def answer(self, code: int = 200, reason: str = "", hdr_list: HdrList = None) -> None:
        """Answers an incoming call: 1xx rings, 2xx accepts, 3xx to 6xx refuses."""
        self._do("answer()", "call_answer", code, reason, usable_headers(hdr_list))

    def hangup(self, code: int = 603, reason: str = "", hdr_list: HdrList = None) -> None:
        """Ends the call by CANCEL, final response or BYE; code 0 picks one by state. Silent while it is ending."""
        ending = self._id != -1
        try:
            self._do("hangup()", "call_hangup", code, reason, usable_headers(hdr_list))
        except Error as error:
            if not ending or error.err_code != PJSIP_ESESSIONTERMINATED:
                raise

    def hold(self, hdr_list: HdrList = None) -> None:
        """Puts the peer on hold by a re-INVITE."""
        self._do("hold()", "call_hold", usable_headers(hdr_list), codes={OH_ESTATE: PJSIP_ESESSIONSTATE})

    def unhold(self, hdr_list: HdrList = None) -> None:
        """Releases the hold by a re-INVITE."""
        self._do("unhold()", "call_reinvite", usable_headers(hdr_list), codes={OH_ESTATE: PJSIP_ESESSIONSTATE})

    def reinvite(self, hdr_list: HdrList = None) -> None:
        """Sends a re-INVITE; it releases our hold, as unhold() does."""
        self._do("reinvite()", "call_reinvite", usable_headers(hdr_list), codes={OH_ESTATE: PJSIP_ESESSIONSTATE})

    def dial_dtmf(self, digits: str) -> None:
        """Sends 0-9 A-D * # (R: flash) as RTP events; 32 wait at most."""
        if not isinstance(digits, str):
            raise Error("dial_dtmf()", self, PJ_EINVAL)
        self._do("dial_dtmf()", "call_dtmf", digits)

    def send_request(self, method: str, hdr_list: HdrList = None, content_type: Optional[str] = None,
                     body: Optional[str] = None) -> None:
        """Sends a request such as INFO inside the call."""
        self._do("send_request()", "call_request", method, usable_headers(hdr_list), content_type, body,
                 codes={OH_EINVAL: PJ_EINVAL})

    def update(self, hdr_list: HdrList = None, options: int = 0) -> None:
        """Sends an UPDATE with an offer; on_media_state() tells its result. A hold stays as it is."""
        self._do("update()", "call_update", usable_headers(hdr_list),
                 codes={OH_EBUSY: PJ_EINVALIDOP, OH_ESTATE: PJSIP_ESESSIONSTATE})

    def transfer(self, dest_uri: str, hdr_list: HdrList = None) -> None:
        """Asks the peer to call dest_uri; the call stays up."""
        self._do("transfer()", "call_transfer", dest_uri, usable_headers(hdr_list),
                 codes={OH_ESTATE: PJSIP_ESESSIONSTATE, OH_EURI: PJSIP_EINVALIDURI, OH_ESCHEME: PJSIP_EINVALIDURI})

    def transfer_to_call(self, call: "Call", hdr_list: HdrList = None, options: int = 0) -> None:
        """Asks the peer to take the place of this side in another call."""
        self._do("transfer_to_call()", "call_transfer_to", call._id if call._id != -1 else 0,
                 usable_headers(hdr_list), codes={OH_ESTATE: PJSIP_ESESSIONSTATE})

    def send_pager(self, text: str, im_id: int = 0, content_type: str = "text/plain",
                   hdr_list: HdrList = None) -> None:
        """Sends a MESSAGE inside the call; on_pager_status() tells its fate, with this im_id."""
        if self._id == -1:
            raise Error("send_pager()", self, PJSIP_ESESSIONTERMINATED)
        with failing_as("send_pager()", self, {**ENDED, OH_ESTATE: PJSIP_ESESSIONSTATE}):
            self._lib._send_in_call(self._id, text, im_id, content_type, usable_headers(hdr_list))
