"""Networks of Contrastive Predictive Coding: one LSTM and R linear predictors per modality.

Axes: B clips, T seconds, D width, R horizon.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn


class PredictiveNets(nn.Module):
    """Context o_t = LSTM(f_<=t) and predictions W_r o_t (Eq. 13).

    The paper has one LSTM layer; the release two, horizon 1 and a bias in W.
    """

    def __init__(
        self, modalities: tuple[str, ...], dim: int = 256, layers: int = 1, horizon: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        self.horizon = horizon
        self.lstm = nn.ModuleDict({m: nn.LSTM(dim, dim, layers, batch_first=True) for m in modalities})
        self.predictors = nn.ModuleDict(
            {m: nn.ModuleList(nn.Linear(dim, dim, bias) for _ in range(horizon)) for m in modalities}
        )

    def forward(self, modality: str, features: Tensor, step: int) -> Tensor:
        """`features` [B,T,D], context = seconds 0..step -> predictions [R,B,D] of seconds step+1..step+R."""
        context = self.lstm[modality](features[:, : step + 1])[0][:, -1]
        predictors = cast(nn.ModuleList, self.predictors[modality])
        return torch.stack([predict(context) for predict in predictors])

    def targets(self, features: Tensor, step: int) -> Tensor:
        """[R,B,D]: the seconds step+1..step+R of `features` [B,T,D]. ValueError where the clip is too short."""
        last = step + self.horizon
        if last >= features.shape[1]:
            raise ValueError(f"CPC target second {last} lies outside clips of {features.shape[1]} seconds")
        return features[:, step + 1 : last + 1].transpose(0, 1)
