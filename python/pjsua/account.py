"""Accounts and their callbacks."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Optional

from offhook import _offhook

from .buddy import SUBSCRIPTION_ACTIVE, SUBSCRIPTION_PENDING, SUBSCRIPTION_TERMINATED, Buddy
from .call import Call, HdrList, usable_headers
from .constants import SubscriptionState
from .errors import (OH_ESCHEME, OH_EURI, PJSIP_EINVALIDREQURI, PJSIP_EINVALIDURI, PJSIP_ENOROUTESET, Error, failing_as,
                     unsupported)
from .infos import AccountInfo
from .tracing import trace

if TYPE_CHECKING:
    from .lib import Lib, Transport


class AccountCallback:
    """Receives the events of an account. Derive from it, or give any object with these methods."""

    def __init__(self, account: "Optional[Account]" = None) -> None:
        self._set_account(account)

    def _set_account(self, account: "Optional[Account]") -> None:
        self.account: Any = None if account is None else weakref.proxy(account)

    def on_incoming_call(self, call: Call) -> None:
        """A new call in state INCOMING: answer or hang up, now or later. Refused with 603 unless overridden."""
        call.hangup()

    def on_reg_state(self) -> None:
        """A registration was accepted, refused, or timed out."""

    def on_incoming_subscribe(self, buddy: "Optional[Buddy]", from_uri: str, contact_uri: str,
                              pres_obj: Any) -> tuple[int, Optional[str]]:
        """Somebody wants to see our presence: (code, reason)."""
        return (200, None)

    def on_pager(self, from_uri: str, contact: str, mime_type: str, body: str) -> None:
        """A MESSAGE came, outside of calls and not from a buddy."""

    def on_pager_status(self, to_uri: str, body: str, im_id: int, code: int, reason: str) -> None:
        """The fate of a message sent by Account.send_pager()."""

    def on_typing(self, from_uri: str, contact: str, is_typing: int) -> None:
        """Somebody is typing, or has stopped."""

    def on_mwi_info(self, body: str) -> None:
        """Messages are waiting."""


class Account:
    """Who calls and who is called. Made by Lib.create_account()."""

    def __init__(self, lib: "Lib", acc_id: int, uri: str, cb: Any = None) -> None:
        self._lib: Any = weakref.proxy(lib)
        self._id = acc_id
        self._obj_name = f"{{Account {uri}}}"
        self._online = False
        self._note = ""  # of our presence
        self._tuple_id = ""  # names this device in it
        trace(f"{self._obj_name} created")
        self.set_callback(cb)

    def __del__(self) -> None:
        trace(f"{self._obj_name} destroyed")

    def __str__(self) -> str:
        return self._obj_name

    def set_callback(self, cb: Any) -> None:
        """Installs the object that receives this account's events; None installs one that refuses all calls."""
        if cb is None:
            cb = AccountCallback()
        if hasattr(cb, "_set_account"):
            cb._set_account(self)
        else:
            cb.account = weakref.proxy(self)
        self._cb: Any = cb  # last: an event may come at once, on another thread

    def _dict(self, op_name: str) -> dict[str, Any]:
        if self._id == -1:
            raise Error(op_name, self, -1, "Invalid account")
        try:
            info: dict[str, Any] = self._lib._phone.account_info(self._id)
        except (_offhook.Error, ReferenceError, AttributeError):
            raise Error(op_name, self, -1, "Invalid account") from None
        return info

    def info(self) -> AccountInfo:
        """The account now."""
        info = self._dict("info()")
        try:
            return AccountInfo(info, self._online, self._note, self._lib._phone.account_registration(self._id))
        except (_offhook.Error, ReferenceError, AttributeError):
            raise Error("info()", self, -1, "Invalid account") from None

    def is_valid(self) -> int:
        """1 while the account exists, else 0."""
        try:
            self._dict("is_valid()")
        except Error:
            return 0
        return 1

    def is_default(self) -> bool:
        """Does this account get the calls that match no other?"""
        return bool(self._dict("is_default()")["is_default"])

    def set_default(self) -> None:
        """Makes it the account that gets the calls that match no other."""
        self._dict("set_default()")
        self._lib._phone.account_set_default(self._id)

    def delete(self) -> None:
        """Removes the account; its calls go on."""
        self._dict("delete()")
        self._lib._forget_account(self._id)
        self._id = -1

    def make_call(self, dst_uri: str, cb: Any = None, hdr_list: HdrList = None) -> Call:
        """Calls dst_uri. The INVITE is on its way when this returns; on_state() CALLING has run inside."""
        self._dict("make_call()")
        codes = {OH_EURI: PJSIP_EINVALIDREQURI, OH_ESCHEME: PJSIP_EINVALIDREQURI}
        if isinstance(dst_uri, str) and dst_uri.strip().lower().startswith(("tel:", "<tel:")):
            codes[OH_ESCHEME] = PJSIP_ENOROUTESET
        with failing_as("make_call()", self, codes):
            call: Call = self._lib._make_call(self, dst_uri, cb, usable_headers(hdr_list))
            return call

    def set_basic_status(self, is_online: bool) -> None:
        """Publishes whether we are there."""
        self.set_presence_status(is_online)

    def set_presence_status(self, is_online: bool, activity: int = 0, pres_text: str = "", rpid_id: str = "") -> None:
        """Tells whoever follows us, and the server when the account publishes, whether we are there and what we do."""
        self._dict("set_presence_status()")
        with failing_as("set_presence_status()", self):
            self._lib._phone.account_set_presence(self._id, bool(is_online), activity, pres_text or None,
                                                  rpid_id or self._tuple_id or None)
        self._online, self._note = bool(is_online), pres_text

    def set_registration(self, renew: bool) -> None:
        """Registers or refreshes now, or unregisters."""
        self._dict("set_registration()")
        with failing_as("set_registration()", self):
            self._lib._phone.account_register(self._id, bool(renew))

    def set_transport(self, transport: "Transport") -> None:
        """Binds the account to a transport; what is registered is registered anew over it."""
        self._dict("set_transport()")
        with failing_as("set_transport()", self):
            self._lib._phone.account_set_transport(self._id, transport._id)

    def add_buddy(self, uri: str, cb: Any = None) -> "Buddy":
        """Adds somebody whose presence is of interest; Buddy.subscribe() begins to ask for it."""
        self._dict("add_buddy()")
        with failing_as("add_buddy()", self, {OH_EURI: PJSIP_EINVALIDURI, OH_ESCHEME: PJSIP_EINVALIDURI}):
            buddy: Buddy = self._lib._add_buddy(self, uri, cb)
            return buddy

    def pres_notify(self, pres_obj: Any, state: int, reason: str = "", hdr_list: HdrList = None) -> None:
        """Decides about who follows us, as on_incoming_subscribe() named him; errors are not reported."""
        states = {SubscriptionState.ACTIVE: SUBSCRIPTION_ACTIVE, SubscriptionState.TERMINATED: SUBSCRIPTION_TERMINATED}
        try:
            self._lib._phone.watcher_set(pres_obj, states.get(state, SUBSCRIPTION_PENDING), reason or None)
        except (_offhook.Error, ReferenceError, AttributeError, TypeError):
            pass

    def send_pager(self, uri: str, text: str, im_id: int = 0, content_type: str = "text/plain",
                   hdr_list: HdrList = None) -> None:
        """Sends a MESSAGE; on_pager_status() tells its fate, with this im_id."""
        self._dict("send_pager()")
        with failing_as("send_pager()", self, {OH_EURI: PJSIP_EINVALIDURI, OH_ESCHEME: PJSIP_EINVALIDURI}):
            self._lib._send_message(self._id, uri, text, im_id, content_type, usable_headers(hdr_list))
