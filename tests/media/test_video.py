import shutil
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from cmg.datasets.listing import combined, fingerprint
from cmg.media import fast_frames as reading
from cmg.media.failure import MediaFailure
from cmg.media.source import Source
from cmg.media.timeline import read_timeline
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from tests.media.tiny import make_video, make_wav, tone


def numbers(frames: np.ndarray) -> list[int]:
    """Frame numbers back from grey levels."""
    return np.round((frames.astype(float).mean((1, 2, 3)) - 8) / 4).astype(int).tolist()


def decode(root, name, window=None, mark=""):
    return decode_video(VideoTask(Source(str(root), name, mark), window or Window(frames_per_second=2)))


def failure(root, name, mark="") -> MediaFailure:
    with pytest.raises(MediaFailure) as caught:
        decode(root, name, mark=mark)
    assert name in caught.value.reason
    return caught.value


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    make_video(folder / "clip.mp4")
    make_video(folder / "front.mp4", movflags="faststart")
    make_video(folder / "old.avi", codec="mpeg4", sound=False)
    return folder


@pytest.mark.parametrize("name", ["clip.mp4", "front.mp4", "old.avi"])
def test_the_right_frames_come_in_order(root, name):
    found = decode(root, name)
    assert found.array.shape == (4, 32, 32, 3) and found.array.dtype == np.uint8 and found.valid == 2
    assert numbers(found.array) == [0, 12, 25, 37]


@pytest.mark.parametrize("name", ["clip.mp4", "old.avi"])
def test_without_decord_the_frames_are_the_same_to_the_bit(root, name, monkeypatch):
    window = Window(frames_per_second=16)
    found = decode(root, name, window).array
    monkeypatch.setattr(reading, "_decord", lambda: None)
    assert np.array_equal(decode(root, name, window).array, found)


def test_a_window_in_a_longer_file(root):
    found = decode(root, "clip.mp4", Window(start=1.0, duration=1.0, frames_per_second=5))
    assert numbers(found.array) == [25, 30, 35, 40, 45] and found.valid == 1


def test_a_truncated_file_gives_the_frames_that_decode(root):
    data = (root / "front.mp4").read_bytes()
    (root / "cut.mp4").write_bytes(data[: int(len(data) * 0.6)])
    assert not read_timeline(root / "cut.mp4").whole
    found = decode(root, "cut.mp4")
    assert found.valid == 1 and numbers(found.array)[0] == 0 and len(found.array) == 2


def test_variable_frame_rate_follows_time_stamps(root):
    with av.open(str(root / "vfr.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=100)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        for number, pts in enumerate([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 190]):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 8 + 4 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = decode(root, "vfr.mp4", Window(frames_per_second=2, grid="timestamp"))
    assert numbers(found.array) == [0, 5, 10, 10]


def test_an_image_is_one_second(root):
    Image.fromarray(np.full((20, 30, 3), (250, 10, 20), np.uint8)).save(root / "red.png")
    found = decode(root, "red.png")
    assert found.array.shape == (1, 20, 30, 3) and found.valid == 1 and found.array[0, 0, 0].tolist() == [250, 10, 20]
    Image.fromarray(np.full((8, 8), 7, np.uint8)).save(root / "grey.png")
    assert decode(root, "grey.png").array.shape == (1, 8, 8, 3)


@pytest.fixture
def frames(tmp_path):
    """A folder of three frames and one of a mask, as a source that names them."""
    paths = [f"frames/a.b_{number}.png" for number in (1, 2, 10)] + ["masks/a.b_1.png"]
    for number, path in enumerate(paths):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(tmp_path / path)
    return Source(str(tmp_path), "frames", combined(fingerprint(tmp_path / path) for path in paths), tuple(paths))


def test_a_folder_of_images_is_read_as_listed(frames, tmp_path):
    shutil.copy(tmp_path / "masks/a.b_1.png", tmp_path / "frames/a.b_0.png")  # not listed, so not read
    found = decode_video(VideoTask(frames, Window(frames_per_second=1)))
    assert found.array[:, 0, 0, 0].tolist() == [0, 1, 2] and found.valid == 3


@pytest.mark.parametrize("path", ["frames/a.b_10.png", "masks/a.b_1.png"])
def test_one_changed_frame_or_mask_is_noticed_when_the_folder_is_opened(frames, tmp_path, path):
    Image.fromarray(np.full((8, 8, 3), 99, np.uint8)).save(tmp_path / path)
    with pytest.raises(MediaFailure, match="changed: .*frames/a.b_1.png and 3 more files.*pipeline scan"):
        decode_video(VideoTask(frames, Window(frames_per_second=1)))
    decode_video(
        VideoTask(replace(frames, fingerprint=""), Window(frames_per_second=1))
    )  # a scan of names alone compares nothing
    (tmp_path / path).unlink()
    with pytest.raises(MediaFailure, match=f"changed: {path}: .*not found"):
        decode_video(VideoTask(frames, Window(frames_per_second=1)))


def test_a_frame_swapped_for_a_link_out_of_the_root_is_not_read(frames, tmp_path):
    root, path = tmp_path / "root", "frames/a.b_2.png"
    for name in ("frames", "masks"):
        shutil.copytree(tmp_path / name, root / name)
    (root / path).unlink()
    (root / path).symlink_to(tmp_path / path)  # the same bytes
    with pytest.raises(MediaFailure, match="unreadable: .*leads out of"):
        decode_video(VideoTask(replace(frames, root=str(root)), Window(frames_per_second=1)))


def test_each_kind_of_bad_file_says_what_it_is(root, tmp_path):
    (root / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (root / "empty.mp4").write_bytes(b"")
    (root / "bad.png").write_bytes(b"\x89PNG not really")
    (root / "none").mkdir()
    data = (root / "clip.mp4").read_bytes()
    (root / "half.mp4").write_bytes(data[: len(data) // 2])
    make_wav(root / "sound.wav", tone(1.0)[None])
    kinds = {
        name: failure(root, name).kind
        for name in ("noise.mp4", "empty.mp4", "bad.png", "none", "half.mp4", "sound.wav", "gone.mp4")
    }
    assert kinds == {
        "noise.mp4": "unreadable",
        "empty.mp4": "empty",
        "bad.png": "unreadable",
        "none": "changed",
        "half.mp4": "unreadable",
        "sound.wav": "no_video",
        "gone.mp4": "missing",
    }


def test_a_file_that_differs_from_its_listing_is_changed(root):
    mark = fingerprint(root / "clip.mp4")
    assert decode(root, "clip.mp4", mark=mark).valid == 2
    found = failure(root, "clip.mp4", mark="0" * 32)
    assert found.kind == "changed" and "scan" in found.reason


def test_a_path_that_leaves_the_root_is_refused(root):
    assert failure(root, "../clip.mp4").kind == "unreadable"


def test_failures_have_a_known_kind_and_one_line():
    assert MediaFailure("empty", "two\nlines").reason == "two lines"
    with pytest.raises(ValueError, match="not one of"):
        MediaFailure("odd", "")
