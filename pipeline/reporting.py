"""What the tables and the report are made from: files of the runs in ``methods:`` and ``seeds:``, and their fingerprints."""

from pathlib import Path

from cmg.datasets.clips import read_index
from cmg.report.inputs import ReportInputs, load_inputs
from cmg.report.layout import sample_notice
from cmg.report.maps import CodebookMaps
from cmg.tasks import activation, codebooks
from cmg.tasks.codes import RunCodes
from cmg.toc import read_toc, select
from pipeline import paths, receipts
from pipeline.params import Params

MAPPED = "vggsound_avel"  # has all three modalities


def runs(params: Params) -> list[str]:
    return [paths.run_name(method, seed) for method in params.methods for seed in params.seeds]


def store_paths(params: Params) -> list[Path]:
    return [paths.store(dataset, modality) for modality, datasets in params.stores for dataset in datasets]


def table_inputs(params: Params) -> list[Path]:
    """Files that the tables read, besides the receipts that the fingerprints follow."""
    return [paths.run_result(run) for run in runs(params)]


def parameters(params: Params) -> dict:
    return {"scale": params.scale, "methods": params.methods, "seeds": params.seeds}


def pretraining(params: Params) -> str:
    """Which VGGSound-AVEL list is trained on, as published numbers have it."""
    return params.dataset(MAPPED).options.get("version", "40k")


def random_backbones(params: Params) -> bool:
    recipes = params.active.features
    return any(recipe["weights"] == "random" for recipe in (recipes.video, recipes.audio, recipes.text))


def notice(params: Params) -> str:
    """First line of everything made from sample data or random backbones; empty when both are real."""
    return sample_notice(params.uses_sample, random_backbones(params))


def fingerprints(params: Params) -> dict[str, str]:
    """``{run: digest of everything above its result}``."""
    found = receipts.load_all()
    return {run: receipts.fingerprint([f"evaluate/{run}"], found) for run in runs(params)}


def mapped_runs(params: Params) -> list[str]:
    """The runs whose codebooks are drawn: the first seed of each method."""
    return [paths.run_name(method, params.seeds[0]) for method in params.methods]


def codebook_maps(params: Params, run: str) -> CodebookMaps | None:
    """Activation on the pretraining corpus, cosines before and after TOC, and CoDAAR's codebooks; None for a method without a codebook."""
    codes = RunCodes.read(paths.codes(run))
    if not codes.has_codebook:
        return None
    modalities = tuple(m for m in ("audio", "video", "text") if (MAPPED, m) in codes.entries)
    used = activation.usage(codes, MAPPED, read_index(paths.index(MAPPED)), modalities)
    book, ranking = codes.codebooks[0], read_toc(paths.toc(run))[params.evaluate.toc_score]
    kept = select(ranking, max(1, round(params.evaluate.q_fixed * len(ranking)))) if len(codes.codebooks) == 1 else None
    names = ("video", "audio", "text") if "text" in modalities else ("video", "audio")
    aligned = run.startswith("codaar-")  # its codebook is one per modality, side by side
    return CodebookMaps(
        run=run,
        dataset=MAPPED,
        modalities=modalities,
        kinds=activation.kinds(used),
        before=codebooks.similarity(book),
        after=None if kept is None else codebooks.similarity(book, kept),
        q=0 if kept is None else len(kept),
        places=codebooks.project(codebooks.segments(book, len(names))) if aligned else None,
        books=names if aligned else (),
    )


def load(params: Params, page: bool = False) -> ReportInputs:
    """Inputs of the tables; with ``page`` also training curves, maps, stores, failures and index problems."""
    stores = store_paths(params)
    extra = {
        "histories": [paths.checkpoint(run) / "history.csv" for run in runs(params)],
        "health": [paths.checkpoint(run) / "codebook.csv" for run in runs(params)],
        "stores": stores,
        "failures": [paths.failures(store.parent.name, store.stem) for store in stores],
        "problems": [paths.problems(dataset) for dataset in params.datasets],
        "facts": _facts(params),
        "maps": [maps for run in (mapped_runs(params) if page else ()) if (maps := codebook_maps(params, run))],
    }
    return load_inputs(
        [paths.run_result(run) for run in runs(params)],
        sample=params.uses_sample,
        random_backbones=random_backbones(params),
        fingerprints=fingerprints(params),
        pretraining=pretraining(params),
        **(extra if page else {}),
    )


def _facts(params: Params) -> dict[str, str]:
    return {
        "Scale": params.scale,
        "Data": ", ".join(f"{name} ({settings.source})" for name, settings in params.datasets.items()),
        "Weights": ", ".join(
            f"{name} {recipe['weights']}" for name, recipe in params.active.features.model_dump().items() if "weights" in recipe
        ),
        "Seeds": ", ".join(map(str, params.seeds)),
    }
