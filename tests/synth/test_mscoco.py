"""MSCOCO: the official json, five captions per image, and the evaluation set of the reader's rule."""

import json

from cmg.datasets.draw import draw
from cmg.synth import plan


def test_annotation_file(planned):
    found = plan("mscoco", planned)
    document = json.loads(found.texts["annotations/captions_val2017.json"])
    assert {"info", "licenses", "images", "annotations"} == document.keys()
    files = {image["id"]: image["file_name"] for image in document["images"]}
    assert {f"val2017/{name}" for name in files.values()} == {item.path for item in found.media}
    captions = [entry for entry in document["annotations"] if entry["caption"].strip()]
    assert {image: sum(entry["image_id"] == image for entry in captions) for image in files} == dict.fromkeys(files, 5)
    assert len({entry["id"] for entry in document["annotations"]}) == len(document["annotations"])


def test_the_reader_draws_pairs_and_finds_every_image(read, tiny, corpus):
    damage = corpus[1]["mscoco"].damage
    everything = read("mscoco", pairs=0)
    missing = {damage["missing"][0].split("/")[1].removesuffix(".jpg")}
    assert {clip.clip_id for clip in everything.clips if clip.status != "ok"} == missing
    assert {clip.visual for clip in everything.clips} - {None} == {
        item.path for item in plan("mscoco", tiny).media if item.clip.defect != "missing"
    }
    assert all(len(set(clip.captions)) == 5 for clip in everything.clips)
    assert [problem.kind for problem in everything.problems] == ["malformed"] and damage["empty caption"][
        0
    ] in everything.problems[0].text
    pairs = read("mscoco", pairs=10)
    assert {str(int(clip.clip_id)) for clip in pairs.clips} == draw(
        (str(int(clip.clip_id)) for clip in everything.clips), 10, 2025
    )
    assert all(len(clip.captions) == 1 and clip.split == "test" for clip in pairs.clips)
