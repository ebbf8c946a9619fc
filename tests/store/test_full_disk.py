"""A disk that is really full, made with a small file system in memory; skipped where none can be mounted."""

import errno
import subprocess

import pytest

from cmg.files import write_bytes
from cmg.store.writer import StoreWriter
from tests.store.samples import contents, fill, make_spec, write


@pytest.fixture
def small_disk(tmp_path):
    """A folder with room for a few pages; ``grow()`` makes room."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode == 0

    if not mount("-t", "tmpfs", "-o", "size=80k", "tmpfs"):
        pytest.skip("mounting a tmpfs needs root")
    yield folder, lambda: mount("-o", "remount,size=4m")
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_store_says_where_there_is_no_room_and_goes_on_when_there_is(small_disk, tmp_path, compression):
    folder, grow = small_disk
    spec, path = make_spec(40, compression=compression), folder / "x.zarr"
    for _ in range(2):
        with (
            pytest.raises(OSError, match="No space left on device: '.*/disk/"),
            StoreWriter(path, folder / "work", spec) as writer,
        ):
            fill(writer)
            writer.seal()
        assert not path.exists()
    assert grow()
    with StoreWriter(path, folder / "work", spec) as writer:
        assert len(writer.todo) < 40
        fill(writer)
        writer.seal()
    assert contents(path) == contents(write(tmp_path / "quiet.zarr", spec))


def test_a_file_that_has_no_room_keeps_its_old_content_and_leaves_nothing(small_disk):
    folder, _ = small_disk
    write_bytes(folder / "a", b"old")
    with pytest.raises(OSError, match="disk/a") as found:
        write_bytes(folder / "a", bytes(200_000))
    assert (
        found.value.errno == errno.ENOSPC
        and [file.name for file in folder.iterdir()] == ["a"]
        and (folder / "a").read_bytes() == b"old"
    )


def test_what_torch_says_of_a_full_disk_names_the_file(small_disk):
    import torch

    from cmg.files import replacing

    folder, _ = small_disk
    with (
        pytest.raises(OSError, match="No space left on device: '.*/disk/state.pt'"),
        replacing(folder / "state.pt") as temporary,
    ):
        with temporary.open("wb") as file:
            torch.save({"x": torch.zeros(100_000)}, file)
    assert list(folder.iterdir()) == []
