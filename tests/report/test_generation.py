"""The table and page of generated pictures: hand-made results in, honest text out."""

import csv
import io

import numpy as np
import pytest

from cmg.report.generation import Generated, read_results, table4_csv, table4_markdown
from cmg.report.generation_page import Shown, figure_png, generation_html

NOTICE = "sample corpus, random backbones: not the papers' data; principal components stand for the diffusion model"


def row(direction, fd, toc=False, by="mapper", **more):
    scores = {
        "fd": fd,
        "fd_bootstrap": 0.1,
        "kd": 0.01,
        "cosine": 0.5,
        "r1": 4.0,
        "r10": 20.0,
        "shuffled_r1": 1.0,
        **more,
    }
    counts = {"codes": 20, "unseen": 3, "identical": 7}
    return {"direction": direction, "toc": toc, "by": by, "q": 8, "n": 100, "scores": scores, "counts": counts}


@pytest.fixture
def given():
    rows = {
        seed: [row("ii", 1.0 + seed), row("ai", 2.0), row("ii", 1.5, by="mean embedding"), row("ii", 0.9, toc=True)]
        for seed in (0, 2)
    }
    results = [{"method": method, "seed": seed, "rows": rows[seed]} for method in ("codaar", "fcid") for seed in rows]
    floors = {"other real pictures": {"fd": 0.05, "kd": 0.0}, "own embedding": {"fd": 0.3, "r1": 100.0}}
    return Generated(results, floors, "FD (random features)", NOTICE, {"fcid-0": "aa", "fcid-2": "bb"})


def lines(given):
    text = table4_csv(given)
    assert text.startswith(f"# {NOTICE}\n")
    return list(csv.DictReader(io.StringIO(text.partition("\n")[2])))


def test_mean_and_deviation_over_seeds(given):
    found = {(r["kind"], r["method"], r["toc"], r["direction"]): r for r in lines(given)}
    own = found["method", "fcid", "no", "ii"]
    assert (own["fd"], own["fd_sd"], own["seeds"], own["fingerprint"]) == ("2.00", "1.41", "0;2", "aa;bb")
    assert (
        found["mean embedding", "fcid", "no", "ii"]["fd"] == "1.50"
        and found["method", "codaar", "yes", "ii"]["r1"] == "4.00"
    )
    assert (
        found["other real pictures", "", "", "ii"]["fd"] == "0.05"
        and found["own embedding", "", "", "ii"]["r1"] == "100.00"
    )


def test_published_numbers_stand_as_published_ones(given):
    printed = [r for r in lines(given) if r["kind"] == "published"]
    assert len(printed) == 18 and all(r["seeds"] == r["r1"] == "" for r in printed)
    fcid = {(r["toc"], r["direction"]): r["fd"] for r in printed if r["method"] == "fcid"}
    assert fcid["no", "ii"] == "116.06" and fcid["yes", "ti"] == "130.98"


def test_markdown_says_first_what_is_not_real(given):
    text = table4_markdown(given)
    assert text.splitlines()[0].startswith("> **sample corpus") and "FD \\(random" not in text
    assert (
        "| FCID | method | 2.00 ± 1.41 | 2.00 ± 0.00 |  |" in text and "| FCID (published)" not in text.splitlines()[0]
    )
    assert "shuffling the pairs does not change it" in text
    assert "| FCID | method | I2I | 4.0 ± 0.0 |" in text and "| FCID | mean embedding | I2I | 4.0 ± 0.0 |" in text


def test_no_row_is_lost(given):
    assert len(lines(given)) == 2 * 4 + 2 + 18


def test_the_page_is_whole_and_escapes_what_comes_from_data(given):
    draw = np.random.default_rng(0)
    made = {key: draw.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8) for key in ("ii", "ai", "ii+toc")}
    shown = Shown(
        "fcid",
        0,
        draw.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8),
        made,
        ["<b>1", "2"],
        ["<script>x</script>", "a bell"],
    )
    page = generation_html(given, [shown])
    assert page.count("<img ") == 8 and page.count('alt="') == 8 and "<script>x" not in page and "&lt;b&gt;1" in page
    assert "http://" not in page and "https://" not in page
    assert figure_png(shown)[:4] == b"\x89PNG"


def test_a_file_that_is_no_result_is_named(tmp_path):
    file = tmp_path / "fcid-0.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match="fcid-0.json: no result of generation"):
        read_results([file])
