"""Heads that segment what a query asks for: which networks there are, fitting one, its answers.

b clips of a batch, T seconds, S pixels a side, Q query dimension.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.segmentation.decoder import PyramidSegmenter
from cmg.segmentation.film import FilmNet
from cmg.segmentation.scenes import SECONDS, Scenes

SMALL = "small"
SCORED_AT_ONCE = 8  # clips; the number changes no answer


@dataclass(frozen=True)
class HeadOptions:
    """backbone: small (trained from nothing), or pvt_v2_b5 or resnet50 with the released decoder. flip: whether half
    of the clips of a batch are mirrored. check_every: epochs between two looks at the validation clips.
    """

    backbone: str = SMALL
    epochs: int = 4
    batch_size: int = 4
    learning_rate: float = 1e-4
    flip: bool = False
    check_every: int = 1
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class Fitted:
    """A head at the epoch (from 1) with the best validation score."""

    net: nn.Module
    epoch: int
    val_score: float


def build(options: HeadOptions, query: int, weights: Mapping[str, Tensor] | None = None) -> nn.Module:
    """A head for queries of this dimension, weights drawn by the seed; `weights`: those of the backbone, under their
    official names.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        if options.backbone == SMALL:
            net = FilmNet(query)
            return net.to(options.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch declares no `to` with a memory format
        from cmg.segmentation.pyramids import BACKBONES  # transformers and torchvision, for real frames alone

        backbone = BACKBONES[options.backbone]()
        if weights is not None:
            backbone.load_official(weights)
        return PyramidSegmenter(backbone, query).to(options.device)


def fit(
    net: nn.Module,
    scenes: Scenes,
    queries: Callable[[int], np.ndarray],
    check: Callable[[nn.Module, int], float],
    options: HeadOptions,
) -> Fitted:
    """Fit with Adam on shuffled batches; the state with the best score stays, the earlier of equal ones.

    Args:
        queries: those of every clip, [n,T,Q], in an epoch. check: the score of the net after an epoch.
    """
    optimiser = torch.optim.Adam(net.parameters(), lr=options.learning_rate)
    order, best, state = torch.Generator().manual_seed(options.seed), Fitted(net, 0, -1.0), {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)  # stochastic depth
        for epoch in range(1, options.epochs + 1):
            _epoch(net.train(), optimiser, scenes, queries(epoch), order, options)
            if epoch % options.check_every and epoch < options.epochs:
                continue
            score = check(net.eval(), epoch)
            if score > best.val_score:
                best, state = (
                    Fitted(net, epoch, score),
                    {name: value.clone() for name, value in net.state_dict().items()},
                )
    net.load_state_dict(state)
    return best


def _epoch(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    scenes: Scenes,
    queries: np.ndarray,
    order: torch.Generator,
    options: HeadOptions,
) -> None:
    for chosen in torch.randperm(len(scenes), generator=order).split(options.batch_size):
        mirrored = torch.rand(len(chosen), generator=order) < 0.5 * options.flip
        optimiser.zero_grad()
        loss(net, scenes, chosen.numpy(), queries, mirrored, options.device).backward()
        optimiser.step()


def loss(
    net: nn.Module, scenes: Scenes, chosen: np.ndarray, queries: np.ndarray, mirrored: Tensor, device: str
) -> Tensor:
    """Binary cross-entropy over the pixels of the seconds that have a mask; `mirrored` [b]: which clips are seen in a
    mirror.
    """
    seconds = SECONDS if net.whole_clips else scenes.masked
    frames, truth = scenes.frames(chosen, seconds), torch.from_numpy(scenes.truth(chosen)).float()
    frames[mirrored], truth[mirrored] = frames[mirrored].flip(-1), truth[mirrored].flip(-1)
    asked = torch.from_numpy(queries[chosen][:, :seconds])
    logits = net(frames.to(device), asked.to(device))[:, : scenes.masked]
    return F.binary_cross_entropy_with_logits(logits, truth.to(device))


@torch.inference_mode()
def answers(
    net: nn.Module, scenes: Scenes, queries: np.ndarray, device: str, size: int = SCORED_AT_ONCE
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the clips of each batch, and logits [b,masked,S,S] float32 for the seconds that have a mask."""
    for chosen in scenes.batches(size):
        logits = net(scenes.frames(chosen).to(device), torch.from_numpy(queries[chosen]).to(device))
        yield chosen, logits[:, : scenes.masked].float().cpu().numpy()
