"""Which published numbers stand beside a run, what codebook maps are drawn from, and what the page reads beside its
inputs."""

import numpy as np
import pytest

from cmg.datasets.clips import Clip, write_index
from cmg.report.measured import Absent
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.toc import toc_scores, write_toc
from pipeline import makers, params, paths
from pipeline.page import measured, reporting
from tests.parameters import shipped


@pytest.mark.parametrize(
    ("version", "splits", "name"),
    [
        ("40k", ["train"], "24k"),
        ("40k", ["train", "val", "test"], "40k"),
        ("90k", ["test", "val", "train"], "90k"),
        ("40k", ["train", "val"], "40k: train+val"),
        ("90k", ["train"], "90k: train"),
    ],
)
def test_what_is_trained_on_is_named_as_in_the_papers(folder, version, splits, name):
    project = folder()
    project.set("datasets.vggsound_avel.version", version)
    project.set("scales.mini.pretrain.splits", splits)
    assert reporting.pretraining(params.load()) == name
    assert reporting.parameters(params.load())["pretraining"] == name


def test_the_shipped_parameters_are_the_papers_24k():
    assert reporting.pretraining(shipped()) == "24k"


@pytest.mark.parametrize("protocol", ["strict", "published"])
def test_the_page_tells_what_toc_keeps_by_task(protocol):
    evaluate = {
        "protocol": protocol,
        "q_fixed": {"default": 0.5, "mscoco": 0.25},
        "q_grid": [0.25, 0.5],
        "toc_worst": 0.25,
    }
    (text,) = [text for name, text in reporting._facts(shipped(evaluate=evaluate)).items() if name == "Choice of Q"]
    assert "50 % (mscoco 25 %)" in text and "full score of TOC" in text
    assert ("25 % of those kept from the end" in text) == (protocol == "strict")
    assert ("among 25, 50 % of" in text) == (protocol == "strict")


@pytest.fixture
def written(folder):
    """write(codebooks, datasets, aligned) writes codes, rankings and indices of the run turn-0; the parameters."""

    def write(codebooks, datasets, aligned=()):
        project = folder()
        project.set("datasets.valor32k", {"source": "sample"})
        draw = np.random.default_rng(0)
        sizes = [len(book) for book in codebooks]
        entries = {}
        for dataset in datasets:
            write_index(
                paths.index(dataset),
                [Clip(row, f"c{row}", f"{row}.mp4", captions=(f"{dataset} {row}",)) for row in range(3)],
            )
            for modality, seconds in (("audio", 4), ("video", 4), ("text", 1)):
                indices = np.stack([draw.integers(0, size, (3, seconds)) for size in sizes], axis=-1).astype(np.int32)
                entries[dataset, modality] = StoredCodes(np.full(3, seconds, np.int32), indices)
        paths.codes("turn-0").parent.mkdir(parents=True)
        RunCodes(codebooks, entries, aligned=aligned).write(paths.codes("turn-0"))
        paths.toc("turn-0").parent.mkdir(parents=True)
        write_toc(
            paths.toc("turn-0"),
            {score: toc_scores(codebooks, score=score) for score in ("full", "similarity", "variance")},
        )
        return params.load()

    return write


def test_use_is_counted_on_valor_where_its_codes_are_and_else_on_avel(written):
    book = np.random.default_rng(1).normal(size=(6, 8))
    (maps,) = reporting.codebook_maps(written([book], ["vggsound_avel", "valor32k"]), "turn-0")
    assert (maps.dataset, maps.modalities, maps.part, maps.books) == ("valor32k", ("audio", "video", "text"), "", ())
    assert maps.places.shape == (1, 6, 2) and maps.use.shape == (3, 6) and maps.use.sum(axis=1) == pytest.approx(1)


def test_every_codebook_of_a_run_has_its_maps(written):
    books = [np.random.default_rng(seed).normal(size=(5 + seed, 4)) for seed in (0, 1)]
    found = reporting.codebook_maps(written(books, ["vggsound_avel"]), "turn-0")
    assert [(maps.dataset, maps.part, len(maps.kinds), maps.sentences) for maps in found] == [
        ("vggsound_avel", "codebook 1 of 2", 5, 3),
        ("vggsound_avel", "codebook 2 of 2", 6, 3),
    ]
    assert sum(maps.q for maps in found) == round(0.765625 * 8), "the dimensions that TOC keeps are shared out"


def test_aligned_codebooks_are_known_from_the_codes(written):
    book = np.random.default_rng(2).normal(size=(6, 9))
    (maps,) = reporting.codebook_maps(written([book], ["vggsound_avel"], aligned=("video", "audio", "text")), "turn-0")
    assert maps.books == ("video", "audio", "text") and maps.places.shape == (3, 6, 2)


def test_tables_of_other_commands_that_are_not_there_are_named_with_the_command(folder):
    folder()
    paths.sweeps("fcid").parent.mkdir(parents=True)
    paths.sweeps("fcid").write_text(
        "points: {small: {codebook_size: 12}}\nscorings: {}\ntables: {table9: [small, default]}\n"
    )
    assert measured.load().absent == (
        Absent("results/table9.csv", measured.MISSING, makers.repro(paths.sweeps("fcid").parent, "table9")),
        Absent("results/protocols.csv", measured.MISSING, "python -m pipeline protocols"),
    )
    paths.RESULTS.mkdir()
    paths.table("table9", "csv").write_text("from another version\n")
    assert "cannot be read" in measured.load().absent[0].reason and measured.load().tables == ()
