"""The generator stage stopped among its pictures goes on there, and ends in the bytes of one run."""

import pytest

from cmg.generation.components import Components

COUNTS = {
    "flickrsound": {"train": 5, "val": 0, "test": 4},
    "seed": 1,
    "classes": 2,
    "width": 48,
    "height": 32,
    "fps": 2,
    "defects": False,
}


class Stopped(Exception):
    """What ends the stage in the middle."""


def prepared(folder, name):
    made = folder(name)
    made.set("scales.mini.corpus", COUNTS)
    made.set("datasets.flickrsound", {"source": "sample", "held_out": 4})
    for command in (
        "sample flickrsound",
        "scan flickrsound --source sample",
        "index flickrsound",
        "features flickrsound pixels",
    ):
        assert made.run(command) == 0
    return made


def test_a_stopped_stage_goes_on_at_the_picture(folder, monkeypatch):
    whole = prepared(folder, "whole")
    assert whole.run("generator") == 0
    once = whole.files("data/generation")
    assert len(once) == 3 and not (whole.path / "data/.work/generation/generator").exists()

    again, real, asked = prepared(folder, "again"), Components.generate, []

    def generate(self, embeddings, seeds):
        asked.append(seeds)
        if len(asked) == 3:
            raise Stopped
        return real(self, embeddings, seeds)

    monkeypatch.setattr(Components, "generate", generate)
    with pytest.raises(Stopped):
        again.run("generator")
    assert again.run("generator") == 0
    assert len(asked) == 5 and asked[2] == asked[3]
    assert again.files("data/generation") == once
