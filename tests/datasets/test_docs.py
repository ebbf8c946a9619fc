import csv
from dataclasses import fields
from pathlib import Path

import pytest

from cmg.datasets.readers import reader
from cmg.registry import DATASETS

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_datasets_names_every_reader_once_per_version():
    with open(ROOT / "data" / "datasets.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["dataset"] for row in rows} == DATASETS.keys()
    assert len({(row["dataset"], row["version"]) for row in rows}) == len(rows)
    assert all(row[column] for row in rows for column in ("source", "licence", "clips", "split"))


@pytest.mark.parametrize("name", DATASETS)
def test_the_page_has_a_section_per_dataset_with_its_options(name):
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {name}:")[2].partition("\n## ")[0]
    assert section
    for field in fields(reader(name).Options):
        assert f"`{field.name}`" in section
