"""Codecs under the names that old programs use: G.722 by its sample rate, all others as in session descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import PJ_ENOTFOUND, Error, failing_as
from .infos import CodecInfo, CodecParameter

DYNAMIC_PT = 96  # the first of them: a dynamic number is given out anew in each call


def name_of(codec: dict[str, Any]) -> str:
    """``"PCMU/8000/1"``, and ``"G722/16000/1"`` whatever its RTP clock is called."""
    encoding, clock, channels = codec["name"].split("/")
    return f"{encoding}/{codec['rate_hz'] if encoding == 'G722' else clock}/{channels}"


class Codecs:
    """Lib's methods about codecs."""

    if TYPE_CHECKING:
        def _alive(self, op_name: str) -> Any:
            """The extension's phone."""

    def _matching(self, op_name: str, name: str) -> list[dict[str, Any]]:
        """The codecs whose names begin so; all of them for "" and "*"."""
        prefix = "" if name == "*" else str(name).lower()
        with failing_as(op_name, self):
            return [c for c in self._alive(op_name).codecs() if name_of(c).lower().startswith(prefix)]

    def enum_codecs(self) -> list[CodecInfo]:
        """The codecs, highest priority first."""
        infos = []
        for codec in self._matching("enum_codecs()", ""):
            info = CodecInfo(name_of(codec), codec["priority"],
                             codec["payload_type"] if codec["payload_type"] >= 0 else DYNAMIC_PT, codec["rate_hz"])
            info.channel_count = codec["channels"]
            info.avg_bps = codec["bits_per_s"]
            info.frm_ptime = codec["frame_ms"]
            info.ptime = codec["ptime_ms"]
            info.vad_enabled = int(codec["vad"])
            info.plc_enabled = int(codec["plc"])
            infos.append(info)
        return infos

    def set_codec_priority(self, name: str, priority: int) -> None:
        """Sets the priority, 0 (off) to 255, of every codec whose name begins so; "" and "*" mean all."""
        op_name = "set_codec_priority()"
        found = self._matching(op_name, name)
        if not found:
            raise Error(op_name, self, PJ_ENOTFOUND)
        with failing_as(op_name, self):
            for codec in found:
                self._alive(op_name).codec_set_priority(codec["name"], min(max(int(priority), 0), 255))

    def get_codec_parameter(self, name: str) -> CodecParameter:
        """The settings of a codec."""
        found = self._one("get_codec_parameter()", name)
        param = CodecParameter()
        param.ptime = found["ptime_ms"]
        param.vad_enabled = int(found["vad"])
        param.plc_enabled = int(found["plc"])
        return param

    def set_codec_parameter(self, name: str, param: CodecParameter) -> None:
        """Changes the settings of a codec, in every call whose audio is agreed from now on."""
        op_name = "set_codec_parameter()"
        found = self._one(op_name, name)
        with failing_as(op_name, self):
            self._alive(op_name).codec_set(found["name"], ptime_ms=max(int(param.ptime), 0),
                                           vad=bool(param.vad_enabled), plc=bool(param.plc_enabled))

    def _one(self, op_name: str, name: str) -> dict[str, Any]:
        found = self._matching(op_name, name) if name else []
        if not found:
            raise Error(op_name, self, -1, "Invalid codec name")
        return found[0]
