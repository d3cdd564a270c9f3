"""The extension on how calls sound: two phones of one process on loopback."""

import pytest
from offhook import _offhook
from phones import until
from test_extension_audio import RATE, sides, talk, tone  # noqa: F401: fixtures

SILENCE, SPEECH = 100, 101


def test_a_call_on_loopback_sounds_well_at_both_ends(talk):  # noqa: F811
    (one, call), (two, taken) = talk
    for phone, id in ((one, call), (two, taken)):
        until(lambda: phone.call_quality(id)["rx_seconds"] >= 1, "a second to judge")
        quality = phone.call_quality(id)
        assert 80 < quality["rx_all_r"] <= 93.3 and 4 < quality["rx_all_mos_cq"] <= 4.41
        assert quality["rx_worst_r"] <= quality["rx_all_r"] + 0.5 and quality["rx_delay_ms"] < 200
    until(lambda: one.call_quality(call)["tx_told"], "the other side's report")
    told = one.call_quality(call)
    assert told["tx_r"] > 80 and told["xr_received"] >= 1 and told["rtt_ms"] < 100


def test_silence_and_speech_are_told(sides, talk):  # noqa: F811
    (one, call), (two, taken) = talk
    two.call_listen(taken, silence_ms=300, speech=True, speech_hang_ms=200)
    silence = sides[1].wait(SILENCE)
    assert (silence["id"], silence["status"]) == (taken, 0) and silence["duration_ms"] >= 300
    said, _ = one.audio_new(RATE, play_ms=4000, call=call)
    one.audio_write(said, tone(0.6))
    began, ended = sides[1].wait(SPEECH), sides[1].wait(SPEECH, 2)
    assert (began["status"], ended["status"]) == (1, 0) and 400 < ended["duration_ms"] < 2000
    assert sides[1].wait(SILENCE, 2)["status"] == 1
    quality = two.call_quality(taken)
    assert not quality["rx_speaking"] and -25 < quality["rx_signal_dbov"] < -10
    with pytest.raises(_offhook.Error) as wrong:
        two.call_listen(taken, silence_dbov=5.0)
    assert "silence_dbov" in wrong.value.args[3]


def test_what_is_not_heard_is_explained(talk):  # noqa: F811
    (one, call), _ = talk
    until(lambda: "no listener" in one.call_explain(call), "the first packets")
    words = one.call_explain(call)
    assert "We have sent" in words, words
    with pytest.raises(_offhook.Error):
        one.call_explain(12345)
