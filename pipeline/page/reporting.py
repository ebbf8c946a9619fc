"""What the tables and the report are made from: files of the runs in ``methods:`` and ``seeds:``, and their
fingerprints."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cmg.datasets.clips import Clip, read_index
from cmg.extract.expected import mixture
from cmg.report.codebooks import CodebookMaps
from cmg.report.history import read_columns
from cmg.report.inputs import ReportInputs, load_inputs
from cmg.report.layout import sample_notice
from cmg.tasks import activation, codebooks
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import DEFAULT, of_task, ranked_by
from cmg.toc import read_toc, select
from cmg.train.watch import unhealthy
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Evaluate, Params

AVEL, VALOR = "vggsound_avel", "valor32k"
SUBSETS = {  # what the papers call a list of VGGSound-AVEL and the splits of it that are trained on
    ("40k", frozenset({"train"})): "24k",
    ("40k", frozenset({"train", "val", "test"})): "40k",
    ("90k", frozenset({"train", "val", "test"})): "90k",
}
TOC_SCORES = {
    "full": "full score of TOC (similarity and variance)",
    "similarity": "similarity part of TOC's score",
    "variance": "variance part of TOC's score",
    "random": "choice of as many at random, mean of ten choices",
}


def runs(params: Params) -> list[str]:
    return [paths.run_name(method, seed) for method in params.methods for seed in params.seeds]


def store_paths(params: Params) -> list[Path]:
    return [paths.store(dataset, modality) for modality, datasets in params.stores for dataset in datasets]


def table_inputs(params: Params) -> list[Path]:
    """Files that the tables read, besides the receipts that the fingerprints follow."""
    return [paths.run_result(run) for run in runs(params)]


def parameters(params: Params) -> dict:
    return {"scale": params.scale, "methods": params.methods, "seeds": params.seeds, "pretraining": pretraining(params)}


def pretraining(params: Params) -> str:
    """What is trained on, as the papers call it (``24k``, ``40k``, ``90k``); other splits by list and name, ``40k:
    train+val``."""
    splits = params.active.pretrain.splits
    if params.pretrain_on != [AVEL]:
        return f"{' and '.join(params.pretrain_on)}: {'+'.join(splits)}" if params.pretrain_on else "as imported"
    version = params.dataset(AVEL).options.get("version", "40k")
    return SUBSETS.get((version, frozenset(splits)), f"{version}: {'+'.join(splits)}")


def random_backbones(params: Params) -> bool:
    recipes = params.active.features
    return any(recipe["weights"] == "random" for recipe in (recipes.video, recipes.audio, recipes.text))


def notice(params: Params) -> str:
    """First line of everything made from sample data or random backbones; empty when both are real."""
    return sample_notice(params.uses_sample, random_backbones(params))


def remark(params: Params) -> str:
    """What every table says of released features."""
    sound = [
        name for name in params.stores.audio if name in params.datasets and params.dataset(name).source == "released"
    ]
    return mixture(sound)


def fingerprints(params: Params) -> dict[str, str]:
    """``{run: digest of everything above its result}``."""
    found = receipts.load_all()
    return {run: receipts.fingerprint([f"evaluate/{run}"], found) for run in runs(params)}


def mapped_runs(params: Params) -> list[str]:
    """The runs whose codebooks are drawn: the first seed of each method."""
    return [paths.run_name(method, params.seeds[0]) for method in params.methods]


def codebook_maps(params: Params, run: str) -> list[CodebookMaps]:
    """Per codebook of a run: activation, cosines before and after TOC, and for aligned ones where those of the
    modalities stand."""
    codes = RunCodes.read(paths.codes(run))
    if not codes.has_codebook:
        return []
    dataset = _mapped(codes, params)
    clips, ranking = read_index(paths.index(dataset)), read_toc(paths.toc(run))[ranked_by(params.evaluate.toc_score)]
    share = of_task(params.evaluate.q_fixed, DEFAULT)
    kept = select(ranking, max(1, round(share * len(ranking))), params.evaluate.toc_worst)
    starts = np.cumsum([0, *(book.shape[1] for book in codes.codebooks)])
    return [
        _book_maps(codes, run, number, kept[(kept >= start) & (kept < end)] - start, dataset, clips)
        for number, (start, end) in enumerate(itertools.pairwise(starts))
    ]


def _mapped(codes: RunCodes, params: Params) -> str:
    """The dataset that use is counted on: VALOR-32K, as in the paper, else what was trained on, where the run has codes
    of it in all its modalities.
    """
    held = {modality for _, modality in codes.entries}
    whole = [
        name
        for name in (VALOR, *params.pretrain_on, *params.datasets)
        if all((name, modality) in codes.entries for modality in held)
    ]
    return whole[0] if whole else next(iter(codes.entries))[0]


def _book_maps(
    codes: RunCodes, run: str, number: int, kept: np.ndarray, dataset: str, clips: Sequence[Clip]
) -> CodebookMaps:
    """Maps of one codebook; ``kept`` [q] are those of its dimensions that TOC keeps."""
    book, several = codes.codebooks[number], len(codes.codebooks) > 1
    modalities = tuple(m for m in ("audio", "video", "text") if (dataset, m) in codes.entries)
    use = activation.usage(codes, dataset, clips, modalities, number)
    return CodebookMaps(
        run=run,
        dataset=dataset,
        modalities=modalities,
        kinds=activation.kinds(use),
        use=use,
        before=codebooks.similarity(book),
        after=codebooks.similarity(book, kept) if len(kept) else None,
        q=len(kept),
        places=codebooks.project(codebooks.segments(book, max(len(codes.aligned), 1))),
        books=codes.aligned,
        part=f"codebook {number + 1} of {len(codes.codebooks)}" if several else "",
        sentences=len({caption for clip in clips for caption in clip.captions}),
    )


def contrast(config: Mapping[str, Any]) -> str:
    """Temperature and similarity of InfoNCE in the values of a method's configuration; empty where it has none."""
    return f"τ {config['tau']:g}, {config.get('similarity', 'cosine')}" if config.get("tau") else ""


def contrasts(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """``{method: contrast}`` of those that have one."""
    return {method: text for method, config in configs.items() if (text := contrast(config))}


def _configs(params: Params) -> dict[str, dict[str, Any]]:
    """Every value of the methods' configurations, those that params.yaml leaves out included; an imported checkpoint's
    are its own."""
    trained = [method for method in params.methods if not params.released[method].checkpoint]
    return {method: params.configuration(method).model_dump() for method in trained}


def warnings(run: str) -> list[str]:
    """What was unhealthy in the last epoch of a run's training; nothing of an imported checkpoint."""
    history, health = (read_columns(paths.checkpoint(run) / name) for name in ("history.csv", "codebook.csv"))
    return unhealthy(history, {name: values[-1] for name, values in health.items() if values})


def load(params: Params, page: bool = False) -> ReportInputs:
    """Inputs of the tables; with ``page`` also training curves, maps, stores, failures and index problems."""
    stores = store_paths(params)
    extra: dict[str, Any] = {
        "histories": [paths.checkpoint(run) / "history.csv" for run in runs(params)],
        "health": [paths.checkpoint(run) / "codebook.csv" for run in runs(params)],
        "stores": stores,
        "failures": [paths.failures(store.parent.name, store.stem) for store in stores],
        "remarks": [paths.remarks(store.parent.name, store.stem) for store in stores],
        "problems": [paths.problems(dataset) for dataset in params.datasets],
        "facts": _facts(params),
        "datasets": {name: settings.source for name, settings in params.datasets.items()},
        "checkpoints": [paths.checkpoint(run) / "checkpoint.json" for run in runs(params)],
        "warnings": {run: found for run in runs(params) if (found := warnings(run))},
        "maps": [maps for run in (mapped_runs(params) if page else ()) for maps in codebook_maps(params, run)],
    }
    return load_inputs(
        [paths.run_result(run) for run in runs(params)],
        sample=params.uses_sample,
        random_backbones=random_backbones(params),
        fingerprints=fingerprints(params),
        pretraining=pretraining(params),
        remark=remark(params),
        contrasts=contrasts(_configs(params)),
        **(extra if page else {}),
    )


def _facts(params: Params) -> dict[str, str]:
    weights = {
        name: recipe["weights"] for name, recipe in params.active.features.model_dump().items() if "weights" in recipe
    }
    scale = {"mini": "small networks and few epochs, for a CPU", "paper": "the official recipe"}[params.scale]
    of = " of VGGSound-AVEL" if params.pretrain_on == [AVEL] else ""
    facts = {
        "Scale": f"{params.scale}: {scale}",
        "Feature extractors' weights": ", ".join(f"{name} {chosen}" for name, chosen in weights.items())
        + ("; random ones carry no knowledge of real pictures or sounds" if random_backbones(params) else ""),
        "Seeds": ", ".join(map(str, params.seeds)),
        "Pretraining": f"on {pretraining(params)}{of}, less the clips that downstream datasets test on",
    }
    facts |= {"Sound features": remark(params)} if remark(params) else {}
    return facts | (_strict(params) if params.evaluate.protocol == "strict" else _published(params))


def _strict(params: Params) -> dict[str, str]:
    """How heads are fitted and Q is chosen."""
    heads, evaluate = params.active.evaluate, params.evaluate
    layers = {"linear": "one linear layer per second", "two_linear": "two linear layers, no activation between"}[
        evaluate.head
    ]
    seconds = {"mean": "averaged", "max": "reduced to their maximum"}[evaluate.pool]
    return {
        "Head": f"{layers}; Adam, learning rate {heads.learning_rate:g}, batches of {heads.batch_size}, "
        f"{heads.epochs} epochs, the best one by validation score in the modality it is fitted on (AVVP: the last)",
        "Pooling": f"seconds of a clip are {seconds}; localisation scores every second",
        "Choice of Q": f"by validation score among {_percent(evaluate.q_grid)} of a code's dimensions; "
        f"where there is nothing to choose on (AVVP, retrieval) {_kept(evaluate)}",
    }


def _published(params: Params) -> dict[str, str]:
    """The same under `published`."""
    return {
        "Head and pooling": "as in the released scripts: "
        "two linear layers with the maximum over seconds between them for clips; the best epoch by test score",
        "Choice of Q": "as in the released scripts, per task: "
        "AVE all, AVVP 196, AVE→AVVP 128, UCF(v)↔VGG(a) 168 of 256 dimensions; "
        f"retrieval, whose Q is not known, {_percent(params.evaluate.q_fixed)}, "
        f"by the {TOC_SCORES['full']} as released",
    }


def _kept(evaluate: Evaluate) -> str:
    """The share that is kept where nothing is chosen, and what all dimensions are ranked by."""
    worst = f", {100 * evaluate.toc_worst:.3g} % of those kept from the end of the ranking" * bool(evaluate.toc_worst)
    return f"{_percent(evaluate.q_fixed)}; dimensions ranked by the {TOC_SCORES[evaluate.toc_score]}{worst}"


def _percent(shares: Any) -> str:
    """``25, 50 %``; of a mapping by task ``25, 50 % (ucf_vgg 50 %)``."""
    if isinstance(shares, Mapping):
        others = ", ".join(f"{task} {_percent(own)}" for task, own in shares.items() if task != DEFAULT)
        return _percent(shares[DEFAULT]) + f" ({others})" * bool(others)
    return ", ".join(f"{100 * share:.3g}" for share in np.atleast_1d(shares)) + " %"
