"""The extension on tones: two phones of one process on loopback."""

import pytest
from offhook import _offhook
from test_extension_audio import sides, talk  # noqa: F401: fixtures

DTMF, PROGRESS, BUSY, IN_BAND_ON = 4, 97, 3, 3


def test_a_countrys_tone_is_heard_as_what_it_is(sides, talk):  # noqa: F811
    (one, call), (two, taken) = talk
    two.call_progress_listen(taken, country="us")
    tone, slot = one.tone_national("us", BUSY)
    one.connect_many([(slot, one.call_info(call)["slot"])])
    event = sides[1].wait(PROGRESS)
    assert (event["id"], event["status"], event["count"]) == (taken, BUSY, 90)
    assert " Hz, " in event["text"] and 400 < event["duration_ms"] < 600
    one.port_remove(tone)
    two.call_progress_listen(taken, on=False)


def test_digits_are_heard_in_the_audio(sides, talk):  # noqa: F811
    (one, call), (two, taken) = talk
    two.call_hear_dtmf(taken, IN_BAND_ON)
    tone, slot = one.tone_digits("5", duration_ms=200)
    one.connect_many([(slot, one.call_info(call)["slot"])])
    event = sides[1].wait(DTMF)
    assert event["digit"] == "5" and 100 < event["duration_ms"] < 300
    one.port_remove(tone)


def test_patterns_and_countries(sides):  # noqa: F811
    phone = sides[0].phone
    assert "de" in phone.tone_countries() and len(phone.tone_countries()) >= 20
    assert phone.tone_find("gb", BUSY) == "400:375 0:375" and phone.tone_find("xx", BUSY) is None
    tone, slot = phone.tone_pattern("440+480:2000 0:4000", repeats=1, level=0.1)
    assert phone.slot_info(slot)["kind"] == "tone"
    phone.port_remove(tone)
    with pytest.raises(_offhook.Error) as wrong:
        phone.tone_pattern("440:x")
    assert "440:x" in wrong.value.args[3]
