"""docs/new_method.md, followed literally."""

import csv
import re
import sys
from pathlib import Path

import pytest
import torch

from tests.e2e.miniature import REPO, ran

PAGE = (REPO / "docs/new_method.md").read_text()
BLOCKS = {path: text for _, path, text in re.findall(r"```(python|yaml) (\S+)\n(.*?)```", PAGE, re.DOTALL)}
COMMANDS = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()
FILES = ("cmg/methods/mine/__init__.py", "cmg/methods/mine/config.py", "cmg/methods/mine/model.py")


def follow(folder: Path) -> None:
    """Steps 1 to 4 in a project folder."""
    (folder / FILES[0]).parent.mkdir()
    for path in FILES:
        (folder / path).write_text(BLOCKS[path])
    registry = folder / "cmg/registry.py"
    registry.write_text(registry.read_text().replace("METHODS = {\n", "METHODS = {\n" + BLOCKS["cmg/registry.py"], 1))
    params = folder / "params.yaml"
    params.write_text(params.read_text() + BLOCKS["params.yaml"])


def test_it_takes_fewer_than_a_hundred_lines_of_python():
    lines = [line for path, text in BLOCKS.items() if path.endswith(".py") for line in text.splitlines()]
    assert set(BLOCKS) == {*FILES, "cmg/registry.py", "params.yaml"}
    assert len(lines) < 100 and f"{len(lines)} lines in all" in PAGE


def test_the_method_on_the_page_trains_and_encodes(tmp_path, monkeypatch):
    """As written, in the package's own namespace."""
    import cmg.methods
    from cmg.methods.types import Batch

    (tmp_path / "mine").mkdir()
    for path in FILES:
        (tmp_path / "mine" / Path(path).name).write_text(BLOCKS[path])
    monkeypatch.setattr(cmg.methods, "__path__", [*cmg.methods.__path__, str(tmp_path)])
    monkeypatch.setitem(cmg.methods.METHODS, "mine", "cmg.methods.mine.model:Mine")
    try:
        torch.manual_seed(0)
        method = cmg.methods.build("mine", {"codebook_size": 12, "embedding_dim": 8, "heads": 2, "feedforward": 16})
        g = torch.Generator().manual_seed(0)
        batch = Batch(
            torch.randn(4, 5, 128),
            torch.rand(4, 5, 7, 7, 512),
            torch.randn(4, 6, 768),
            torch.ones(4, 6, dtype=torch.bool),
        )
        optimiser = torch.optim.Adam(method.parameters(), 1e-2)
        totals = []
        for _ in range(12):
            terms = method.loss(batch, method.draw(g, 4, 5), None)
            optimiser.zero_grad()
            terms.total.backward()
            optimiser.step()
            totals.append(terms.total.item())
        assert totals[-1] < 0.8 * totals[0]
        assert method.eval().encode("video", batch.video).indices.shape == (4, 5, 1)
    finally:
        for name in ("cmg.methods.mine", "cmg.methods.mine.config", "cmg.methods.mine.model"):
            sys.modules.pop(name, None)


@pytest.mark.e2e
def test_the_page_leads_to_a_row_in_table_1(project):
    before = project.digests()
    follow(project.folder)
    project.set("methods", ["baseline", "fcid", "mine"])
    assert COMMANDS == ["dvc repro"]
    stages = ran(project.dvc("repro"))
    assert {stage for stage in stages if "mine" not in stage} <= {"code", "tables", "plots", "report"}
    with (project.folder / "results/table1.csv").open() as handle:
        rows = list(csv.DictReader(line for line in handle if not line.startswith("#")))
    assert {(row["toc"], row["kind"]) for row in rows if row["method"] == "mine"} >= {
        ("no", "method"),
        ("yes", "method"),
    }
    after = project.digests()
    assert all(after[name] == before[name] for name in before if name.startswith(("data/features", "data/checkpoints")))
