"""Heads, losses, scores and the loop of the released downstream scripts, in float64 as there.

B clips, T seconds, Q code dimensions, C answers (localisation: the last is background). The random draws differ: the
releases seed one generator for everything, encoder included, so no head of theirs can be drawn again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.tasks.recipes import Recipe

CLIP_NORM = 0.5
HALVED_AFTER = (10, 20, 30)
ALPHA_START = 0.1


class Head(nn.Module):
    """Linear layers without activations; for clip tasks the maximum over seconds before the last. [B,T,Q] -> [B,C] or
    [B,T,C]."""

    def __init__(self, size: int, hidden: Sequence[float], answers: int, per_clip: bool) -> None:
        super().__init__()
        widths = [size, *(int(size * share) for share in hidden), answers]
        self.layers = nn.ModuleList(
            nn.Linear(a, b, dtype=torch.float64) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.per_clip = per_clip

    def forward(self, codes_BTQ: Tensor) -> Tensor:
        hidden = codes_BTQ
        for layer in self.layers[:-1]:
            hidden = layer(hidden)
        return self.layers[-1](hidden.amax(dim=1) if self.per_clip else hidden)


def exp_log(logits: Tensor, target: Tensor, alpha_C: Tensor) -> Tensor:
    """-mean over seconds of sum_c y_c log_softmax(z)_c exp(-alpha_c); alpha is learned and nothing holds it, so the
    term fades."""
    return -(target * F.log_softmax(logits, dim=-1) * torch.exp(-alpha_C)).sum(dim=-1).mean()


def micro(active: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Precision and recall (0..1) of one batch over all seconds and columns, background included; (0, 0) where nothing
    is predicted."""
    hits, predicted = (active & target).sum(), active.sum()
    return (0.0, 0.0) if not predicted else (float(hits / predicted), float(hits / max(target.sum(), 1)))


def batched_f1(active: np.ndarray, target: np.ndarray, batch_size: int) -> dict[str, float]:
    """Micro precision and recall of each batch of clips, averaged with the batches' sizes, and the F1 of the averages;
    percent."""
    starts = range(0, len(target), batch_size)
    parts = [
        (*micro(active[s : s + batch_size], target[s : s + batch_size]), len(target[s : s + batch_size]))
        for s in starts
    ]
    precision, recall = (sum(part[i] * part[2] for part in parts) / len(target) for i in (0, 1))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"f1": 100 * f1, "precision": 100 * precision, "recall": 100 * recall}


def macro_precision(answer: np.ndarray, target: np.ndarray) -> float:
    """Mean over the classes that one batch predicts of the share of right answers among them, percent."""
    return 100 * float(np.mean([np.mean(target[answer == label] == label) for label in np.unique(answer)]))


def batched_macro_precision(answer: np.ndarray, target: np.ndarray, batch_size: int) -> float:
    """`macro_precision` of each batch, averaged with the batches' sizes."""
    starts = range(0, len(target), batch_size)
    parts = [
        (macro_precision(answer[s : s + batch_size], target[s : s + batch_size]), len(target[s : s + batch_size]))
        for s in starts
    ]
    return sum(value * size for value, size in parts) / len(target)


def scores(recipe: Recipe, answer: np.ndarray, target: np.ndarray, order: np.ndarray) -> dict[str, float]:
    """`score` in percent, and for localisation `f1`, `precision`, `recall`; `order` [B] is the order in which the clips
    are batched."""
    if target.ndim == 3:
        found = batched_f1(answer[order], target[order], recipe.batch_size)
        return {"score": found[recipe.score], **found}
    if recipe.score == "macro_precision":
        return {"score": batched_macro_precision(answer[order], target[order], recipe.batch_size)}
    return {"score": 100 * float(np.mean(answer == target))}


def clip_class(labels: np.ndarray) -> int:
    """Class of a clip from one-hot seconds [T, C + 1]: without background, class per second (0 where there is none),
    their maximum."""
    return int(labels[:, :-1].argmax(axis=1).max())


def with_background(active: np.ndarray) -> np.ndarray:
    """Bool [T, C] with a last column that is True in the seconds where nothing is active: [T, C + 1]."""
    return np.concatenate([active, ~active.any(axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True)
class Picked:
    """What the script reports for one test: its scores at the epoch it picks (from 1), which it picks on these very
    scores."""

    epoch: int
    scores: Mapping[str, float]


Labelled = tuple[np.ndarray, np.ndarray]


def run(
    recipe: Recipe,
    draw: Callable[[int], np.ndarray],
    target: np.ndarray,
    tests: Mapping[str, Labelled],
    answers: int,
    seed: int,
) -> dict[str, Picked]:
    """Fit one head and score every test after every epoch.

    Args:
        draw: epoch (from 0) -> the codes [n,T,Q] of the clips fitted on, encoded anew with dropout.
        target: int [n] classes, or bool [n,T,C].
        tests: codes [m,T,Q] without dropout, and targets, by name.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        per_clip = target.ndim == 1
        head = Head(draw(0).shape[2], recipe.hidden, answers, per_clip)
        alpha = nn.Parameter(torch.full((answers,), ALPHA_START, dtype=torch.float64))
        optimiser = torch.optim.Adam([*head.parameters(), alpha], lr=recipe.learning_rate)
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, HALVED_AFTER, gamma=0.5)
        labels = torch.from_numpy(target).to(torch.int64 if per_clip else torch.float64)
        picked: dict[str, Picked] = {}
        for epoch in range(recipe.epochs):
            fit_epoch(recipe, head, alpha, optimiser, torch.from_numpy(draw(epoch)), labels)
            schedule.step()
            for name, (codes, truth) in tests.items():
                order = (
                    torch.randperm(len(truth)).numpy() if recipe.score == "macro_precision" else np.arange(len(truth))
                )
                found = scores(recipe, answer(head, codes), truth, order)
                picked[name] = _better(recipe, picked.get(name), Picked(epoch + 1, found))
        return picked


def fit_epoch(
    recipe: Recipe, head: Head, alpha: nn.Parameter, optimiser: torch.optim.Optimizer, codes: Tensor, labels: Tensor
) -> None:
    """One pass over shuffled batches: gradients clipped per module, one step each."""
    for batch in torch.randperm(len(codes)).split(recipe.batch_size):
        optimiser.zero_grad()
        loss(head(codes[batch].double()), labels[batch], alpha).backward()
        nn.utils.clip_grad_norm_(head.parameters(), CLIP_NORM)
        if recipe.clip_alpha and alpha.grad is not None:
            nn.utils.clip_grad_norm_([alpha], CLIP_NORM)
        optimiser.step()


def loss(logits: Tensor, labels: Tensor, alpha: Tensor) -> Tensor:
    """Cross-entropy over clips, or binary cross-entropy over all cells plus the exp-log loss."""
    if labels.ndim == 1:
        return F.cross_entropy(logits, labels)
    return F.binary_cross_entropy_with_logits(logits, labels) + exp_log(logits, labels, alpha)


def answer(head: Head, codes: np.ndarray) -> np.ndarray:
    """Classes int [n], or active classes bool [n,T,C] (sigmoid above 0.5)."""
    with torch.no_grad():
        logits = torch.cat([head(part.double()) for part in torch.from_numpy(codes).split(512)])
    return (logits.argmax(dim=-1) if head.per_clip else torch.sigmoid(logits) > 0.5).numpy()


def _better(recipe: Recipe, best: Picked | None, new: Picked) -> Picked:
    return new if best is None or recipe.pick == "last" or new.scores["score"] > best.scores["score"] else best
