"""The only file that spells a path. All paths are relative to the project folder, which is where every command runs."""

import os
from pathlib import Path

SAMPLE = Path("data/sample")
WORK = Path("data/.work")
RECEIPTS = Path("receipts")
LOGS = Path("logs")
RESULTS = Path("results")
RUNS = RESULTS / "runs"
TABLE1 = RESULTS / "table1.csv"
REPORT = RESULTS / "report.html"
OPENSET = RESULTS / "openset.csv"
METRICS = RESULTS / "metrics.json"
PROTOCOLS = RESULTS / "protocols.csv"
PARAMS = Path("params.yaml")
PROMPTS = Path("data/prompts")


def table(name: str, ending: str) -> Path:
    return RESULTS / f"{name}.{ending}"


def raw_root() -> Path:
    """Folder that holds one folder per raw dataset: ``$CMG_DATA``, default ``data/raw``."""
    return Path(os.environ.get("CMG_DATA", "data/raw"))


def weights_root() -> Path:
    """Folder of pretrained weight files: ``$CMG_WEIGHTS``, default ``weights``."""
    return Path(os.environ.get("CMG_WEIGHTS", "weights"))


def dataset_root(dataset: str, source: str) -> Path:
    """Media and annotation files of one dataset: the generated corpus for ``sample``, the user's folder otherwise."""
    return SAMPLE / dataset if source == "sample" else raw_root() / dataset


def listing(dataset: str, source: str) -> Path:
    return Path("data/listings") / source / f"{dataset}.csv"


def index(dataset: str) -> Path:
    return Path("data/index") / f"{dataset}.parquet"


def problems(dataset: str) -> Path:
    return Path("data/index") / f"{dataset}.problems.csv"


def store(dataset: str, modality: str) -> Path:
    return Path("data/features") / dataset / f"{modality}.zarr"


def failures(dataset: str, modality: str) -> Path:
    return Path("data/features") / dataset / f"{modality}.failures.csv"


def run_name(method: str, seed: int) -> str:
    return f"{method}-{seed}"


def checkpoint(run: str) -> Path:
    return Path("data/checkpoints") / run


def codes(run: str) -> Path:
    return Path("data/codes") / f"{run}.safetensors"


def toc(run: str) -> Path:
    return Path("data/toc") / f"{run}.json"


def run_result(run: str) -> Path:
    return RUNS / f"{run}.json"


def work(*parts: str) -> Path:
    """Unfinished or reusable work of a stage; never hashed, safe to delete."""
    return WORK.joinpath(*parts)


def receipt(stage: str, item: str) -> Path:
    return RECEIPTS / stage / f"{item}.json"


def log(stage: str, item: str) -> Path:
    return LOGS / stage / f"{item}.json"
