"""What each difference between paper and release does to a method: the paper's variant with one part as released.

    python -m benchmarks.differences fcid                every part, `variant: release` (all of them), seeds 0 1 2
    python -m benchmarks.differences codaar --rows cpc release --seeds 0 1 2 3 4
    python -m benchmarks.differences fcid --rows infonce tau nce_directions      a part, and its options one at a time
    python -m benchmarks.differences dcid --keep         runs that have a result already are not run again

Run where `make repro` has been run: features and parameters are the project's, and its main runs are the first row (a
method that params.yaml does not list is run for it). Runs stand beside those of sweeps, as `<method>+<part>-<seed>`.
Score: average of table 1's eight cells without TOC, percent.
"""

import argparse
from typing import Any

from benchmarks.runs import average, listed, run_one, spread
from cmg.methods import config_class
from pipeline import params, sweeps

ENCODERS = ("spatial_attention", "residual_skip", "mask_text")
CPC = ("cpc_layers", "cpc_bias", "cpc_candidates", "cpc_self", "cpc_first")
CLUB = ("club_estimate", "club_video", "club_features", "club_units", "club_floor")
RELEASED_CODEBOOK = ("codebook_start", "smooth_counts", "reset")
CODEBOOK = ("quantizer", *RELEASED_CODEBOOK)
COMMITMENT = ("commit_own", "commit_other")
CODE_MATCHING = ("cmcm_weight", "cmcm_transposed", "cmcm_protected")
PARTS = {
    "fcid": {
        "flow": ("flow",),
        "encoders": ("coarse_encoder", *ENCODERS),
        "codebook": (*CODEBOOK, "code_places", "reset_after"),
        "commitment": COMMITMENT,
        "club": (*CLUB, "club_clip_axis"),
        "cpc": CPC,
        "infonce": ("nce_directions",),
        "code_matching": CODE_MATCHING,
    },
    "dcid": {
        "encoders": (*ENCODERS, "detach_text_target"),
        "codebook": (*CODEBOOK, "mixing", "places", "kept_by"),
        "commitment": COMMITMENT,
        "club": CLUB,
        "cpc": CPC,
        "code_matching": CODE_MATCHING,
    },
    "codaar": {
        "encoders": (*ENCODERS, "detach_text_target", "projection", "spatial_norm"),
        "codebook": RELEASED_CODEBOOK,
        "decoders": ("decoder_code",),
        "cpc": ("cpc_horizon", *CPC),
        "code_matching": CODE_MATCHING,
    },
}
SWITCHED = {("fcid", "code_matching"): {"losses": {"cmcm": True}}}
"""Differences that are switches of losses, beside a part's options."""
WITHOUT_EFFECT = ("classes",)
"""Classifiers that no loss reaches."""


def changes(method: str, row: str) -> dict[str, Any]:
    """What a row has in place of the main run's values; nothing for `paper`."""
    if row == "paper":
        return {}
    if row == "release":
        return {"variant": "release"}
    released = config_class(method).VARIANTS["release"]
    values = {option: released[option] for option in PARTS[method].get(row, (row,))}
    settings = {option: value["avt"] if isinstance(value, dict) else value for option, value in values.items()}
    return {**settings, **SWITCHED.get((method, row), {})}


def rows_of(method: str) -> list[str]:
    """Every row there is: parts, single options, the release. A part that is one option of its own name is that row."""
    options = [option for part in PARTS[method].values() for option in part if option not in PARTS[method]]
    return [*PARTS[method], *options, "release"]


def scores(method: str, row: str, seeds: list[int], given: params.Params, keep: bool) -> list[float]:
    """Averages of a row's runs, seed by seed."""
    point = None if row == "paper" else row
    section = sweeps.merged(given.sections[method], changes(method, row))
    varied = given.model_copy(update={"sections": {**given.sections, method: section}})
    keep |= point is None and method in given.methods  # the project's main runs
    return [average(run_one(method, seed, point, varied, keep)) for seed in seeds]


def line(row: str, found: list[float], first: list[float]) -> str:
    """A row of the Markdown table; the difference is seed by seed."""
    apart = [score - paper for score, paper in zip(found, first, strict=True)]
    return f"| {row} | {listed(found)} | {spread(found)} | {spread(apart)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=PARTS)
    parser.add_argument("--rows", nargs="+", help="parts, single options, `release`; default: every part and `release`")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--keep", action="store_true", help="runs that have a result are not run again")
    args = parser.parse_args()
    given, rows = params.load(), args.rows or [*PARTS[args.method], "release"]
    for row in rows:
        if row not in rows_of(args.method):
            parser.error(params.unknown_key(row, rows_of(args.method)))
    found: dict[str, list[float]] = {}
    for row in ["paper", *rows]:
        found[row] = scores(args.method, row, args.seeds, given, args.keep)
    print(
        f"\n| as released | average, seeds {' '.join(map(str, args.seeds))} | mean | less the paper's |\n"
        "|---|---|---|---|"
    )
    for row, values in found.items():
        print(line(row, values, found["paper"]))


if __name__ == "__main__":
    main()
