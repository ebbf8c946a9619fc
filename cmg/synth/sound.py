"""Sound of a clip: a quiet noise floor and, while an event is heard, the timbre and rhythm of its class.

Axes: n samples, channels. A class fixes spectral peaks, harmonic or noisy character and rhythm (`concepts.Voice`) up to
jitter; pitch, level, rate, floor, silence and channel layout are nuisances drawn from streams that the picture never
reads.
"""

from dataclasses import dataclass

import numpy as np

from cmg.synth.concepts import BY_NAME, Voice
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan
from cmg.synth.rhythm import envelope, melody
from cmg.synth.spec import CorpusSpec

TOP_HZ = 7000.0
TABLE = 2048


@dataclass(frozen=True)
class Take:
    """Recording nuisances: rate (Hz), channels, noise floor (dBFS, None for digital silence), its tilt (dB per octave),
    pan -1..1."""

    rate: int
    channels: int
    floor: float | None
    tilt: float
    pan: float


@dataclass(frozen=True)
class Tone:
    """Event nuisances: shifts of pitch and of the spectral peaks in octaves, rate factor, level in dBFS, phase of the
    rhythm."""

    pitch: float
    colour: float
    rate: float
    level: float
    phase: float


def draw_take(spec: CorpusSpec, clip: ClipPlan) -> Take:
    """The recording conditions of a clip."""
    rng = stream(spec.seed, "take", clip.clip_id)
    rate = int(rng.choice(spec.sample_rates))
    floor = rng.uniform(-62, -42)
    silent = rng.random() < 0.15
    return Take(
        rate, int(rng.integers(1, 3)), None if silent else floor, tilt=rng.uniform(-6, 1), pan=rng.uniform(-0.7, 0.7)
    )


def draw_tone(spec: CorpusSpec, clip: ClipPlan, number: int) -> Tone:
    """How event `number` of a clip is played: pitch over an octave, level over 14 dB."""
    rng = stream(spec.seed, "tone", clip.clip_id, number)
    return Tone(
        pitch=rng.uniform(-0.5, 0.5),
        colour=rng.uniform(-0.2, 0.2),
        rate=2 ** rng.uniform(-0.35, 0.35),
        level=rng.uniform(-30, -16),
        phase=rng.random(),
    )


def render(spec: CorpusSpec, clip: ClipPlan) -> tuple[np.ndarray, int]:
    """Samples [channels, n] float32 in -1..1, and the sample rate in hertz."""
    take = draw_take(spec, clip)
    total = round(clip.seconds * take.rate)
    mono = _floor(take, total, stream(spec.seed, "floor", clip.clip_id))
    for number, event in enumerate(clip.events):
        if event.audio is not None:
            first, last = (min(second * take.rate, total) for second in event.audio)
            tone, rng = draw_tone(spec, clip, number), stream(spec.seed, "play", clip.clip_id, number)
            mono[first:last] += _play(BY_NAME[event.concept].voice, tone, last - first, take.rate, rng)
    gains = [1.0] if take.channels == 1 else [1 - max(0.0, take.pan), 1 + min(0.0, take.pan)]
    return np.clip(np.stack([gain * mono for gain in gains]), -1, 1).astype(np.float32), take.rate


def _play(voice: Voice, tone: Tone, count: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """One event of `count` samples at its level, faded in and out over ten milliseconds."""
    if count == 0:
        return np.zeros(0)
    time = np.arange(count) / rate
    rhythm = envelope(voice.rhythm, voice.rate * tone.rate, tone.phase, time)
    octaves = melody(voice, tone.rate, tone.phase, time, rng)
    fundamental = voice.pitch * 2**tone.pitch
    cycles = np.cumsum(fundamental * 2**octaves) / rate
    harmonic = _wavetable(voice, fundamental, tone.colour)[((cycles % 1) * TABLE).astype(np.int64) % TABLE]
    noise = _shaped_noise(count, rate, rng, lambda hertz: _peaks(voice, hertz, tone.colour))
    mix = (np.sqrt(1 - voice.noise) * _unit(harmonic) + np.sqrt(voice.noise) * _unit(noise)) * rhythm
    fade = np.clip(np.minimum(time, time[::-1]) / 0.01, 0, 1)
    return 10 ** (tone.level / 20) * _unit(mix) * fade


def _wavetable(voice: Voice, fundamental: float, colour: float) -> np.ndarray:
    """One period whose harmonics follow the spectral peaks; none would pass `TOP_HZ` when the melody rises."""
    orders = np.arange(1, max(2, int(TOP_HZ / fundamental / 1.5) + 1))
    levels = _peaks(voice, orders * fundamental, colour) / np.sqrt(orders)
    phases = np.pi * orders * orders / len(orders)
    return np.sin(2 * np.pi * np.outer(np.arange(TABLE) / TABLE, orders) + phases) @ levels


def _peaks(voice: Voice, hertz: np.ndarray, colour: float) -> np.ndarray:
    """Spectral envelope: Gaussian peaks over log frequency, shifted by `colour` octaves, over a weak base."""
    octave = np.log2(np.maximum(hertz, 20.0)) - colour
    peaks = sum(
        weight * np.exp(-0.5 * ((octave - np.log2(centre)) / width) ** 2) for centre, width, weight in voice.peaks
    )
    return peaks + 0.004


def _floor(take: Take, count: int, rng: np.random.Generator) -> np.ndarray:
    """Tilted noise at the floor level, or zeros."""
    if take.floor is None:
        return np.zeros(count)
    noise = _shaped_noise(
        count, take.rate, rng, lambda hertz: 10 ** (take.tilt * np.log2(np.maximum(hertz, 60) / 60) / 20)
    )
    return 10 ** (take.floor / 20) * _unit(noise)


def _shaped_noise(count: int, rate: int, rng: np.random.Generator, shape) -> np.ndarray:
    """White noise filtered to the magnitude `shape(hertz)`, two seconds of it repeated."""
    spectrum = np.fft.rfft(rng.standard_normal(2 * rate)) * shape(np.fft.rfftfreq(2 * rate, 1 / rate))
    return np.resize(np.fft.irfft(spectrum, 2 * rate), count)


def _unit(signal: np.ndarray) -> np.ndarray:
    """The signal at a root mean square of one (zeros stay zeros)."""
    power = np.sqrt(np.mean(signal**2))
    return signal / power if power > 0 else signal
