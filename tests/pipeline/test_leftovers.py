"""Runs that are no longer listed leave the folders that tables, curves and page depend on."""

from pipeline import leftovers, paths
from tests.parameters import shipped


def write(path, run):
    """A file, or a folder for a checkpoint."""
    if not path.suffix:
        path = path / "model.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(run)


def made(run):
    stages = ("pretrain", "codes", "toc", "evaluate")
    makers = (paths.checkpoint, paths.codes, paths.toc, paths.run_result, *([] if "+" in run else [paths.answers]))
    outputs = [make(run) for make in makers]
    return outputs + [paths.receipt(stage, run) for stage in stages]


def test_runs_that_are_not_listed_are_set_aside_and_the_folders_are_those_of_a_clone(tmp_path, monkeypatch):
    params = shipped(methods=["fcid", "codaar"], seeds=[0, 1])
    monkeypatch.chdir(tmp_path)
    listed = [f"{method}-{seed}" for method in params.methods for seed in params.seeds]
    for run in [*listed, "fcid-2", "dcid-0", "fcid+codebook_256-0"]:
        for path in made(run):
            write(path, run)
    temporary = paths.run_result("fcid-0").with_name(".fcid-0.json.tmp")
    write(temporary, "unfinished")
    assert len(leftovers.set_aside(params)) == 18
    for run in listed:
        assert all(path.exists() for path in made(run)), run
    assert temporary.exists() and all(path.exists() for path in made("fcid+codebook_256-0")), (
        "sweeps have folders of their own"
    )
    assert sorted(path.stem for path in paths.RUNS.glob("[!.]*")) == sorted(listed)
    assert (paths.work("unlisted") / paths.run_result("dcid-0")).read_text() == "dcid-0", "nothing is lost"
    assert leftovers.set_aside(params) == []
    for path in made("dcid-0"):
        write(path, "again")
    leftovers.set_aside(params)
    assert (paths.work("unlisted") / paths.run_result("dcid-0")).read_text() == "again"


def test_pictures_of_another_seed_or_dataset_are_set_aside(tmp_path, monkeypatch):
    params = shipped(seeds=[0])
    monkeypatch.chdir(tmp_path)
    for run in ("celeba_hq-0", "celeba_hq-1", "flickrsound-0"):
        for path in (paths.vqvae(run), paths.reconstruction(run), paths.rebuilt(run)):
            write(path, run)
    assert len(leftovers.set_aside(params)) == 6 and [
        path.stem for path in paths.reconstruction("x-0").parent.iterdir()
    ] == ["celeba_hq-0"]


def test_without_pictures_nothing_of_table_3_is_left(tmp_path, monkeypatch):
    params = shipped(reconstruction={**shipped().reconstruction.model_dump(), "datasets": []})
    monkeypatch.chdir(tmp_path)
    made = [
        paths.reconstruction("celeba_hq-0"),
        paths.table("table3", "csv"),
        paths.FIGURE10,
        paths.receipt("table3", "table3"),
    ]
    other = [paths.TABLE1, paths.receipt("tables", "table1")]
    for path in [*made, *other]:
        write(path, "x")
    assert sorted(leftovers.set_aside(params)) == sorted(made) and all(path.exists() for path in other)
