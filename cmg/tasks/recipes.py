"""What the released scripts do, as figures: head, optimiser, epochs, how an epoch is picked, TOC. One recipe per task
and release.

Sources: facts on FCID + TOC sections 3.2 and 4, on CoDAAR section 5, on its development sections 2 and 3. The scripts
count epochs from the checkpoint's number + 1, so the number of head epochs follows from the checkpoints they load
(FCID: step 2000, AVVP step 1400;
CoDAAR: the sixth; what it compares with: the fifth). CoDAAR released no TOC; its TOC cells take FCID's score and Q.
"""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """One released script.

    hidden: widths of the linear layers before the last, as shares of the code dimension; nothing stands between layers
    but, for clip tasks, the maximum over seconds before the last. score: `accuracy`; `macro_precision` of each batch
    over the classes it predicts; `f1` of micro precision and recall of each batch, or that `precision`. pick: the epoch
    whose test score is best, or the last one.
    clip_alpha: whether the gradient of the exp-log loss's exponents is clipped. toc_score, q: dimensions kept with TOC,
    q a share of D.
    """

    epochs: int
    toc_score: Literal["full", "similarity"] = "similarity"
    q: float = 1.0
    score: Literal["accuracy", "macro_precision", "f1", "precision"] = "accuracy"
    pick: Literal["score", "last"] = "score"
    hidden: tuple[float, ...] = (1.0,)
    clip_alpha: bool = True
    batch_size: int = 80
    learning_rate: float = 4e-4


FCID = {
    "ave": Recipe(21, toc_score="full"),
    "avvp": Recipe(47, q=196 / 256, score="f1", clip_alpha=False),
    "ave_avvp": Recipe(46, q=128 / 256, score="f1"),
    "ucf_vgg": Recipe(76, q=168 / 256),
}
CODAAR = {
    "ave": replace(FCID["ave"], epochs=24, score="macro_precision", pick="last", batch_size=256, learning_rate=2.5e-4),
    "avvp": replace(FCID["avvp"], epochs=44, score="precision", hidden=(1.0, 0.5, 0.5), batch_size=64),
    "ave_avvp": replace(FCID["ave_avvp"], epochs=24),
    "ucf_vgg": replace(FCID["ucf_vgg"], epochs=24),
}
COMPARED = {  # the rows that CoDAAR compares with: CMG's heads and metrics, CoDAAR's batch, rate and epochs
    "ave": replace(FCID["ave"], epochs=25, batch_size=256, learning_rate=2.5e-4),
    "avvp": replace(FCID["avvp"], epochs=45, score="precision", batch_size=64),
    "ave_avvp": replace(FCID["ave_avvp"], epochs=25),
    "ucf_vgg": replace(FCID["ucf_vgg"], epochs=25),
}
SCRIPTS = {"fcid": FCID, "codaar": CODAAR, "compared": COMPARED}
# whose retrieval driver quantises every second and averages the codes
MEAN_OF_CODES = frozenset({"dcid", "micu", "codaar"})
RETRIEVAL_TOC: Literal["full"] = "full"  # score that it ranks dimensions by
SEGMENTING = ("dcid", "micu", "codaar")  # methods that released scripts segment AVSBench-S4 with


def scripts_of(method: str) -> str:
    """Whose scripts evaluate a method: CoDAAR's for CoDAAR; for MICU, which stands in CoDAAR's tables alone, those its
    rows there met; FCID's (those of the whole CMG family) for every other with a codebook.
    """
    return {"codaar": "codaar", "micu": "compared"}.get(method, "fcid")


def clip_code_of(method: str) -> Literal["code_of_mean", "mean_of_codes"]:
    """What retrieval compares under `published`: the mean of the codes of all seconds, or as under `strict` the code of
    their mean."""
    return "mean_of_codes" if method in MEAN_OF_CODES else "code_of_mean"


def draws_needed(scripts: str) -> dict[tuple[str, str], int]:
    """Encodings with dropout that the heads are fitted on, one per head epoch, by dataset and modality."""
    found = SCRIPTS[scripts]
    ave = max(found["ave"].epochs, found["ave_avvp"].epochs)
    both = {
        (dataset, m): n for dataset, n in (("ave", ave), ("avvp", found["avvp"].epochs)) for m in ("audio", "video")
    }
    return {**both, ("ucf101", "video"): found["ucf_vgg"].epochs, ("vggsound_avel", "audio"): found["ucf_vgg"].epochs}
