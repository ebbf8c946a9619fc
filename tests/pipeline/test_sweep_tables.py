"""Sweeps: the tables and figures made from runs."""

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cmg import results
from cmg.results import Run
from pipeline import paths, sweeps
from pipeline.orchestration import receipts
from tests.report.conftest import make_cells


def write_run(method: str, point: str | None, level: float) -> None:
    """A run's result and its receipt, as `evaluate` leaves them."""
    run = paths.run_name(method, 0, point)
    result = Run(paths.varied(method, point), "paper", 0, "strict", make_cells(level, 0))
    with receipts.record("evaluate", run, inputs=[], outputs=[paths.run_result(run)], params={"level": level}):
        paths.run_result(run).parent.mkdir(parents=True, exist_ok=True)
        results.write_run(paths.run_result(run), result)


@pytest.fixture
def made(folder):
    """A folder with one seed's main runs and every point of two tables."""
    project = folder()
    shutil.copytree(Path(__file__).parents[2] / "ablations", "ablations")
    project.set("seeds", [0])
    for method in ("fcid", "codaar"):
        write_run(method, None, 50)
        for stage in ("pretrain", "codes", "toc"):
            with receipts.record(stage, f"{method}-0", inputs=[], outputs=[], params={}):
                pass
        assert project.run(f"default {method} 0") == 0
    for place, point in enumerate(row for row in sweeps.load("fcid").tables["table9"] if row != "default"):
        write_run("fcid", point, 30 + place)
    for place, point in enumerate(row for row in sweeps.load("codaar").tables["codaar_figure7"] if row != "default"):
        write_run("codaar", point, 30 + place)
    return project


def test_the_default_point_is_the_main_runs_result_byte_for_byte(made):
    assert paths.run_result("fcid+default-0").read_bytes() == paths.run_result("fcid-0").read_bytes()
    receipt = json.loads(paths.receipt("default", "fcid+default-0").read_text())
    assert "receipts/evaluate/fcid-0.json" in receipt["inputs"], "the tables' fingerprints follow the main run's"
    assert "evaluate/fcid-0" in receipts.upstream("default/fcid+default-0", receipts.load_all())


def test_a_table_has_its_rows_in_order_with_what_the_paper_prints(made):
    assert made.run("sweep fcid table9") == 0
    first, title, *_ = (line for line in Path("results/table9.md").read_text().splitlines() if line)
    text = Path("results/table9.md").read_text()
    assert "sample corpus, random backbones" in first and title == "# Table 9"
    assert "- `codebook_256`: codebook_size 256\n" in text and "- `default`: codebook_size 400\n" in text
    found = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| FCID")]
    sizes = [
        r"FCID codebook\_256",
        r"FCID codebook\_300",
        "FCID",
        r"FCID codebook\_512",
        r"FCID codebook\_800",
        r"FCID codebook\_1024",
    ]
    assert found == [*sizes, *(f"{size}+TOC" for size in sizes)]
    (line,) = [line for line in text.splitlines() if line.startswith(r"| FCID codebook\_800 |")]
    assert "33.0 *52.2* | 34.0 *54.6*" in line and "*53.93*" in line


def test_a_figure_stands_beside_its_table(made):
    assert made.run("sweep codaar codaar_figure7") == 0
    svg = Path("results/codaar_figure7.svg").read_text()
    assert "sample corpus" in svg and all(
        text in svg for text in ("codebook_size", "AVT V→A", "AV A→V", "AVVP", ">800<", ">128<")
    )
    before = svg.encode()
    assert made.run("sweep codaar codaar_figure7") == 0 and Path("results/codaar_figure7.svg").read_bytes() == before
    assert "# CoDAAR Figure 7" in Path("results/codaar_figure7.md").read_text()


@pytest.mark.parametrize(("method", "section"), [("baseline", {}), ("micu", {"variant": "paper"})])
def test_a_method_with_a_short_section_is_swept_alike(folder, method, section):
    """Values that params.yaml leaves out are the configuration's own; the baseline has no modalities to choose."""
    project = folder()
    project.set("seeds", [0])
    project.set(method, section)
    Path(f"ablations/{method}").mkdir(parents=True)
    values = {"points": {"codebook_128": {"codebook_size": 128}}, "tables": {"figure": ["codebook_128", "default"]}}
    YAML().dump({**values, "drawn": {"figure": "codebook_size"}}, paths.sweeps(method))
    write_run(method, None, 50)
    write_run(method, "codebook_128", 30)
    for stage in ("pretrain", "codes", "toc"):
        with receipts.record(stage, f"{method}-0", inputs=[], outputs=[], params={}):
            pass
    assert project.run(f"default {method} 0") == 0 and project.run(f"sweep {method} figure") == 0
    text, svg = Path("results/figure.md").read_text(), Path("results/figure.svg").read_text()
    assert "- `codebook_128`: codebook_size 128\n- `default`: codebook_size 400\n" in text
    assert ">128<" in svg and ">400<" in svg and ("AVT V→A" in svg) == (method == "micu")


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        ("codebok_size", "drawn: unknown key 'codebok_size'; did you mean 'codebook_size'"),
        ("variant", "drawn: variant: expected a number"),
    ],
)
def test_a_value_that_cannot_be_drawn_is_named(made, capsys, drawn, message):
    file = paths.sweeps("codaar")
    file.write_text(file.read_text().replace("codaar_figure7: codebook_size", f"codaar_figure7: {drawn}"))
    assert made.run("sweep codaar codaar_figure7") == 1
    assert message in capsys.readouterr().err


def test_a_table_that_does_not_exist_names_the_nearest(made, capsys):
    assert made.run("sweep fcid tabel9") == 1
    assert "unknown key 'tabel9'; did you mean 'table9'" in capsys.readouterr().err


def test_a_table_that_waits_for_other_rows_than_its_own_says_which_lines_are_wrong(made, capsys):
    values = YAML().load(Path("ablations/fcid/params.yaml").read_text())
    values["tables"]["table9"] = [row for row in values["tables"]["table9"] if row != "codebook_300"] + ["no_recon"]
    with Path("ablations/fcid/params.yaml").open("w") as file:
        YAML().dump(values, file)
    assert made.run("sweep fcid table9") == 1
    said = capsys.readouterr().err.splitlines()
    place = "ablations/fcid/stages.yaml: stages.table9.deps"
    assert [line.removeprefix(f"{place}: ") for line in said] == [
        "add receipts/ablations/fcid+no_recon",
        "add results/ablations/fcid+no_recon",
        "take out receipts/ablations/fcid+codebook_300",
        "take out results/ablations/fcid+codebook_300",
    ]
