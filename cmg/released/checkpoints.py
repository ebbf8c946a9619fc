"""Released checkpoints: read without running anything in them, compared with the model they are for, converted, and
written back.

A released file is a torch zip that holds a dictionary: one state dictionary per module (`Encoder_parameters` …),
optimiser states, `epoch` (0-based) and `total_step`; numbers are float64. Our checkpoint is float32 under our names.
Names: `cmg/methods/<method>/keys.py`.
Sources: facts on FCID 1.8 and 2.6, on DCID 3.7, on CoDAAR 1.12 and 2.
"""

import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from cmg.files import file_digest, replacing
from cmg.methods import build
from cmg.methods.base import Method
from cmg.methods.keys import TEMPLATE, own_names, released_names
from cmg.released.torchzip import why_unreadable

KEYS = {"fcid": "cmg.methods.fcid.keys", "dcid": "cmg.methods.dcid.keys", "codaar": "cmg.methods.codaar.keys"}
ENCODER, TEXT = "Encoder_parameters", "Text_ar_lstm_parameters"
COUNTERS = ("epoch", "total_step")
OURS_ALONE = (".hits", ".started")  # buffers that no released module has
FIRST_LAYER = ".encoder.layers.0."

# Option: our names of tensors that show its value, and the axis.
SIZES = {
    "codebook_size": (("quantizer.embedding",), 0),
    "embedding_dim": (
        ("encoder.temporal.video.affine_matrix.weight", "encoder.temporal.audio.affine_matrix.weight"),
        0,
    ),
    "feedforward": (
        (
            "encoder.temporal.video.encoder.layers.0.linear1.bias",
            "encoder.temporal.audio.encoder.layers.0.linear1.bias",
        ),
        0,
    ),
    "specific_channels": (("video_specific.conv_c.bias", "specific.video.conv_c.bias", "project.video.conv_b.bias"), 0),
    "decoder_channels": (("decoders.video.up_b.bias",), 0),
    "text_hidden": (("encoder.text.lstm.weight_hh_l0",), 1),
    "classes": (("classifiers.video.event_classifier.bias",), 0),
    "club_hidden": (("clubs.video.p_mu.0.bias",), 0),
}


def keys(name: str) -> ModuleType:
    """Names in released files of a method."""
    return import_module(KEYS[name])


class CheckpointError(ValueError):
    """A released checkpoint, or a request to make one, that cannot be served; the message says what was expected and
    found."""


@dataclass(frozen=True)
class Released:
    """What was read: state dictionaries by released module name, `epoch` and `total_step`, and the names of entries
    left out."""

    path: Path
    modules: dict[str, dict[str, Tensor]]
    counters: dict[str, int]
    left_out: list[str]


def read(name: str, path: Path) -> Released:
    """The modules of method `name` in a released file, still in the file (memory-mapped) and as released.

    Raises:
        CheckpointError: nothing of this method was released; no torch zip; it holds anything but tensors, numbers and
            text; no encoder.
    """
    if name not in KEYS:
        raise CheckpointError(f"no released checkpoint of '{name}' can be imported (possible: {', '.join(KEYS)})")
    content = _load(path)
    known = keys(name).MODULES
    modules = {module: _tensors(content[module], f"{path}: {module}") for module in known if module in content}
    if ENCODER not in modules:
        raise CheckpointError(
            f"{path}: expected an entry '{ENCODER}', found {', '.join(map(str, content)) or 'nothing'}"
        )
    counters = {key: content[key] for key in COUNTERS if type(content.get(key)) is int}
    return Released(
        path, modules, counters, [str(key) for key in content if key not in modules and key not in counters]
    )


def _load(path: Path) -> Mapping[Any, Any]:
    try:
        unreadable = why_unreadable(path)
    except zipfile.BadZipFile as error:
        raise CheckpointError(f"{path}: expected a file written by torch.save in its zip format ({error})") from error
    if unreadable:
        raise CheckpointError(f"{path}: {unreadable}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, EOFError, KeyError, AttributeError) as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        reason = f"it refers to {named.group(1)}" if named else str(error).splitlines()[0]
        raise CheckpointError(
            f"{path}: refused, nothing in it was run: expected tensors, numbers and text alone; {reason}"
        ) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: expected a dictionary of state dictionaries, found {type(content).__name__}")
    return content


def _tensors(state: Any, where: str) -> dict[str, Tensor]:
    if not isinstance(state, Mapping) or not all(isinstance(key, str) and _dense(x) for key, x in state.items()):
        raise CheckpointError(f"{where}: expected dense tensors by name")
    return {key: x.detach() for key, x in state.items()}


def _dense(x: Any) -> bool:
    """Whether x is a tensor with a number of its own for every element: no claim of a size that the file does not
    hold."""
    if not isinstance(x, Tensor) or x.layout != torch.strided or x.device.type != "cpu":
        return False
    return x.untyped_storage().nbytes() >= x.numel() * x.element_size()


def sizes(name: str, released: Released) -> dict[str, Any]:
    """Options of the model that a released file holds, as far as its tensors show them."""
    tables = keys(name).MODULES
    own: dict[str, Tensor] = {}
    for module, state in released.modules.items():
        known = {key: x for key, x in state.items() if key.startswith(tuple(tables[module].values()))}
        own |= own_names(known, tables[module])
    present = [m for m in ("audio", "video", "text") if any(key.startswith(f"encoder.temporal.{m}.") for key in own)]
    found: dict[str, Any] = {"variant": "release"}
    if present:
        found["modalities"] = "vt" if present == ["video", "text"] else "".join(m[0] for m in present)
    for option, (names, axis) in SIZES.items():
        shapes = [own[key].shape for key in names if key in own]
        if shapes and len(shapes[0]) > axis:
            found[option] = shapes[0][axis]
    layers = {
        key.partition(".encoder.layers.")[2].partition(".")[0] for key in own if key.startswith("encoder.temporal.")
    } - {""}
    return found | ({"layers": len(layers)} if layers else {})


def convert(name: str, released: Released, section: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What `checkpoint.save_tensors` takes: a record (method, configuration, origin, what the file lacks) and float32
    tensors by our names.

    section: options that the user sets; widths that they leave out are the file's.

    Raises:
        CheckpointError: the section contradicts the file; or keys or shapes differ from the model's: the message lists
            what is missing, extra, or of another shape, by released names.
    """
    shown, given = (
        sizes(name, released),
        {"variant": "paper"} | {key: value for key, value in section.items() if value is not None},
    )
    given |= {"modalities": str(given["modalities"]).lower()} if "modalities" in given else {}
    wrong = [
        f"{key} {given[key]!r} (in the file: {value!r})"
        for key, value in shown.items()
        if given.get(key, value) != value
    ]
    if wrong:
        raise CheckpointError(f"{released.path}: another model than the one asked for: {', '.join(wrong)}")
    config = {**shown, **given}
    expected = _expected(name, config, released.path)
    _compare(released, to_released(name, expected))
    own = {key: _single(x, key, released.path) for key, x in to_own(name, released.modules).items()}
    origin = {"sha256": file_digest(released.path), "modules": sorted(released.modules), "counters": released.counters}
    return {"method": name, "config": config, "released": origin, "absent": sorted(expected.keys() - own.keys())}, own


def _expected(name: str, config: dict[str, Any], path: Path) -> dict[str, Tensor]:
    """The model's tensors, without memory."""
    try:
        with torch.device("meta"):
            return build(name, config).state_dict()
    except (ValueError, AssertionError) as error:  # an option out of range; heads that do not divide a width
        raise CheckpointError(f"{path}: no model of these sizes ({config}): {error}") from error


def _single(x: Tensor, key: str, path: Path) -> Tensor:
    """Float32 where it was a float, in memory of its own."""
    x = x.to(torch.float32 if x.is_floating_point() else x.dtype, copy=True).contiguous()
    if x.is_floating_point() and not x.isfinite().all():
        raise CheckpointError(f"{path}: {key} holds numbers that are not finite in float32")
    return x


def _compare(released: Released, expected: dict[str, dict[str, Tensor]]) -> None:
    problems = [f"{TEXT}: missing"] if TEXT in expected and TEXT not in released.modules else []
    for module, found in released.modules.items():
        problems += [f"{module}: {problem}" for problem in _differences(found, expected.get(module, {}))]
    if problems:
        raise CheckpointError(f"{released.path}: not the expected model:\n  " + "\n  ".join(problems))


def _differences(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> Iterator[str]:
    found, expected = ({key: x for key, x in state.items() if TEMPLATE not in key} for state in (found, expected))
    for word, keys in (("missing", expected.keys() - found.keys()), ("extra", found.keys() - expected.keys())):
        if keys:
            yield f"{word} {', '.join(sorted(keys))}"
    for key in sorted(expected.keys() & found.keys()):
        ours, theirs = expected[key], found[key]
        if ours.shape != theirs.shape or ours.is_floating_point() != theirs.is_floating_point():
            yield f"{key}: expected {_kind(ours)}, found {_kind(theirs)}"


def _kind(x: Tensor) -> str:
    return f"{'floats' if x.is_floating_point() else 'integers'} {tuple(x.shape)}"


def to_own(name: str, modules: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Released modules -> one dictionary under our names; the unused template layers are left out."""
    tables = keys(name).MODULES
    if name == "codaar":
        modules = {**modules, ENCODER: keys(name).merged_counts(modules[ENCODER])}
    return {key: x for module, state in modules.items() for key, x in own_names(state, tables[module]).items()}


def to_released(name: str, own: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Our tensors -> released modules; modules of which we hold nothing are left out.

    A template layer, which the release never uses, gets the values of the first layer, as both had at the start.
    """
    kept = {key: x for key, x in own.items() if not key.endswith(OURS_ALONE)}
    modules = {module: released_names(kept, table) for module, table in keys(name).MODULES.items()}
    for state in modules.values():
        state |= {key.replace(FIRST_LAYER, TEMPLATE): x for key, x in state.items() if FIRST_LAYER in key}
    if name == "codaar":
        modules[ENCODER] = keys(name).split_counts(modules[ENCODER])
    return {module: state for module, state in modules.items() if state}


def export(path: Path, method: Method, about: Mapping[str, Any]) -> dict[str, int]:
    """Write a `variant: release` model in the released form: float64, released names; optimiser states are not written.

    about: what `checkpoint.load` returned with the method. Returns the number of tensors per module.

    Raises:
        CheckpointError: the method has no released form, or the model is of another variant.
    """
    name = about["method"]
    variant = getattr(method.config, "variant", None)
    if name not in KEYS or variant != "release":
        found = f"{name}, variant: {variant}" if name in KEYS else name
        raise CheckpointError(
            f"only models of {', '.join(KEYS)} with variant: release have a released form, found {found}"
        )
    held = {key: x.cpu() for key, x in method.state_dict().items() if key not in about.get("absent", ())}
    modules = to_released(name, {key: x.double() if x.is_floating_point() else x for key, x in held.items()})
    content = {module: {key: x.clone() for key, x in state.items()} for module, state in modules.items()}
    with replacing(path) as temporary, temporary.open("wb") as handle:
        torch.save(content | _counters(about), handle)
    return {module: len(state) for module, state in content.items()}


def _counters(about: Mapping[str, Any]) -> dict[str, int]:
    """`epoch` (0-based) and `total_step`: the file's that the model came from, or those of its training."""
    if "released" in about:
        return dict(about["released"]["counters"])
    return {"epoch": about["pretrain"]["epochs"] - 1, "total_step": about["steps"]}
