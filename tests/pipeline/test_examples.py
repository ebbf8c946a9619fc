"""Examples from codes, index and media files on disk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cmg.datasets.clips import Clip, write_index
from cmg.datasets.listing import fingerprint
from cmg.report.examples import Picture
from cmg.tasks.codes import Codes, RunCodes
from pipeline import params, paths
from pipeline.page import examples


@pytest.fixture
def project(folder):
    """MSCOCO with four pairs, codes of two runs; the second picture has changed, the third is gone, the fourth has no file."""
    folder()
    root = paths.dataset_root("mscoco", "sample")
    root.mkdir(parents=True)
    for row in range(3):
        Image.fromarray(np.full((64, 64, 3), 40 * row, np.uint8)).save(root / f"{row}.png")
    clips = [Clip(row, f"c{row}", f"{row}.png", split="test", captions=(f"caption {row}",)) for row in range(4)]
    clips = [replace(clip, visual_fingerprint=fingerprint(root / clip.visual)) for clip in clips[:3]] + [replace(clips[3], visual=None)]
    Image.fromarray(np.zeros((65, 64, 3), np.uint8)).save(root / "1.png")
    (root / "2.png").unlink()
    write_index(paths.index("mscoco"), clips)
    codes = Codes(np.ones(4, np.int32), np.arange(4, dtype=np.int32)[:, None, None])
    held = {("mscoco", "video"): codes, ("mscoco", "text"): codes}
    paths.codes("fcid-0").parent.mkdir(parents=True)
    RunCodes([np.eye(4)], held).write(paths.codes("fcid-0"))
    RunCodes([np.eye(4)], {**held, ("mscoco", "text"): replace(codes, indices=codes.indices[::-1])}).write(paths.codes("codaar-0"))
    RunCodes([np.eye(4)], {("mscoco", "video"): codes}).write(paths.codes("cmcm-0"))
    found = params.load()
    return found.model_copy(update={"datasets": {"mscoco": found.datasets["mscoco"]}})


def test_every_run_answers_the_same_queries_with_what_files_show(project):
    found = examples.load(project, ["fcid-0", "codaar-0", "cmcm-0"])
    assert [(query.direction, query.exhibit.clip_id) for query in found] == [("vt", "c0"), ("vt", "c1"), ("tv", "c0"), ("tv", "c1")]
    assert all([answers.run for answers in query.answers] == ["fcid-0", "codaar-0"] for query in found), "cmcm-0 has no text"
    fcid, codaar = found[2].answers
    assert fcid.hits[0].right and not codaar.hits[0].right and codaar.first > 1
    assert fcid.hits[0].exhibit.words == "caption 0" and isinstance(fcid.hits[0].exhibit.media, Picture)
    reasons = {hit.exhibit.clip_id: hit.exhibit.reason for query in found[2:] for answers in query.answers for hit in answers.hits}
    assert reasons["c0"] == "" and reasons["c1"] == "not shown (changed)"
    assert {reasons.get("c2", "not shown (missing)"), reasons.get("c3", "not shown (missing)")} == {"not shown (missing)"}
    assert examples.load(project, ["fcid-0", "codaar-0"]) == found
    assert Path("data/sample/mscoco/0.png").is_file()


def test_without_a_retrieval_data_set_there_is_no_example(project):
    assert examples.load(project.model_copy(update={"datasets": {}}), ["fcid-0"]) == []
