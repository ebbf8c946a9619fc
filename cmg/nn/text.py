"""Text encoder: word vectors -> one vector per second, with a bidirectional LSTM that is trained with the model.

Axes: B clips, T seconds, L words, C channels of a word vector, E = 2 x hidden width.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from cmg.nn.temporal import masked_mean

Words = TypeVar("Words", Tensor, PackedSequence)


class TextBiLSTM(nn.Module):
    """Words [B,L,C] -> [B,T,E].

    With `mask_padding` the LSTM reads the words only, and the sentence is spread over the T seconds (`spread`), so that
    no padding reaches anything that follows. Without it, as released, zero vectors are read like words, the backward
    direction starts on them, and slot t stands for second t. Source: facts on CoDAAR 1.1, on DCID 2.
    """

    def __init__(self, channels: int = 768, hidden: int = 128, layers: int = 2, mask_padding: bool = True) -> None:
        super().__init__()
        self.mask_padding = mask_padding
        self.lstm = nn.LSTM(channels, hidden, layers, batch_first=True, bidirectional=True)

    def forward(
        self, words: Tensor, mask: Tensor | None = None, seconds: int | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """`mask` [B,L] is True at words, which come first; left out, every slot is one. `seconds` T left out: L.

        `lengths` [B] on the CPU: words of each sentence as `mask` has them; left out, they are asked of the device,
        which waits for it. Raises ValueError without masking where T is not L.
        """
        seconds = words.shape[1] if seconds is None else seconds
        if not self.mask_padding:
            if seconds != words.shape[1]:
                raise ValueError(
                    f"unmasked text needs one word slot per second: expected {seconds} slots, found {words.shape[1]}"
                )
            return self._lstm(words)[0]
        if mask is None:
            mask = torch.ones(words.shape[:2], dtype=torch.bool, device=words.device)
        real = mask.sum(dim=1).clamp(min=1)  # an empty sentence is read as one zero vector
        return spread(self._read(words, real.cpu() if lengths is None else lengths.clamp(min=1)), real, seconds)

    def sentence(self, words: Tensor, mask: Tensor) -> Tensor:
        """Mean of the LSTM's outputs over the real words, padding never read: [B,L,C], [B,L] -> [B,1,E].

        What the retrieval driver of DCID and CoDAAR makes of a caption, whatever training made of a prompt
        (facts/codaar_dev.md 2.2).
        """
        lengths = mask.sum(dim=1).clamp(min=1)
        first = torch.arange(words.shape[1], device=words.device) < lengths.unsqueeze(1)
        return masked_mean(self._read(words, lengths.cpu()), first).unsqueeze(1)

    def _lstm(self, x: Words) -> tuple[Words, tuple[Tensor, Tensor]]:
        """In the precision of the weights: under autocast CUDA's LSTM would be float16 whatever autocast says."""
        with torch.autocast(next(self.lstm.parameters()).device.type, enabled=False):
            return self.lstm(x)

    def _read(self, words: Tensor, lengths: Tensor) -> Tensor:
        """The LSTM over the first `lengths` [B] (on the CPU) words of each sentence, longest first, zeros behind:
        [B,L,C] -> [B,L,E]."""
        falling, order = lengths.sort(descending=True)
        order, back = (x.to(words.device, non_blocking=True) for x in (order, order.argsort()))
        packed = pack_padded_sequence(words.index_select(0, order), falling, batch_first=True)
        hidden = pad_packed_sequence(self._lstm(packed)[0], batch_first=True, total_length=words.shape[1])[0]
        return hidden.index_select(0, back)


def spread(x: Tensor, lengths: Tensor, seconds: int) -> Tensor:
    """Second t of T gets word floor(t n / T) of the n = lengths words: [B,L,E], [B] -> [B,T,E]. With n = T this changes
    nothing."""
    position = torch.arange(seconds, device=x.device) * lengths.unsqueeze(1) // seconds
    return x.gather(1, position.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
