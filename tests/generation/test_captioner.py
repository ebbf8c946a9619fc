"""An image-to-text model in its official format, tiny, with random weights."""

import shutil

import numpy as np
import pytest
import torch
from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

from cmg.extract.weights import WeightsError
from cmg.generation.captioner import Captioner, captions

CPU = torch.device("cpu")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "a", "dog", "bell", "car", "red", "in"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("blip")
    (found / "vocab.txt").write_text("\n".join(WORDS))
    small = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_attention_heads": 4,
        "num_hidden_layers": 1,
        "projection_dim": 16,
    }
    tokens = {"bos_token_id": 5, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    torch.manual_seed(0)
    text = {**small, **tokens, "vocab_size": len(WORDS), "encoder_hidden_size": 32, "max_position_embeddings": 40}
    model = BlipForConditionalGeneration(
        BlipConfig(text_config=text, vision_config={**small, "image_size": 32, "patch_size": 16})
    )
    model.save_pretrained(found)
    BlipProcessor(
        BlipImageProcessor(size={"height": 32, "width": 32}), BertTokenizer(str(found / "vocab.txt"))
    ).save_pretrained(found)
    return found


def test_the_same_words_every_time(folder):
    draw = np.random.default_rng(0)
    pictures = draw.integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    captioner = Captioner(folder, CPU)
    found = captions(captioner, pictures, ["1", "2"])
    assert found == captions(captioner, pictures, ["1", "2"]) and found
    assert all(set(text.split()) <= set(WORDS) for _, text in found)


def test_a_picture_without_words_has_no_line():
    assert captions(lambda picture: "", np.zeros((1, 8, 8, 3), np.uint8), ["1"]) == []


def test_another_folder_is_named(tmp_path):
    with pytest.raises(WeightsError, match="no config.json"):
        Captioner(tmp_path, CPU)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WeightsError, match="not an image-to-text model"):
        Captioner(tmp_path, CPU)


def test_damaged_weights_are_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "m")
    (tmp_path / "m/model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:999])
    with pytest.raises(WeightsError, match="m: not an image-to-text model that can be read") as caught:
        Captioner(tmp_path / "m", CPU)
    assert "\n" not in str(caught.value)
