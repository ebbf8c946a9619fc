"""Where things lie: a side branch puts nothing into folders that the main line reads whole."""

import pytest

from pipeline import paths

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
