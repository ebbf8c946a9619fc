"""How heads are fitted and scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cmg.registry import RETRIEVAL

# fit (or query), test modality; vv, aa and tt: same-modality bounds
DIRECTIONS = ("va", "av", "vv", "aa", "vt", "tv", "at", "ta", "tt")
MODALITY = {"v": "video", "a": "audio"}
DEFAULT = "default"  # of a value that can differ between tasks
Protocol = Literal["strict", "published"]
Head = Literal["linear", "two_linear"]
Pool = Literal["mean", "max"]
TocScore = Literal["full", "similarity", "variance", "random"]
Ties = Literal["expected", "release"]
TOC_SCORES = ("full", "similarity", "variance", "random")
Q_CHOSEN = ("ave", "ave_avvp", "ucf_vgg")  # tasks that choose Q on validation, from `q_grid`
Q_FIXED = ("avvp", *RETRIEVAL)  # tasks that have nothing to choose on


def ranked_by(toc_score: str) -> str:
    """The ranking of the TOC file that Q is chosen with."""
    return "full" if toc_score == "random" else toc_score


def of_task(value: Any, task: str) -> Any:
    """A value that is the same for all tasks, or the task's own of a mapping by task with a `default`."""
    return value.get(task, value[DEFAULT]) if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class EvaluateOptions:
    """Head, its fitting, and TOC. Shares of D are dimensions divided by the code dimension: 0.65625 is 168 of 256."""

    # published: as the released scripts compute the tasks, by scripts, clip_code and seed
    protocol: Protocol = "strict"
    scripts: str = "fcid"  # published: whose scripts, a key of `cmg.tasks.recipes.SCRIPTS`
    clip_code: str = "code_of_mean"  # published retrieval: of_mean, one code per clip, or mean_of_codes, of its seconds
    # published retrieval: captions of one batch of the driver, whose clips are filled up to the longest
    retrieval_batch: int = 64
    head: Head = "linear"  # linear (paper) or two_linear (release)
    # linear head on clip tasks, over seconds: mean or max (the paper is silent; docs/protocols.md says why mean)
    pool: Pool = "mean"
    epochs: int = 50  # AVVP: exactly these; elsewhere the epoch with the best validation score among them
    batch_size: int = 80
    learning_rate: float = 4e-3
    # divide all codes by the RMS of the codes fitted on, so that one learning rate suits every codebook
    unit_rms: bool = True
    threshold: float = 0.5  # localisation: a class is active in a second where its probability exceeds this
    # which ranking of the TOC file: full (paper), similarity or variance; random: no ranking, Q as of full
    toc_score: TocScore = "full"
    toc_worst: float = 0.0  # share of the Q kept dimensions that comes from the end of the ranking
    # Shares of D by task (of_task): those that validation chooses from; the one where there is nothing to choose on
    # (AVVP, retrieval).
    q_grid: tuple[float, ...] | dict[str, tuple[float, ...]] = (0.25, 0.5, 0.5625, 0.65625, 0.765625, 0.875)
    q_fixed: float | dict[str, float] = 0.765625
    # retrieval: expected (equally similar items in random order) or release (in the released sort's order)
    ties: Ties = "expected"
    # open set: share of known validation clips below the threshold (95 % true positives, as is usual)
    rejected: float = 0.05
    holdout: float = 0.2  # UCF101: share of each class's training groups held out for validation
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, known in (
            ("protocol", ("strict", "published")),
            ("scripts", ("fcid", "codaar", "compared")),
            ("clip_code", ("code_of_mean", "mean_of_codes")),
            ("head", ("linear", "two_linear")),
            ("pool", ("max", "mean")),
            ("toc_score", TOC_SCORES),
            ("ties", ("expected", "release")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"evaluate: {name} = {getattr(self, name)!r}; expected one of {', '.join(known)}")
        numbers = {name: getattr(self, name) for name in ("epochs", "batch_size", "retrieval_batch", "learning_rate")}
        if min(numbers.values()) <= 0:
            raise ValueError(
                f"evaluate: {', '.join(f'{name} {value}' for name, value in numbers.items())} must be positive"
            )
        _check_shares("q_grid", self.q_grid, Q_CHOSEN)
        _check_shares("q_fixed", self.q_fixed, Q_FIXED)
        if not 0 <= self.toc_worst <= 1:
            raise ValueError(
                f"evaluate: toc_worst {self.toc_worst} must be a share of the kept dimensions, from 0 to 1"
            )
        if not (0 < self.threshold < 1 and 0 < self.holdout < 1 and 0 <= self.rejected < 1):
            raise ValueError(
                f"evaluate: threshold {self.threshold}, "
                f"holdout {self.holdout} and rejected {self.rejected} must lie between 0 and 1"
            )


def _check_shares(name: str, value: Any, tasks: tuple[str, ...]) -> None:
    by_task = value if isinstance(value, Mapping) else {DEFAULT: value}
    unknown = [task for task in by_task if task not in (DEFAULT, *tasks)]
    if unknown or DEFAULT not in by_task:
        wrong = f"names {', '.join(unknown)}" if unknown else f"has no {DEFAULT}"
        raise ValueError(f"evaluate: {name} {wrong}; expected one value, or {DEFAULT} and any of {', '.join(tasks)}")
    for found in by_task.values():
        shares = (found,) if isinstance(found, int | float) else found
        if not shares or not all(0 < share <= 1 for share in shares):
            raise ValueError(f"evaluate: {name} {found} must be shares of D in (0, 1]")
