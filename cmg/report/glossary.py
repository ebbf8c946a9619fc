"""What the page explains: loss terms, quantities that are watched, and how the numbers are read; `cmg.registry` has
methods and datasets.

One line each, for a reader who has never seen the project. A name without an entry is shown without an explanation.
"""

from collections.abc import Collection

# Loss terms by the stem of their names: `recon` explains recon_audio and recon_video.
TERMS = {
    "total": "Sum of the loss terms: what training lowers.",
    "recon": "Reconstruction: how far the features restored from codes are from the true ones.",
    "commit": "Commitment: how far encoded vectors are from the codes that they chose.",
    "club": "CLUB: an upper estimate of what shared and specific features "
    "of this modality still tell about each other.",
    "cpc": "Contrastive predictive coding: how badly one modality predicts the other's next seconds among wrong ones.",
    "infonce": "InfoNCE: how badly a clip finds its partner in another modality among the batch.",
    "cmcm": "Code matching: how differently paired clips of two modalities choose codes.",
    "high": "InfoNCE between whole clips of two modalities.",
    "fine": "InfoNCE between single seconds of two modalities.",
    "fcmi_fine": "Masked InfoNCE among the seconds of a clip, parts of the asking modality hidden.",
    "fcmi_coarse": "Masked InfoNCE among clips, parts of the asking modality hidden.",
    "jigsaw": "Jigsaw: how badly the order of shuffled pieces from several modalities is guessed.",
    "cross": "InfoNCE between modalities, against the slowly moving copy (teacher).",
    "intra": "InfoNCE within a modality, against the slowly moving copy (teacher).",
    "transport": "Optimal transport: what it costs to move clips to the prototypes that they are assigned to.",
    "distil": "Distillation: how far the assignment in one modality is from the teacher's in another.",
    "contrast": "Contrast: how badly the modalities of one clip find each other among the batch.",
    "distance": "Minus the distance between the shared and the specific half of a modality: lower is further apart.",
    "translation": "How far one modality's features, translated into another's, are from the true ones.",
    "code": "Code loss: how far vectors and the codes that they chose are from each other.",
    "restore": "Restoration: how far hidden seconds, restored from another modality's code, are from the true ones.",
}

WATCHED = {
    "usage": "share of the codebook that one batch chose.",
    "perplexity": "number of codes that would give the same spread if all were chosen equally often, over one batch.",
    "agreement": "clips of a batch whose most frequent code has the same number in every modality; higher is better.",
    "segment": "how badly a row of one modality's codebook finds the row of the same number in another's; "
    "lower is better.",
}

VARIANTS = {
    "paper": "the equations as the paper prints them; where it is silent, a stated choice",
    "release": "what the released code computes, also where it differs from the paper",
}

PROTOCOLS = {
    "strict": "no test clip is seen by the head in either modality, "
    "and nothing is chosen on test scores or on the target modality.",
    "published": "what the released scripts compute: "
    "heads are fitted on tested clips, and the best epoch is picked on the test score.",
}

SAMPLE = (
    "The sample corpus is generated: every class is a palette with a drawn texture, a motion, "
    "a synthetic timbre and a rhythm, and only borrows its name. "
    "So “an acoustic guitar beside a dog” stands under rings and checks, and a sound is a tone pattern. It shows "
    "that the workflow runs and that something can be learnt across modalities; it says nothing about guitars and dogs."
)

DRAWN = (
    "Here pictures are drawn textures and sounds synthetic, whatever their captions name: "
    "the sample corpus is generated."
)

TIES = {
    "expected": "Equal codes count in random order, in expectation.",
    "release": "Equal codes stand in the order of the released scripts' sort "
    "(evaluate.ties: release), which depends on their places.",
}

_LOCALISED = {
    "strict": "segment-level F-score over seconds and classes",
    "published": "F1 over all seconds and columns with the background column included, "
    "so that empty seconds count as right answers",
}


def gloss(name: str) -> str:
    """What a column of a training history is, by the longest known stem of its name; empty for an unknown one."""
    known = {**TERMS, **{stem: f"Watched, not trained on: {text}" for stem, text in WATCHED.items()}}
    stems = [stem for stem in known if name == stem or name.startswith(tuple(f"{stem}{mark}" for mark in "_./"))]
    return known[max(stems, key=len)] if stems else ""


def reading(protocols: Collection[str]) -> list[tuple[str, str]]:
    """Terms of the tables and what they mean, under these protocols."""
    localised = (
        "; ".join(f"{name}: {_LOCALISED[name]}" for name in PROTOCOLS if name in protocols) or _LOCALISED["strict"]
    )
    return [
        ("V→A and A→V", "V→A: the head is fitted on video codes and scored on audio codes. A→V: the other way round."),
        ("AVE", "Name the event of a ten-second clip: share of clips named correctly (top-1), in percent."),
        (
            "AVVP, AVE→AVVP",
            (
                f"Say which events happen in which second, in percent ({localised}). "
                "AVE→AVVP: the head is fitted on AVE, scored on AVVP."
            ),
        ),
        (
            "UCF(v)↔VGG(a)",
            (
                "V→A: fitted on silent videos of UCF101, scored on sounds of VGGSound; "
                "A→V: the other way round. Top-1 over shared classes."
            ),
        ),
        (
            "R@1, R@5, R@10",
            "Retrieval: share of queries whose right partner is among the first 1, 5 or 10 answers, in percent.",
        ),
        (
            "Chance",
            (
                "The score of a predictor that knows nothing about the clip. "
                "A method not clearly above it has transferred nothing."
            ),
        ),
        ("Control", "A method that lacks the ingredient under study; it says what the numbers mean."),
        (
            "Same modality (bound)",
            "Fitted and scored on the scored modality: what is possible when nothing has to transfer. "
            "V→A stands beside audio fitted on audio, A→V beside video fitted on video.",
        ),
        (
            "+TOC",
            (
                "Training-free optimisation of the codebook: "
                "only its most telling dimensions (Q of them) are kept, nothing is trained."
            ),
        ),
        (
            "± and seeds",
            "Each method is trained several times from different random starts (seeds). ± is the sample standard "
            "deviation over them (n − 1); one seed has none. Averages are taken only where all cells were run.",
        ),
        (
            "Paper",
            "The number a paper prints for this cell. A difference is shown only when the protocol is the "
            "published one and data and weights are real; otherwise the two numbers do not measure the same thing.",
        ),
        *((f"Protocol: {name}", text[0].upper() + text[1:]) for name, text in PROTOCOLS.items()),
        *((f"Variant: {name}", f"{text[0].upper()}{text[1:]}.") for name, text in VARIANTS.items()),
    ]
