"""``python -m pipeline STAGE …``: every stage is a plain command that runs alike by hand, under DVC and under
Snakemake."""

import argparse
import importlib
import signal
import sys

from pipeline import errors, params, sweeps

# name: one line of help. Stages in the order of the data flow, then the tools.
STAGES = {
    "code": "what the code of every stage means",
    "sample": "generate the sample corpus of one dataset",
    "scan": "list a dataset's files with a content fingerprint",
    "index": "read official annotations into the clip index",
    "exclusions": "training clips that downstream datasets test on",
    "corpus": "what methods are pretrained on, of one dataset",
    "features": "extract one modality of one dataset into its feature store",
    "pretrain": "train one method with one seed",
    "codes": "encode every dataset with one trained run",
    "toc": "rank one run's code dimensions (training-free)",
    "evaluate": "every downstream task of one run",
    "vqvae": "train a VQ-VAE on pictures with one seed",
    "reconstruct": "rebuild held-out pictures from part of the code dimensions",
    "table3": "TOC against random masks: table 3 and figure 10",
    "tables": "the papers' tables from all runs",
    "plots": "training curves for dvc plots",
    "report": "one self-contained HTML page",
    "queries": "encode the sounds and sentences that segmentation heads are asked with",
    "segment": "segmentation heads of one run",
    "segmentation": "the table and the page of the segmentation",
    "protocols": "strict and published scores of the same runs side by side",
    "generator": "the frozen generator of pictures, and what it makes of the real ones",
    "generate": "pictures from one run's codes, and their scores",
    "table4": "the table and the page of generated pictures",
    "default": "the main run's scores as the default point of its method's sweeps",
    "sweep": "one table or figure of a method's sweeps",
}
TOOLS = {
    "check": "what is found, missing or malformed per dataset, and what to do next",
    "store": "show, verify or export a feature store",
    "import-checkpoint": "inspect a released checkpoint, and convert it",
    "export-checkpoint": "write a run of `variant: release` in the released form",
    "fetch-weights": "download weights of the official recipes, checksum compared",
    "caption": "captions of FlickrSound's images by a transformers model",
    "compare-features": "released features against a store of ours: cosine per clip and second",
    "profile-step": "where the time of a training step goes",
    "curves": "a run's losses over the log of a real training",
    "times": "where time and memory went, and table 8, as CSV: never hashed",
    "verify": "walk a result back to its inputs, byte by byte",
    "explain": "why a number of a table is what it is: heads, classes, confusions, wrong clips",
    "record": "tell DVC what a Snakemake run made",
    "enable": "let DVC and Snakemake know a sweep's or side branch's stages",
    "recover": "mend what a killed run left half-written; then the same command again",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="STAGE")
    for name, text in {**STAGES, **TOOLS}.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one stage or tool; its exit status, or 1 after one line about what its user can mend (a closed pipe: after
    none)."""
    arguments = sys.argv[1:] if argv is None else argv
    command = _parser().parse_args(arguments[:1]).command
    module = importlib.import_module(
        f"pipeline.{'stages' if command in STAGES else 'tools'}.{command.replace('-', '_')}"
    )
    parser = argparse.ArgumentParser(prog=f"python -m pipeline {command}", description=module.__doc__)
    module.add_arguments(parser)
    args = parser.parse_args(arguments[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _ended(module.run(args, _given(args)) or 0)
    except BrokenPipeError:
        errors.hush()
    except Exception as error:
        if (said := errors.said(error)) is None:
            raise
        print(said + sweeps.named(args) * isinstance(error, params.ParameterError), file=sys.stderr)
    return 1


def _given(args: argparse.Namespace) -> params.Params:
    """The parameters, at the point of a sweep where the command names one."""
    given = params.load()
    return args.given(given, args) if "given" in args else given


def _ended(status: int) -> int:
    sys.stdout.flush()  # here, where a closed pipe is caught
    return status


if __name__ == "__main__":
    sys.exit(main())
