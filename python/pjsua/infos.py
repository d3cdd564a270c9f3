"""Snapshots: every field is an instance attribute, so that vars() lists them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from .errors import OH_ETIMEDOUT, phrase
from .constants import CALL_STATE_NAMES, SubscriptionState, TransportFlag, TransportType

if TYPE_CHECKING:
    from .account import Account

# States of include/offhook/registration.h.
REGISTRATION_NONE, REGISTRATION_TRYING, REGISTRATION_ACTIVE = 0, 2, 3


class CallInfo:
    """A call at one moment. Times are float seconds; conf_slot is -1 when the call has no audio."""

    def __init__(self, info: Optional[Mapping[str, Any]] = None, account: "Optional[Account]" = None) -> None:
        values: Mapping[str, Any] = info or {}
        self.role: int = values.get("role", 0)
        self.account = account
        self.uri: str = values.get("local_uri", "")
        self.contact: str = values.get("local_contact", "")
        self.remote_uri: str = values.get("remote_uri", "")
        self.remote_contact: str = values.get("remote_contact", "")
        self.sip_call_id: str = values.get("sip_call_id", "")
        self.state: int = values.get("state", 0)
        self.state_text: str = CALL_STATE_NAMES[self.state] if info else ""
        self.last_code: int = values.get("last_status", 0)
        self.last_reason: str = values.get("last_reason", "")
        self.media_state: int = values.get("media_state", 0)
        self.media_dir: int = values.get("media_dir", 0)
        self.conf_slot: int = values.get("slot_number", -1)
        self.call_time: float = values.get("call_time", 0.0) if info else 0
        self.total_time: float = values.get("total_time", 0.0) if info else 0


class TransportInfo:
    """A transport: type, published host and port. The is_ fields hold the flag's value or 0."""

    def __init__(self, info: Mapping[str, Any]) -> None:
        address = f"{info['address']}:{info['port']}"
        stream = info["type"] != TransportType.UDP
        secure = info["type"] == TransportType.TLS
        self.type: str = "TLS" if secure else "TCP" if stream else "UDP"
        self.description: str = f"{self.type.lower()} {info['local']} [published as {address}]"
        self.is_reliable: int = TransportFlag.RELIABLE if stream else 0
        self.is_secure: int = TransportFlag.SECURE if secure else 0
        self.is_datagram: int = 0 if stream else TransportFlag.DATAGRAM
        self.host: str = info["address"]
        self.port: int = info["port"]
        self.ref_cnt: int = 1


class AccountInfo:
    """An account. reg_active says whether a registrar is configured; reg_expires is -1 when not registered.

    reg_status of a registrar that does not answer is 408, of one that cannot be reached 503.
    """

    def __init__(self, info: Mapping[str, Any], online: bool, note: str,
                 registration: Mapping[str, Any]) -> None:
        state, status = registration["state"], registration["status"]
        self.is_default: int = info["is_default"]
        self.uri: str = info["uri"]
        self.reg_active: int = int(state != REGISTRATION_NONE)
        self.reg_expires: int = -1
        self.reg_status: int = status
        if state == REGISTRATION_TRYING:
            self.reg_status, self.reg_expires = 100, 0
        elif state == REGISTRATION_ACTIVE:
            self.reg_expires = registration["next_s"]
        if not self.reg_status and registration["error"]:
            self.reg_status = 408 if registration["error"] == OH_ETIMEDOUT else 503
        self.reg_reason: str = "does not register" if not self.reg_active else phrase(self.reg_status)
        if self.reg_status == 100:
            self.reg_reason = "In Progress"
        self.online_status: int = int(online)
        self.online_text: str = note or ("Online" if online else "Offline")


class BuddyInfo:
    """A buddy's presence: online_status 0 unknown, 1 online, 2 offline."""

    def __init__(self, info: Optional[Mapping[str, Any]] = None, subscribed: bool = False) -> None:
        values: Mapping[str, Any] = info or {}
        self.uri: str = values.get("uri", "")
        self.contact: str = values.get("contact", "")
        self.online_status: int = values.get("status", 0)
        self.online_text: str = ""
        self.activity: int = values.get("activity", 0)
        self.subscribed: int = int(subscribed)
        self.sub_state: int = min(values.get("subscription", 0), SubscriptionState.TERMINATED)
        self.sub_term_reason: str = values.get("reason", "")
        if info:
            self.online_text = values["note"] or ("?", "Online", "Offline")[self.online_status]


class SoundDeviceInfo:
    """A sound device."""

    def __init__(self, name: str = "", input_channels: int = 0, output_channels: int = 0,
                 default_clock_rate: int = 0) -> None:
        self.name = name
        self.input_channels = input_channels
        self.output_channels = output_channels
        self.default_clock_rate = default_clock_rate


class CodecInfo:
    """A codec: name as ``"PCMU/8000/1"``, priority 0 (off) to 255, times in ms."""

    def __init__(self, name: str = "", priority: int = 0, pt: int = 0, clock_rate: int = 8000) -> None:
        self.name = name
        self.priority = priority
        self.clock_rate = clock_rate
        self.channel_count = 1
        self.avg_bps = 64000
        self.frm_ptime = 10
        self.ptime = 20
        self.pt = pt
        self.vad_enabled = 0
        self.plc_enabled = 1


class CodecParameter:
    """What can be set of a codec."""

    def __init__(self) -> None:
        self.ptime = 20
        self.vad_enabled = 0
        self.plc_enabled = 1
