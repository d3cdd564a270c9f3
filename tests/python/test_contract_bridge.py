"""The contract's sections 6.3, 6.4, 6.6, 9.6, 16: sound device, slots, connections, levels, files."""

import math
import struct
import wave

import pjsua as pj
import pytest
from phones import CONFIRMED, DISCONNECTED, Log, OnCall, code_of, until

ports = pj._pjsua


def write_tone(path, seconds=0.5, rate=8000, amplitude=12000):
    with wave.open(str(path), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(rate)
        n = int(seconds * rate)
        f.writeframes(b"".join(struct.pack("<h", int(amplitude * math.sin(i * 2 * math.pi * 440 / rate)))
                               for i in range(n)))
    return str(path)


@pytest.fixture
def tone(tmp_path):
    return write_tone(tmp_path / "tone.wav")


def listeners(slot):
    return sorted(ports.conf_get_port_info(slot).listeners)


def read(path):
    with wave.open(str(path)) as f:
        data = f.readframes(f.getnframes())
        return f.getframerate(), f.getnchannels(), f.getsampwidth(), struct.unpack(f"<{len(data) // 2}h", data)


# ---- sound device ----


def test_s6_sound_device_of_a_host_without_one(phone):
    lib = phone.lib
    assert lib.enum_snd_dev() == [] and lib.get_snd_dev() == (-1, -2)
    with pytest.raises(pj.Error) as caught:
        lib.set_snd_dev(0, 0)
    assert (caught.value.op_name, caught.value.err_code) == ("set_current_sound_devices()", 420006)
    lib.set_null_snd_dev()
    assert lib.get_snd_dev() == (-99, -99)


def test_k19_null_device_before_start():
    lib = pj.Lib()
    lib.init(log_cfg=pj.LogConfig(level=0))
    lib.set_null_snd_dev()
    lib.start()
    lib.set_null_snd_dev()
    lib.conf_connect(0, 0)
    lib.destroy()


@pytest.mark.parametrize(("asked_for", "warnings"), [(False, 1), (True, 0)])
def test_d24_without_a_sound_card_conf_connect_works_and_warns_once(make_phone, asked_for, warnings):
    log = Log()
    phone = make_phone(log=pj.LogConfig(level=5, callback=lambda level, text, n: log.add("line", (level, text))))
    if asked_for:
        phone.lib.set_null_snd_dev()
    for _ in range(3):
        phone.lib.conf_connect(0, 0)
    if warnings:
        until(lambda: any("null device" in text for _, text in log.find("line")))
    phone.destroy()
    assert len([text for level, text in log.find("line") if level <= 2 and "null device" in text]) == warnings


# ---- connections ----


def test_k12_connecting_twice_and_disconnecting_what_is_not_connected(phone, tone):
    lib = phone.lib
    slot = lib.player_get_slot(lib.create_player(tone))
    lib.conf_connect(slot, 0)
    lib.conf_connect(slot, 0)
    assert listeners(slot) == [0]
    lib.conf_disconnect(0, slot)
    lib.conf_disconnect(slot, 0)
    lib.conf_disconnect(slot, 0)
    assert listeners(slot) == []


def test_s6_connections_are_one_way_and_many(phone, tone, tmp_path):
    lib = phone.lib
    a = lib.player_get_slot(lib.create_player(tone))
    b = lib.recorder_get_slot(lib.create_recorder(str(tmp_path / "b.wav")))
    c = lib.recorder_get_slot(lib.create_recorder(str(tmp_path / "c.wav")))
    for sink in (0, b, c):
        lib.conf_connect(a, sink)
    assert listeners(a) == [0, b, c] and listeners(b) == [] and listeners(0) == []


@pytest.mark.parametrize("slot", [77, 999999, -1, 2 ** 32, 2 ** 70, "x", None, 1.5])
@pytest.mark.parametrize("method", ["conf_connect", "conf_disconnect", "conf_set_tx_level", "conf_set_rx_level",
                                    "conf_get_signal_level"])
def test_s6_bad_slots(phone, method, slot):
    args = {"conf_get_signal_level": (slot,), "conf_set_tx_level": (slot, 1.0), "conf_set_rx_level": (slot, 1.0)}
    with pytest.raises(pj.Error) as caught:
        getattr(phone.lib, method)(*args.get(method, (slot, 0)))
    assert (caught.value.err_code, caught.value.op_name) == (70004, f"{method}()")
    if method in ("conf_connect", "conf_disconnect"):
        assert code_of(getattr(phone.lib, method), 0, slot) == 70004


def test_s6_slots_are_given_lowest_free_first(phone, tone):
    lib = phone.lib
    players = [lib.create_player(tone) for _ in range(4)]
    assert [lib.player_get_slot(p) for p in players] == [1, 2, 3, 4]
    lib.player_destroy(players[2])
    lib.player_destroy(players[1])
    again = [lib.create_player(tone) for _ in range(3)]
    assert until(lambda: sorted(ports.enum_conf_ports()) == [0, 1, 2, 3, 4, 5])
    assert sorted(lib.player_get_slot(p) for p in again) == [2, 3, 5]


def test_s19_a_slot_that_a_program_may_still_hold_is_not_given_again(make_phone, tone):
    phone = make_phone(with_thread=False)
    lib = phone.lib
    out = OnCall()
    call = phone.make(out)
    while not out.log.find("state", state=CONFIRMED):
        lib.handle_events(1000)
    into, cb, _ = phone.log.find("incoming")[0]
    while not cb.log.find("state", state=CONFIRMED):
        lib.handle_events(1000)
    held = into.info().conf_slot
    call.hangup()
    until(lambda: held not in ports.enum_conf_ports(), "the peer's end in the library")
    assert lib.player_get_slot(lib.create_player(tone)) != held  # its end has not been handled yet
    while not cb.log.find("state", state=DISCONNECTED):
        lib.handle_events(1000)
    assert until(lambda: held in [lib.player_get_slot(lib.create_player(tone)) for _ in range(2)])


def test_s9_an_ended_call_leaves_the_bridge_with_its_connections(phone):
    pair = phone.connect()
    slot, lib = pair.caller.info().conf_slot, phone.lib
    lib.conf_connect(slot, 0)
    lib.conf_connect(0, slot)
    assert listeners(0) == [slot] and listeners(slot) == [0]
    pair.caller.hangup()
    until(lambda: slot not in ports.enum_conf_ports() and listeners(0) == [])
    assert code_of(lib.conf_disconnect, slot, 0) in (0, 70004)
    assert code_of(lib.conf_connect, slot, 0) == 70004


def test_s4_max_media_ports(make_phone, tone):
    media = pj.MediaConfig()
    assert media.max_media_ports == 254
    media.max_media_ports = 4
    phone = make_phone(media=media)
    assert phone.lib.conf_get_max_ports() == 4
    for _ in range(3):
        phone.lib.create_player(tone)
    with pytest.raises(pj.Error) as caught:
        phone.lib.create_player(tone)
    assert caught.value.err_code == 70010 and caught.value.op_name == "create_player()"


def test_s6_max_ports_default(phone):
    assert phone.lib.conf_get_max_ports() == 254


# ---- levels ----


def test_s6_levels_and_signals(phone, tone, tmp_path):
    lib = phone.lib
    player = lib.player_get_slot(lib.create_player(tone, loop=True))
    sink = lib.recorder_get_slot(lib.create_recorder(str(tmp_path / "x.wav")))
    assert lib.conf_get_signal_level(sink) == (0.0, 0.0)
    lib.conf_connect(player, sink)
    tx = until(lambda: lib.conf_get_signal_level(sink)[0])
    rx = lib.conf_get_signal_level(player)[1]
    for level in (tx, rx):
        assert 0 < level <= 1 and abs(level * 255 - round(level * 255)) < 1e-9
    lib.conf_set_rx_level(player, 0)
    until(lambda: lib.conf_get_signal_level(sink)[0] == 0, "mute at the source")
    lib.conf_set_rx_level(player, 1.0)
    until(lambda: lib.conf_get_signal_level(sink)[0])
    lib.conf_set_tx_level(sink, 0.0)
    until(lambda: lib.conf_get_signal_level(sink)[0] == 0, "mute at the sink")
    lib.conf_set_tx_level(sink, 2)
    assert until(lambda: lib.conf_get_signal_level(sink)[0]) >= tx
    lib.conf_set_tx_level(sink, -3)  # as 0
    until(lambda: lib.conf_get_signal_level(sink)[0] == 0)
    assert code_of(lib.conf_set_tx_level, sink, "loud") == 70004


# ---- files ----


def test_d21_a_recording_is_complete_when_recorder_destroy_returns(phone, tone, tmp_path):
    lib, path = phone.lib, tmp_path / "rec.wav"
    player = lib.create_player(tone, loop=True)
    recorder = lib.create_recorder(str(path))
    slot = lib.recorder_get_slot(recorder)
    assert slot >= 1
    lib.conf_connect(lib.player_get_slot(player), slot)
    until(lambda: path.exists() and lib.conf_get_signal_level(slot)[0])
    until(lambda: path.stat().st_size > 8000)
    lib.recorder_destroy(recorder)
    rate, channels, width, samples = read(path)
    assert (rate, channels, width) == (16000, 1, 2) and max(samples) > 9000
    assert path.stat().st_size == 44 + 2 * len(samples)
    with pytest.raises(pj.Error) as caught:
        lib.recorder_get_slot(recorder)
    assert (caught.value.err_code, caught.value.err_msg()) == (-1, "Invalid recorder id")
    assert code_of(lib.recorder_destroy, recorder) == -1


def test_s6_an_existing_recording_is_overwritten(phone, tmp_path):
    path = tmp_path / "old.wav"
    path.write_bytes(b"old" * 10000)
    phone.lib.recorder_destroy(phone.lib.create_recorder(str(path)))
    assert read(path)[3] == () or len(read(path)[3]) < 15000


@pytest.mark.parametrize(("name", "code"), [("x.mp3", 70012), ("x", 70012), ("no/such/x.wav", 120002), (5, 70004)])
def test_s6_recorders_that_cannot_be_made(phone, tmp_path, name, code):
    assert code_of(phone.lib.create_recorder, str(tmp_path / name) if isinstance(name, str) else name) == code


@pytest.mark.parametrize(("content", "code"), [(None, 70006), (b"", 220180), (b"RIFF", 220180), (b"x" * 100, 220180)])
def test_s6_players_that_cannot_be_made(phone, tmp_path, content, code):
    path = tmp_path / "x.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(pj.Error) as caught:
        phone.lib.create_player(str(path))
    assert caught.value.err_code == code and caught.value.obj is phone.lib


def test_k13_ids_are_no_slots(phone, tone, tmp_path):
    lib = phone.lib
    assert (lib.create_player(tone), lib.create_player(tone)) == (0, 1)
    assert lib.create_recorder(str(tmp_path / "r.wav")) == 0
    assert lib.player_get_slot(0) == 1 and lib.recorder_get_slot(0) == 3
    lib.player_destroy(0)
    for operation in (lib.player_get_slot, lib.player_destroy, lambda n: lib.player_set_pos(n, 0)):
        with pytest.raises(pj.Error) as caught:
            operation(0)
        assert (caught.value.err_code, caught.value.err_msg()) == (-1, "Invalid player id")


def test_s6_a_playlist_is_a_player_of_several_files(phone, tmp_path):
    lib = phone.lib
    names = [write_tone(tmp_path / f"{i}.wav", 0.4, amplitude=1000 * (i + 1)) for i in range(2)]
    sink = lib.recorder_get_slot(lib.create_recorder(str(tmp_path / "heard.wav")))
    player, playlist = lib.create_player(names[0]), lib.create_playlist(names, loop=False)
    assert (player, playlist) == (0, 1)  # K13: one numbering
    slot = lib.playlist_get_slot(playlist)
    assert slot == lib.player_get_slot(playlist) == 3
    lib.conf_connect(slot, sink)
    until(lambda: lib.conf_get_signal_level(slot)[1] > 0.05, "the second file")
    until(lambda: lib.conf_get_signal_level(slot)[1] == 0, "the end")
    lib.player_set_pos(playlist, 0)
    until(lambda: lib.conf_get_signal_level(slot)[1] > 0, "it again")
    lib.playlist_destroy(playlist)
    assert slot not in ports.enum_conf_ports()
    for operation in (lib.playlist_get_slot, lib.playlist_destroy):
        with pytest.raises(pj.Error) as caught:
            operation(playlist)
        assert (caught.value.err_code, caught.value.err_msg()) == (-1, "Invalid player id")
    # The first 64 are used, and nobody looks at the others.
    endless = lib.playlist_get_slot(lib.create_playlist([*names * 32, "/nowhere/x.wav"], "music"))
    lib.conf_connect(endless, 0)
    until(lambda: lib.conf_get_signal_level(endless)[1] > 0)


@pytest.mark.parametrize(("names", "code"), [
    (("a.wav",), 70004), ("a.wav", 70004), ([], 70004), ([5], 70004), (["a.wav", "missing.wav"], 70006),
    (["a.wav", "b.wav"], 220180)])
def test_s6_playlists_that_cannot_be_made(phone, tmp_path, monkeypatch, names, code):
    write_tone(tmp_path / "a.wav")
    (tmp_path / "b.wav").write_bytes(b"nothing to be heard here")
    monkeypatch.chdir(tmp_path)
    assert code_of(phone.lib.create_playlist, names) == code


def test_s6_players_take_wav_only(phone, tmp_path):
    path, recorder = str(tmp_path / "x.flac"), phone.lib._phone.recorder_open(str(tmp_path / "x.flac"))[0]
    phone.lib._phone.port_remove(recorder)
    assert code_of(phone.lib.create_player, path) == 220180


def test_s6_set_pos_starts_a_finished_player_again(phone, tmp_path):
    lib = phone.lib
    player = lib.create_player(write_tone(tmp_path / "short.wav", 0.1))
    slot = lib.player_get_slot(player)

    def loud():
        return lib.conf_get_signal_level(slot)[1] > 0

    lib.conf_connect(slot, 0)
    until(loud, "the tone")
    until(lambda: not loud(), "its end")
    assert slot in ports.enum_conf_ports()  # it stays
    lib.player_set_pos(player, 0)
    until(loud, "the tone again")
    lib.player_set_pos(player, -5)
    assert code_of(lib.player_set_pos, player, "x") == 70004


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_s6_any_rate_plays(phone, tmp_path, rate):
    lib = phone.lib
    slot = lib.player_get_slot(lib.create_player(write_tone(tmp_path / "r.wav", 0.3, rate), True))
    lib.conf_connect(slot, 0)
    until(lambda: lib.conf_get_signal_level(slot)[1] > 0)


# ---- _pjsua ----


def test_s16_low_level_functions(phone, tone):
    pair = phone.connect()
    slot = phone.lib.player_get_slot(phone.lib.create_player(tone))
    phone.lib.conf_connect(slot, pair.caller.info().conf_slot)
    assert sorted(ports.enum_conf_ports()) == [0, 1, 2, 3] and ports.conf_get_active_ports() == 4
    info = ports.conf_get_port_info(slot)
    assert (info.slot_id, info.channel_count, info.bits_per_sample) == (slot, 1, 16)
    assert info.samples_per_frame == info.clock_rate // 50 and info.listeners == [pair.caller.info().conf_slot]
    assert ports.call_get_count() == 2
    assert code_of(ports.conf_get_port_info, 77) == 70004


def test_s16_low_level_functions_without_a_library():
    with pytest.raises((RuntimeError, pj.Error)):
        ports.enum_conf_ports()


# ---- audio through a call ----


def test_s9_what_one_end_plays_the_other_end_records(phone, tone, tmp_path):
    lib, path = phone.lib, tmp_path / "heard.wav"
    player, recorder = lib.create_player(tone, True), lib.create_recorder(str(path))

    def play(what, call, info):
        if info.state == CONFIRMED:
            lib.conf_connect(lib.player_get_slot(player), info.conf_slot)

    def record(what, call, info):
        if info.state == CONFIRMED:
            lib.conf_connect(info.conf_slot, lib.recorder_get_slot(recorder))

    phone.callee_act = record
    pair = phone.connect(play)
    slot = pair.callee.info().conf_slot
    until(lambda: lib.conf_get_signal_level(slot)[1] > 0)
    until(lambda: path.stat().st_size > 20000)
    pair.caller.hangup()
    pair.into.log.wait("state", state=DISCONNECTED)
    lib.recorder_destroy(recorder)
    samples = read(path)[3]
    assert max(samples) > 9000 and min(samples) < -9000
