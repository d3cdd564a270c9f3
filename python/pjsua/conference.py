"""The part of Lib that is about audio: the bridge, the sound device, files."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Optional

from .errors import OH_EINVAL, OH_ENOENT, PJ_EINVAL, PJMEDIA_EAUD_NODEFDEV, Error, failing_as, unsupported
from .infos import SoundDeviceInfo

if TYPE_CHECKING:
    from .settings import MediaConfig

FORMAT_WAV = 1  # of include/offhook/file.h
BAD_SLOT = {OH_ENOENT: PJ_EINVAL, OH_EINVAL: PJ_EINVAL}


class Conference:
    """Bridge, device and files; slots are plain numbers here, slot 0 is the sound device."""

    if TYPE_CHECKING:
        _phone: Any

        def _alive(self, op_name: str) -> Any:
            """The extension's phone."""

    def __init__(self) -> None:
        self._max_ports = 254
        self._devices = (-1, -2)
        self._device_settings: dict[str, int] = {}
        self._players: dict[int, tuple[int, int]] = {}    # our number -> (id, slot id)
        self._recorders: dict[int, tuple[int, int]] = {}
        self._player_numbers = itertools.count()
        self._recorder_numbers = itertools.count()

    # ---- sound device ----

    def enum_snd_dev(self) -> list[SoundDeviceInfo]:
        """The sound devices; the place in the list is the device's id."""
        with failing_as("enum_snd_dev()", self):
            found = self._alive("enum_snd_dev()").devices()
        return [SoundDeviceInfo(d["name"], d["capture_channels"], d["playback_channels"], d["rate"]) for d in found]

    def get_snd_dev(self) -> tuple[int, int]:
        """(capture, playback): (-99, -99) for the null device on request, (-1, -2) before anything was chosen."""
        return self._devices

    def set_snd_dev(self, capture_dev: int, playback_dev: int) -> None:
        """Opens these devices now; negative ids are the system's choice."""
        name = "set_current_sound_devices()"
        phone = self._alive(name)
        with failing_as(name, self):
            found = phone.devices()
        ids = []
        for number in (capture_dev, playback_dev):
            if not found or number >= len(found):
                raise Error(name, self, PJMEDIA_EAUD_NODEFDEV)
            ids.append(found[number]["id"] if number >= 0 else None)
        with failing_as(name, self):
            phone.device_set(capture=ids[0], playback=ids[1], **self._device_settings)
            phone.device_open()
        self._devices = (capture_dev, playback_dev)

    def set_null_snd_dev(self) -> None:
        """Uses no hardware: slot 0 is silent and swallows what it is sent. Before init() it is kept until then."""
        if self._phone is not None:
            with failing_as("set_null_snd_dev()", self):
                self._phone.device_set(capture="null", playback="null", **self._device_settings)
        self._devices = (-99, -99)

    def _configure_devices(self, media: MediaConfig) -> None:
        """The settings of the sound device, when the phone has been made."""
        rate = media.snd_clock_rate if media.snd_clock_rate in (8000, 16000, 24000, 32000, 48000) else 0
        close = media.snd_auto_close_time
        self._device_settings = {"rate": rate, "echo_ms": min(max(media.ec_tail_len, 0), 500),
                                 "close_ms": -1 if close < 0 else min(close * 1000, 2 ** 31 - 1)}
        null = {"capture": "null", "playback": "null"} if self._devices == (-99, -99) else {}
        self._alive("init()").device_set(**null, **self._device_settings)

    # ---- bridge ----

    def _slot(self, number: int, op_name: str) -> int:
        with failing_as(op_name, self, BAD_SLOT):
            return int(self._alive(op_name).slot_of(number))

    def conf_get_max_ports(self) -> int:
        """How many slots there may be."""
        return self._max_ports

    def conf_connect(self, src_slot: int, dst_slot: int) -> None:
        """What src says is heard by dst from now on; connecting twice is no error."""
        source, sink = self._slot(src_slot, "conf_connect()"), self._slot(dst_slot, "conf_connect()")
        with failing_as("conf_connect()", self, BAD_SLOT):
            self._alive("conf_connect()").connect_many([(source, sink)])

    def conf_disconnect(self, src_slot: int, dst_slot: int) -> None:
        """Undoes conf_connect(); not connected is no error."""
        source, sink = self._slot(src_slot, "conf_disconnect()"), self._slot(dst_slot, "conf_disconnect()")
        with failing_as("conf_disconnect()", self, BAD_SLOT):
            self._alive("conf_disconnect()").disconnect(source, sink)

    def conf_set_tx_level(self, slot: int, level: float) -> None:
        """Factor on what the bridge sends to the slot: 1 unchanged, 0 mute."""
        self._set_levels(slot, level, None, "conf_set_tx_level()")

    def conf_set_rx_level(self, slot: int, level: float) -> None:
        """Factor on what the bridge receives from the slot: 1 unchanged, 0 mute."""
        self._set_levels(slot, None, level, "conf_set_rx_level()")

    def _set_levels(self, slot: int, tx: Optional[float], rx: Optional[float], op_name: str) -> None:
        slot_id = self._slot(slot, op_name)
        with failing_as(op_name, self, BAD_SLOT):
            keep = -1.0
            self._alive(op_name).slot_set_levels(slot_id, keep if tx is None else max(tx, 0.0),
                                                 keep if rx is None else max(rx, 0.0))

    def conf_get_signal_level(self, slot: int) -> tuple[float, float]:
        """(tx, rx): the last level sent to and received from the slot, 0 to 1 in steps of 1/255."""
        slot_id = self._slot(slot, "conf_get_signal_level()")
        with failing_as("conf_get_signal_level()", self, BAD_SLOT):
            info = self._alive("conf_get_signal_level()").slot_info(slot_id)
        return (round(info["tx_signal"] * 255) / 255, round(info["rx_signal"] * 255) / 255)

    # ---- files ----

    def create_player(self, filename: str, loop: bool = False) -> int:
        """Opens a WAV file; returns a player id (not a slot). It starts when its slot is connected."""
        with failing_as("create_player()", self):
            made = self._alive("create_player()").player_open([filename], 0 if loop else 1, formats=FORMAT_WAV)
        return self._keep_player(made)

    def _keep_player(self, made: tuple[int, int]) -> int:
        number = next(self._player_numbers)
        self._players[number] = made
        return number

    def _player(self, player_id: int, op_name: str) -> tuple[int, int]:
        if player_id not in self._players:
            raise Error(op_name, self, -1, "Invalid player id")
        return self._players[player_id]

    def player_get_slot(self, player_id: int) -> int:
        """The slot of a player."""
        return self._player_slot(player_id, "player_get_slot()")

    def _player_slot(self, player_id: int, op_name: str) -> int:
        slot_id = self._player(player_id, op_name)[1]
        return int(self._alive(op_name).slot_info(slot_id)["number"])

    def player_set_pos(self, player_id: int, pos: int) -> None:
        """Moves a player to a sample; a finished one starts again."""
        phone_id = self._player(player_id, "player_set_pos()")[0]
        with failing_as("player_set_pos()", self):
            self._alive("player_set_pos()").player_seek(phone_id, max(pos, 0))

    def player_destroy(self, player_id: int) -> None:
        """Removes a player from the bridge."""
        self._destroy_player(player_id, "player_destroy()")

    def _destroy_player(self, player_id: int, op_name: str) -> None:
        phone_id = self._player(player_id, op_name)[0]
        self._players.pop(player_id, None)
        self._remove(phone_id, op_name)

    def create_playlist(self, filelist: list[str], label: str = "playlist", loop: bool = True) -> int:
        """Opens WAV files, at most 64, to be played one after another without a gap; returns a player id."""
        name = "create_playlist()"
        if not isinstance(filelist, list):
            raise Error(name, self, PJ_EINVAL)
        with failing_as(name, self):
            made = self._alive(name).player_open(filelist[:64], 0 if loop else 1, formats=FORMAT_WAV)
        return self._keep_player(made)

    def playlist_get_slot(self, playlist_id: int) -> int:
        """The slot of a playlist."""
        return self._player_slot(playlist_id, "playlist_get_slot()")

    def playlist_destroy(self, playlist_id: int) -> None:
        """Removes a playlist from the bridge."""
        self._destroy_player(playlist_id, "playlist_destroy()")

    def create_recorder(self, filename: str) -> int:
        """Records what its slot hears into a .wav file; returns a recorder id (not a slot)."""
        if isinstance(filename, str) and not filename.lower().endswith(".wav"):
            unsupported("create_recorder()", self, f"'{filename}' does not end in .wav")
        with failing_as("create_recorder()", self):
            made = self._alive("create_recorder()").recorder_new(filename)
        number = next(self._recorder_numbers)
        self._recorders[number] = made
        return number

    def _recorder(self, rec_id: int, op_name: str) -> tuple[int, int]:
        if rec_id not in self._recorders:
            raise Error(op_name, self, -1, "Invalid recorder id")
        return self._recorders[rec_id]

    def recorder_get_slot(self, rec_id: int) -> int:
        """The slot of a recorder."""
        slot_id = self._recorder(rec_id, "recorder_get_slot()")[1]
        return int(self._alive("recorder_get_slot()").slot_info(slot_id)["number"])

    def recorder_destroy(self, rec_id: int) -> None:
        """Removes a recorder; its file is complete when this returns."""
        phone_id = self._recorder(rec_id, "recorder_destroy()")[0]
        self._recorders.pop(rec_id, None)
        self._remove(phone_id, "recorder_destroy()")

    def _remove(self, port_id: int, op_name: str) -> None:
        with failing_as(op_name, self):
            self._alive(op_name).port_remove(port_id)
