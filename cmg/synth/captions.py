"""Captions: sentences about what a clip really shows and plays, made from the draws of `picture.py` and `sound.py`.

A caption names the classes (in their order, or by their side) and attributes of the single clip: size, side, light,
background; pitch, pace, loudness, noise floor. Subject and class come early, since a text encoder keeps the first ten
words.
"""

import re
from dataclasses import dataclass

from cmg.synth import picture, sound
from cmg.synth.concepts import BY_NAME
from cmg.synth.plan import ClipPlan
from cmg.synth.spec import CorpusSpec

HEARD_ALONE = (
    "a {one.noun} {one.verb} over {floor}",
    "{one.pace} and {one.pitch}, a {one.noun} {one.verb} all the time",
    "the {one.loudness} sound of a {one.pitch} {one.noun} over {floor}",
    "a {one.noun} that {one.verb}, {one.pace} and {one.loudness}",
    "only a {one.loudness} {one.noun} is heard, {one.pitch} and {one.pace}",
)
HEARD_TWO = (
    "a {one.noun} {one.verb}, then a {two.noun} {two.verb}",
    "{one.pitch} {one.noun} and later a {two.pitch} {two.noun} over {floor}",
    "a {two.noun} {two.verb} after a {one.loudness} {one.noun}",
    "first a {one.pace} {one.noun}, then a {two.pace} {two.noun} is heard",
    "{one.noun} and {two.noun}, one {one.loudness}, the other {two.loudness}, in turn",
)
SEEN_ALONE = (
    "a {one.size} {one.noun} in {light} light",
    "{one.texture} {one.noun} with {ground} ground behind it",
    "one {one.noun}, {one.size} and {one.texture}, in front of {ground}",
    "the {one.texture} {one.noun} stands alone in {light} light",
    "picture of a {one.noun} and nothing else, {ground} behind it",
)
SEEN_TWO = (
    "a {one.noun} beside a {two.noun} in {light} light",
    "{one.texture} {one.noun} on the {one.side}, {two.texture} {two.noun} on the {two.side}",
    "a {two.noun} stands on the {two.side} of a {one.noun}",
    "{one.noun} and {two.noun} in front of {ground}, {light} light",
    "picture of a {one.size} {one.noun} with a {two.size} {two.noun}",
)
FILM_ALONE = ("a {one.size} {one.noun} {one.verb}, {one.pace} and {one.pitch}, in {light} light over {floor}",)
FILM_TWO = ("a {one.noun} {one.verb}, then a {two.noun} {two.verb}, in {light} light over {floor}",)
TEXTURES = {"stripes": "striped", "checks": "checked", "dots": "dotted", "rings": "ringed", "zigzag": "zigzag"}
HUES = ("red", "yellow", "green", "cyan", "blue", "purple")


@dataclass(frozen=True)
class Words:
    """What can be said about one event: its noun, what it does, how it looks and how it sounds."""

    noun: str
    verb: str
    size: str
    side: str
    texture: str
    pitch: str
    pace: str
    loudness: str


def heard(spec: CorpusSpec, clip: ClipPlan) -> tuple[str, ...]:
    """Five captions of what is heard."""
    return _fill(HEARD_ALONE, HEARD_TWO, spec, clip)


def seen(spec: CorpusSpec, clip: ClipPlan) -> tuple[str, ...]:
    """Five captions of what is seen."""
    return _fill(SEEN_ALONE, SEEN_TWO, spec, clip)


def described(spec: CorpusSpec, clip: ClipPlan) -> str:
    """One sentence about picture and sound."""
    return _fill(FILM_ALONE, FILM_TWO, spec, clip)[0]


def words(spec: CorpusSpec, clip: ClipPlan, number: int) -> Words:
    """The words for event `number`, each the half of its draw's range."""
    concept = BY_NAME[clip.events[number].concept]
    figure, tone = picture.draw_figure(spec, clip, number), sound.draw_tone(spec, clip, number)
    return Words(
        noun=concept.noun,
        verb=concept.verb,
        size="big" if figure.half[0] > 0.33 else "small",
        side="right" if figure.centre[1] > 0.5 * spec.width / spec.height else "left",
        texture=TEXTURES[concept.look.texture],
        pitch="high" if tone.pitch > 0 else "low",
        pace="fast" if tone.rate > 1 else "slow",
        loudness="loud" if tone.level > -23 else "soft",
    )


def _fill(alone: tuple[str, ...], two: tuple[str, ...], spec: CorpusSpec, clip: ClipPlan) -> tuple[str, ...]:
    events = [words(spec, clip, number) for number in range(len(clip.events))]
    scene, take = picture.draw_scene(spec, clip), sound.draw_take(spec, clip)
    about = {
        "light": "bright" if scene.brightness > 0.92 else "dim",
        "ground": HUES[int(6 * scene.colours[0][0] + 0.5) % 6],
        "floor": "silence" if take.floor is None else "noise" if take.floor > -52 else "faint noise",
        **dict(zip(("one", "two"), events, strict=False)),
    }
    sentences = [template.format(**about) for template in (two if len(events) > 1 else alone)]
    return tuple(re.sub(r"\ba (?=[aeiou])", "an ", sentence).capitalize() for sentence in sentences)
