"""Is what was heard what was said? Both recordings are brought to 8 kHz and compared piece by piece.

After alignment the normalised correlation must be 0.98 for G.711 and the level within 1 dB. A jitter buffer may take a
pitch period out or put one in while somebody speaks, so such steps within a piece are found and followed. The same check
must fail on silence, on swapped and on shuffled recordings: tests/python/test_audio_check.py shows that it does.
"""

from __future__ import annotations

import itertools
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 8000
PIECE = RATE // 2
QUIET = 50.0  # root mean square below which a piece says nothing
SLIP = RATE // 10  # a piece is looked for this far around the common delay
STEP = RATE // 40  # what is before or behind a step is looked for this far around the place of the whole
FITS = 0.98  # in a piece that fits so well no step is looked for
STEPS = 3  # in a piece of half a second, at most


@dataclass(frozen=True)
class Likeness:
    """How alike two recordings are: correlation 0 to 1, level of the second against the first, its delay."""

    correlation: float
    level_db: float
    delay_s: float
    seconds: float


def ulaw_to_pcm(data: bytes) -> np.ndarray:
    code = ~np.frombuffer(data, np.uint8)
    exponent = (code >> 4) & 7
    magnitude = ((((code & 15).astype(np.int32) << 3) + 132) << exponent) - 132
    return np.where(code & 128, -magnitude, magnitude).astype(np.int16)


def read_wav(path: Path | str) -> tuple[np.ndarray, int]:
    """Mono samples as float, and the rate."""
    with wave.open(str(path)) as f:
        data = np.frombuffer(f.readframes(f.getnframes()), "<i2").astype(float)
        return data.reshape(-1, f.getnchannels()).mean(axis=1), f.getframerate()


def write_wav(path: Path | str, samples: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(rate)
        f.writeframes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())


def at_8k(samples: np.ndarray, rate: int) -> np.ndarray:
    """The telephone band, 100 to 3500 Hz, at 8 kHz, by the spectrum: no delay, no ripple."""
    n = max(len(samples), 1)
    spectrum = np.fft.rfft(samples, n)
    hz = np.fft.rfftfreq(n, 1 / rate)
    spectrum[(hz < 100) | (hz > 3500)] = 0
    m = int(round(n * RATE / rate))
    out = np.zeros(m // 2 + 1, complex)
    k = min(len(out), len(spectrum))
    out[:k] = spectrum[:k]
    return np.fft.irfft(out, m) * (m / n)


def _best(piece: np.ndarray, heard: np.ndarray, first: int, last: int) -> tuple[float, int, float]:
    """Correlation, place and gain where the piece fits best in heard[first:last]."""
    first = max(first, 0)
    window = heard[first:last + len(piece)]
    if len(window) < len(piece):
        return 0.0, first, 0.0
    size = 1 << (len(window) + len(piece)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(piece, size)), size)
    cross = cross[:len(window) - len(piece) + 1]
    energy = np.concatenate(([0.0], np.cumsum(window ** 2)))
    energy = energy[len(piece):] - energy[:-len(piece)]
    own = float(np.sum(piece ** 2))
    likeness = cross / np.sqrt(np.maximum(energy, 1e-9) * max(own, 1e-9))
    likeness[energy < own * 1e-4] = 0
    at = int(np.argmax(likeness))
    return float(likeness[at]), first + at, float(np.sqrt(energy[at] / own))


def _step(piece: np.ndarray, heard: np.ndarray, at: int) -> tuple[int, int, int]:
    """Where a piece that lies near heard[at] has a step of at most STEP: the place of what is before it, that of what is
    behind it as if it were the whole piece, and how many samples are before it."""
    cell = len(piece) // 8
    starts = [_best(piece[i:i + cell], heard, at + i - STEP, at + i + STEP)[1] - i for i in range(0, cell * 8, cell)]
    best = (-np.inf, at, at, len(piece))
    for before, after in itertools.combinations([max(start, 0) for start in starts], 2):
        one, two = heard[before:before + len(piece)], heard[after:after + len(piece)]
        if min(len(one), len(two)) < len(piece):
            continue
        gain = np.cumsum(piece * one - piece * two)
        cut = int(np.argmax(gain))
        best = max(best, (float(gain[cut] + np.sum(piece * two)), before, after, cut + 1))
    return best[1:]


def _spliced(piece: np.ndarray, heard: np.ndarray, at: int, steps: int = STEPS) -> np.ndarray:
    """What was heard of a piece that lies near heard[at], without the steps within it."""
    whole = heard[at:at + len(piece)]
    if not steps or len(whole) < max(len(piece), STEP) or likeness_of(piece, whole) >= FITS:
        return whole
    before, after, cut = _step(piece, heard, at)
    spliced = np.concatenate((_spliced(piece[:cut], heard, before, steps // 2),
                              _spliced(piece[cut:], heard, after + cut, steps // 2)))
    return spliced if len(spliced) == len(piece) and likeness_of(piece, spliced) > likeness_of(piece, whole) else whole


def likeness_of(said: np.ndarray, heard: np.ndarray) -> float:
    """Normalised correlation of two equally long pieces."""
    return float(np.sum(said * heard) / np.sqrt(max(float(np.sum(said ** 2) * np.sum(heard ** 2)), 1e-9)))


def compare(said: np.ndarray, said_rate: int, heard: np.ndarray, heard_rate: int) -> Likeness:
    """Looks for what was said in what was heard."""
    a, b = at_8k(said, said_rate), at_8k(heard, heard_rate)
    pieces = [(i, a[i:i + PIECE]) for i in range(0, len(a) - PIECE + 1, PIECE)]
    pieces = [(i, p) for i, p in pieces if np.sqrt(np.mean(p ** 2)) > QUIET]
    if not pieces or not len(b):
        return Likeness(0.0, -99.0, 0.0, 0.0)
    loudest, piece = max(pieces, key=lambda row: float(np.sum(row[1] ** 2)))
    _, place, _ = _best(piece, b, 0, len(b))
    delay = place - loudest
    weights, found, powers = [], [], []
    for i, p in pieces:
        _, at, _ = _best(p, b, i + delay - SLIP, i + delay + SLIP)
        as_heard = _spliced(p, b, at)
        weights.append(float(np.sum(p ** 2)))
        found.append(likeness_of(p, as_heard) if len(as_heard) == len(p) else 0.0)
        powers.append(float(np.sum(as_heard ** 2)) / weights[-1])
    power = float(np.average(powers, weights=weights))
    return Likeness(float(np.average(found, weights=weights)), float(10 * np.log10(max(power, 1e-9))), delay / RATE,
                    len(pieces) * PIECE / RATE)


def compare_wavs(said: Path | str, heard: Path | str) -> Likeness:
    return compare(*read_wav(said), *read_wav(heard))


def assert_heard(said: Path | str, heard: Path | str, correlation: float = 0.98, level_db: float = 1.0) -> Likeness:
    """What was said is what was heard."""
    like = compare_wavs(said, heard)
    assert like.seconds >= 1, f"only {like.seconds} s of speech in {said}"
    assert like.correlation >= correlation, f"{heard} does not hold {said}: {like}"
    assert abs(like.level_db) <= level_db, f"{heard} is louder or softer than {said}: {like}"
    return like
