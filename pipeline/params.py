"""Typed, validated ``params.yaml``: an unknown key is an error that names the nearest known one.

Sections of methods (``fcid:``) are validated by the method's configuration when built, so light stages need no torch.
"""

import difflib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from cmg.faults import faults
from cmg.methods import METHODS, config_class
from cmg.registry import DATASETS
from cmg.tasks.settings import EvaluateOptions
from pipeline import paths, yamlfile
from pipeline.yamlfile import ParameterError

OPTIONS = EvaluateOptions()


class Section(BaseModel):
    """Base of every section: frozen, unknown keys rejected with the nearest name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        for key in values if isinstance(values, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(unknown_key(str(key), list(cls.model_fields)))
        return values


@contextmanager
def located(section: str) -> Iterator[None]:
    """Within it, what a model of ``cmg`` says of a section's values becomes a ``ParameterError``, a line per key."""
    try:
        yield
    except ValidationError as error:
        raise ParameterError("\n".join(f"params.yaml: {line}" for line in faults(error, section))) from error


def unknown_key(key: str, known: list[str]) -> str:
    """Message for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"unknown key '{key}'" + (f"; did you mean '{near[0]}'?" if near else f"; known keys: {', '.join(known)}")


class Dataset(BaseModel):
    """Where a dataset comes from, and how much of a clip its features cover.

    `csv`: files of your own, listed in a `manifest`. Further keys are options of its reader in ``cmg.datasets``, which
    rejects unknown ones.

    Attributes:
        seconds: the most seconds of a clip that have features; None: what the recipe says.
        words: the most words of a sentence that have features; None: what the recipe says.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    source: Literal["sample", "raw", "released", "csv"]
    seconds: int | None = Field(None, ge=1)
    words: int | None = Field(None, ge=1)

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Stores(Section):
    video: list[str]
    audio: list[str]
    text: list[str]
    pixels: list[str]
    masks: list[str] = Field(default_factory=list)


class FeatureLimits(Section):
    failure_limit: float = Field(0.05, ge=0, le=1)
    time_limit: float = Field(60, gt=0)
    memory_limit: float | None = Field(8, gt=0)
    clips_per_shard: int | None = Field(None, ge=1)

    @property
    def memory_bytes(self) -> int | None:
        """``memory_limit`` in bytes."""
        return None if self.memory_limit is None else round(self.memory_limit * 2**30)

    def allow(self, failed: int, rows: int) -> bool:
        """Whether a store may be sealed of which so many of its rows failed."""
        return failed <= self.failure_limit * rows


class Saves(Section):
    """How often unfinished pretraining is saved: after so many steps, or a multiple, if so many seconds have passed."""

    steps: PositiveInt
    seconds: float = Field(ge=0)


class Toc(Section):
    lam: float = Field(0.3, ge=0, le=1)
    normalise: bool = True
    denominator: Literal["paper", "release"] = "paper"
    ddof: Literal[0, 1] = 0
    dead_last: bool = True


class Evaluate(Section):
    """Fields of ``cmg.tasks.EvaluateOptions`` that mean the same at every scale; its defaults are theirs."""

    protocol: Literal["strict", "published"] = OPTIONS.protocol
    head: Literal["linear", "two_linear"] = OPTIONS.head
    pool: Literal["mean", "max"] = OPTIONS.pool
    toc_score: Literal["full", "similarity", "variance", "random"] = OPTIONS.toc_score
    toc_worst: float = OPTIONS.toc_worst
    q_grid: tuple[float, ...] | dict[str, tuple[float, ...]] = OPTIONS.q_grid
    q_fixed: float | dict[str, float] = OPTIONS.q_fixed
    ties: Literal["expected", "release"] = OPTIONS.ties
    retrieval_batch: PositiveInt = OPTIONS.retrieval_batch

    @model_validator(mode="after")
    def _usable(self) -> Self:
        EvaluateOptions(**self.model_dump())  # checks the shares
        return self


class Released(Section):
    """A released checkpoint imported instead of training: its file, and the SHA-256 by which another is noticed."""

    checkpoint: Path | None = None
    checkpoint_sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")


class Pretrain(Section):
    """``splits``: of the datasets in ``pretrain_on``, whose clips are trained on. ``epochs_of``: methods that train for
    another number of epochs. What differs between scales has no default.
    """

    splits: list[Literal["train", "val", "test"]] = Field(["train"], min_length=1)
    epochs: PositiveInt
    epochs_of: dict[str, PositiveInt]
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    standardise: bool
    precision: Literal["float32", "tf32", "bfloat16", "float64"]
    processes: int = Field(1, ge=1)
    method: dict[str, Any]

    @model_validator(mode="after")
    def _shared_out(self) -> Self:
        if self.batch_size % self.processes:
            raise ValueError(
                f"batch_size: {self.batch_size} cannot be shared out evenly to processes: {self.processes}"
            )
        return self


class Reconstruction(Section):
    """Table 3. What the VQ-VAE's own configuration checks is checked there, when it is built.

    Attributes:
        datasets: one with a store of pixels, or none: then nothing of it is made.
        readings: of the codes, as ``cmg.tasks.reconstruction`` has them.
    """

    datasets: list[str] = Field(max_length=1)
    codes: int
    dims: int
    residual: int
    downsample: int
    beta: float
    decay: float
    reset_after: int
    readings: list[Literal["centred", "plain"]] = Field(min_length=1)
    fill: Literal["zero", "mean"]
    masks: PositiveInt

    @property
    def model(self) -> dict[str, Any]:
        """What the VQ-VAE is made from, but for its width."""
        return self.model_dump(exclude={"datasets", "readings", "fill", "masks"})


class PictureSchedule(Section):
    """Training of the VQ-VAE: ``hidden`` channels, and as in ``Pretrain``."""

    hidden: int
    epochs: PositiveInt
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    precision: Literal["float32", "tf32", "bfloat16", "float64"]


class HeadSchedule(Section):
    epochs: int = Field(ge=1)
    batch_size: int = Field(OPTIONS.batch_size, ge=1)
    learning_rate: float = Field(gt=0)


class MaskHeads(Section):
    """How heads that segment are fitted; fields of ``cmg.segmentation.heads.HeadOptions``."""

    backbone: Literal["small", "pvt_v2_b5", "resnet50"]
    weights: Literal["official", "random"] = "official"
    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: float = Field(gt=0)
    flip: bool
    check_every: PositiveInt


class Segmentation(Section):
    """The side branch of segmentation: where its dataset comes from."""

    avsbench_s4: Dataset


class Generation(Section):
    """How codes become pictures, and what these are compared by (docs/generation.md). Fields: ``cmg.generation``."""

    target: Literal["embedding", "diffusion"] = "embedding"
    hidden: PositiveInt = 1024
    guidance: float = Field(7.5, ge=0)
    adapter_scale: float = Field(1.0, ge=0)
    consistency: int = Field(20, ge=0)
    pairs: int = Field(500, ge=2)
    shown: PositiveInt = 6


class GenerationScale(Section):
    """What differs between scales: the generator and its picture size, features of distances, the mapper's training."""

    generator: Literal["sample", "ip_adapter"]
    looks: Literal["random", "inception"]
    size: PositiveInt
    steps: PositiveInt
    batch_size: PositiveInt
    learning_rate: float = Field(gt=0)
    sampling_steps: PositiveInt = 50


class Recipes(Section):
    """Arguments of the recipes, passed to ``cmg.extract`` as they stand (it rejects unknown ones and other types).

    One recipe for all datasets, whose features must be alike; one per dataset of pixels and masks, of which a task
    reads one dataset.
    """

    video: dict[str, Any]
    audio: dict[str, Any]
    text: dict[str, Any]
    pixels: dict[str, dict[str, Any]]
    masks: dict[str, dict[str, Any]]


class Scale(Section):
    corpus: dict[str, Any]
    features: Recipes
    pretrain: Pretrain
    evaluate: HeadSchedule
    reconstruction: PictureSchedule
    segmentation: MaskHeads
    generation: GenerationScale


class Scales(Section):
    mini: Scale
    paper: Scale


class Params(BaseModel):
    """All of params.yaml. ``sections`` holds the method sections as they stand, apart from the keys of ``released``."""

    model_config = ConfigDict(frozen=True)

    scale: Literal["mini", "paper"]
    methods: list[str] = Field(min_length=1)
    seeds: list[int] = Field(min_length=1)
    threads: int = Field(ge=1)
    decoders: int | None = Field(None, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    saves: Saves
    datasets: dict[str, Dataset]
    pretrain_on: list[str] = Field(["vggsound_avel"])
    stores: Stores
    features: FeatureLimits
    toc: Toc
    evaluate: Evaluate
    reconstruction: Reconstruction
    segmentation: Segmentation
    generation: Generation
    scales: Scales
    sections: dict[str, dict[str, Any]]
    released: dict[str, Released]

    @property
    def active(self) -> Scale:
        """The values of the chosen scale."""
        return getattr(self.scales, self.scale)

    @property
    def uses_sample(self) -> bool:
        return any(dataset.source == "sample" for dataset in self.datasets.values())

    def dataset(self, name: str) -> Dataset:
        """The section of one dataset; ``<branch>/<name>``: of a side branch's.

        Raises:
            ParameterError: there is none.
        """
        if name == paths.S4:
            return self.segmentation.avsbench_s4
        if name not in self.datasets:
            raise ParameterError(f"params.yaml: datasets: {unknown_key(name, list(self.datasets))} (or add `{name}:`)")
        return self.datasets[name]

    def recipe(self, dataset: str, modality: str) -> tuple[str, dict[str, Any]]:
        """Where the recipe of a store stands in params.yaml, and its arguments.

        Raises:
            ParameterError: pixels or masks of a dataset that has no recipe of them.
        """
        where, values = f"scales.{self.scale}.features.{modality}", getattr(self.active.features, modality)
        if modality not in ("pixels", "masks"):
            return where, values
        dataset = paths.plain(dataset)
        if dataset not in values:
            raise ParameterError(
                f"params.yaml: {where}: {unknown_key(dataset, list(values))} (or add `{dataset}: {{size: 64}}`)"
            )
        return f"{where}.{dataset}", values[dataset]

    def method_config(self, method: str) -> dict[str, Any]:
        """Science knobs of one method over the widths of the scale (a key in both: the method's section has it)."""
        return {**self.active.pretrain.method, **self.sections[method]}

    def configuration(self, method: str) -> BaseModel:
        """The method's own configuration, values that params.yaml leaves out included; no torch.

        Raises:
            ParameterError: a key that it does not have, or a value that it cannot use, a line each.
        """
        with located(method):
            return config_class(method)(**self.method_config(method))

    @property
    def pictures(self) -> str:
        """The dataset of table 3.

        Raises:
            ParameterError: none is named, it is not under ``datasets:``, or has no store of pixels.
        """
        where = "params.yaml: reconstruction.datasets"
        for name in self.reconstruction.datasets:
            if name not in self.datasets:
                raise ParameterError(
                    f"{where}: {unknown_key(name, list(self.datasets))}; `datasets: []` there makes no table 3"
                )
            if name not in self.stores.pixels:
                raise ParameterError(f"{where}: {name} has no store of pixels; add it under stores: pixels:")
            return name
        raise ParameterError(f"{where}: name the dataset whose pictures are rebuilt")

    @property
    def vqvae(self) -> dict[str, Any]:
        """Configuration of the VQ-VAE: science knobs and the width of the scale."""
        return {**self.reconstruction.model, "hidden": self.active.reconstruction.hidden}

    def schedule(self, method: str) -> Pretrain:
        """Pretraining of one method: its own number of epochs where it has one."""
        shared = self.active.pretrain
        return shared.model_copy(update={"epochs": shared.epochs_of.get(method, shared.epochs), "epochs_of": {}})


def parse(values: dict[str, Any], known_methods: list[str]) -> Params:
    """Validate the mapping of params.yaml.

    Raises:
        ParameterError: with one line per offending key: where, what was found, what is possible.
    """
    fields = [name for name in Params.model_fields if name not in ("sections", "released")]
    for key in values:
        if key not in fields and key not in known_methods:
            raise ParameterError(f"params.yaml: {unknown_key(str(key), [*fields, *known_methods])}")
    sections = {name: _section(name, values.get(name)) for name in known_methods}
    released = {
        name: {key: section.pop(key, None) for key in Released.model_fields} for name, section in sections.items()
    }
    try:
        params = Params(
            **{key: value for key, value in values.items() if key in fields}, sections=sections, released=released
        )
    except ValidationError as error:
        raise ParameterError(
            "\n".join(f"params.yaml: {line.removeprefix('released.')}" for line in faults(error))
        ) from error
    epochs_of = {f"scales.{name}.pretrain.epochs_of": list(scale.pretrain.epochs_of) for name, scale in params.scales}
    for place, methods in {"methods": params.methods, **epochs_of}.items():
        for method in methods:
            if method not in known_methods:
                raise ParameterError(f"params.yaml: {place}: {unknown_key(method, known_methods)}")
    if lines := [f"params.yaml: {line}" for line in _datasets(params)]:
        raise ParameterError("\n".join(lines))
    return params


def _section(name: str, found: Any) -> dict[str, Any]:
    """A method's section; one that is absent or empty has every default."""
    if not isinstance(found, dict | None):
        raise ParameterError(f"params.yaml: {name}: expected keys and values, found {json.dumps(found, default=str)}")
    return dict(found or {})


def _datasets(params: Params) -> Iterator[str]:
    """What is wrong with the names of datasets."""
    for name, dataset in params.datasets.items():
        own = dataset.source == "csv"
        if own and (name in DATASETS or not re.fullmatch("[a-z][a-z0-9_]*", name)):
            yield (
                f"datasets.{name}: files of your own need a name that no other dataset has, "
                "in small letters, digits and _"
            )
        if own and not isinstance(dataset.options.get("manifest"), str):
            yield f"datasets.{name}.manifest: name the csv of your files, in the dataset's folder (docs/own_data.md)"
        if not own and name not in DATASETS:
            yield f"datasets: {unknown_key(name, list(DATASETS))}; files of your own have source: csv"


def load(path: Path = paths.PARAMS) -> Params:
    """Read and validate ``params.yaml``."""
    return parse(yamlfile.read(path), list(METHODS))
