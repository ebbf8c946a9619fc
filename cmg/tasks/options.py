"""How heads are fitted, and what one evaluated cell is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

DIRECTIONS = ("va", "av", "vv", "aa", "vt", "tv", "at", "ta")  # fit (or query), test modality; vv and aa: same-modality bounds
MODALITY = {"v": "video", "a": "audio"}


@dataclass(frozen=True)
class EvaluateOptions:
    """Head, its fitting, and TOC. Shares of D are dimensions divided by the code dimension: 0.65625 is 168 of 256."""

    protocol: str = "strict"  # published: what the released scripts compute; of these options it uses scripts, seed, device and ties
    scripts: str = "fcid"  # published: whose scripts, fcid or codaar
    head: str = "linear"  # linear (paper) or two_linear (release)
    pool: str = "mean"  # linear head on clip tasks, over seconds: mean or max (the paper is silent; docs/protocols.md says why mean)
    epochs: int = 50  # AVVP: exactly these; elsewhere the epoch with the best validation score among them
    batch_size: int = 80
    learning_rate: float = 4e-3
    unit_rms: bool = True  # divide all codes by the RMS of the codes fitted on, so that one learning rate suits every codebook
    threshold: float = 0.5  # localisation: a class is active in a second where its probability exceeds this
    toc_score: str = "full"  # which ranking of the TOC file: full (paper), similarity or variance
    q_grid: tuple[float, ...] = (0.25, 0.5, 0.5625, 0.65625, 0.765625, 0.875)  # shares of D that validation chooses from
    q_fixed: float = 0.765625  # share of D where there is nothing to choose on (AVVP)
    ties: str = "expected"  # retrieval: expected (equally similar items in random order) or release (in the released sort's order)
    rejected: float = 0.05  # open set: share of known validation clips below the threshold (95 % true positives, as is usual)
    holdout: float = 0.2  # UCF101: share of each class's training groups held out for validation
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, known in (
            ("protocol", ("strict", "published")),
            ("scripts", ("fcid", "codaar")),
            ("head", ("linear", "two_linear")),
            ("pool", ("max", "mean")),
            ("toc_score", ("full", "similarity", "variance")),
            ("ties", ("expected", "release")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"evaluate: {name} = {getattr(self, name)!r}; expected one of {', '.join(known)}")
        if min(self.epochs, self.batch_size) < 1 or self.learning_rate <= 0:
            raise ValueError(
                f"evaluate: epochs {self.epochs}, batch_size {self.batch_size}, learning_rate {self.learning_rate} must be positive"
            )
        if not self.q_grid or not all(0 < share <= 1 for share in (*self.q_grid, self.q_fixed)):
            raise ValueError(f"evaluate: q_grid {self.q_grid} and q_fixed {self.q_fixed} must be shares of D in (0, 1]")
        if not (0 < self.threshold < 1 and 0 < self.holdout < 1 and 0 <= self.rejected < 1):
            raise ValueError(
                f"evaluate: threshold {self.threshold}, holdout {self.holdout} and rejected {self.rejected} must lie between 0 and 1"
            )


@dataclass(frozen=True)
class Cell:
    """One score in percent. `q` is the number of TOC dimensions (None without TOC), `n_val` None where nothing was chosen.
    `dead`: how many of the q dimensions are the same in all codes.

    `chance` is the best score that a constant answer, the same for every clip and second, reaches on these test clips.
    Retrieval: `fit_modality` asks `n_test` queries, `test_modality` holds `classes` items, chance is a random order's score.
    """

    task: str
    direction: str
    toc: bool
    metric: str
    score: float
    q: int | None
    fit_modality: str
    test_modality: str
    n_fit: int
    n_val: int | None
    n_test: int
    classes: int
    chance: float
    side: Mapping[str, Any] = field(default_factory=dict)
    dead: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
