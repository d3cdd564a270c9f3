"""The audio check proves something only if it can fail."""

import numpy as np
from audio_check import compare, read_wav


def test_the_same_recording_later_and_companded_passes(speech):
    said, rate = read_wav(speech["alice"])
    step = np.maximum(np.abs(said) / 16, 4)
    heard = np.concatenate((np.zeros(1234), np.round(said / step) * step))
    like = compare(said, rate, heard, rate)
    assert like.correlation > 0.98 and abs(like.level_db) < 1 and abs(like.delay_s - 1234 / rate) < 0.001


def test_pitch_periods_taken_out_and_put_in_pass(speech):
    """What a jitter buffer does while somebody speaks: 5 to 10 ms less or more, once in half a second or so."""
    said, rate = read_wav(speech["alice"])
    period = rate // 150
    heard, at = [], 0
    for n, end in enumerate(range(rate // 3, len(said), int(rate * 0.6))):
        heard.append(said[at:end])
        at = end + (period if n % 2 else -period)
    heard.append(said[at:])
    assert compare(said, rate, np.concatenate(heard), rate).correlation > 0.98


def test_silence_fails(speech):
    said, rate = read_wav(speech["alice"])
    assert compare(said, rate, np.zeros_like(said), rate).correlation < 0.5


def test_another_voice_fails(speech):
    said, rate = read_wav(speech["alice"])
    heard, _ = read_wav(speech["bob"])
    assert compare(said, rate, heard, rate).correlation < 0.5


def test_shuffled_pieces_fail(speech):
    said, rate = read_wav(speech["alice"])
    pieces = np.array_split(said, 20)
    np.random.default_rng(1).shuffle(pieces)
    assert compare(said, rate, np.concatenate(pieces), rate).correlation < 0.5


def test_a_softer_recording_shows_in_the_level(speech):
    said, rate = read_wav(speech["alice"])
    assert compare(said, rate, said / 2, rate).level_db < -5
