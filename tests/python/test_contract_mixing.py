"""The contract's section 6.4 on real samples: files that say one number, and what is recorded of their mixtures."""

import itertools
import struct
import wave

import pytest
from phones import until
from test_contract_bridge import read, write_tone

RATE = 16000  # the bridge's own: what is played is mixed bit by bit
HELD = RATE // 25  # two frames


def player(lib, path, value):
    with wave.open(str(path / f"{value}.wav"), "wb") as f:
        f.setparams((1, 2, RATE, 0, "NONE", ""))
        f.writeframes(struct.pack("<h", value) * RATE)
    return lib.player_get_slot(lib.create_player(str(path / f"{value}.wav"), loop=True))


class Ear:
    """A recorder, and what it has heard so far."""

    def __init__(self, lib, path):
        self.lib, self.path = lib, path
        self.id = lib.create_recorder(str(path))
        self.slot = lib.recorder_get_slot(self.id)

    def hear(self):
        """Until it has recorded a while of what is now."""
        size = self.path.stat().st_size
        until(lambda: self.path.stat().st_size > size + 8 * HELD, "a recording that goes on")

    def close(self):
        """The numbers that were held for two frames at least, in order."""
        self.lib.recorder_destroy(self.id)
        runs = [(value, len(list(run))) for value, run in itertools.groupby(read(self.path)[3])]
        return [value for value, n in runs if n >= HELD]


@pytest.fixture
def ears(phone, tmp_path):
    return [Ear(phone.lib, tmp_path / f"ear{i}.wav") for i in range(2)]


def in_order(wanted, held):
    rest = iter(held)
    return all(value in rest for value in wanted)


def test_s6_several_sources_are_mixed_to_the_bit(phone, ears, tmp_path):
    lib, (x, y) = phone.lib, ears
    a, b, c = (player(lib, tmp_path, value) for value in (1000, 200, -30))
    for source, sink in ((a, x), (b, x), (b, y), (c, y)):
        lib.conf_connect(source, sink.slot)
    x.hear(), y.hear()
    lib.conf_disconnect(a, x.slot)
    lib.conf_disconnect(b, y.slot)
    x.hear(), y.hear()
    lib.conf_connect(c, x.slot)
    lib.conf_disconnect(c, y.slot)  # nobody is left: it records no more
    lib.conf_connect(x.slot, a)  # a recorder says nothing, and a player hears nothing
    x.hear()
    heard, other = x.close(), y.close()
    assert in_order([1200, 200, 170], heard) and set(heard) <= {0, 1000, 1200, 200, 170}
    assert in_order([170, -30], other) and set(other) <= {0, 200, 170, -30}


def test_s6_levels_are_factors_of_what_is_sent_and_received(phone, ears, tmp_path):
    lib, (x, y) = phone.lib, ears
    a, b = player(lib, tmp_path, 1000), player(lib, tmp_path, 200)
    for source, sink in ((a, x), (b, x), (a, y)):
        lib.conf_connect(source, sink.slot)
    x.hear()
    lib.conf_set_rx_level(a, 0.5)  # for all who hear it
    x.hear(), y.hear()
    lib.conf_set_tx_level(x.slot, 3)  # of all that it hears
    x.hear()
    lib.conf_set_rx_level(a, 0)
    x.hear(), y.hear()
    lib.conf_set_rx_level(a, 1.5)
    lib.conf_set_tx_level(x.slot, 0.25)
    x.hear(), y.hear()
    heard, other = x.close(), y.close()
    assert in_order([1200, 700, 2100, 600, 425], heard)
    assert in_order([1000, 500, 0, 1500], other) and set(other) == {1000, 500, 0, 1500}


def test_s6_a_mixture_beyond_full_scale_is_cut(phone, ears, tmp_path):
    lib, (x, y) = phone.lib, ears
    for values, ear in (((30000, 20000), x), ((-30000, -20000), y)):
        for value in values:
            lib.conf_connect(player(lib, tmp_path, value), ear.slot)
    x.hear(), y.hear()
    assert x.close()[-1] == 32767 and y.close()[-1] == -32768


def test_s6_a_signal_level_is_the_peak_of_the_last_frame(phone, ears, tmp_path):
    lib, (x, y) = phone.lib, ears
    a, b = player(lib, tmp_path, 8000), player(lib, tmp_path, -4000)

    def shows(slot, tx, rx):
        until(lambda: all(abs(got * 32768 - wanted) < 32768 / 255
                          for got, wanted in zip(lib.conf_get_signal_level(slot), (tx, rx))), f"{tx}, {rx}")

    lib.conf_connect(a, x.slot)
    shows(x.slot, 8000, 0)
    shows(a, 0, 8000)
    lib.conf_connect(b, x.slot)
    shows(x.slot, 4000, 0)
    lib.conf_set_tx_level(x.slot, 2.0)
    shows(x.slot, 8000, 0)
    lib.conf_set_rx_level(a, 0.5)
    shows(x.slot, 0, 0)
    shows(a, 0, 4000)
    lib.conf_disconnect(a, x.slot)
    shows(x.slot, 8000, 0)
    shows(y.slot, 0, 0)


def test_s6_a_call_that_is_connected_to_itself_hears_itself(phone, ears, tmp_path):
    lib, (x, y) = phone.lib, ears
    pair = phone.connect()
    ours, theirs = pair.caller.info().conf_slot, pair.callee.info().conf_slot
    lib.conf_connect(lib.player_get_slot(lib.create_player(write_tone(tmp_path / "tone.wav"), loop=True)), ours)
    lib.conf_connect(ours, x.slot)
    until(lambda: lib.conf_get_signal_level(theirs)[1] > 0.2, "the tone at the other end")
    x.hear()
    assert lib.conf_get_signal_level(ours)[1] == 0
    lib.conf_connect(theirs, theirs)
    until(lambda: lib.conf_get_signal_level(ours)[1] > 0.2, "the tone coming back")
    x.hear()
    lib.conf_disconnect(theirs, theirs)
    until(lambda: lib.conf_get_signal_level(ours)[1] == 0, "silence")
    lib.recorder_destroy(x.id)
    samples = read(x.path)[3]
    loud = [i for i, sample in enumerate(samples) if abs(sample) > 9000]
    assert loud and loud[0] > 4 * HELD, "nothing comes back before it is looped"
