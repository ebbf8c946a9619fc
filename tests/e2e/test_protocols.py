"""The published protocol from codes to results/protocols.csv, and that its strict scores are those of a strict run."""

import csv
import json

import pytest

pytestmark = pytest.mark.e2e


def scores_of(project) -> dict[tuple[str, str], float]:
    """``{(toc, cell): score}`` of FCID's run."""
    cells = json.loads((project.folder / "results/runs/fcid-0.json").read_text())["cells"]
    return {("yes" if c["toc"] else "no", f"{c['task']}_{c['direction']}"): c["score"] for c in cells}


def test_both_protocols_stand_side_by_side_for_the_same_runs(project):
    project.set("methods", ["fcid"])
    project.set("threads", 2)
    done = project.run("pipeline", "protocols", check=False)
    assert done.returncode == 1 and not (project.folder / "results/protocols.csv").exists()
    assert (
        "results/runs/fcid-0.json: protocol strict, expected published; run: dvc exp run -S evaluate.protocol=published"
        in done.stderr
    )
    strict = scores_of(project)

    project.set("evaluate.protocol", "published")
    project.run("pipeline", "codes", "fcid", "0")
    project.set("device", "cuda")  # nothing after codes asks for a GPU
    project.run("pipeline", "evaluate", "fcid", "0")
    published = scores_of(project)
    project.run("pipeline", "protocols")
    notice, *lines = (project.folder / "results/protocols.csv").read_text().splitlines()
    rows = {(row["toc"], row["cell"]): row for row in csv.DictReader(lines)}
    assert notice.startswith("# sample corpus, random backbones") and {row["method"] for row in rows.values()} == {
        "fcid"
    }
    assert set(rows) == {
        (toc, cell) for toc in ("no", "yes") for cell in ("ave_va", "ave_av", "mscoco_vt", "mscoco_tv")
    }
    for key, row in rows.items():
        assert float(row["strict_score_mean"]) == pytest.approx(strict[key], abs=0.0051)
        assert float(row["published_score_mean"]) == pytest.approx(published[key], abs=0.0051)
        assert (int(row["published_n_test_fitted"]) > 0) == key[1].startswith("ave") and int(
            row["strict_n_test_fitted"]
        ) == 0
