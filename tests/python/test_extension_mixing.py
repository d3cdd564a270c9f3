"""The extension on conferences, levels that move and meters: two phones of one process on loopback."""

import array
import os
import struct

import pytest
from offhook import _offhook
from phones import until
from test_extension_audio import INCOMING, RATE, Side, power, sides, talk, tone, write_wav  # noqa: F401: fixtures

SPEAKER, MEMBER = 102, 103
GONE, AWAY, THERE = 0, 1, 2
LISTENS, WHISPERS = 1, 2


def heard(phone, port, hz):
    """Reads until hz is what is heard, within a fresh half second."""
    samples = bytearray()

    def is_heard():
        samples.extend(phone.audio_read(port, RATE, 20))
        return len(samples) > RATE and power(bytes(samples[-RATE:]), hz) > 0.4

    until(is_heard, f"{hz} Hz")


def test_a_conference_of_a_call_and_two_ports(sides, talk):  # noqa: F811
    (one, call), (two, taken) = talk
    conference = one.conference_new(speaker=True, user=7)
    (first, _), (second, second_slot) = one.audio_new(RATE, play_ms=8000), one.audio_new(RATE, play_ms=8000)
    far, _ = two.audio_new(RATE, play_ms=8000, call=taken)
    for member in (call, first, second_slot):
        one.conference_add(conference, member)
    assert one.conference_members(conference) == [call, first, second]
    there = sides[0].wait(MEMBER, 3)
    assert (there["id"], there["status"], there["other"], there["user"]) == (conference, THERE, second, 7)
    one.audio_write(first, tone(6, 500))
    heard(two, far, 500)
    heard(one, second, 500)
    floor = sides[0].wait(SPEAKER)
    assert (floor["id"], floor["other"]) == (conference, first)
    assert one.conference_member(conference, first)["speaking"]
    one.conference_set(conference, first, muted=True, level=0.5)
    member = one.conference_member(conference, first)
    assert member["muted"] and member["level"] == 0.5 and member["state"] == THERE and member["role"] == 0
    one.conference_set(conference, second, role=WHISPERS, to=first)
    assert one.conference_member(conference, second)["to"] == first
    one.conference_remove(conference, second)
    assert sides[0].wait(MEMBER, 4)["status"] == GONE
    with pytest.raises(_offhook.Error) as wrong:
        one.conference_add(conference, first, role=LISTENS)
    assert wrong.value.args[1] == "OH_EBUSY"
    one.conference_end(conference)
    with pytest.raises(_offhook.Error):
        one.conference_members(conference)


def test_ramps_delays_ducking_and_meters(sides):  # noqa: F811
    phone = sides[0].phone
    (said, source), (ear, sink) = phone.audio_new(RATE, play_ms=8000), phone.audio_new(RATE, play_ms=8000)
    phone.link_ramp(source, sink, 0.5, 200)
    phone.link_delay(source, sink, 100)
    phone.link_duck(source, sink, trigger=sink, depth_db=20.0, release_ms=100)
    phone.slot_duck(sink, trigger=source)
    assert phone.link_info(source=source, sink=sink) == {"level": 0.5, "delay_ms": 100}
    duck = phone.link_get_duck(source=source, sink=sink)
    assert duck == {"trigger": sink, "depth_db": pytest.approx(20.0), "attack_ms": 60, "release_ms": 100}
    assert phone.slot_get_duck(slot=sink)["trigger"] == source and phone.slot_get_duck(source) is None
    phone.slot_ramp(source, rx=2.0, ms=100)
    phone.slot_ramp(sink, tx=0.5)
    phone.audio_write(said, array.array("h", [8000] * RATE * 4))
    watch = phone.speaker_watch(sink, start_ms=100)
    until(lambda: abs(phone.slot_levels(sink)["tx_rms_dbov"] + 18.3) < 0.2, "half of it at the sink")
    assert abs(phone.slot_levels(source)["rx_peak_dbov"] + 6.2) < 0.2
    floor = sides[0].wait(SPEAKER)
    assert (floor["id"], floor["other"]) == (watch, said)
    phone.speaker_unwatch(watch)
    phone.link_duck(source, sink)
    phone.slot_duck(sink)
    phone.link_delay(source, sink, 0)
    assert phone.link_get_duck(source, sink) is None and phone.slot_get_duck(sink) is None
    assert phone.link_info(source, sink)["delay_ms"] == 0
    for wrong in (lambda: phone.link_delay(source, sink, 1001), lambda: phone.slot_ramp(source, tx=65.0, ms=100),
                  lambda: phone.link_ramp(source, 5, 1.0), lambda: phone.slot_duck(sink, trigger=9),
                  lambda: phone.link_info(sink, source), lambda: phone.link_get_duck(sink, source),
                  lambda: phone.slot_get_duck(5)):
        with pytest.raises(_offhook.Error):
            wrong()
    with pytest.raises(TypeError):
        phone.slot_ramp(source, tx="loud")
    assert phone.audio_read(ear, RATE, 0)


LEGS = 12


def mixed(threads, folder):
    """The sum that each of many calls hears at its far end, of what three players say to it; and how many threads help."""
    side = Side(media_threads=threads)
    phone, players = side.phone, []
    try:
        for i in range(LEGS):
            write_wav(folder / f"{i}.wav", array.array("h", [100 * (i + 1)] * RATE))
            players.append(phone.player_open([str(folder / f"{i}.wav")], loops=0)[1])
        calls = [phone.call_make(side.uri, side.account) for _ in range(LEGS)]
        ears = [phone.audio_new(RATE, call=side.wait(INCOMING, i + 1)["id"])[0] for i in range(LEGS)]
        until(lambda: all(phone.call_info(call)["slot"] for call in calls), "their audio")
        for i, call in enumerate(calls):
            slot = phone.call_info(call)["slot"]
            phone.connect_many([(players[i], slot), (players[(i + 1) % LEGS], slot, 0.5),
                                (players[(i + 5) % LEGS], slot, 2.0)])

        def listen(ear):
            samples = struct.unpack("<320h", phone.audio_read(ear, 320))
            return len(set(samples)) == 1 and samples[0]

        def steady(ear):
            frames = [listen(ear) for _ in range(5)]
            return frames[0] if len(set(frames)) == 1 else 0

        heard = [until(lambda ear=ear: steady(ear), "one number") for ear in ears]
        names = [open(f"/proc/self/task/{task}/comm").read().strip() for task in os.listdir("/proc/self/task")]
    finally:
        side.close()
    return heard, sum(name.startswith("offhook-medi-") for name in names)


def test_several_media_threads_mix_what_one_does(tmp_path):
    alone, no_helpers = mixed(1, tmp_path)
    together, helpers = mixed(3, tmp_path)
    assert (no_helpers, helpers) == (0, 2)
    said = [100 * (i + 1) for i in range(LEGS)]
    assert alone == together == [said[i] + said[(i + 1) % LEGS] // 2 + 2 * said[(i + 5) % LEGS] for i in range(LEGS)]
