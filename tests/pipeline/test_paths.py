"""Where things lie: a side branch puts nothing into folders that the main line reads whole."""

import subprocess
from pathlib import Path

import pytest

from pipeline import paths

REPO = Path(__file__).resolve().parents[2]

OF_A_DATASET = ("index", "problems")
OF_A_MODALITY = ("store", "failures", "remarks")


@pytest.mark.parametrize("name", [*OF_A_DATASET, *OF_A_MODALITY])
def test_a_side_branch_stands_apart_from_what_the_main_line_reads(name):
    modality = ("audio",) if name in OF_A_MODALITY else ()
    own = getattr(paths, name)(f"{paths.SEGMENTATION}/avsbench_s4", *modality)
    main = getattr(paths, name)("avsbench_s4", *modality)
    rooms = ("data/features", "data/index")
    assert any(main.is_relative_to(room) for room in rooms) and not any(own.is_relative_to(room) for room in rooms)
    assert own.name == main.name


@pytest.mark.parametrize("dataset", ["ave", "segmentation/avsbench_s4"])
def test_git_keeps_the_listings_that_are_no_outputs(dataset):
    """Of all but the sample; outputs of stages are DVC's alone."""
    kept = {str(paths.listing(dataset, source)) for source in ("raw", "released", "csv")}
    outputs = {
        *map(str, (paths.listing(dataset, "sample"), paths.index(dataset), paths.store(dataset, "audio"))),
        str(paths.dataset_root(dataset, "raw") / "x.mp4"),
    }
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=REPO, input="\n".join(kept | outputs), capture_output=True, text=True,
    )  # fmt: skip
    assert set(told.stdout.split()) == outputs
