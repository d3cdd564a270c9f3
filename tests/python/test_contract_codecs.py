"""The contract's sections 5 and 6.5: codecs listed, ordered and set; what they are in a call."""

import pjsua as pj
import pytest
from phones import CONFIRMED, DISCONNECTED, OnCall, code_of

ALWAYS = {"PCMU/8000/1", "PCMA/8000/1", "G722/16000/1", "L16/16000/1"}


def names(lib):
    return [c.name for c in lib.enum_codecs()]


def test_r5_codecs_are_listed_with_what_they_are(phone):
    infos = {c.name: c for c in phone.lib.enum_codecs()}
    assert ALWAYS <= set(infos)
    g722, pcmu = infos["G722/16000/1"], infos["PCMU/8000/1"]
    assert (pcmu.clock_rate, pcmu.channel_count, pcmu.avg_bps, pcmu.frm_ptime, pcmu.ptime, pcmu.pt) == (
        8000, 1, 64000, 10, 20, 0)
    assert (g722.clock_rate, g722.avg_bps, g722.pt, g722.priority) == (16000, 64000, 9, 0)
    assert pcmu.priority == 128 and pcmu.vad_enabled == 0 and pcmu.plc_enabled == 1
    for info in infos.values():
        assert all(type(v) in (int, str) for v in vars(info).values())


def test_r5_priorities_decide_the_order_and_prefixes_name_many(phone):
    lib = phone.lib
    lib.set_codec_priority("G722/16000/1", 255)
    lib.set_codec_priority("pcma", 200)
    assert names(lib)[:3] == ["G722/16000/1", "PCMA/8000/1", "PCMU/8000/1"]
    lib.set_codec_priority("*", 0)
    assert {c.priority for c in lib.enum_codecs()} == {0}
    lib.set_codec_priority("", 7)
    assert {c.priority for c in lib.enum_codecs()} == {7}
    lib.set_codec_priority("L16", 999)
    assert {c.priority for c in lib.enum_codecs() if c.name.startswith("L16")} == {255}
    lib.set_codec_priority("PCMU", -3)
    assert next(c.priority for c in lib.enum_codecs() if c.name == "PCMU/8000/1") == 0
    assert code_of(lib.set_codec_priority, "iLBC/8000/1", 1) == 70006


def test_r5_parameters_are_read_and_written(phone):
    lib = phone.lib
    param = lib.get_codec_parameter("PCMU/8000/1")
    assert (param.ptime, param.vad_enabled, param.plc_enabled) == (20, 0, 1)
    param.ptime, param.vad_enabled, param.plc_enabled = 40, 1, 0
    assert lib.set_codec_parameter("PCMU/8000/1", param) is None
    again = lib.get_codec_parameter("PCMU/8000/1")
    assert vars(again) == vars(param)
    param.ptime = 15
    assert code_of(lib.set_codec_parameter, "PCMU/8000/1", param) == 70004
    for operation in (lib.get_codec_parameter, lambda name: lib.set_codec_parameter(name, param)):
        with pytest.raises(pj.Error) as caught:
            operation("speex/16000/1")
        assert caught.value.err_code == -1 and "Invalid codec name" in str(caught.value)


def test_d15_a_call_speaks_what_has_the_highest_priority(phone):
    phone.lib.set_codec_priority("G722/16000/1", 255)
    cb = OnCall()
    call = phone.account.make_call(phone.uri, cb)
    cb.log.wait("state", state=CONFIRMED)
    assert "G722" in call.dump_status(with_media=True)
    call.hangup()
    cb.log.wait("state", state=DISCONNECTED)
