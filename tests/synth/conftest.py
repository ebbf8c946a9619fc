"""A tiny sample corpus with all its deliberate damage (about 360 files of 64x48), written once; and smaller helpers."""

from pathlib import Path

import pytest

from cmg.datasets.listing import scan
from cmg.datasets.readers import index_dataset
from cmg.synth import DATASETS, CorpusSpec, CorpusSummary, Split, generate
from cmg.synth.plan import ClipPlan, Event

TINY = CorpusSpec(
    seed=3,
    classes=3,
    vggsound_avel=Split(16, 2, 2),
    ave=Split(16, 2, 6),
    avvp=Split(3, 16, 16),
    ucf101=Split(6, 0, 4),
    clotho=Split(2, 1, 16),
    mscoco=Split(0, 0, 18),
    flickrsound=Split(4, 0, 16),
    valor32k=Split(16, 1, 2),
    avsbench_s4=Split(16, 1, 2),
    celeba_hq=Split(16, 0, 4),
    width=64,
    height=48,
    fps=4,
)
# For plans only: nothing is encoded, so all classes and more rows cost nothing.
PLANNED = CorpusSpec(
    vggsound_avel=Split(40, 8, 12), ave=Split(40, 8, 16), avvp=Split(5, 30, 30), ucf101=Split(60, 0, 60)
)


@pytest.fixture(scope="session")
def tiny() -> CorpusSpec:
    """Three classes, ten seconds, every kind of damage."""
    return TINY


@pytest.fixture(scope="session")
def planned() -> CorpusSpec:
    """All sixteen classes and every kind of damage; for plans only."""
    return PLANNED


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, CorpusSummary]]:
    """Folder of the dataset roots of TINY, and what `generate` said about each."""
    folder = tmp_path_factory.mktemp("sample")
    return folder, {dataset: generate(dataset, folder / dataset, TINY, workers=1) for dataset in DATASETS}


@pytest.fixture(scope="session")
def read(corpus):
    """read(dataset, **options) -> IndexResult of the real reader over the tiny corpus."""
    folder, _ = corpus
    return lambda dataset, **options: index_dataset(dataset, folder / dataset, scan(folder / dataset), options)


@pytest.fixture
def clip_of():
    """Makes a clip of one event: `clip_of(clip_id, concept, span=(0, 3), seconds=3)`."""

    def make(clip_id: str, concept: str, span: tuple[int, int] = (0, 3), seconds: float = 3) -> ClipPlan:
        return ClipPlan(clip_id, (Event(concept, span, span),), seconds, scene=clip_id)

    return make
