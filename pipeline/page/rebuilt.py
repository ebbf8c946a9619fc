"""What table 3 and Figure 10 are made from: results of the seeds on ``reconstruction.datasets``, which may be none."""

from pathlib import Path

from cmg.report.layout import sample_notice
from cmg.report.rebuilt import Rebuilt, read_rebuilt
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params


def runs(params: Params) -> list[str]:
    return [paths.run_name(dataset, seed) for dataset in params.reconstruction.datasets for seed in params.seeds]


def load(params: Params) -> tuple[Rebuilt, ...]:
    return tuple(read_rebuilt(paths.reconstruction(run)) for run in runs(params))


def figure(params: Params) -> list[Path]:
    """Figure 10, where there is one."""
    return [paths.FIGURE10] * bool(params.reconstruction.datasets)


def sample(params: Params) -> bool:
    """Whether the pictures are the generated corpus."""
    return params.dataset(params.pictures).source == "sample"


def notice(params: Params) -> str:
    """First line of the table and the figure; there are no backbones in it."""
    return sample_notice(sample(params), False)


def fingerprint(params: Params) -> str:
    """Digest of everything above the results."""
    return receipts.fingerprint([f"reconstruct/{run}" for run in runs(params)], receipts.load_all())
