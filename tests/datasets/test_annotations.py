import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.annotations import DatasetError, Line, csv_fields, read_json, read_lines, read_table, seconds
from cmg.datasets.problems import Problems
from tests.datasets.lines import JSON


def test_lines_take_crlf_bom_blank_lines_and_a_missing_last_newline(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n\r\n \ntwo \nthree")
    problems = Problems()
    assert list(read_lines(path, problems)) == [Line(1, "one"), Line(4, "two "), Line(5, "three")]
    assert problems == []


@given(JSON, st.booleans(), st.sampled_from([None, 2]))
def test_json_with_or_without_bom(tmp_path_factory, value, marked, indent):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" * marked + json.dumps(value, indent=indent).encode())
    assert read_json(path, "anything") == value


@given(st.binary(max_size=30) | st.integers(1000, 300_000).map(lambda depth: b"[" * depth))
def test_other_bytes_are_json_or_an_error_that_names_the_file(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(data)
    try:
        read_json(path, "labels")
    except DatasetError as error:
        assert "a.json: expected json labels: " in str(error)


@given(st.binary(max_size=300))
def test_any_bytes_become_lines_or_problems(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    path.write_bytes(data)
    problems = Problems()
    lines = list(read_lines(path, problems))
    carrying = [raw for raw in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if raw.removesuffix(b"\r").strip()]
    assert len(lines) + len(problems) == len(carrying)
    assert all("\n" not in problem.text for problem in problems)


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1).filter(
        lambda text: text.encode().strip()
    )
)
def test_any_line_splits_or_is_a_problem(tmp_path_factory, text):
    problems = Problems()
    fields = csv_fields(tmp_path_factory.getbasetemp() / "a.csv", Line(1, text), problems)
    assert (fields is None) == (len(problems) == 1)


def test_a_table_with_another_header_is_an_error_and_odd_lines_are_problems(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n1\n"open,2\n"x, y",z\n')
    problems = Problems()
    assert [fields for _, fields in read_table(path, ["a", "b"], ",", problems)] == [["1", "2"], ["x, y", "z"]]
    assert [(problem.line, problem.kind) for problem in problems] == [(3, "malformed"), (4, "malformed")]
    with pytest.raises(DatasetError, match=r"t\.csv: expected the header 'b,c', found 'a,b'"):
        list(read_table(path, ["b", "c"], ",", problems))


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("10", 10.0), ("101.8", 101.8), ("5.", 5.0)])
def test_seconds_in_plain_notation(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "-1", "1e3", "nan", "inf", " 1", "1,5", "٣", "0x1", "1.2.3", ".5", "9" * 13])
def test_other_notations_are_not_seconds(text):
    assert seconds(text) is None


@given(st.text())
def test_seconds_never_crash_and_are_finite(text):
    value = seconds(text)
    assert value is None or (math.isfinite(value) and value >= 0)
