"""The few functions of the old low-level module that programs reach as pjsua._pjsua."""

from __future__ import annotations

from typing import Any

from offhook import _offhook

from . import lib as _lib_module
from .errors import OH_ENOENT, PJ_EINVAL, failing_as


class Conf_Port_Info:
    """A slot of the bridge."""

    def __init__(self, info: dict[str, Any], listeners: list[int], frame_ms: int = 20) -> None:
        self.slot_id: int = info["number"]
        self.name: str = info["kind"]
        self.clock_rate: int = info["rate"]
        self.channel_count = 1
        self.samples_per_frame: int = info["rate"] * frame_ms // 1000
        self.bits_per_sample = 16
        self.listeners = listeners


def _phone() -> Any:
    instance = _lib_module._lib
    if instance is None:
        raise RuntimeError("there is no library instance")
    return instance._alive("_pjsua")


def enum_conf_ports() -> list[int]:
    """The numbers of all slots."""
    phone = _phone()
    return _numbers(phone, phone.slots())


def _numbers(phone: Any, slots: list[int]) -> list[int]:
    """The numbers of these slots, without those that have gone meanwhile."""
    numbers = []
    for slot in slots:
        try:
            numbers.append(phone.slot_info(slot)["number"])
        except _offhook.Error as error:
            if error.args[0] != OH_ENOENT:
                raise
    return numbers


def conf_get_active_ports() -> int:
    """How many slots there are."""
    return len(_phone().slots())


def conf_get_port_info(slot: int) -> Conf_Port_Info:
    """What a slot is and who hears it."""
    phone = _phone()
    with failing_as("conf_get_port_info", None, {OH_ENOENT: PJ_EINVAL}):
        slot_id = phone.slot_of(slot)
        return Conf_Port_Info(phone.slot_info(slot_id), _numbers(phone, phone.slot_sinks(slot_id)))


def call_get_count() -> int:
    """How many calls there are."""
    return len(_phone().calls())


def enum_buddies() -> list[int]:
    """The ids of all buddies."""
    instance = _lib_module._lib
    return [] if instance is None else list(instance._buddies)


def call_send_typing_ind(call_id: int, is_typing: int, msg_data: Any = None) -> int:
    """Tells the peer of a call that we are typing, or have stopped: 0."""
    with failing_as("call_send_typing_ind", None, {OH_ENOENT: PJ_EINVAL}):
        _phone().message_typing(0, None, bool(is_typing), call_id)
    return 0
