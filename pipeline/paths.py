"""The only file that spells a path. All paths are relative to the project folder, which is where every command runs."""

import os
from pathlib import Path

DATA = Path("data")
SAMPLE = Path("data/sample")
WORK = Path("data/.work")
CODE = Path("data/code")
RECEIPTS = Path("receipts")
LOGS = Path("logs")
RESULTS = Path("results")
RUNS = RESULTS / "runs"
TABLE1 = RESULTS / "table1.csv"
REPORT = RESULTS / "report.html"
OPENSET = RESULTS / "openset.csv"
OWN = (RESULTS / "own.csv", RESULTS / "own.md")
RANDOM_Q = RESULTS / "random_q.csv"
METRICS = RESULTS / "metrics.json"
PLOTS = RESULTS / "plots"
PROTOCOLS = RESULTS / "protocols.csv"
TABLE3 = "table3"
FIGURE10 = RESULTS / "figure10.svg"
PARAMS = Path("params.yaml")
ASIDE = ("ablations", "branches")
CORPUS = Path("data/corpus")
EXCLUSIONS = CORPUS / "exclusions.csv"
SEGMENTATION = "segmentation"  # a side branch
S4 = f"{SEGMENTATION}/avsbench_s4"  # its dataset
SEGMENTATION_TABLE, SEGMENTATION_PAGE = "codaar_avs", RESULTS / "segmentation.html"


def plain(name: str) -> str:
    """A dataset or run by its own name, without the side branch that it belongs to."""
    return name.rpartition("/")[2]


def _branched(room: Path, name: str) -> Path:
    """Where ``room`` keeps a dataset or run. What belongs to a side branch (``segmentation/avsbench_s4``) stands apart,
    so that the folders that the root pipeline reads hold nothing of it.
    """
    branch, _, own = name.rpartition("/")
    return room.parent / branch / room.name / own if branch else room / name


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
    return _branched(SAMPLE, dataset) if source == "sample" else raw_root() / plain(dataset)


def listing(dataset: str, source: str) -> Path:
    return _branched(Path("data/listings"), dataset).with_name(source) / f"{plain(dataset)}.csv"


def listed(path: Path) -> tuple[str, str] | None:
    """Dataset and source of a listing that ``scan`` writes when it is called by hand; None for any other path."""
    for branch in ("", f"{SEGMENTATION}/"):
        name, source = f"{branch}{path.stem}", path.parent.name
        if source in ("raw", "released", "csv") and path == listing(name, source):
            return name, source
    return None


def index(dataset: str) -> Path:
    return _branched(Path("data/index"), f"{dataset}.parquet")


def corpus(dataset: str) -> Path:
    """What stands for the features and clips of a dataset that methods are pretrained on."""
    return CORPUS / f"{dataset}.json"


def problems(dataset: str) -> Path:
    return _branched(Path("data/index"), f"{dataset}.problems.csv")


def store(dataset: str, modality: str) -> Path:
    return _branched(Path("data/features"), dataset) / f"{modality}.zarr"


def failures(dataset: str, modality: str) -> Path:
    return _branched(Path("data/features"), dataset) / f"{modality}.failures.csv"


def remarks(dataset: str, modality: str) -> Path:
    return _branched(Path("data/features"), dataset) / f"{modality}.remarks.csv"


GENERATOR = Path("data/generation/generator")
TABLE4_PAGE = RESULTS / "generation.html"
FIGURE5 = RESULTS / "figure5.png"


def generation_result(run: str) -> Path:
    return RESULTS / "generation" / f"{run}.json"


def generation_pictures(run: str) -> Path:
    return Path("data/generation/pictures") / f"{run}.safetensors"


def sweeps(method: str) -> Path:
    """Points of a method's sweeps."""
    return Path("ablations") / method / "params.yaml"


def aside() -> list[Path]:
    """Folders of what the main line does not run: sweeps and side branches. In each, ``stages.yaml``; DVC and Snakemake
    know what has ``dvc.yaml`` (a link to it, which the tool ``enable`` makes, or a file of the user's).
    """
    files = (file for room in ASIDE for name in ("dvc.yaml", "stages.yaml") for file in Path(room).glob(f"*/{name}"))
    return sorted({file.parent for file in files})


def stages(folder: Path) -> Path:
    """The stages of a folder of ``aside``, enabled or not."""
    own = folder / "dvc.yaml"
    return own if own.exists() else folder / "stages.yaml"


def varied(method: str, point: str | None) -> str:
    """A method at a point of its sweeps: ``fcid+codebook_256``; the method itself without one."""
    return method if point is None else f"{method}+{point}"


def run_name(method: str, seed: int, point: str | None = None) -> str:
    """``fcid-0``, at a point of a sweep ``fcid+codebook_256-0``."""
    return f"{varied(method, point)}-{seed}"


def _room(room: str, run: str) -> Path:
    """Runs of sweeps stand apart, so that the folders that the root pipeline reads hold main runs alone."""
    folder = Path(room)
    return folder.parent / "ablations" / folder.name if "+" in run else folder


def checkpoint(run: str) -> Path:
    return _room("data/checkpoints", run) / run


def codes(run: str) -> Path:
    return _branched(_room("data/codes", run), f"{run}.safetensors")


def toc(run: str) -> Path:
    return _room("data/toc", run) / f"{run}.json"


def run_result(run: str) -> Path:
    """Scores of one run; a folder per point holds its seeds, and a table reads the folders of its rows."""
    return _branched(point_folder(RESULTS, run) if "+" in run else RUNS, f"{run}.json")


def answers(run: str) -> Path:
    """What the heads of one main run answered for every test clip."""
    return RESULTS / "answers" / f"{run}.parquet"


def point_folder(room: Path, run: str) -> Path:
    """Folder of all seeds of a run of a sweep."""
    return room / "ablations" / run.rpartition("-")[0]


def vqvae(run: str) -> Path:
    """Checkpoint of a VQ-VAE; a run is a dataset and a seed, ``celeba_hq-0``."""
    return Path("data/vqvae") / run


def rebuilt(run: str) -> Path:
    """Examples of pictures that a VQ-VAE rebuilt."""
    return Path("data/rebuilt") / f"{run}.safetensors"


def reconstruction(run: str) -> Path:
    """Errors of the pictures that a VQ-VAE rebuilt."""
    return RESULTS / "reconstruction" / f"{run}.json"


def work(*parts: str) -> Path:
    """Unfinished or reusable work of a stage; never hashed, safe to delete."""
    return WORK.joinpath(*parts)


def code(name: str) -> Path:
    """What the code of a stage means: ``tables``, or with its item ``pretrain-fcid``."""
    return CODE / f"{name}.txt"


def receipt(stage: str, item: str) -> Path:
    """Table 3's lies with those of the other tables: the page waits for the folder, whether there is a table 3 or
    not."""
    branch, _, own = item.rpartition("/")
    folder = "tables" if stage == TABLE3 else stage
    return (point_folder(RECEIPTS, item) if "+" in item else RECEIPTS / branch) / folder / f"{own}.json"


def receipt_name(path: Path) -> str:
    """``<stage>/<item>`` of a receipt by its path."""
    room, stage, item = path.parent.parent.name, path.parent.name, path.stem
    stage = TABLE3 if item == TABLE3 else stage
    return f"{stage}/{room}/{item}" if room == SEGMENTATION else f"{stage}/{item}"


def pictures(run: str) -> Path:
    """Test frames of a segmentation run, with the masks that were found."""
    return Path("data") / SEGMENTATION / "pictures" / f"{plain(run)}.safetensors"


def curves(run: str) -> Path:
    """Losses of a run while it trains, a file per term."""
    return log("pretrain", run).with_suffix("") / "plots" / "metrics"


def beside(name: str) -> Path:
    """Losses of runs over a published log."""
    return RESULTS / "beside" / f"{name}.svg"


def log(stage: str, item: str) -> Path:
    return LOGS / stage / f"{item}.json"
