"""Methods and datasets: what more than one place has to know of each. Nothing is imported here; modules are named.

A new method is a folder below `cmg/methods` and a line in METHODS and METHOD_TEXTS; a new dataset is a reader in
`cmg/datasets` and a line in DATASETS and DATASET_TEXTS. What is computed with one stands apart from the words about it,
so that an edited word redoes tables and page alone.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MethodText:
    """Words about a method. label: in tables; title: its paper, shortened; gloss: what it does, in a line; kind: a
    control lacks what the others are about.
    """

    label: str
    title: str
    gloss: str
    kind: Literal["method", "control"] = "method"


@dataclass(frozen=True)
class Dataset:
    """What is done with a dataset.

    module: its reader. youtube: whether its clip ids are the 11-character id of the YouTube video, or begin with it
    ("": neither).
    pairs: initials of the two modalities that zero-shot retrieval is between; such a dataset has one code per clip,
    image or sentence.
    """

    module: str
    youtube: Literal["is", "begins", ""] = ""
    pairs: Literal["", "vt", "at", "va"] = ""


# A folder each: `model`, its `config` beside it, and what it alone uses.
METHODS = {
    "fcid": "cmg.methods.fcid.model:FCID",  # ACL Findings 2025
    "dcid": "cmg.methods.dcid.model:DCID",  # NeurIPS 2023
    "micu": "cmg.methods.micu.model:MICU",  # ICCV 2025
    "codaar": "cmg.methods.codaar.model:CoDAAR",  # 2026
    "cmcm": "cmg.methods.cmcm.model:CMCM",  # 2021
    "simmmdg": "cmg.methods.simmmdg.model:SimMMDG",  # NeurIPS 2023
    "codis": "cmg.methods.codis.model:CODIS",  # 2022
    "turn": "cmg.methods.turn.model:TURN",  # 2022
    "baseline": "cmg.methods.baseline.model:Baseline",
    "infonce_kmeans": "cmg.methods.infonce_kmeans.model:InfoNCEKMeans",
}
METHOD_TEXTS = {  # in the order of the tables' rows
    "baseline": MethodText(
        "Baseline",
        "No cross-modal objective",
        "a control: FCID's encoders and codebook, trained only to restore each modality's own features",
        "control",
    ),
    "infonce_kmeans": MethodText(
        "InfoNCE + k-means",
        "Contrast, then clusters",
        (
            "a control: continuous features are contrasted between modalities (InfoNCE); "
            "the codebook is k-means clusters made after training"
        ),
        "control",
    ),
    "codis": MethodText(
        "CODIS",
        "Multi-modal alignment using representation codebook",
        (
            "a slowly moving copy of the encoders says which prototypes a clip belongs to; "
            "the other modality must say the same"
        ),
    ),
    "turn": MethodText(
        "TURN",
        "Towards robust speech grounding, its alignment stream",
        (
            "a code is made of two chunks with a codebook each; "
            "hidden seconds of one modality are restored from the code of another"
        ),
    ),
    "cmcm": MethodText(
        "CMCM",
        "Cross-modal discrete representation learning, by code matching",
        (
            "contrasts clips and seconds, and makes paired clips choose codes of one codebook equally often; "
            "codes join after a warm start"
        ),
    ),
    "simmmdg": MethodText(
        "SimMMDG",
        "A simple and effective framework for multi-modal domain generalization",
        (
            "features have a shared and a specific half; "
            "no codebook, so the head sees continuous vectors and TOC does not apply"
        ),
    ),
    "dcid": MethodText(
        "DCID",
        "Dual Cross-modal Information Disentangling",
        (
            "separates shared from specific features per modality; "
            "the modalities predict each other and share one codebook"
        ),
    ),
    "micu": MethodText(
        "MICU",
        "Open-set cross-modal generalization via multimodal unified representation",
        (
            "DCID's encoders and codebook; "
            "shared features are contrasted with parts hidden, and the order of shuffled pieces is guessed"
        ),
    ),
    "fcid": MethodText(
        "FCID",
        "Fine and Coarse cross-modal Information Disentangling",
        (
            "separates what modalities share from what is specific to each, "
            "first sound and video, then text; one codebook for all"
        ),
    ),
    "codaar": MethodText(
        "CoDAAR",
        "Cross-modal generalization through semantically aligned discrete representations",
        "one codebook per modality; rows with the same number are made to mean the same",
    ),
}

DATASETS = {
    "vggsound_avel": Dataset("cmg.datasets.vggsound_avel", youtube="is"),
    "ave": Dataset("cmg.datasets.ave", youtube="is"),
    "avvp": Dataset("cmg.datasets.avvp", youtube="begins"),
    "ucf101": Dataset("cmg.datasets.ucf101"),
    "vggsound": Dataset("cmg.datasets.vggsound", youtube="begins"),
    "mscoco": Dataset("cmg.datasets.mscoco", pairs="vt"),
    "clotho": Dataset("cmg.datasets.clotho", pairs="at"),
    "flickrsound": Dataset("cmg.datasets.flickrsound", pairs="va"),
    "valor32k": Dataset("cmg.datasets.valor32k", youtube="begins"),
    "avsbench_s4": Dataset("cmg.datasets.avsbench_s4", youtube="is"),
    "celeba_hq": Dataset("cmg.datasets.celeba_hq"),
    "csv": Dataset("cmg.datasets.manifest"),  # whatever its name, with `source: csv`
}
DATASET_TEXTS = {  # label, and what it is in a line
    "vggsound_avel": (
        "VGGSound-AVEL",
        "clips with the seconds in which an event is seen and heard; what methods are pretrained on",
    ),
    "ave": (
        "AVE",
        "ten-second clips with one audio-visual event each and the seconds in which it happens; classification",
    ),
    "avvp": ("LLP (AVVP)", "clips with events that are only seen, only heard or both, second by second; localisation"),
    "ucf101": ("UCF101", "short videos of human actions, here without sound; the video side of UCF(v)↔VGG(a)"),
    "vggsound": ("VGGSound", "clips with one sound class each; start seconds for VGGSound-AVEL"),
    "mscoco": ("MSCOCO", "images with captions; retrieval between picture and sentence (V↔T)"),
    "clotho": ("Clotho", "sounds with five captions each; retrieval between sound and sentence (A↔T)"),
    "flickrsound": (
        "FlickrSound",
        "pictures with the sound that was recorded with them; retrieval between picture and sound (V↔A)",
    ),
    "valor32k": ("VALOR-32K", "clips with a caption of what is seen and heard; shows which modality uses which code"),
    "avsbench_s4": (
        "AVSBench-S4",
        "clips with masks of what sounds; segmentation with codes as queries, on a page of its own",
    ),
    "celeba_hq": ("CelebA-HQ", "portraits, rebuilt from part of their codes in table 3"),
    "csv": (
        "Own files",
        "clips of a manifest: classification, localisation and retrieval, as far as it has labels, times and captions",
    ),
}

TASK_DATASETS = {
    "ave": ("ave",),
    "avvp": ("avvp",),
    "ave_avvp": ("ave", "avvp"),
    "ucf_vgg": ("ucf101", "vggsound_avel"),
}
# sides of the pairs by dataset
RETRIEVAL = {name: dataset.pairs for name, dataset in DATASETS.items() if dataset.pairs}
TASK_DATASETS |= {name: (name,) for name in RETRIEVAL}  # what a task of the papers is run on


def youtube_id(dataset: str, clip_id: str) -> str | None:
    """The YouTube id in a clip id; None for datasets that are not from YouTube or do not say, your own among them."""
    rule = DATASETS[dataset].youtube if dataset in DATASETS else ""
    return {"is": clip_id, "begins": clip_id[:11], "": None}[rule]
