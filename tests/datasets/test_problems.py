import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.problems import KINDS, LONGEST, Problems, write_problems

TEXTS = st.text(st.characters(exclude_categories=[]), max_size=30)


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(KINDS), TEXTS, TEXTS), max_size=5))
def test_any_problem_is_written_on_one_line_and_read_back(tmp_path_factory, rows):
    problems = Problems()
    for line, kind, reason, text in rows:
        problems.add("file.csv", line, kind, reason, text)
    path = tmp_path_factory.mktemp("problems") / "p.csv"
    write_problems(path, problems)
    with path.open(newline="", encoding="utf-8") as stream:
        assert list(csv.DictReader(stream)) == [
            {name: str(value) for name, value in vars(problem).items()} for problem in problems
        ]
    assert path.read_bytes().count(b"\n") == len(rows) + 1


def test_counts_and_unknown_kinds():
    problems = Problems()
    problems.add("a", 1, "orphan", "", "")
    problems.add("a", 2, "orphan", "", "")
    assert problems.counts() == {("a", "orphan"): 2}
    with pytest.raises(ValueError, match="'odd' is not one of"):
        problems.add("a", 1, "odd", "", "")


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, 131_073, 1_000_000])
def test_a_long_line_is_cut_so_that_every_csv_reader_takes_it(tmp_path, length):
    problems = Problems()
    problems.add("a.csv", 1, "malformed", "x" * length, "y" * length)
    write_problems(tmp_path / "p.csv", problems)
    (found,) = csv.DictReader((tmp_path / "p.csv").read_text().splitlines())
    for text in (found["reason"], found["text"]):
        assert (
            len(text) == length
            if length <= LONGEST
            else text.endswith(f"… ({length} characters)") and len(text) < LONGEST + 30
        )
