"""Clip classifier over codes. The releases of DCID and CoDAAR carry one per modality and train none of them.

Axes: B clips, T seconds, D code width, N classes.
"""

from __future__ import annotations

from torch import Tensor, nn


class ClipClassifier(nn.Module):
    """Codes [B,T,D] -> Linear D->D, maximum over time, Linear D->N -> logits [B,N]."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.event_classifier = nn.Linear(width, classes)

    def forward(self, codes: Tensor) -> Tensor:
        """[B,T,D] -> logits [B,N]."""
        return self.event_classifier(self.linear(codes).amax(dim=1))
