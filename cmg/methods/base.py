"""What every method is: a module with a loss, an encoder of one modality, and codebooks.

Axes: B clips, T seconds, L words, H W 7x7 positions, C channels, D code dimension, K codes, G codebooks.

A training step, as the trainer runs it::

    draws = method.draw(generator, batch.size, batch.seconds)   # every random draw of the step except dropout
    terms = method.loss(batch, draws, fit)                      # `fit` trains the variational nets inside the step
    terms.total.backward()
    # clip every group of method.clip_groups(), step the optimiser of method.main_parameters()

Dropout uses torch's global generator, which the trainer seeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from cmg.methods.types import MODALITIES, Codes, Draws, Fit, LossTerms


class Method(nn.Module):
    """Base of all methods. A subclass reads top to bottom: configuration, modules, `loss`, `encode`."""

    Config: ClassVar[Any]
    config: Any
    modalities: tuple[str, ...] = MODALITIES
    inner_steps: int = 5
    # modalities whose codes stand side by side in a row of the codebook; none where all share a codebook
    aligned: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Any) -> Method:
        """The method with fresh weights; one whose configuration chooses between classes says which."""
        return cls(config)

    def loss(self, batch: Any, draws: Draws, fit: Fit) -> LossTerms:
        """One training forward: encoders and codebook update, then `fit(closure)`, then the remaining terms.

        batch: a `Batch`; another kind of data has a batch of its own with the same size, seconds, device and `to`
        (`cmg.methods.vqvae`).
        """
        raise TypeError(f"{type(self).__name__} does not define loss(batch, draws, fit)")

    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None) -> Codes:
        """Codes of one modality alone: features as in `Batch`; `mask` [B,L] for text. Changes no state."""
        raise TypeError(f"{type(self).__name__} does not define encode(modality, features, mask)")

    def codebooks(self) -> list[Tensor]:
        """G codebooks, each [K,D]."""
        raise TypeError(f"{type(self).__name__} does not define codebooks()")

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """The draws of one step; a method that needs none keeps this."""
        return Draws()

    def variational_modules(self) -> Iterable[nn.Module]:
        """Modules trained inside the step (CLUB nets)."""
        return ()

    def variational_parameters(self) -> list[nn.Parameter]:
        """Parameters of `variational_modules`, which the optimiser inside the step moves."""
        return [p for module in self.variational_modules() for p in module.parameters()]

    def main_parameters(self) -> list[nn.Parameter]:
        """Every trainable parameter that is not variational."""
        inner = {id(p) for p in self.variational_parameters()}
        return [p for p in self.parameters() if p.requires_grad and id(p) not in inner]

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters whose joint gradient norm is clipped, group by group; one group unless a method says otherwise."""
        return {"main": self.main_parameters()}

    def health(self) -> dict[str, float]:
        """Codebook health since the last call, by name: see `cmg.quantizers.codebook.health`; empty where nothing was
        quantised.

        The trainer asks after every epoch and after `finish`.
        """
        return {}

    def finish(self, batches: Iterable[Any]) -> None:
        """Called once after the last step with the training features, in order; most methods do nothing here."""
