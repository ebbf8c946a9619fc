"""Stable Diffusion, IP-Adapter and CLIP in their official formats, tiny, with random weights (missing_tables.md
1.5)."""

import json

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection

SIZE, WIDTH, WORDS = 32, 64, 77
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4}


def unet():
    torch.manual_seed(1)
    return UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, block_out_channels=(32, 64), layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32, attention_head_dim=4, norm_num_groups=8,
    )  # fmt: skip


def vae():
    torch.manual_seed(2)
    return AutoencoderKL(
        in_channels=3, out_channels=3, block_out_channels=(16, 32), layers_per_block=1, latent_channels=4,
        norm_num_groups=8, sample_size=SIZE,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip


def scheduler():
    return DDIMScheduler(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1,
    )  # fmt: skip


def vision():
    torch.manual_seed(3)
    config = CLIPVisionConfig(**SMALL, num_hidden_layers=2, image_size=32, patch_size=8, projection_dim=WIDTH)
    return CLIPVisionModelWithProjection(config)


def adapter(width=WIDTH):
    """Keys and shapes of `ip-adapter_sd15`, for `unet`: attention layers 1, 3, 5 and, last, that of the middle."""
    draw = torch.Generator().manual_seed(4)
    shapes = {
        "image_proj.proj.weight": (128, width),
        "image_proj.proj.bias": (128,),
        "image_proj.norm.weight": (32,),
        "image_proj.norm.bias": (32,),
    }
    for number, out in ((1, 32), (3, 32), (5, 32), (7, 64)):
        shapes |= {f"ip_adapter.{number}.to_{side}_ip.weight": (out, 32) for side in "kv"}
    return {name: 0.3 * torch.randn(shape, generator=draw) for name, shape in shapes.items()}


def write(folder):
    """The three official folders below `folder`: (base, adapter file, encoder folder)."""
    base, encoder, file = folder / "sd", folder / "image_encoder", folder / "ip-adapter_sd15.safetensors"
    unet().save_pretrained(base / "unet")
    vae().save_pretrained(base / "vae")
    scheduler().save_pretrained(base / "scheduler")
    vision().save_pretrained(encoder)
    save_file(adapter(), file)
    _text(base)
    return base, file, encoder


def _text(base):
    letters = [chr(n) for n in range(33, 127)]
    vocabulary = {
        token: n
        for n, token in enumerate([*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"])
    }
    (base / "tokenizer").mkdir(parents=True)
    (base / "tokenizer" / "vocab.json").write_text(json.dumps(vocabulary))
    (base / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    CLIPTokenizer(
        str(base / "tokenizer" / "vocab.json"), str(base / "tokenizer" / "merges.txt"), model_max_length=WORDS
    ).save_pretrained(base / "tokenizer")
    torch.manual_seed(5)
    size, (first, last) = len(vocabulary), (len(vocabulary) - 2, len(vocabulary) - 1)
    tokens = {"bos_token_id": first, "eos_token_id": last, "pad_token_id": last}
    CLIPTextModel(
        CLIPTextConfig(vocab_size=size, **SMALL, num_hidden_layers=1, max_position_embeddings=WORDS, **tokens)
    ).save_pretrained(base / "text_encoder")
