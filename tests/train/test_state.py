"""Unfinished training that cannot be read."""

import pytest

from cmg.train import state


@pytest.mark.parametrize("content", [b"", b"half of a file", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / "fcid-0.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"fcid-0\.pt: unfinished training cannot be read .* delete the file"):
        state.resume(path, "key", None, {})
