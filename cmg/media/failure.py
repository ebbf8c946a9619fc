"""What can go wrong with one media file, as a value that becomes one failure row."""

KINDS = (
    "missing",
    "unreadable",
    "no_video",
    "no_audio",
    "empty",
    "timeout",
    "memory",
    "crashed",
    "changed",
    "ambiguous",
)


class MediaFailure(Exception):
    """One file that gives no features.

    kind: `missing` (no file), `unreadable` (not media, or damaged), `no_video`, `no_audio` (no such stream), `empty`
    (no frame or sample in the clip), `timeout` and `memory` (decoding went over a limit), `crashed` (the decoding
    process died), `changed` (the file differs from its listing), `ambiguous` (the file is longer than the clip and
    nothing says which part is meant). reason: one sentence for the failure row, with what was expected and what was
    found.
    """

    def __init__(self, kind: str, reason: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
        super().__init__(kind, reason)
        self.kind = kind
        self.reason = " ".join(str(reason).split())

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"
