"""Heads on frozen codes: several of them, one per choice of dimensions, fitted at once.

B clips, T seconds, D code dimensions, J heads, H hidden units, C answers.

A head with Q of D dimensions is the paper's mask e * F (section 4.1): weights of the other dimensions are zero and stay
zero, which is the same linear map as on the slice. All heads start from the same draws (scaled as `nn.Linear` does),
see the same batches and do not touch each other, so a head comes out the same alone or beside others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.tasks import metrics
from cmg.tasks.settings import EvaluateOptions

CLIP, SECOND, ACTIVE = "clip", "second", "active"
"""What is asked: one class per clip, one class per second, or which classes are active in each second."""


class HeadBank(nn.Module):
    """J heads over D-dimensional codes; head j reads the dimensions `kept[j]`.

    linear: one linear layer per second (the paper's decoder). two_linear: Q->Q, then Q->C with no activation between
    (the release). Clip answers pool over seconds: after the linear layer by `options.pool`, or between the two layers
    by the maximum (as released).
    """

    mask_JD: Tensor

    def __init__(
        self, kept: Sequence[np.ndarray], size: int, answers: int, kind: str, options: EvaluateOptions
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(options.seed)
        self.kind, self.pool, self.hidden = kind, options.pool, options.head == "two_linear"
        mask_JD = torch.zeros(len(kept), size)
        for row, dims in zip(mask_JD, kept, strict=True):
            row[torch.as_tensor(dims)] = 1
        self.register_buffer("mask_JD", mask_JD)
        self.bound_J = torch.tensor([len(dims) for dims in kept]).rsqrt()
        unit_JH = (torch.arange(size) < torch.tensor([len(dims) for dims in kept])[:, None]).float()
        if self.hidden:
            self.weight_JHD = self._draw((size, size), generator, unit_JH[:, :, None] * mask_JD[:, None])
            self.bias_JH = self._draw((size,), generator, unit_JH)
        inner_JD = unit_JH if self.hidden else mask_JD
        self.weight_JCD = self._draw((answers, size), generator, inner_JD[:, None])
        self.bias_JC = self._draw((answers,), generator, torch.ones(len(kept), 1))

    def _draw(self, shape: tuple[int, ...], generator: torch.Generator, mask: Tensor) -> nn.Parameter:
        """uniform(-1/sqrt(Q), 1/sqrt(Q)), one draw for all heads, zero where the mask is zero."""
        draws = 2 * torch.rand(shape, generator=generator) - 1
        return nn.Parameter(draws * self.bound_J.view(-1, *(1 for _ in shape)) * mask)

    def forward(self, codes_BTD: Tensor) -> Tensor:
        """Logits [B, J, C] for clips, [B, T, J, C] for seconds."""
        if not self.hidden:
            return self._linear(codes_BTD)
        J, H, D = self.weight_JHD.shape
        hidden = F.linear(
            codes_BTD, (self.weight_JHD * self.mask_JD[:, None]).reshape(J * H, D), self.bias_JH.reshape(-1)
        )
        if self.kind == CLIP:
            hidden = hidden.amax(dim=1)
        return torch.einsum("...jh,jch->...jc", hidden.unflatten(-1, (J, H)), self.weight_JCD) + self.bias_JC

    def _linear(self, codes_BTD: Tensor) -> Tensor:
        J, C, D = self.weight_JCD.shape
        if self.kind == CLIP and self.pool == "mean":
            codes_BTD = codes_BTD.mean(dim=1)  # the mean of linear answers is the answer to the mean
        logits = F.linear(
            codes_BTD, (self.weight_JCD * self.mask_JD[:, None]).reshape(J * C, D), self.bias_JC.reshape(-1)
        )
        logits = logits.unflatten(-1, (J, C))
        return logits.amax(dim=1) if self.kind == CLIP and self.pool == "max" else logits


def losses(logits: Tensor, target: Tensor, kind: str) -> Tensor:
    """Loss of each head, [J]: cross-entropy over clips or seconds, or binary cross-entropy, mean over all cells.

    target: int64 [B] or [B, T], or 0/1 float [B, T, C].
    """
    J = logits.shape[-2]
    if kind == ACTIVE:
        return F.binary_cross_entropy_with_logits(
            logits, target.unsqueeze(-2).expand_as(logits), reduction="none"
        ).mean(dim=(0, 1, 3))
    repeated = target.reshape(-1, 1).expand(-1, J).reshape(-1)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), repeated, reduction="none").view(-1, J).mean(dim=0)


def answers(logits: Tensor, kind: str, threshold: float) -> np.ndarray:
    """What each head answers, head first: classes [J, B] or [J, B, T], or booleans [J, B, T, C]."""
    decided = torch.sigmoid(logits) > threshold if kind == ACTIVE else logits.argmax(dim=-1)
    return np.ascontiguousarray(np.moveaxis(decided.cpu().numpy(), -2 if kind == ACTIVE else -1, 0))


def score(answer: np.ndarray, target: np.ndarray, kind: str) -> float:
    """The score that chooses and that tables show, in percent: segment-level F, or top-1."""
    return metrics.segment_f(answer, target) if kind == ACTIVE else metrics.top1(answer, target)


@dataclass(frozen=True)
class Fitted:
    """J fitted heads. `epoch` [J] counts from 1; validation figures are None without a validation part."""

    bank: HeadBank
    scale: float
    epoch: np.ndarray
    val_score: np.ndarray | None
    val_loss: np.ndarray | None
    options: EvaluateOptions

    def answer(self, codes: np.ndarray) -> np.ndarray:
        """Answers of all heads for codes [n, T, D]."""
        return answers(_logits(self.bank, codes, self.scale, self.options), self.bank.kind, self.options.threshold)

    def logits(self, codes: np.ndarray) -> np.ndarray:
        """Scores of all heads for codes [n, T, D]: [n, J, C] for clips, [n, T, J, C] for seconds."""
        return _logits(self.bank, codes, self.scale, self.options).cpu().numpy()

    def best(self, among: Sequence[int]) -> int:
        """The head with the best validation score of these, ties by validation loss; the first without validation."""
        scores, losses = self.val_score, self.val_loss
        if scores is None or losses is None:
            return among[0]
        return min(among, key=lambda j: (-scores[j], losses[j]))


def _logits(bank: HeadBank, codes: np.ndarray, scale: float, options: EvaluateOptions) -> Tensor:
    with torch.no_grad():
        return torch.cat([bank(part.to(options.device) * scale) for part in torch.from_numpy(codes).split(512)])


Labelled = tuple[np.ndarray, np.ndarray]  # codes [n, T, D] float32, targets


def fit(
    fit: Labelled, val: Labelled | None, kept: Sequence[np.ndarray], count: int, kind: str, options: EvaluateOptions
) -> Fitted:
    """Fit one head per entry of `kept` with Adam on shuffled batches; a pure function of its arguments.

    With `val`, each head is the one of its epoch with the best validation score (ties: lower validation loss, then
    earlier); without, that of the last epoch. `count` is the number of answers C.
    """
    codes, target = torch.from_numpy(fit[0]).to(options.device), _target(fit[1], kind).to(options.device)
    scale = 1.0 / max(float(codes.square().mean().sqrt()), 1e-12) if options.unit_rms else 1.0
    bank = HeadBank(kept, codes.shape[2], count, kind, options).to(options.device)
    optimiser = torch.optim.Adam(bank.parameters(), lr=options.learning_rate, fused=True)
    order = torch.Generator().manual_seed(options.seed)
    choice = None if val is None else _Choice(val, kind, scale, options)
    for epoch in range(1, options.epochs + 1):
        for batch in torch.randperm(len(codes), generator=order).split(options.batch_size):
            optimiser.zero_grad()
            losses(bank(codes[batch] * scale), target[batch], kind).sum().backward()
            optimiser.step()
        if choice is not None:
            choice.look(bank, epoch)
    if choice is None:
        return Fitted(bank, scale, np.full(len(kept), options.epochs), None, None, options)
    bank.load_state_dict(choice.state)
    return Fitted(bank, scale, choice.epoch, choice.score, choice.loss, options)


def _target(target: np.ndarray, kind: str) -> Tensor:
    return torch.from_numpy(target).to(torch.float32 if kind == ACTIVE else torch.int64)


class _Choice:
    """The best state so far of each head, by its validation score."""

    def __init__(self, val: Labelled, kind: str, scale: float, options: EvaluateOptions) -> None:
        self.codes, self.target, self.kind, self.scale, self.options = *val, kind, scale, options
        self.state: dict[str, Tensor] = {}

    def look(self, bank: HeadBank, epoch: int) -> None:
        """Score `bank` on the validation clips after `epoch`, and keep the state of each head that is now better."""
        logits = _logits(bank, self.codes, self.scale, self.options)
        loss = losses(logits, _target(self.target, self.kind).to(logits.device), self.kind).cpu().numpy()
        found = np.array([score(a, self.target, self.kind) for a in answers(logits, self.kind, self.options.threshold)])
        if not self.state:
            self.score, self.loss, self.epoch = found, loss, np.full(len(found), epoch)
            self.state = {name: value.clone() for name, value in bank.state_dict().items()}
            return
        better = (found > self.score) | ((found == self.score) & (loss < self.loss))
        self.score, self.loss = np.where(better, found, self.score), np.where(better, loss, self.loss)
        self.epoch = np.where(better, epoch, self.epoch)
        for name, value in bank.state_dict().items():
            self.state[name][better] = value[better]
