"""Stable Diffusion with an IP-Adapter, frozen, from local folders: the generator `ip_adapter`.

Ye et al. 2023; missing_tables.md 1.2 to 1.7.

The sampling loop is our own: the library's pipeline conditions every picture of a batch on the embeddings of all of
them (diffusers issue 9813; tests/generation/test_ip_adapter.py shows it and says when it is mended).
n pictures, E embedding values, S pixels a side, L words of the prompt.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from cmg.extract.resize import antialiased
from cmg.extract.weights import WeightsError, readable, resolve
from cmg.files import file_digest
from cmg.generation.generator import GeneratorError

PROMPTS = ("best quality, high quality", "monochrome, lowres, bad anatomy, worst quality, low quality")
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
FOLDERS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
PARTS = (
    "model_index.json",
    "unet/config.json",
    "vae/config.json",
    "scheduler/scheduler_config.json",
    "tokenizer/vocab.json",
)


@dataclass(frozen=True)
class Sampling:
    """steps: of DDIM; guidance: classifier-free, whose other half has zeros for the embedding; scale: of the adapter;
    size: S."""

    steps: int = 50
    guidance: float = 7.5
    scale: float = 1.0
    size: int = 512


@dataclass(frozen=True)
class Parts:
    """The frozen networks: a UNet with the adapter loaded, its VAE and DDIM scheduler, the CLIP image encoder (None:
    `embed` is an error), and the prompt's and the negative prompt's words [1, L, C].
    """

    unet: Any
    vae: Any
    scheduler: Any
    encoder: Any
    prompt: Tensor
    negative: Tensor
    digest: str = ""


class IPAdapter(nn.Module):
    """The generator `ip_adapter`."""

    def __init__(self, parts: Parts, sampling: Sampling, device: torch.device) -> None:
        super().__init__()
        self.unet, self.vae = (part.eval().requires_grad_(False).to(device) for part in (parts.unet, parts.vae))
        self.dtype = self.unet.dtype
        self.encoder = None if parts.encoder is None else parts.encoder.eval().requires_grad_(False).to(device)
        self.words = torch.cat([parts.negative, parts.prompt]).to(device, self.dtype)
        self.scheduler, self.sampling, self.device, self.digest = parts.scheduler, sampling, device, parts.digest
        self.width = self.unet.encoder_hid_proj.image_projection_layers[0].image_embeds.in_features
        self.size = sampling.size
        for processor in self.unet.attn_processors.values():
            if hasattr(processor, "scale"):
                processor.scale = [sampling.scale]

    @torch.inference_mode()
    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """As `Generator.embed`: CLIP's projected embedding, not normalised, of the whole picture at its input size (no
        centre crop)."""
        if self.encoder is None:
            raise GeneratorError(
                "ip_adapter: embeddings of pictures need the CLIP image encoder (models/image_encoder)"
            )
        return (
            torch.cat([self.encoder(self._clip_input(picture[None])).image_embeds for picture in pictures])
            .float()
            .cpu()
            .numpy()
        )

    @torch.inference_mode()
    def generate(self, embeddings: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
        """As `Generator.generate`: pictures are sampled one at a time."""
        made = [self.sample(torch.from_numpy(e[None]), [seed]) for e, seed in zip(embeddings, seeds, strict=True)]
        return np.concatenate(made)

    @torch.inference_mode()
    def sample(self, embeddings: Tensor, seeds: Sequence[int]) -> np.ndarray:
        """One batch: DDIM with guidance, every picture from its own noise and its own embedding. [n, E] -> uint8 [n, S,
        S, 3]."""
        wanted = embeddings.to(self.device, self.dtype)
        condition = torch.cat([torch.zeros_like(wanted), wanted])[:, None]
        words = self.words.repeat_interleave(len(wanted), dim=0)
        self.scheduler.set_timesteps(self.sampling.steps, device=self.device)
        latents = torch.cat([self._noise(seed) for seed in seeds]) * self.scheduler.init_noise_sigma
        for moment in self.scheduler.timesteps:
            scaled = self.scheduler.scale_model_input(torch.cat([latents, latents]), moment)
            free, guided = self._denoise(scaled, moment, words, condition).chunk(2)
            noise = free + self.sampling.guidance * (guided - free)
            latents = self.scheduler.step(noise, moment, latents, return_dict=False)[0]
        pictures = self.vae.decode(latents / self.vae.config.scaling_factor, return_dict=False)[0]
        return (
            ((pictures.float() / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        )

    def noise_loss(self, embeddings: Tensor, pictures: np.ndarray, generator: torch.Generator) -> Tensor:
        """As `Generator.noise_loss`: mean squared error of the predicted noise at random times, the prompt empty of
        guidance."""
        with torch.no_grad():
            placed = antialiased(torch.from_numpy(pictures).to(self.device), self.size).to(self.dtype) / 127.5 - 1
            latents = self.vae.encode(placed).latent_dist.mode() * self.vae.config.scaling_factor
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        moments = torch.randint(self.scheduler.config.num_train_timesteps, (len(latents),), generator=generator).to(
            self.device
        )
        words = self.words[1:].expand(len(latents), -1, -1)
        found = self._denoise(
            self.scheduler.add_noise(latents, noise, moments), moments, words, embeddings.to(self.dtype)[:, None]
        )
        return nn.functional.mse_loss(found.float(), noise.float())

    def _denoise(self, latents: Tensor, moment: Tensor, words: Tensor, condition: Tensor) -> Tensor:
        """Predicted noise; condition [n, 1, E], a picture's embedding each."""
        return self.unet(
            latents, moment, encoder_hidden_states=words, added_cond_kwargs={"image_embeds": [condition]}
        ).sample

    def _noise(self, seed: int) -> Tensor:
        """Drawn on the CPU, so that every device starts from the same."""
        side = self.size // 2 ** (len(self.vae.config.block_out_channels) - 1)
        shape = (1, self.unet.config.in_channels, side, side)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(self.device, self.dtype)

    def _clip_input(self, pictures: np.ndarray) -> Tensor:
        pixels = antialiased(torch.from_numpy(pictures).to(self.device), self.encoder.config.image_size) / 255  # type: ignore[union-attr]
        mean, deviation = (torch.tensor(values, device=self.device)[:, None, None] for values in (CLIP_MEAN, CLIP_STD))
        return (pixels - mean) / deviation


def load_parts(weights: Path, device: torch.device) -> Parts:
    """The official files below `weights`: folder `stable-diffusion-v1-5`,
    `ip-adapter/models/ip-adapter_sd15.safetensors`, and the image encoder's folder beside it. Nothing is fetched.

    Raises WeightsError naming the file that is absent, has another checksum or other shapes, before anything large is
    read.
    """
    base, adapter, encoder = (
        resolve(name, weights) for name in ("stable-diffusion-v1-5", "ip_adapter_sd15", "clip_vit_h")
    )
    encoder = encoder.parent
    for part in PARTS:
        if not (base / part).is_file():
            raise WeightsError(
                f"{base / part} not found; "
                f"the folder must hold {', '.join(FOLDERS)} as the stable-diffusion-v1-5 mirror has them"
            )
    os.environ["HF_HUB_OFFLINE"] = "1"  # a stage never reaches for the network
    return read_parts(base, adapter, encoder, torch.float16 if device.type == "cuda" else torch.float32)


def read_parts(base: Path, adapter: Path, encoder: Path, dtype: torch.dtype = torch.float32) -> Parts:
    """Any Stable Diffusion folder, adapter file and CLIP vision folder in the official formats. Errors as
    `load_parts`."""
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

    local: dict[str, Any] = {"local_files_only": True}
    plain = {**local, "low_cpu_mem_usage": False, "torch_dtype": dtype}
    unet = with_adapter(_pretrained(UNet2DConditionModel, base / "unet", **plain), adapter).to(dtype)
    vae = _pretrained(AutoencoderKL, base / "vae", **plain)
    scheduler = _pretrained(DDIMScheduler, base / "scheduler", **local)
    text, tokenizer = (
        _pretrained(CLIPTextModel, base / "text_encoder", **local),
        _pretrained(CLIPTokenizer, base / "tokenizer", **local),
    )
    vision = _pretrained(CLIPVisionModelWithProjection, encoder, **local)
    prompt, negative = (_words(text, tokenizer, sentence) for sentence in PROMPTS)
    return Parts(unet, vae, scheduler, vision, prompt, negative, _digest(base, adapter, encoder))


def _pretrained(kind: Any, folder: Path, **options: Any) -> Any:
    """What a library makes of a folder. Raises WeightsError naming it."""
    with readable(folder):
        return kind.from_pretrained(folder, **options)


def with_adapter(unet: Any, adapter: Path) -> Any:
    """`unet` with the IP-Adapter of a file in the official form: flat `.safetensors`, or `.bin` with `image_proj` and
    `ip_adapter`.

    Raises WeightsError where it is another variant (Plus, vit-G, SDXL) or not such a file.
    """
    nested = adapter_state(adapter)
    try:
        unet._load_ip_adapter_weights([nested], low_cpu_mem_usage=False)
    except (RuntimeError, KeyError, IndexError) as error:
        raise WeightsError(
            f"{adapter}: does not fit this UNet ({str(error).splitlines()[-1].strip()}); "
            "expected ip-adapter_sd15 (ViT-H, 4 tokens)"
        ) from error
    return unet


def adapter_state(adapter: Path) -> dict[str, dict[str, Tensor]]:
    """`{"image_proj": …, "ip_adapter": …}` of an adapter file. Raises WeightsError."""
    flat = _flat(adapter)
    nested: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in flat.items():
        part, _, key = name.partition(".")
        if part not in nested:
            raise WeightsError(f"{adapter}: expected keys image_proj.* and ip_adapter.*, found {name}")
        nested[part][key] = tensor
    if "proj.weight" not in nested["image_proj"]:
        raise WeightsError(
            f"{adapter}: expected image_proj.proj.weight, "
            f"found {', '.join(sorted(nested['image_proj'])[:4]) or 'nothing'}: another variant"
        )
    return nested


def _flat(adapter: Path) -> Mapping[str, Tensor]:
    """Tensors by dotted name; `.bin` is read with the restricted unpickler."""
    with readable(adapter, "an adapter file"):
        if adapter.suffix == ".safetensors":
            return load_file(adapter)
        nested = torch.load(adapter, map_location="cpu", weights_only=True)
        if not isinstance(nested, Mapping) or not all(isinstance(tensors, Mapping) for tensors in nested.values()):
            raise ValueError(f"expected image_proj and ip_adapter, found {type(nested).__name__}")
        return {f"{part}.{key}": tensor for part, tensors in nested.items() for key, tensor in tensors.items()}


@torch.inference_mode()
def _words(text: Any, tokenizer: Any, sentence: str) -> Tensor:
    """The prompt's hidden states [1, L, C], padded to as many words as the model has places for."""
    places = text.config.max_position_embeddings
    tokens = tokenizer(sentence, padding="max_length", max_length=places, truncation=True, return_tensors="pt")
    return text.eval()(tokens.input_ids)[0]


def _digest(*paths: Path) -> str:
    """Identity of files and of the weight files of folders: their SHA-256 one after the other."""
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.safetensors")))]
    return "+".join(file_digest(file)[:16] for file in files)
