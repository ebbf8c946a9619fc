"""What the tables and the report are made from: files of the runs in ``methods:`` and ``seeds:``, and their fingerprints."""

from pathlib import Path

from cmg.report.inputs import ReportInputs, load_inputs
from pipeline import paths, receipts
from pipeline.params import Params


def runs(params: Params) -> list[str]:
    return [paths.run_name(method, seed) for method in params.methods for seed in params.seeds]


def store_paths(params: Params) -> list[Path]:
    return [paths.store(dataset, modality) for modality, datasets in params.stores for dataset in datasets]


def table_inputs(params: Params) -> list[Path]:
    """Files that the tables read, besides the receipts that the fingerprints follow."""
    return [paths.run_result(run) for run in runs(params)]


def parameters(params: Params) -> dict:
    return {"scale": params.scale, "methods": params.methods, "seeds": params.seeds}


def random_backbones(params: Params) -> bool:
    recipes = params.active.features
    return any(recipe["weights"] == "random" for recipe in (recipes.video, recipes.audio, recipes.text))


def fingerprints(params: Params) -> dict[str, str]:
    """``{run: digest of everything above its result}``."""
    found = receipts.load_all()
    return {run: receipts.fingerprint([f"evaluate/{run}"], found) for run in runs(params)}


def load(params: Params, page: bool = False) -> ReportInputs:
    """Inputs of the tables; with ``page`` also training curves, stores, failures and index problems."""
    stores = store_paths(params)
    extra = {
        "histories": [paths.checkpoint(run) / "history.csv" for run in runs(params)],
        "stores": stores,
        "failures": [paths.failures(store.parent.name, store.stem) for store in stores],
        "problems": [paths.problems(dataset) for dataset in params.datasets],
        "facts": _facts(params),
    }
    return load_inputs(
        [paths.run_result(run) for run in runs(params)],
        sample=params.uses_sample,
        random_backbones=random_backbones(params),
        fingerprints=fingerprints(params),
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
