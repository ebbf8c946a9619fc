"""Frames of a clip: a neutral moving background and, while an event is seen, a textured object in the palette of its
class.

Axes: N frames, H W pixels. A class fixes palette, texture and motion (`concepts.Look`) up to jitter; position, size,
outline, background and brightness are nuisances drawn from streams that the sound never reads. Random VGG-19 features
see palette and texture, not shape (sample_corpus.md).
"""

import colorsys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cmg.synth.concepts import BY_NAME, Look
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan
from cmg.synth.spec import CorpusSpec
from cmg.synth.texture import pattern

MOTIONS = {
    "still": (0.02, 0.2),
    "sway": (0.2, 0.35),
    "drift": (0.5, 0.1),
    "bounce": (0.3, 0.9),
    "shake": (0.06, 2.3),
    "dash": (0.6, 0.5),
}


@dataclass(frozen=True)
class Scene:
    """Background nuisances: two HSV colours, two plane waves (periods per frame, angle, hertz), brightness factor,
    grain."""

    colours: tuple[tuple[float, float, float], tuple[float, float, float]]
    waves: tuple[tuple[float, float, float], tuple[float, float, float]]
    brightness: float
    grain: float


@dataclass(frozen=True)
class Figure:
    """Object nuisances: jitter of hue (degrees, per colour), scale and angle; centre, half size and outline in frame
    heights.

    `reach` is a factor on how far the object moves.
    """

    hue_shift: tuple[float, float]
    scale: float
    turn: float
    centre: tuple[float, float]
    half: tuple[float, float]
    outline: float
    phase: float
    reach: float = 1.0


def draw_scene(spec: CorpusSpec, clip: ClipPlan) -> Scene:
    """The background of a clip; brightness and grain are the clip's own, the rest belongs to `clip.scene`."""
    rng, own = stream(spec.seed, "scene", clip.scene), stream(spec.seed, "light", clip.clip_id)

    def colour() -> tuple[float, float, float]:
        return rng.random(), rng.uniform(0.0, 0.45), rng.uniform(0.15, 0.8)

    def wave() -> tuple[float, float, float]:
        return rng.uniform(0.5, 2.5), rng.uniform(0, np.pi), rng.uniform(-0.4, 0.4)

    colours = colour(), colour()  # drawn in this order
    return Scene(colours, (wave(), wave()), brightness=own.uniform(0.65, 1.2), grain=own.uniform(0, 5))


def draw_figure(spec: CorpusSpec, clip: ClipPlan, number: int) -> Figure:
    """The object of event `number` of a clip; in its own half of the frame where the clip's objects stand side by
    side."""
    rng = stream(spec.seed, "figure", clip.clip_id, number)
    width = spec.width / spec.height
    figure = Figure(
        hue_shift=(rng.uniform(-13, 13), rng.uniform(-13, 13)),
        scale=2 ** rng.uniform(-0.4, 0.4),
        turn=rng.uniform(-20, 20),
        centre=(rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8) * width),
        half=(rng.uniform(0.24, 0.42), rng.uniform(0.26, 0.5)),
        outline=2 ** rng.uniform(0.5, 3),
        phase=rng.uniform(0, 1),
    )
    if not clip.beside:
        return figure
    centre = (figure.centre[0], (0.75 if on_the_right(spec, clip, number) else 0.25) * width)
    return replace(figure, centre=centre, half=(figure.half[0], 0.24 * width), reach=0.0)


def on_the_right(spec: CorpusSpec, clip: ClipPlan, number: int) -> bool:
    """Whether object `number` of a clip with two objects side by side is the right one."""
    return bool(stream(spec.seed, "side", clip.clip_id).random() < 0.5) == (number % 2 == 0)


def render(spec: CorpusSpec, clip: ClipPlan) -> np.ndarray:
    """Frames [N, H, W, 3] uint8 RGB, N = seconds x fps."""
    return _frames(spec, clip, range(round(clip.seconds * spec.fps)))


def still(spec: CorpusSpec, clip: ClipPlan, second: int = 0) -> np.ndarray:
    """The first frame of a second, as `render` has it: [H, W, 3] uint8 RGB."""
    return _frames(spec, clip, [second * spec.fps])[0]


def mask(spec: CorpusSpec, clip: ClipPlan, second: int = 0) -> np.ndarray:
    """Pixels [H, W] bool that an object which is heard in a second covers in its first frame."""
    numbers, covered = [second * spec.fps], np.zeros((1, spec.height, spec.width, 3), np.uint8)
    silent = [event.audio is None or second not in range(*event.audio) for event in clip.events]
    heard = tuple(
        replace(event, visual=None) if quiet else event for event, quiet in zip(clip.events, silent, strict=True)
    )
    for look, figure, span in _objects(spec, replace(clip, events=heard)):
        _paint(covered, numbers, look, figure, spec, span, flat=True)
    return covered[0, :, :, 0] > 0


def _frames(spec: CorpusSpec, clip: ClipPlan, numbers: Sequence[int]) -> np.ndarray:
    """The frames of these numbers, exposed."""
    scene = draw_scene(spec, clip)
    frames = _background(spec, scene, numbers)
    for look, figure, span in _objects(spec, clip):
        _paint(frames, numbers, look, figure, spec, span)
    return _expose(frames, scene, stream(spec.seed, "grain", clip.clip_id))


def _objects(spec: CorpusSpec, clip: ClipPlan) -> Iterator[tuple[Look, Figure, range]]:
    """What is seen: the look, the figure and the frame numbers of each event."""
    for number, event in enumerate(clip.events):
        if event.visual is not None:
            first, last = (second * spec.fps for second in event.visual)
            yield BY_NAME[event.concept].look, draw_figure(spec, clip, number), range(first, last)


def _background(spec: CorpusSpec, scene: Scene, numbers: Sequence[int]) -> np.ndarray:
    y, x = (np.mgrid[: spec.height, : spec.width] / spec.height).astype(np.float32)
    time = 2 * np.pi * np.array(numbers)[:, None, None] / spec.fps
    field = np.full((len(numbers), spec.height, spec.width), 0.5, np.float32)
    for periods, angle, hertz in scene.waves:
        along = 2 * np.pi * np.float32(periods) * (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y)
        turn, quarter = (wave(hertz * time).astype(np.float32) / 4 for wave in (np.cos, np.sin))
        field += np.sin(along) * turn
        field += np.cos(along) * quarter
    return _palette(*scene.colours)[(field * 255).astype(np.uint8)]


def _paint(
    frames: np.ndarray,
    numbers: Sequence[int],
    look: Look,
    figure: Figure,
    spec: CorpusSpec,
    span: range,
    flat: bool = False,
) -> None:
    """Draws the object into those of the frames `numbers` that lie in `span`, in place; flat: white instead of its
    texture."""
    half = [max(2, round(size * spec.height)) for size in figure.half]
    v, u = (np.mgrid[-half[0] : half[0], -half[1] : half[1]] / spec.height).astype(np.float32)
    inside = np.abs(v / figure.half[0]) ** figure.outline + np.abs(u / figure.half[1]) ** figure.outline < 1
    hues = [(hue + shift) % 360 / 360 for hue, shift in zip(look.hues, figure.hue_shift, strict=True)]
    colours = [(hue, 0.85, value) for hue, value in zip(hues, look.values, strict=True)]
    table = np.full((256, 3), 255, np.uint8) if flat else _palette(*colours)
    reach, hertz = MOTIONS[look.motion]
    for place, index in enumerate(numbers):
        if index not in span:
            continue
        second = index / spec.fps
        swing = figure.reach * np.sin(2 * np.pi * (hertz * second + figure.phase))
        top, left = _corner(figure, half, spec, reach * swing)
        field = pattern(look, figure.scale, figure.turn, u, v, figure.phase + 0.4 * second)
        patch = table[(field * 255).astype(np.uint8)]
        _paste(frames[place], patch, inside, top, left)


def _corner(figure: Figure, half: list[int], spec: CorpusSpec, shift: float) -> tuple[int, int]:
    """Upper left pixel of the object; its centre swings sideways and stays in the frame."""
    row = round(figure.centre[0] * spec.height)
    column = round((figure.centre[1] + shift) * spec.height)
    return row - half[0], int(np.clip(column, 0.15 * spec.width, 0.85 * spec.width)) - half[1]


def _paste(frame: np.ndarray, patch: np.ndarray, inside: np.ndarray, top: int, left: int) -> None:
    height, width = frame.shape[:2]
    rows = slice(max(0, -top), min(patch.shape[0], height - top))
    columns = slice(max(0, -left), min(patch.shape[1], width - left))
    target = frame[top + rows.start : top + rows.stop, left + columns.start : left + columns.stop]
    np.copyto(target, patch[rows, columns], where=inside[rows, columns, None])


def _palette(first: tuple[float, float, float], second: tuple[float, float, float]) -> np.ndarray:
    """256 RGB colours from one HSV colour to another, uint8."""
    ends = [np.array(colorsys.hsv_to_rgb(*colour)) for colour in (first, second)]
    weight = np.linspace(0, 1, 256)[:, None]
    return np.round(255 * ((1 - weight) * ends[0] + weight * ends[1])).astype(np.uint8)


def _expose(frames: np.ndarray, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Scales brightness and adds a fixed grain pattern."""
    grain = rng.normal(0, scene.grain, frames.shape[1:3]).astype(np.int16)[:, :, None]
    table = np.clip(np.arange(256) * scene.brightness, 0, 255).astype(np.int16)
    for frame in frames:
        frame[:] = np.clip(table[frame] + grain, 0, 255)
    return frames
