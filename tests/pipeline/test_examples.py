"""Previews of the clips that examples name, from index and media files on disk."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cmg.datasets.clips import Clip, write_index
from cmg.datasets.listing import fingerprint
from cmg.report.retrieved import Picture
from cmg.results import Answer, Example, Item
from pipeline import params, paths
from pipeline.page.previews import exhibits


@pytest.fixture
def project(folder):
    """MSCOCO with four pairs; the second picture has changed, the third is gone, the fourth has no file."""
    folder()
    root = paths.dataset_root("mscoco", "sample")
    root.mkdir(parents=True)
    for row in range(3):
        Image.fromarray(np.full((64, 64, 3), 40 * row, np.uint8)).save(root / f"{row}.png")
    clips = [Clip(row, f"c{row}", f"{row}.png", split="test", captions=(f"caption {row}",)) for row in range(4)]
    clips = [replace(clip, visual_fingerprint=fingerprint(root / clip.visual)) for clip in clips[:3]] + [
        replace(clips[3], visual=None)
    ]
    Image.fromarray(np.zeros((65, 64, 3), np.uint8)).save(root / "1.png")
    (root / "2.png").unlink()
    write_index(paths.index("mscoco"), clips)
    return params.load()


def test_every_clip_is_shown_or_the_reason_is_told(project):
    pictures, sentence = [Item("mscoco", "video", row) for row in range(4)], Item("mscoco", "text", 0, "caption 0")
    answers = tuple(Answer(item, True, 0.5, 0) for item in pictures[1:])
    found = exhibits(
        project,
        [
            Example("tv", sentence, answers, 1, 1, 4),
            Example("vt", pictures[0], (Answer(sentence, True, 1, 0),), 1, 1, 4),
        ],
    )
    assert {item: (shown.clip_id, shown.words) for item, shown in found.items()} == {
        sentence: ("c0", "caption 0"),
        **{item: (f"c{item.row}", f"caption {item.row}") for item in pictures},
    }
    assert [found[item].reason for item in pictures] == [
        "",
        "not shown (changed)",
        "not shown (missing)",
        "not shown (missing)",
    ]
    assert (
        isinstance(found[pictures[0]].media, Picture) and found[sentence].media is None and found[sentence].reason == ""
    )


def test_without_examples_there_is_nothing_to_show(project):
    assert exhibits(project, []) == {}
