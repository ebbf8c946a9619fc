"""What a command says when something is wrong that its user can mend: one line. Anything else is a fault and keeps its
traceback."""

import errno
import os
import sys
from pathlib import Path

from pipeline import makers

# Errors whose message says what is wrong and what to do.
EXPECTED = {
    "cmg.datasets.clips.BadIndex",
    "cmg.datasets.annotations.DatasetError",
    "cmg.datasets.listing.BadListing",
    "cmg.datasets.listing.FileChanged",
    "cmg.datasets.prompts.PromptError",
    "cmg.datasets.readers.OptionError",
    "cmg.datasets.safety.UnsafePath",
    "cmg.extract.loose.LooseError",
    "cmg.extract.recipes.RecipeError",
    "cmg.extract.weights.WeightsError",
    "cmg.files.BadFile",
    "cmg.generation.generator.GeneratorError",
    "cmg.released.checkpoints.CheckpointError",
    "cmg.segmentation.errors.SegmentationError",
    "cmg.store.errors.StoreError",
    "cmg.tasks.codes.CodesError",
    "cmg.train.divergence.Diverged",
    "cmg.train.origin.OtherFeatures",
    "cmg.train.precision.UnsupportedPrecision",
    "pipeline.disk.LinkedFolder",
    "pipeline.orchestration.claims.Busy",
    "pipeline.orchestration.handover.Disabled",
    "pipeline.orchestration.receipts.BadReceipt",
    "pipeline.orchestration.receipts.ChangedInput",
    "pipeline.stages.features.TooManyFailures",
    "pipeline.yamlfile.ParameterError",
}


ROOM = "free space there, then the same command again: what is finished is kept"
OWNER = "of another user, or write-protected: change its owner or mode (chown, chmod u+w), then the same command again"
HELP: dict[int | None, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), ROOM),
    **dict.fromkeys((errno.EACCES, errno.EPERM), OWNER),
    errno.EIO: "the disk, or the network that it is reached by, fails: see the system's log",
    errno.EMFILE: "raise the limit: ulimit -n 65536",
}


def said(error: Exception) -> str | None:
    """What is wrong and what to do; None for a fault of the code."""
    if isinstance(error, OSError):
        return _about_file(error)
    named = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    return str(error) if named & EXPECTED else None


def _about_file(error: OSError) -> str | None:
    """The path, what the system says of it, and what to do: for a missing one the command that makes it. None for an
    error that names no file and is none of a disk's, such as a worker that went away."""
    if error.filename is None and error.errno is None:  # raised with words alone
        return str(error) or None
    if error.filename is None:
        return f"{error}; {HELP[error.errno]}" if error.errno in HELP else None
    path, what = Path(os.fsdecode(error.filename)), (error.strerror or "cannot be used").lower()
    command = makers.command_of(path) if isinstance(error, FileNotFoundError) else None
    known = error.errno in HELP
    return f"{path}: {what}" + (
        f"; first: {command}" if command else f" (errno {error.errno}); {HELP[error.errno]}" if known else ""
    )


def hush() -> None:
    """After a closed pipe: what is still to be written goes nowhere, so that Python says nothing when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
