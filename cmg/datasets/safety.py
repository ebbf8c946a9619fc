"""Ids and paths from annotation files are untrusted: these functions say what may be used to name a file."""

import re
from pathlib import Path

MAX_BYTES = 255  # longest file name that common file systems take
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # also line separators and lone surrogates


class UnsafePath(ValueError):
    """A path that would leave the dataset root, or cannot be a file name."""


def why_unsafe_id(text: str) -> str | None:
    """The reason why `text` may not name a clip, or None. Leading `-`, spaces, dots, commas and `#` are all fine."""
    if not text:
        return "empty"
    if _CONTROL.search(text):
        return "contains a control character"
    if "/" in text or "\\" in text:
        return "contains a path separator"
    if text in {".", ".."}:
        return "names a folder"
    if len(text.encode("utf-8")) > MAX_BYTES:
        return f"is longer than {MAX_BYTES} bytes"
    return None


def why_unsafe_path(path: str) -> str | None:
    """The reason why `path` may not be opened below a dataset root, or None. Separator is `/` on every system."""
    if path.startswith(("/", "\\")):
        return "is an absolute path"
    for part in path.split("/"):
        reason = why_unsafe_id(part)
        if reason is not None:
            return f"part {visible(part)!r} {reason}"
    return None


def safe_join(root: Path, path: str) -> Path:
    """`root / path`, after checking the text and, through symbolic links, the place it really leads to.

    Raises UnsafePath when the text is unsafe or the resolved file lies outside the resolved root.
    """
    reason = why_unsafe_path(path)
    if reason is not None:
        raise UnsafePath(f"{visible(path)}: refused, {reason}; expected a relative path below {root}")
    full = (Path(root) / path).resolve()
    if not full.is_relative_to(Path(root).resolve()):
        raise UnsafePath(f"{path}: refused, it leads out of {root} (to {full}); copy the file into the root")
    return full


def visible(text: str) -> str:
    """`text` with control characters written as escapes, so that it can be printed and kept in one csv line."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def cleaned(text: str) -> str:
    """`text` with a space for every control character, and none at its ends; as it is where it has none."""
    return _CONTROL.sub(" ", text).strip() if _CONTROL.search(text) else text
