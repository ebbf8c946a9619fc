import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmg.datasets import listing as module
from cmg.datasets.listing import (
    BLOCK,
    BadListing,
    Entry,
    FileChanged,
    check_file,
    check_fingerprint,
    fingerprint,
    read_listing,
    scan,
    write_listing,
)
from cmg.datasets.safety import UnsafePath


def test_scan_lists_files_sorted_with_size_and_fingerprint(make_root):
    root = make_root({"video/b.mp4": b"bb", "video/-a, #1.mp4": b"a", "list.csv": b""})
    found = scan(root)
    assert [(entry.path, entry.bytes) for entry in found.entries] == [
        ("list.csv", 0),
        ("video/-a, #1.mp4", 1),
        ("video/b.mp4", 2),
    ]
    assert found.get("video/b.mp4").fingerprint == hashlib.sha256(b"2\nbb").hexdigest()[:32]
    assert found.get("absent") is None
    assert [entry.path for entry in found.folders["video"]] == ["video/-a, #1.mp4", "video/b.mp4"]


@settings(max_examples=30)
@given(
    st.sets(
        st.sampled_from(
            [
                "video/._b.mp4",
                "._list.csv",
                "__MACOSX/video/._b.mp4",
                "video/__MACOSX/b.mp4",
                ".DS_Store",
                "video/.DS_Store",
            ]
        )
    )
)
def test_what_macos_leaves_beside_files_is_not_listed(tmp_path_factory, debris):
    root = tmp_path_factory.mktemp("root")
    kept = ["list.csv", "video/b.mp4", "video/.hidden", "video/_.mp4"]
    for name in [*kept, *debris]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    found = scan(root)
    assert [entry.path for entry in found.entries] == sorted(kept) and found.refused == ()


@pytest.mark.parametrize("size", [0, 1, BLOCK, 3 * BLOCK, 3 * BLOCK + 1, 9 * BLOCK])
def test_fingerprint_sees_size_first_middle_and_last_block(tmp_path, size):
    path = tmp_path / "f"
    data = bytearray(os.urandom(size))
    path.write_bytes(data)
    before = fingerprint(path)
    assert len(before) == 32 and before == fingerprint(path)
    for position in {0, size // 2, size - 1} if size else ():
        changed = bytearray(data)
        changed[position] ^= 1
        path.write_bytes(changed)
        assert fingerprint(path) != before
    path.write_bytes(data + b"x")
    assert fingerprint(path) != before


def test_large_files_are_read_in_three_blocks_only(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"\0" * 9 * BLOCK)
    before = fingerprint(path)
    with open(path, "r+b") as stream:
        stream.seek(2 * BLOCK)
        stream.write(b"x")
    assert fingerprint(path) == before  # the stated limit of a quick fingerprint


def test_listing_round_trip_is_deterministic_and_atomic(make_root, tmp_path, monkeypatch):
    found = scan(make_root({'a "quoted", name.wav': b"1", "z.wav": b"2"}))
    write_listing(tmp_path / "one.csv", found)
    write_listing(tmp_path / "two.csv", module.Listing(found.entries[::-1]))
    first = (tmp_path / "one.csv").read_bytes()
    assert first == (tmp_path / "two.csv").read_bytes()
    assert first.splitlines()[0] == b"path,bytes,fingerprint"
    assert read_listing(tmp_path / "one.csv") == found
    monkeypatch.setattr(os, "replace", _fail)
    with pytest.raises(OSError, match="no space"):
        write_listing(tmp_path / "one.csv", module.Listing(()))
    assert (tmp_path / "one.csv").read_bytes() == first
    assert sorted(path.name for path in tmp_path.glob("*.csv*")) == ["one.csv", "two.csv"]
    assert not list(tmp_path.glob(".one*"))


def _fail(*_):
    raise OSError("no space")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.integers(0, 2**50), max_size=8
    )
)
def test_any_listing_round_trips(tmp_path_factory, files):
    path = tmp_path_factory.mktemp("listing") / "l.csv"
    listing = module.Listing(
        tuple(sorted((Entry(name, size, "f" * 32) for name, size in files.items()), key=lambda entry: entry.path))
    )
    write_listing(path, listing)
    assert read_listing(path) == listing


@pytest.mark.parametrize("text", ["", "a,b\n", "path,bytes,fingerprint\nx,1\n", "path,bytes,fingerprint\nx,-1,f\n"])
def test_a_file_that_is_no_listing_is_an_error(tmp_path, text):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(BadListing, match="python -m pipeline scan"):
        read_listing(tmp_path / "l.csv")


@given(st.binary(max_size=60) | st.text(st.sampled_from('a,1"\n\r\0'), max_size=30).map(str.encode))
def test_any_bytes_are_a_listing_or_an_error_that_names_the_file(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("listing") / "l.csv"
    path.write_bytes(b"path,bytes,fingerprint\n" + data)
    try:
        found = read_listing(path)
    except BadListing as error:
        assert str(path) in str(error) and "pipeline scan" in str(error)
    else:
        assert all(entry.bytes >= 0 for entry in found.entries)


def test_links_out_special_files_and_unsafe_names_are_refused_and_reported(make_root, tmp_path):
    root = make_root({"inside.mp4": b"x", "folder/y.mp4": b"y", "new\nline.mp4": b"z"})
    (tmp_path / "outside.mp4").write_bytes(b"secret")
    (root / "out.mp4").symlink_to(tmp_path / "outside.mp4")
    (root / "in.mp4").symlink_to(root / "inside.mp4")
    (root / "broken.mp4").symlink_to(root / "nowhere")
    (root / "linked").symlink_to(root / "folder")
    os.mkfifo(root / "pipe.mp4")
    open(os.fsencode(root) + b"/\xff.mp4", "wb").close()
    found = scan(root)
    assert [entry.path for entry in found.entries] == ["folder/y.mp4", "in.mp4", "inside.mp4"]
    reasons = dict(found.refused)
    assert "leaves the root" in reasons["out.mp4"]
    assert "broken link" in reasons["broken.mp4"]
    assert "link to a folder" in reasons["linked"]
    assert "not a regular file" in reasons["pipe.mp4"]
    assert "control character" in reasons["new\\x0aline.mp4"]
    assert "control character" in reasons["\\xdcff.mp4"]


def test_scan_reports_progress_and_names_a_missing_root(make_root, tmp_path):
    calls = []
    scan(make_root({"a": b"", "b": b""}), progress=lambda count, path: calls.append((count, path)))
    assert calls == [(1, "a"), (2, "b")]
    with pytest.raises(FileNotFoundError, match="CMG_DATA"):
        scan(tmp_path / "absent")


def test_names_only_scan_reads_no_content(make_root, monkeypatch):
    root = make_root({"a.mp4": b"x"})
    monkeypatch.setattr(module, "fingerprint", _fail)
    assert scan(root, content=False).entries == (Entry("a.mp4", 1, ""),)


@pytest.mark.parametrize("content", [b"other", b"size and content"])
def test_a_file_that_changed_says_to_scan_again(make_root, content):
    root = make_root({"v/a.mp4": b"first"})
    entry = scan(root).get("v/a.mp4")
    assert check_file(root, entry) == (root / "v/a.mp4").resolve()
    (root / "v/a.mp4").write_bytes(content)
    with pytest.raises(FileChanged, match=r"v/a\.mp4: expected .* found .*pipeline scan"):
        check_file(root, entry)
    with pytest.raises(FileChanged, match="pipeline scan"):
        check_fingerprint(root, entry.path, entry.fingerprint)


def test_a_listed_file_that_is_gone_or_swapped_for_a_link_is_an_error(make_root, tmp_path):
    root = make_root({"a.mp4": b"first"})
    entry = scan(root).get("a.mp4")
    (root / "a.mp4").unlink()
    with pytest.raises(FileChanged, match="not found"):
        check_file(root, entry)
    (tmp_path / "other").write_bytes(b"first")
    (root / "a.mp4").symlink_to(tmp_path / "other")
    with pytest.raises(UnsafePath):
        check_file(root, entry)
