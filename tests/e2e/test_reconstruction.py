"""Table 3 in the miniature project: both tools, an experiment, and the walk back."""

import json

import pytest

pytestmark = pytest.mark.e2e

TABLE = "results/table3.csv"
MADE = (
    "data/vqvae",
    "data/rebuilt",
    "results/reconstruction",
    TABLE,
    "results/table3.md",
    "results/figure10.svg",
    "receipts/reconstruct",
)


def table3(project):
    return {path: digest for path, digest in project.digests().items() if path.startswith(MADE)}


def test_either_tool_makes_the_same_bytes_and_the_other_has_nothing_to_do(project):
    before = table3(project)
    assert {path.split("/")[-1] for path in before} >= {
        "table3.csv",
        "figure10.svg",
        "model.safetensors",
        "celeba_hq-0.json",
    }
    project.forget("vqvae@celeba_hq-0")
    project.snakemake(TABLE)
    assert table3(project) == before
    assert not project.would_run() & {"vqvae@celeba_hq-0", "reconstruct@celeba_hq-0", "table3@celeba_hq"}
    assert "0 problems" in project.run("pipeline", "verify", TABLE).stdout


def test_an_edit_redoes_what_it_touches(project):
    project.set("reconstruction.fill", "mean")
    stale = project.would_run()
    assert "reconstruct@celeba_hq-0" in stale and not any(
        name.startswith(("vqvae", "features", "pretrain")) for name in stale
    )
    project.dvc("exp", "run", "-S", "reconstruction.codes=6", "table3")
    found = json.loads((project.folder / "results/reconstruction/celeba_hq-0.json").read_text())
    assert (found["codes"], found["fill"]) == (6, "mean")
