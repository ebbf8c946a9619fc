"""``python -m pipeline verify`` names every break of the chain from a table to its inputs."""

import pytest

pytestmark = pytest.mark.e2e


def verify(project):
    done = project.run("pipeline", "verify", "results/table1.csv", check=False)
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]


def test_an_untouched_project_holds(project):
    assert verify(project) == (0, [])


def test_a_flipped_byte_in_a_shard_is_named(project):
    store = project.folder / "data/features/ave/audio.zarr"
    shard = next(
        file for file in sorted(store.joinpath("features").rglob("*")) if file.is_file() and file.name != "zarr.json"
    )
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(data)
    status, problems = verify(project)
    assert status == 1 and any(
        "data/features/ave/audio.zarr" in problem and shard.name in problem for problem in problems
    )


def test_a_swapped_checkpoint_is_named(project):
    folder = project.folder / "data/checkpoints"
    (folder / "fcid-0/model.safetensors").write_bytes((folder / "baseline-0/model.safetensors").read_bytes())
    status, problems = verify(project)
    assert status == 1 and any("data/checkpoints/fcid-0" in problem for problem in problems)


def test_an_edited_cell_is_named(project):
    table = project.folder / "results/table1.csv"
    lines = table.read_text().splitlines()
    header, row = lines[1].split(","), next(n for n, line in enumerate(lines) if line.startswith("fcid,"))
    column = next(n for n, name in enumerate(header) if name.endswith("va_mean"))
    cells = lines[row].split(",")
    cells[column] = "99.9"
    lines[row] = ",".join(cells)
    table.write_text("\n".join(lines) + "\n")
    status, problems = verify(project)
    assert status == 1 and any(f"column '{header[column]}': '99.9'" in problem for problem in problems)


def test_an_edited_loss_file_is_named(project):
    project.change("cmg/losses/infonce.py", "infonce")
    status, problems = verify(project)
    assert status == 1 and any(
        "cmg/losses/infonce.py: code changed since pretrain/fcid-0" in problem for problem in problems
    )


def test_an_edited_parameter_is_named(project):
    project.set("fcid.codebook_size", 9)
    status, problems = verify(project)
    assert status == 1 and any("params.yaml: fcid" in problem and "pretrain/fcid-0" in problem for problem in problems)
