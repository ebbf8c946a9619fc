"""Segment labels: any json is labels, problems, or an error that names the file; runs are the ones, in order."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.annotations import DatasetError
from cmg.datasets.problems import Problems
from cmg.datasets.segments import read_segments, runs
from tests.datasets.lines import JSON

VALUES = st.lists(st.integers(0, 1), min_size=9, max_size=10)
ENTRY = st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from(["dog", "cat"]), VALUES), max_size=2)


@given(st.lists(ENTRY | JSON, max_size=6) | ENTRY)
def test_any_entries_are_labels_or_problems(tmp_path_factory, entries):
    path, problems = tmp_path_factory.mktemp("segments") / "s.json", Problems()
    path.write_text(json.dumps(entries))
    found = read_segments(path, problems)
    assert len(found) + len(problems) == len(entries)
    assert all(len(values) == 10 for labels in found.values() for values in labels.values())


@pytest.mark.parametrize("text", ["", "[", "3", "null", "\ufeff["])
def test_what_is_no_list_or_object_names_the_file(tmp_path, text):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(DatasetError, match="s.json: expected"):
        read_segments(tmp_path / "s.json", Problems())


@given(VALUES)
def test_runs_are_the_ones(values):
    found = runs(tuple(values))
    assert [second for start, end in found for second in range(start, end)] == [
        second for second, value in enumerate(values) if value
    ]
    assert all(start < end for start, end in found) and all(
        one[1] < other[0] for one, other in zip(found, found[1:], strict=False)
    )
