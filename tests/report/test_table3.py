"""Table 3 and its figure from made-up results: numbers by hand, published ones beside, the same bytes for the same
input."""

import csv
import io
import json
import random
from dataclasses import replace

import numpy as np
import pytest

from cmg.report import rebuilt, table3
from cmg.report.figure10 import figure_svg, shares_of, words
from cmg.report.figures import inline_svg
from cmg.report.html import report_html
from cmg.report.measured import Measured

SHARES = (0.875, 0.75, 0.625, 0.5, 0.375, 0.25)


@pytest.fixture
def results(tmp_path):
    """Two seeds, of which the second is 0.01 worse everywhere, as their stage writes them."""
    rng = random.Random(0)
    found = []
    for seed in (1, 0):
        readings = {}
        for reading, level in (("centred", 0.01), ("plain", 0.03)):
            shares = []
            for share in SHARES:
                drawn = [0.02 + rng.random() / 100 + seed / 100 for _ in range(10)]
                toc = {"full": level + seed / 100, "similarity": 0.5, "variance": 0.025 + seed / 100}
                worse = {score: sum(error > chosen for error in drawn) for score, chosen in toc.items()}
                shares.append(
                    {"share": share, "kept": 128 - round(128 * share), "random": drawn, "toc": toc, "worse": worse}
                )
            readings[reading] = shares
        about = {
            "fill": "zero",
            "masks": 10,
            "shown": 3,
            "trained": 600,
            "held_out": 64,
            "size": 32,
            "codes": 128,
            "dims": 128,
        }
        about |= {"mse": 0.006, "psnr": 22.2, "variance": 0.03, "codes_used": 120, "perplexity": 99.5}
        path = tmp_path / f"celeba_hq-{seed}.json"
        path.write_text(json.dumps({"dataset": "celeba_hq", "seed": seed, **about, "readings": readings}))
        found.append(rebuilt.read_rebuilt(path))
    return found


def rows(text):
    return list(
        csv.DictReader(
            io.StringIO("".join(line for line in text.splitlines(keepends=True) if not line.startswith("#")))
        )
    )


def test_the_first_lines_say_what_is_not_real_and_what_the_paper_leaves_open(results):
    lines = table3.table3_csv(results, "sample corpus: no faces", "abc").splitlines()
    assert lines[0] == "# sample corpus: no faces" and "leaves open" in lines[1] and "centred" in lines[1]
    assert table3.table3_csv(results, "", "abc").startswith("# The paper says")
    text = table3.table3_markdown(results, "sample corpus: no faces")
    assert text.startswith("> **sample corpus: no faces**\n\n# Table 3\n\nThe paper says")


def test_a_line_per_reading_and_share_with_means_over_seeds(results):
    found = rows(table3.table3_csv(results, "", "abc"))
    assert [(row["reading"], float(row["masked"])) for row in found] == [
        (r, 100 * s) for r in ("centred", "plain") for s in SHARES
    ]
    for row in found:
        drawn = [result.readings[row["reading"]][SHARES.index(float(row["masked"]) / 100)] for result in results]
        means, spreads = [np.mean(one["random"]) for one in drawn], [np.std(one["random"], ddof=1) for one in drawn]
        assert float(row["random_mean"]) == pytest.approx(np.mean(means), abs=6e-6)
        assert float(row["random_spread"]) == pytest.approx(np.mean(spreads), abs=6e-6)
        assert [float(value) for value in row["full_seeds"].split(";")] == [one["toc"]["full"] for one in drawn]
        assert float(row["full_count"]) == pytest.approx(np.mean([one["worse"]["full"] for one in drawn]), abs=0.051)
        assert float(row["random_over_variance"]) == pytest.approx(np.mean(means) / 0.03, abs=6e-4)
        assert (row["fingerprint"], row["kept"], row["seeds"]) == (
            "abc",
            str(128 - round(1.28 * float(row["masked"]))),
            "1;0",
        )


def test_published_numbers_are_the_papers_and_stand_beside_both_readings(results):
    assert list(rebuilt.printed()) == [100 * share for share in SHARES]
    counts = [int(row["count"]) for row in rebuilt.printed().values()]
    assert counts == [100, 100, 100, 100, 96, 90]
    for row in rebuilt.printed().values():
        fitted = 0.0031 + 0.0779 * (float(row["masked"]) / 100) ** 2
        assert float(row["random"]) == pytest.approx(fitted, abs=9e-4), "the law that the printed column follows"
        assert float(row["toc"]) < float(row["random"]) and int(row["kept"]) == 128 - round(1.28 * float(row["masked"]))
    for row in rows(table3.table3_csv(results, "", "")):
        assert row["published_toc"] == rebuilt.printed()[float(row["masked"])]["toc"]


def test_readings_stand_side_by_side(results):
    main, scores, networks = table3.page_tables(results)
    assert [head for head, _ in main.heads][2:8] == ["random, centred", "TOC, centred", "count, centred"] + [
        "random, plain", "TOC, plain", "count, plain"
    ]  # fmt: skip
    first = [field.text for field in main.rows[0][1]]
    assert (
        first[:2] == ["87.5 %", "16"]
        and first[3] == "0.0150"
        and first[4] == "10.0"
        and first[-3:] == ["0.0621", "0.0231", "100"]
    )
    assert len(scores.heads) == 2 + 6 and [field.text for field in networks.rows[0][1]][-1] == "0.200"
    assert len({table.name for table in (main, scores, networks)}) == 3


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"dataset": "d", "seed": 0, "readings": {"plain": [{"share": 0.5}]}}']
)
def test_another_file_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / "x-0.json").write_text(text)
    with pytest.raises(ValueError, match="x-0.json: expected errors of rebuilt pictures"):
        rebuilt.read_rebuilt(tmp_path / "x-0.json")


@pytest.mark.parametrize("size", [8, 64, 100, 128])
def test_the_figure_is_a_function_of_its_pictures_and_says_what_it_shows(results, size):
    rng = np.random.default_rng(size)
    pictures = {
        reading: rng.integers(0, 256, (3, 13, size, size, 3), dtype=np.uint8) for reading in ("centred", "plain")
    }
    svg = figure_svg(pictures, shares_of(results), "sample corpus: no faces")
    assert svg == figure_svg(pictures, shares_of(results), "sample corpus: no faces")
    for text in (
        "sample corpus: no faces",
        "centred codes",
        "plain codes",
        "origin",
        *(f"{100 * share:g} %" for share in SHARES),
    ):
        assert text in svg
    assert svg.count("data:image/png") == 2
    described = words(results)
    assert (
        described.startswith("3 held-out pictures of celeba_hq")
        and "left by a random mask, on the right by TOC" in described
    )
    inside = inline_svg(svg, "Figure 10", described)
    assert 'role="img"' in inside and described in inside and "xmlns" not in inside


def test_the_page_has_the_tables_and_the_figure_and_without_results_says_so(results, inputs):
    rng = np.random.default_rng(0)
    pictures = {reading: rng.integers(0, 256, (3, 13, 8, 8, 3), dtype=np.uint8) for reading in ("centred", "plain")}
    page = report_html(
        replace(inputs, rebuilt=tuple(results), figure10=figure_svg(pictures, shares_of(results))), Measured()
    )
    section = page.partition('<h2 id="reconstruction">')[2].partition("</section>")[0]
    assert words(results) in section and section.count("data:image/png") == 2 and section.count("<table") == 3
    assert "leaves open" in section and "0.0231" in section
    section = report_html(inputs, Measured()).partition('<h2 id="reconstruction">')[2].partition("</section>")[0]
    assert "No pictures were rebuilt" in section and "<svg" not in section
