"""Whether a run can begin: what of params.yaml, weights, device, tasks and disk would stop it hours later, a line
each."""

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cmg.datasets.clips import Clip
from pipeline import paths
from pipeline.params import ParameterError, Params, unknown_key

PAPERS = (
    ("mscoco", "pairs", 500),
    ("mscoco", "words", 30),
    ("flickrsound", "held_out", 500),
    ("clotho", "seconds", 30),
    ("clotho", "words", 30),
    ("celeba_hq", "count", 30_000),
    ("celeba_hq", "held_out", 1_000),
)
"""Dataset, key, value at the papers' size; params.yaml ships with what the sample corpus holds."""
MODALITIES = ("audio", "video", "text")


def problems(params: Params) -> list[str]:
    """What would stop a run."""
    return [*contradictions(params), *_no_task(params), *_recipes(params), *_device(params)]


def contradictions(params: Params) -> list[str]:
    """What would stop a run on any machine: lists of params.yaml that do not fit each other, and sections that a method
    cannot take."""
    return [*_stores(params), *_pretraining(params), *_pictures(params), *_methods(params), *_tasks(params)]


def warnings(params: Params, clips: Mapping[str, Sequence[Clip]]) -> list[str]:
    """What would not stop a run, and yet not be what its user wants. clips: rows of every dataset, as its files give
    them."""
    return [
        *sample_values(params),
        *_scale(params),
        *_left_out(params),
        *_unequal(params),
        *_beyond(params, clips),
        *_space(params, clips),
    ]


def _stores(params: Params) -> Iterator[str]:
    for modality, listed in params.stores:
        for name in listed:
            if paths.plain(name) == name and name not in params.datasets:
                yield (
                    f"params.yaml: stores.{modality}: "
                    f"{unknown_key(name, list(params.datasets))} (or add it under datasets)"
                )


def unusable(params: Params, clips: Mapping[str, Sequence[Clip]]) -> Iterator[str]:
    """Datasets that no features will be made of, as too many of their clips cannot be used. clips: as for
    `warnings`."""
    made = {name for modality, listed in params.stores if modality != "text" for name in listed}
    for name, rows in clips.items():
        failed = sum(clip.status != "ok" for clip in rows)
        if name in made and not params.features.allow(failed, len(rows)):
            limit = f"more than features.failure_limit {params.features.failure_limit:.0%}"
            yield (
                f"{name}: {failed} of {len(rows)} clips cannot be used, {limit}: "
                "repair or remove them, or raise the limit"
            )


def _pictures(params: Params) -> Iterator[str]:
    if params.reconstruction.datasets:
        try:
            params.pictures  # noqa: B018 (raises)
        except ParameterError as error:
            yield str(error)


def _pretraining(params: Params) -> Iterator[str]:
    trained = [method for method in params.methods if not params.released[method].checkpoint]
    if trained and not params.pretrain_on:
        yield (
            "params.yaml: pretrain_on: "
            f"{', '.join(trained)} needs a dataset to be pretrained on, or a released checkpoint"
        )
    for name in params.pretrain_on:
        if name not in params.datasets:
            yield f"params.yaml: pretrain_on: {unknown_key(name, list(params.datasets))} (or add it under datasets)"
        for modality in MODALITIES:
            if name not in getattr(params.stores, modality):
                yield f"params.yaml: stores.{modality}: pretraining reads {name} in {', '.join(MODALITIES)}; add it"


def _methods(params: Params) -> Iterator[str]:
    for method in params.methods:
        file = params.released[method].checkpoint
        if file and not file.is_file():
            yield f"params.yaml: {method}.checkpoint: no file {file}; a path is relative to the project folder"
        elif not file:
            try:
                params.configuration(method)
            except ParameterError as error:
                yield from str(error).splitlines()


def _recipes(params: Params) -> Iterator[str]:
    """Recipes with a typo, and weights that are absent or not the expected ones."""
    from cmg.extract.recipes import RecipeError
    from cmg.extract.run import recipe_of
    from cmg.extract.weights import WeightsError, resolve

    for modality, dataset in extracted(params):
        try:
            where, values = params.recipe(dataset, modality)
            weights = getattr(recipe_of(modality, values), "weights", "random")
            if weights != "random":
                resolve(weights, paths.weights_root())
        except RecipeError as error:
            yield f"params.yaml: {where}: {error}"
        except (ParameterError, WeightsError) as error:
            yield str(error)


def extracted(params: Params) -> list[tuple[str, str]]:
    """Modality and one dataset per recipe that is computed here instead of imported."""
    found: dict[tuple[str, str], str] = {}
    for modality, listed in params.stores:
        for name in (name for name in listed if name in params.datasets):
            if modality not in ("audio", "video") or params.dataset(name).source != "released":
                found.setdefault((modality, name if modality in ("pixels", "masks") else ""), name)
    return [(modality, name) for (modality, _), name in found.items()]


def _device(params: Params) -> Iterator[str]:
    import torch

    from pipeline import device, training

    try:
        chosen, wanted = device.choose(params), params.active.pretrain.processes
        training.capable(chosen, params.active.pretrain)
    except ParameterError as error:
        yield str(error)
        return
    if chosen.type == "cuda" and wanted > torch.cuda.device_count():
        yield (
            f"params.yaml: scales.{params.scale}.pretrain.processes: "
            f"{wanted}, but this machine has {torch.cuda.device_count()} GPUs"
        )


def _reads(task: str) -> dict[str, tuple[str, ...]]:
    """``{dataset: modalities}`` that a task reads codes of."""
    from cmg.tasks import evaluate, retrieval

    if task in retrieval.TASKS:
        return {retrieval.TASKS[task].dataset: tuple(sorted(retrieval.TASKS[task].modalities))}
    if task == "ucf_vgg":
        return {"ucf101": ("video",), "vggsound_avel": ("audio",)}
    return dict.fromkeys(evaluate.TASKS[task].DATASETS, ("audio", "video"))


def _known_tasks() -> list[str]:
    from cmg.tasks import evaluate

    return list(evaluate.TASKS)


def _possible(params: Params) -> list[str]:
    """Tasks whose datasets are listed: these are run."""
    return [task for task in _known_tasks() if _reads(task).keys() <= params.datasets.keys()]


def _no_task(params: Params) -> Iterator[str]:
    if not _possible(params) and not _own(params):
        yield f"no task can run on {', '.join(params.datasets)}; a task and its datasets: {_listed()}"


def _tasks(params: Params) -> Iterator[str]:
    """A task that is run needs the stores of its datasets."""
    possible = _possible(params)
    for dataset, modalities in {
        dataset: modalities for task in possible for dataset, modalities in _reads(task).items()
    }.items():
        for modality in modalities:
            if dataset not in getattr(params.stores, modality):
                yield (
                    f"params.yaml: stores.{modality}: tasks read {dataset} there; "
                    f"add it, or take {dataset} out of datasets"
                )


def _listed() -> str:
    return "; ".join(f"{task}: {', '.join(_reads(task))}" for task in _known_tasks())


def _own(params: Params) -> list[str]:
    """Datasets of one's own that are scored."""
    return [
        name
        for name, dataset in params.datasets.items()
        if dataset.source == "csv" and params.evaluate.protocol == "strict"
    ]


def _left_out(params: Params) -> Iterator[str]:
    if params.evaluate.protocol != "strict" and any(dataset.source == "csv" for dataset in params.datasets.values()):
        yield "files of your own are not scored under evaluate.protocol: published, which has no scripts for them"
    reads = {task: tuple(_reads(task)) for task in _known_tasks()}
    if absent := [task for task, names in reads.items() if params.datasets.keys().isdisjoint(names)]:
        yield (
            f"without their datasets these tasks will not run: {', '.join(absent)}; "
            "no average is taken without all of them"
        )
    for task in [task for task in reads if task not in absent]:
        if lacking := [name for name in reads[task] if name not in params.datasets]:
            yield (
                f"task {task} will not run without {', '.join(lacking)} under datasets, "
                "and no average is taken without it"
            )
    for name in params.datasets:
        if not any(name in listed for _, listed in params.stores):
            yield f"params.yaml: datasets.{name} is in no list under stores, so it has an index and nothing else"


def _scale(params: Params) -> Iterator[str]:
    from pipeline import device

    raw = [name for name, dataset in params.datasets.items() if dataset.source == "raw"]
    if params.scale == "mini" and raw:
        yield (
            f"scale: mini computes features with random weights, also those of {', '.join(raw)}; "
            "scale: paper has the official recipe"
        )
    if params.scale == "paper" and (params.device == "cpu" or not device.NVIDIA.exists()):
        yield "scale: paper without a GPU takes days (docs/before_you_train.md, What it costs); scale: mini fits a CPU"


def _unequal(params: Params) -> Iterator[str]:
    """Released features beside own ones of random weights: no code of one means anything for the other."""
    for modality in ("audio", "video"):
        sources = {
            name: params.dataset(name).source for name in getattr(params.stores, modality) if name in params.datasets
        }
        imported = [name for name, source in sources.items() if source == "released"]
        made = [name for name in sources if name not in imported]
        if imported and made and getattr(params.active.features, modality).get("weights") == "random":
            yield (
                f"{modality}: released features of {', '.join(imported)} "
                f"beside features of {', '.join(made)} from random weights: no code means the same in both; "
                f"scales.{params.scale}.features.{modality}.weights names trained ones"
            )


def _beyond(params: Params, clips: Mapping[str, Sequence[Clip]]) -> Iterator[str]:
    """Clips of one's own that go on, or have events, behind the last second that has features."""
    for name in _own(params):
        listed = [modality for modality in ("video", "audio") if name in getattr(params.stores, modality)]
        for modality, covered in {modality: _seconds(params, name, modality) for modality in listed}.items():
            if long := sum(covered is not None and _last(clip) > covered for clip in clips.get(name, ())):
                yield (
                    f"{modality}: {long} clips of {name} outlast the {covered} seconds with features; "
                    f"see datasets.{name}.seconds"
                )


def _last(clip: Clip) -> float:
    """The last second that a clip's line says something of."""
    return clip.duration or max(
        (event.offset if math.isfinite(event.offset) else event.onset for event in clip.events), default=0.0
    )


def _seconds(params: Params, dataset: str, modality: str) -> int | None:
    """Most seconds of a clip that have features; None where its recipe is wrong, which is said elsewhere."""
    from cmg.extract.recipes import RecipeError
    from cmg.extract.run import recipe_of

    try:
        return params.dataset(dataset).seconds or recipe_of(modality, params.recipe(dataset, modality)[1]).seconds
    except (ParameterError, RecipeError):
        return None


def _space(params: Params, clips: Mapping[str, Sequence[Clip]]) -> Iterator[str]:
    """Features that are still to be made, and the disk that is left for them."""
    needed, free = sum(_bytes(params, clips)), shutil.disk_usage(Path()).free
    if needed > 0.9 * free:
        yield f"features need {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB of disk are free here"


def _bytes(params: Params, clips: Mapping[str, Sequence[Clip]]) -> Iterator[int]:
    import numpy as np

    from cmg.extract.recipes import RecipeError
    from cmg.extract.run import recipe_of, seconds_of

    for modality, listed in params.stores:
        for name in listed:
            if modality == "text" or not clips.get(name) or (paths.store(name, modality) / "zarr.json").is_file():
                continue
            try:
                asked = recipe_of(modality, params.recipe(name, modality)[1])
            except (ParameterError, RecipeError):
                continue  # said above
            seconds = seconds_of(modality, clips[name], params.dataset(name).seconds or asked.seconds)
            yield (
                len(clips[name])
                * seconds
                * math.prod(asked.shape[1:])
                * np.dtype(getattr(asked, "dtype", "uint8")).itemsize
            )


def sample_values(params: Params) -> list[str]:
    """At ``scale: paper``, a line per value of params.yaml that is made for the sample corpus."""
    if params.scale != "paper":
        return []
    drawn = [name for name, dataset in params.datasets.items() if dataset.source == "sample"]
    found = [f"params.yaml: datasets.{name}.source is sample: {_advice(name, params)}" for name in drawn]
    for name, key, value in PAPERS:
        section = params.datasets.get(name)
        if section and section.model_dump().get(key) != value:
            found.append(
                f"params.yaml: datasets.{name}.{key} is {section.model_dump().get(key)}; {value} in the papers"
            )
    if "codis" in params.methods and not params.sections["codis"].get("queue"):
        found.append("params.yaml: codis.queue is 0, for small corpora; 2048 with real data")
    return found


def _advice(name: str, params: Params) -> str:
    if name in params.reconstruction.datasets:
        return (
            "table 3 is of generated pictures, and says so; where you have no others, leave it (docs/reconstruction.md)"
        )
    return "generated clips stand in the tables; delete the dataset there and under stores"
