"""The sixteen event concepts: official class names, the look of the foreground and the sound.

A concept is recognised by its palette (two hues) and texture, and by its spectrum and rhythm. Everything else a clip
shows or plays is drawn per clip and per modality (`picture.py`, `sound.py`).
"""

from dataclasses import dataclass

from cmg.synth.spec import CorpusSpec


@dataclass(frozen=True)
class Look:
    """Texture kind, angle in degrees, periods per frame height, hues in degrees and values in 0..1 of the two colours,
    motion."""

    texture: str
    angle: float
    periods: float
    hues: tuple[float, float]
    values: tuple[float, float]
    motion: str


@dataclass(frozen=True)
class Voice:
    """Fundamental (Hz), peaks (Hz, width in octaves, weight), noise 0..1, rhythm and its rate (Hz), glide (octaves)."""

    pitch: float
    peaks: tuple[tuple[float, float, float], ...]
    noise: float
    rhythm: str
    rate: float
    glide: float = 0.0


@dataclass(frozen=True)
class Concept:
    """One event class; None where the official dataset does not have it or the sample leaves it out.

    `noun` and `verb` build captions, mostly from words of the prompt, so that a text encoder which has seen the prompts
    can read them.
    """

    name: str
    vggsound_avel: str
    ave: str | None
    avvp: str | None
    ucf101: str | None
    avsbench_s4: str | None
    prompt: str
    noun: str
    verb: str
    look: Look
    voice: Voice


UCF_INDEX = {
    "PlayingCello": 59,
    "PlayingFlute": 62,
    "PlayingGuitar": 63,
    "PlayingPiano": 64,
    "PlayingViolin": 67,
    "SkateBoarding": 80,
    "TableTennisShot": 90,
    "Typing": 95,
}

CONCEPTS = (
    Concept(
        "violin", "playing violin", "Violin, fiddle", "Violin_fiddle", "PlayingViolin", "playing_violin",
        "A bow draws a long singing note from a violin",
        "violin", "sings a long note",
        Look("stripes", 20, 9, (12, 45), (0.75, 0.35), "sway"),
        Voice(440, ((520, 0.5, 0.8), (1100, 0.5, 1.0), (3000, 0.6, 0.9)), 0.05, "sustain", 5.5),
    ),
    Concept(
        "acoustic guitar", "playing acoustic guitar", "Acoustic guitar", "Acoustic_guitar",
        "PlayingGuitar", "playing_acoustic_guitar",
        "Fingers pluck warm chords on the strings of an acoustic guitar",
        "acoustic guitar", "plucks warm chords",
        Look("rings", 0, 6, (32, 200), (0.9, 0.45), "sway"),
        Voice(165, ((180, 0.6, 1.0), (420, 0.6, 0.7), (900, 0.6, 0.25)), 0.03, "pluck", 2.8),
    ),
    Concept(
        "cello", "playing cello", None, "Cello", "PlayingCello", None,
        "A cello plays a deep and slow melody with its bow",
        "cello", "plays a deep melody",
        Look("stripes", 110, 4.5, (350, 60), (0.4, 0.85), "sway"),
        Voice(98, ((220, 0.5, 1.0), (560, 0.5, 0.6), (1500, 0.5, 0.3)), 0.05, "sustain", 4.5),
    ),
    Concept(
        "flute", "playing flute", "Flute", None, "PlayingFlute", None,
        "Breath turns into the clear high tone of a flute",
        "flute", "breathes a clear tone",
        Look("dots", 0, 9, (190, 55), (0.55, 0.95), "drift"),
        Voice(620, ((720, 0.35, 1.0), (1450, 0.3, 0.25), (5200, 0.5, 0.12)), 0.25, "tremolo", 4.5),
    ),
    Concept(
        "chainsaw", "chainsawing trees", "Chainsaw", "Chainsaw", None, "chainsawing_trees",
        "A chainsaw screams as it cuts through the trunk of a tree",
        "chainsaw", "screams and cuts",
        Look("zigzag", 0, 8, (25, 140), (0.95, 0.3), "shake"),
        Voice(110, ((700, 0.6, 0.6), (1900, 0.6, 1.0), (5000, 0.7, 0.9)), 0.5, "tremolo", 16, 0.15),
    ),
    Concept(
        "helicopter", "helicopter", "Helicopter", "Helicopter", None, "helicopter",
        "The blades of a helicopter beat the air with heavy thumps",
        "helicopter", "beats the air",
        Look("checks", 30, 5, (215, 0), (0.8, 0.5), "drift"),
        Voice(55, ((170, 0.5, 1.0), (420, 0.6, 0.5)), 0.75, "chop", 10),
    ),
    Concept(
        "cat", "cat purring", "Cat", "Cat", None, "cat_meowing",
        "A contented cat purrs and gives a small soft cry",
        "cat", "purrs and cries",
        Look("dots", 20, 5, (35, 310), (0.85, 0.4), "sway"),
        Voice(540, ((600, 0.3, 0.4), (1250, 0.35, 1.0), (2500, 0.35, 0.6)), 0.04, "gate", 1.2, 0.45),
    ),
    Concept(
        "dog", "dog barking", "Bark", "Dog", None, "dog_barking",
        "A dog barks again and again in short loud bursts",
        "dog", "barks in short bursts",
        Look("checks", 0, 8, (28, 240), (0.55, 0.8), "bounce"),
        Voice(300, ((480, 0.5, 1.0), (900, 0.45, 0.9), (1700, 0.4, 0.25)), 0.3, "bark", 2.4, 0.25),
    ),
    Concept(
        "motorcycle", "driving motorcycle", "Motorcycle", "Motorcycle", None, None,
        "The engine of a motorcycle rumbles and pops down the road",
        "motorcycle", "rumbles and pops",
        Look("stripes", 65, 7, (0, 220), (0.85, 0.25), "drift"),
        Voice(62, ((130, 0.5, 0.9), (330, 0.5, 1.0), (2600, 0.6, 0.12)), 0.3, "chop", 22, 0.2),
    ),
    Concept(
        "banjo", "playing banjo", "Banjo", "Banjo", None, None,
        "Quick bright notes ring out from the strings of a banjo",
        "banjo", "rings with quick notes",
        Look("rings", 0, 11, (48, 120), (0.95, 0.5), "shake"),
        Voice(330, ((1500, 0.4, 1.0), (3400, 0.5, 0.9)), 0.08, "pluck", 7.0),
    ),
    Concept(
        "accordion", "playing accordion", "Accordion", "Accordion", None, None,
        "An accordion swells with reedy chords as its bellows move",
        "accordion", "swells with reedy chords",
        Look("zigzag", 90, 5, (330, 180), (0.75, 0.7), "sway"),
        Voice(260, ((800, 0.5, 0.7), (2200, 0.4, 1.0), (4200, 0.4, 0.6)), 0.02, "tremolo", 6.5),
    ),
    Concept(
        "race car", "race car", "Race car, auto racing", "Car", None, "race_car",
        "A race car roars past with its engine at full power",
        "race car", "roars past",
        Look("checks", 45, 11, (130, 300), (0.8, 0.8), "dash"),
        Voice(190, ((380, 0.5, 0.5), (950, 0.45, 1.0), (2100, 0.4, 0.5)), 0.35, "tremolo", 0.6, 0.8),
    ),
    Concept(
        "piano", "playing piano", None, None, "PlayingPiano", "playing_piano",
        "Hammers strike the strings of a piano in gentle chords",
        "piano", "strikes gentle chords",
        Look("stripes", 90, 6, (265, 250), (0.12, 0.95), "still"),
        Voice(262, ((300, 0.5, 1.0), (650, 0.5, 0.8), (1900, 0.5, 0.5)), 0.01, "strike", 2.0),
    ),
    Concept(
        "table tennis", "playing table tennis", None, None, "TableTennisShot", None,
        "A light ball clicks back and forth across a table",
        "table tennis ball", "clicks back and forth",
        Look("dots", 45, 6.5, (110, 20), (0.45, 0.95), "dash"),
        Voice(1100, ((1300, 0.25, 0.5), (4600, 0.35, 1.0)), 0.4, "click", 2.2),
    ),
    Concept(
        "typing", "typing on typewriter", None, None, "Typing", "typing_on_computer_keyboard",
        "Metal keys of a typewriter clatter under quick fingers",
        "typewriter", "clatters with its keys",
        Look("checks", 0, 5, (290, 65), (0.7, 0.9), "still"),
        Voice(900, ((2400, 0.5, 0.8), (6200, 0.5, 1.0)), 0.8, "click", 8.5),
    ),
    Concept(
        "skateboarding", "skateboarding", None, None, "SkateBoarding", None,
        "Wheels of a skateboard roll and grind over the concrete",
        "skateboard", "rolls and grinds",
        Look("zigzag", 45, 11, (165, 275), (0.8, 0.4), "dash"),
        Voice(80, ((520, 0.6, 1.0), (1300, 0.6, 0.9), (3600, 0.6, 0.5)), 0.95, "roll", 1.5),
    ),
)  # fmt: skip
BY_NAME = {concept.name: concept for concept in CONCEPTS}


def labels(dataset: str, spec: CorpusSpec) -> dict[str, str]:
    """Concept name → official class name, for the concepts of `spec` that `dataset` has, in table order (nouns where it
    has no classes)."""
    kept = ((concept.name, getattr(concept, dataset, concept.noun)) for concept in CONCEPTS[: spec.classes])
    return {name: label for name, label in kept if label is not None}
