"""What table 3 and Figure 10 are made from: results of the seeds on ``reconstruction.dataset``."""

from cmg.report.layout import sample_notice
from cmg.report.rebuilt import Rebuilt, read_rebuilt
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params


def runs(params: Params) -> list[str]:
    return [paths.run_name(params.pictures, seed) for seed in params.seeds]


def load(params: Params) -> tuple[Rebuilt, ...]:
    return tuple(read_rebuilt(paths.reconstruction(run)) for run in runs(params))


def sample(params: Params) -> bool:
    """Whether the pictures are the generated corpus."""
    return params.dataset(params.pictures).source == "sample"


def notice(params: Params) -> str:
    """First line of the table and the figure; there are no backbones in it."""
    return sample_notice(sample(params), False)


def fingerprint(params: Params) -> str:
    """Digest of everything above the results."""
    return receipts.fingerprint([f"reconstruct/{run}" for run in runs(params)], receipts.load_all())
