"""The extension on how calls sound: two phones of one process on loopback."""

from phones import until
from test_extension_audio import sides, talk  # noqa: F401: fixtures


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
