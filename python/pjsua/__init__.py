"""A drop-in for the pjsua module of old, on Python 3: accounts, calls, callbacks, and a conference bridge.

    import pjsua as pj

    class OnCall(pj.CallCallback):
        def on_media_state(self):
            if self.call.info().media_state == pj.MediaState.ACTIVE:
                slot = self.call.info().conf_slot
                pj.Lib.instance().conf_connect(slot, 0)
                pj.Lib.instance().conf_connect(0, slot)

    lib = pj.Lib()
    lib.init()
    transport = lib.create_transport(pj.TransportType.UDP)
    lib.start()
    account = lib.create_account_for_transport(transport)
    call = account.make_call("sip:bob@127.0.0.1:5060", OnCall())

Names that this build cannot serve yet exist and raise Error 70012.
"""

import _thread as thread  # programs use pjsua.time, pjsua.threading, pjsua.thread and pjsua.weakref
import threading
import time
import weakref
from typing import Any, Optional

from . import _pjsua as _pjsua, lib as _lib_module
from .account import Account, AccountCallback
from .buddy import Buddy, BuddyCallback
from .call import Call, CallCallback
from .constants import (CallRole, CallState, MediaDir, MediaState, PresenceActivity, SubscriptionState, TransportFlag,
                        TransportType, TURNConnType)
from .errors import Error
from .infos import AccountInfo, BuddyInfo, CallInfo, CodecInfo, CodecParameter, SoundDeviceInfo, TransportInfo
from .lib import Lib, Transport
from .settings import AccountConfig, AuthCred, LogConfig, MediaConfig, TransportConfig, UAConfig
from .uri import SIPUri

enable_trace = False


def __getattr__(name: str) -> Any:
    if name == "_lib":
        instance: Optional[Lib] = _lib_module._lib
        return instance
    raise AttributeError(f"module 'pjsua' has no attribute {name!r}")


__all__ = [
    "Account", "AccountCallback", "AccountConfig", "AccountInfo", "AuthCred", "Buddy", "BuddyCallback", "BuddyInfo",
    "Call", "CallCallback", "CallInfo", "CallRole", "CallState", "CodecInfo", "CodecParameter", "Error", "Lib",
    "LogConfig", "MediaConfig", "MediaDir", "MediaState", "PresenceActivity", "SIPUri", "SoundDeviceInfo",
    "SubscriptionState", "TURNConnType", "Transport", "TransportConfig", "TransportFlag", "TransportInfo",
    "TransportType", "UAConfig", "enable_trace", "thread", "threading", "time", "weakref",
]
