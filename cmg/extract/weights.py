"""Files of trained weights: which are known, where they come from, and reading them without running code."""

import hashlib
import pickle
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError

from cmg.files import file_digest, replacing


class WeightsError(RuntimeError):
    """Weights that are absent or not the expected ones; the message says which file, which checksum, and where to get
    it."""


@dataclass(frozen=True)
class WeightsFile:
    """file: name below the weights folder; sha256: its first hex digits ("" = not pinned, its digest is recorded);
    source: where it is."""

    file: str
    sha256: str
    source: str
    what: str


SAID = 200  # letters of what a library says that are repeated
_VGGISH = "https://github.com/harritaylor/torchvggish/releases/download/v0.1"
KNOWN = {
    "caffe": WeightsFile(
        "vgg19-d01eb7cb.pth",
        "d01eb7cb",
        "https://s3-us-west-2.amazonaws.com/jcjohns-models/vgg19-d01eb7cb.pth",
        "VGG-19 as trained by Oxford in Caffe (the Keras weights), layers named as in torchvision",
    ),
    "torchvision": WeightsFile(
        "vgg19-dcbb9e9d.pth",
        "dcbb9e9d",
        "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        "VGG-19 as trained by torchvision",
    ),
    "audioset": WeightsFile(
        "vggish-10086976.pth", "10086976", f"{_VGGISH}/vggish-10086976.pth", "VGGish, converted to PyTorch"
    ),
    "audioset_pca": WeightsFile(
        "vggish_pca_params-970ea276.pth",
        "970ea276",
        f"{_VGGISH}/vggish_pca_params-970ea276.pth",
        "VGGish post-processing (PCA)",
    ),
    "pvt_v2_b5": WeightsFile(
        "pvt_v2_b5.pth",
        "",
        "https://github.com/whai362/PVT/releases/download/v2/pvt_v2_b5.pth",
        "PVT-v2-b5 of its authors",
    ),
    "resnet50": WeightsFile(
        "resnet50-19c8e357.pth",
        "19c8e357",
        "https://download.pytorch.org/models/resnet50-19c8e357.pth",
        "ResNet-50 as trained by torchvision",
    ),
    "bert-base-uncased": WeightsFile(
        "bert-base-uncased",
        "",
        "https://huggingface.co/google-bert/bert-base-uncased",
        "BERT base uncased: a folder with config.json, vocab.txt, model.safetensors",
    ),
    "inception": WeightsFile(
        "weights-inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        "Inception-v3 of 2015 as torch-fidelity converted it, for FID",
    ),
    "stable-diffusion-v1-5": WeightsFile(
        "stable-diffusion-v1-5",
        "",
        "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5",
        "Stable Diffusion 1.5: a folder with unet, vae, text_encoder, tokenizer, scheduler",
    ),
    "ip_adapter_sd15": WeightsFile(
        "ip-adapter/models/ip-adapter_sd15.safetensors",
        "289b45f16d043d0bf542e45831f971dcdaabe18b656f11e86d9dfba7e9ee3369",
        "https://huggingface.co/h94/IP-Adapter/resolve/main/models/ip-adapter_sd15.safetensors",
        "IP-Adapter for Stable Diffusion 1.5 (ViT-H, 4 tokens)",
    ),
    "clip_vit_h": WeightsFile(
        "ip-adapter/models/image_encoder/model.safetensors",
        "6ca9667da1ca9e0b0f75e46bb030f7e011f44f86cbfb8d5a36590fcd7507b030",
        "https://huggingface.co/h94/IP-Adapter/resolve/main/models/image_encoder/model.safetensors",
        "CLIP ViT-H/14 image encoder of IP-Adapter; config.json of the same folder beside it",
    ),
}


def resolve(name: str, weights_dir: Path) -> Path:
    """Path of a known weights file (or folder) after comparing its checksum.

    Raises:
        WeightsError: unknown name, absent file, or another checksum; the message says what to do.
    """
    known = _known(name)
    path = Path(weights_dir) / known.file
    pinned = f"sha256 begins with {known.sha256}" if known.sha256 else "no pinned checksum"
    if not path.exists():
        command = f", as python -m pipeline fetch-weights {name} does," if known.sha256 else ","
        raise WeightsError(
            f"weights {name!r}: {path} not found ({known.what}; {pinned}); get it from {known.source} "
            f"and place it there{command} or point CMG_WEIGHTS to the folder that holds {known.file}"
        )
    if known.sha256:
        _compare(path, known, name)
    return path


def fetch(name: str, weights_dir: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Download a known single file and keep it only if its checksum is the pinned one; one that is there already is
    compared alone.

    progress: called with bytes done and in all (0 where the server does not say).

    Raises:
        WeightsError: unknown name, a folder, a download that broke off, or another checksum.
    """
    known = _known(name)
    if not known.sha256:
        raise WeightsError(f"weights {name!r} have no pinned checksum; get them from {known.source}")
    target = Path(weights_dir) / known.file
    if target.exists():
        return resolve(name, weights_dir)
    try:
        with replacing(target) as temporary:
            with temporary.open("wb") as out, urllib.request.urlopen(known.source, timeout=60) as response:
                while block := response.read(1 << 20):
                    out.write(block)
                    progress(out.tell(), int(response.headers["Content-Length"] or 0))
            _compare(temporary, known, name)
    except OSError as error:
        raise WeightsError(
            f"weights {name!r}: {known.source}: {error}; place the file at {target} by other means"
        ) from error
    return target


def _known(name: str) -> WeightsFile:
    if name not in KNOWN:
        raise WeightsError(f"weights {name!r} are not known; choose among {', '.join(sorted(KNOWN))} or random")
    return KNOWN[name]


def _compare(path: Path, known: WeightsFile, name: str) -> None:
    found = file_digest(path)
    if not found.startswith(known.sha256):
        raise WeightsError(
            f"weights {name!r}: {path}: expected a sha256 that begins with {known.sha256}, found {found}; "
            f"get it again from {known.source}"
        )


@contextmanager
def readable(path: Path, what: str = "weights") -> Iterator[None]:
    """Within it, whatever a library says of a damaged file below `path`, or of one that is no such thing, becomes a
    WeightsError of one line."""
    try:
        yield
    except (SafetensorError, pickle.UnpicklingError, OSError, RuntimeError, ValueError, LookupError, EOFError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(f"{path}: not {what} that can be read ({said[:SAID]})") from error


def load_state(path: Path) -> dict[str, torch.Tensor]:
    """State dict of a `.pth` file, read with the restricted unpickler. Raises WeightsError when it holds anything but
    tensors by name."""
    with readable(path, "a file of tensors"):
        state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{path}: expected tensors by name, found {type(state).__name__}")
    return dict(state)


def digest(state: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes of a state dict, in name order: the identity of real and random
    weights alike."""
    total = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
