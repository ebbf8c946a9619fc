import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.prompts import FOLDER, PromptError, prompt_of, read_prompts


@pytest.mark.parametrize(("name", "count"), [("vggsound_avel", 141), ("avsbench_s4", 23)])
def test_our_prompts_are_distinct_sentences_of_seven_to_ten_words(name, count):
    prompts = read_prompts(FOLDER / f"{name}.csv")
    assert len(prompts) == len(set(prompts.values())) == count
    assert {len(prompt.split()) for prompt in prompts.values()} <= set(range(7, 11))  # ten words reach the text encoder


def test_our_prompts_cover_the_official_classes_and_are_our_own(official):
    names = {"vggsound_avel": "vggsoundCategories2Prompts", "avsbench_s4": "AVSBenchCategories2Prompts"}
    root = official({f"cmg_text/{file}.csv": f"{name}.csv" for name, file in names.items()})
    for name in names:
        ours, released = read_prompts(FOLDER / f"{name}.csv"), read_prompts(root / f"{name}.csv")
        assert ours.keys() == released.keys()
        assert not {text.lower() for text in ours.values()} & {text.lower() for text in released.values()}


def test_a_user_table_is_read_as_csv(tmp_path):
    path = tmp_path / "p.csv"
    with open(path, "w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream).writerows([["label", "prompt"], ["a, b", 'say "x"'], []])
    assert read_prompts(path) == {"a, b": 'say "x"'}


@pytest.mark.parametrize(
    "text", ["", "prompt,label\n", "label,prompt\na\n", "label,prompt\na,\n", "label,prompt\na,b\na,c\n"]
)
def test_a_bad_table_is_an_error_naming_the_file(tmp_path, text):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(PromptError, match=r"p\.csv"):
        read_prompts(tmp_path / "p.csv")


def test_a_missing_table_and_a_missing_label(tmp_path):
    with pytest.raises(PromptError, match="found no file"):
        read_prompts(tmp_path / "p.csv")
    with pytest.raises(PromptError, match="add a line `bark,"):
        prompt_of("bark", {}, tmp_path / "p.csv")


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(['a,"b"', "c,d", '"', "a", "\0", "\r"])).map(lambda lines: "\n".join(lines).encode())
)
def test_any_table_is_sentences_by_label_or_an_error_that_names_the_file(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("prompts") / "p.csv"
    path.write_bytes(b"label,prompt\n" + data)
    try:
        prompts = read_prompts(path)
    except PromptError as error:
        assert str(path) in str(error)
    else:
        assert all(label.strip() and prompt.strip() for label, prompt in prompts.items())
