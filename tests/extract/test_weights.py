import hashlib
import pickle
import re

import pytest
import torch

from cmg.extract import weights
from cmg.extract.weights import KNOWN, WeightsError, WeightsFile, digest, fetch, load_state, resolve


@pytest.fixture
def known(tmp_path, monkeypatch):
    """A weights file with a pinned checksum, and a place to get it from."""
    source = tmp_path / "source.pth"
    torch.save({"a": torch.arange(3.0)}, source)
    entry = WeightsFile(
        "net.pth", hashlib.sha256(source.read_bytes()).hexdigest()[:8], source.as_uri(), "a small network"
    )
    monkeypatch.setitem(weights.KNOWN, "small", entry)
    return entry


def test_names_that_carry_a_checksum_are_pinned_to_it():
    named = {
        found[1]: entry.sha256 for entry in KNOWN.values() if (found := re.search(r"-([0-9a-f]{8})\.pth$", entry.file))
    }
    assert len(named) == 6 and all(sha256.startswith(carried) for carried, sha256 in named.items())


def test_absent_weights_are_explained(tmp_path, known):
    with pytest.raises(WeightsError) as caught:
        resolve("small", tmp_path)
    for part in ("net.pth", known.sha256, known.source, "CMG_WEIGHTS"):
        assert part in str(caught.value)
    with pytest.raises(WeightsError, match="not known"):
        resolve("other", tmp_path)


def test_fetch_keeps_only_what_has_the_checksum(tmp_path, known, monkeypatch):
    seen = []
    assert fetch("small", tmp_path / "weights", lambda *moved: seen.append(moved)) == resolve(
        "small", tmp_path / "weights"
    )
    size = (tmp_path / "source.pth").stat().st_size
    assert seen == [(size, size)]
    (tmp_path / "source.pth").unlink()
    assert fetch("small", tmp_path / "weights").name == "net.pth", "what is there is not fetched again"
    monkeypatch.setitem(weights.KNOWN, "gone", WeightsFile("gone.pth", "00000000", known.source, ""))
    with pytest.raises(WeightsError, match="by other means"):
        fetch("gone", tmp_path / "weights")
    (tmp_path / "source.pth").write_bytes(b"something else")
    monkeypatch.setitem(weights.KNOWN, "small", WeightsFile("other.pth", "00000000", known.source, ""))
    with pytest.raises(WeightsError, match="expected a sha256 that begins with 00000000"):
        fetch("small", tmp_path / "weights")
    assert sorted(file.name for file in (tmp_path / "weights").iterdir()) == ["net.pth"]
    with pytest.raises(WeightsError, match="no pinned checksum"):
        fetch("bert-base-uncased", tmp_path)


def test_a_file_with_another_checksum_is_refused(tmp_path, known):
    (tmp_path / "net.pth").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="found [0-9a-f]{64}"):
        resolve("small", tmp_path)


class Hostile:
    def __reduce__(self):
        return (print, ("executed",))


def test_a_file_that_runs_code_or_holds_no_tensors_is_refused(tmp_path, capsys):
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Hostile(), protocol=2))
    torch.save({"a": Hostile()}, tmp_path / "hostile.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "short.pth").write_bytes(b"PK\x03\x04")
    for name in ("plain", "hostile", "list", "short"):
        with pytest.raises(WeightsError, match=name):
            load_state(tmp_path / f"{name}.pth")
    assert "executed" not in capsys.readouterr().out


def test_digest_sees_names_types_shapes_and_bytes():
    base = {"a": torch.arange(4.0), "b": torch.zeros(2)}
    variants = [
        base,
        {"a": base["a"], "c": base["b"]},
        {"a": base["a"].reshape(2, 2), "b": base["b"]},
        {"a": base["a"] + 1, "b": base["b"]},
        {"a": base["a"].to(torch.bfloat16), "b": base["b"]},
    ]
    assert len({digest(state) for state in variants}) == len(variants)
    assert digest(base) == digest({"b": base["b"].clone(), "a": base["a"].clone()})
