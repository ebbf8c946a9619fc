"""What the benchmark of TOC says of its measurements."""

import itertools

from benchmarks import toc_speed


def test_median_and_quartiles():
    assert toc_speed.spread([4.0, 1.0, 2.0, 5.0, 3.0], 2) == [3.0, 2.0, 4.0]


def test_both_sizes_of_codebook_are_ranked(monkeypatch):
    monkeypatch.setattr(toc_speed, "RANKED", ((5, 3), (40, 6)))
    found = toc_speed.ranking_seconds(rounds=2)
    assert list(found) == ["5x3", "40x6"] and all(0 <= low <= middle <= high for middle, low, high in found.values())


def test_every_q_is_beside_all_dimensions_of_its_own_round(monkeypatch):
    """A machine that gets slower from call to call, and twice as fast with half of the dimensions."""
    clock, asked = itertools.count(1), []
    work = {q: lambda q=q: asked.append(q) for q in toc_speed.GRID}

    def seconds(one):
        before = len(asked)
        one()
        return len(asked[before:]) * asked[-1] / toc_speed.D * (1 + next(clock) / 1e9)

    monkeypatch.setattr(toc_speed, "seconds", seconds)
    found = toc_speed.measure(work, rounds=4)
    assert list(found) == [str(q) for q in toc_speed.GRID]
    assert found["128"] == {"seconds": [0.5, 0.5, 0.5], "times_as_fast": [2.0, 2.0, 2.0]}
    assert found["256"]["times_as_fast"] == [1.0, 1.0, 1.0]
