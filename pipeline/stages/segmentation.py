"""The table of segmentation with codes as queries, and its page."""

import argparse
from collections.abc import Sequence

from cmg.files import write_bytes
from cmg.report.layout import label
from cmg.report.segmentation import DIRECTIONS, REFERENCES, rows_of, segmentation_csv, segmentation_markdown
from cmg.report.segmentation_page import Image, Shown, segmentation_page
from cmg.results import read_run
from cmg.segmentation.pictures import Picture, png, read_pictures
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.page import reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Reads results/segmentation/runs/; writes results/codaar_avs.csv, codaar_avs.md and segmentation.html."
    )


def run(args: argparse.Namespace, params: Params) -> None:
    methods = [*REFERENCES, *params.methods]
    runs = [f"{paths.SEGMENTATION}/{paths.run_name(method, seed)}" for method in methods for seed in params.seeds]
    first = {method: paths.pictures(paths.run_name(method, params.seeds[0])) for method in methods}
    outputs = [*(paths.table(paths.SEGMENTATION_TABLE, ending) for ending in ("csv", "md")), paths.SEGMENTATION_PAGE]
    inputs, used = [*map(paths.run_result, runs), *first.values()], reporting.parameters(params)
    with receipts.record(
        "segmentation", f"{paths.SEGMENTATION}/{paths.SEGMENTATION_TABLE}", inputs=inputs, outputs=outputs, params=used
    ):
        found = receipts.load_all()
        fingerprints = {paths.plain(name): receipts.fingerprint([f"segment/{name}"], found) for name in runs}
        rows, notice = (
            rows_of([read_run(paths.run_result(name)) for name in runs], fingerprints),
            reporting.notice(params),
        )
        shown = [_shown(method, read_pictures(file)) for method, file in first.items()]
        page = segmentation_page(rows, [item for item in shown if item.rows], notice)
        for path, text in zip(
            outputs, (segmentation_csv(rows, notice), segmentation_markdown(rows, notice), page), strict=True
        ):
            write_bytes(path, text.encode())


def _shown(method: str, pictures: Sequence[Picture]) -> Shown:
    """Frame, truth, and what was found by direction and kind of query."""
    keys = list(dict.fromkeys(key for picture in pictures for key in picture.found))
    columns = ("Frame", "Truth", *(f"{DIRECTIONS.get(direction, '')} {kind} query".strip() for direction, kind in keys))
    rows = tuple((picture.clip_id, picture.label, _images(picture, keys)) for picture in pictures)
    return Shown(REFERENCES.get(method) or label(method), columns, rows)


def _images(picture: Picture, keys: Sequence[tuple[str, str]]) -> tuple[Image, ...]:
    frame = Image(png(picture.frame), f"Frame of {picture.clip_id}: {picture.label} sounds")
    truth = Image(png(picture.truth), f"Its truth: {picture.truth.mean():.0%} of the frame")
    found = [_found(picture, *key) for key in keys]
    return (frame, truth, *found)


def _found(picture: Picture, direction: str, kind: str) -> Image:
    mask = picture.found[direction, kind]
    share = f"IoU {(mask & picture.truth).sum() / max((mask | picture.truth).sum(), 1):.2f}"
    return Image(png(mask), f"Found with the {kind} query: {mask.mean():.0%} of the frame, {share}", share)
