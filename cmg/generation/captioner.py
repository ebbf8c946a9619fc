"""Captions of pictures by a transformers model from a local folder (BLIP and its like), for datasets that have no
text."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cmg.extract.weights import WeightsError, readable

WORDS = 30  # at most, of a caption


class Captioner:
    """folder: config.json, model weights, image processor and tokenizer, as `save_pretrained` writes them; nothing is
    fetched."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        """Raises WeightsError where the folder holds no image-to-text model."""
        from transformers import AutoModelForImageTextToText, AutoProcessor

        local: dict[str, Any] = {"local_files_only": True}
        if not (folder / "config.json").is_file():
            raise WeightsError(
                f"{folder}: no config.json; expected the folder of an image-to-text model, "
                "e.g. Salesforce/blip-image-captioning-base"
            )
        with readable(folder, "an image-to-text model"):
            self.processor = AutoProcessor.from_pretrained(folder, **local)
            self.model = AutoModelForImageTextToText.from_pretrained(folder, **local)
        self.model.eval().to(device)
        self.device = device

    @torch.inference_mode()
    def __call__(self, picture: np.ndarray) -> str:
        """A caption of a picture uint8 [H, W, 3]: greedy, so the same every time."""
        inputs = self.processor(images=picture, return_tensors="pt").to(self.device)
        tokens = self.model.generate(**inputs, max_new_tokens=WORDS, do_sample=False, num_beams=1)
        return " ".join(self.processor.decode(tokens[0], skip_special_tokens=True).split())


def captions(
    captioner: Callable[[np.ndarray], str], pictures: Iterable[np.ndarray], ids: Sequence[str]
) -> list[tuple[str, str]]:
    """(id, caption) of each picture that the model says something about."""
    found = [(name, captioner(picture)) for name, picture in zip(ids, pictures, strict=True)]
    return [(name, text) for name, text in found if text]
