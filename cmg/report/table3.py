"""Table 3 in its forms: CSV, Markdown, and what the page shows. Readings of the codes stand side by side."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from cmg.report.markdown import escape, markdown_page, markdown_table
from cmg.report.pagetables import PageTable, page_table
from cmg.report.published import SOURCES
from cmg.report.rebuilt import SCORES, Masked, Rebuilt, masked
from cmg.report.tablecsv import csv_text, number

DIGITS = 4  # of an MSE, as printed
OPEN = (
    "The paper says: a VQ-VAE of CelebA-HQ, 128 codes of 128 dimensions, 100 random masks. It leaves open the size "
    "and range of the pictures, encoder, training and split, what fills a masked dimension, and whether the codes "
    "are centred, on which it depends whether TOC wins; these are our choices (docs/reconstruction.md)."
)
READING = (
    "MSE of pixels in [0,1] over held-out pictures, mean over seeds; random: ± standard deviation over the masks of a "
    "seed; count: random masks that are worse than TOC, mean over seeds. Centred: minus the codebook's mean, which the "
    "decoder gets back, so that indices and whole pictures are those of the plain codes. Published numbers are of real "
    "faces; beside the sample's pictures they are for orientation."
)
ABOUT = {  # of a network: heading, decimals
    "trained": ("Trained on", 0),
    "held_out": ("Held out", 0),
    "size": ("Pixels a side", 0),
    "codes": ("Codes", 0),
    "dims": ("Dimensions", 0),
    "codes_used": ("Codes used", 0),
    "perplexity": ("Perplexity", 1),
    "psnr": ("PSNR, dB", 1),
    "mse": ("MSE", DIGITS),
    "variance": ("Variance", DIGITS),
    "mse_over_variance": ("MSE / variance", 3),
}
HEADS = ("Masked", "#Kept")
FIELDS = (
    *("dataset", "reading", "fill", "masked", "kept", "seeds", "masks", "random_mean", "random_spread", "random_seeds"),
    *(f"{score}_{part}" for score in SCORES for part in ("mean", "seeds", "count", "count_seeds")),
    *("random_over_variance", "full_over_variance", "published_random", "published_toc", "published_count"),
    "fingerprint",
)
DECIMALS = {name: 3 if "over" in name else 1 if name.endswith("count") else DIGITS + 1 for name in FIELDS}


def table3_csv(results: Sequence[Rebuilt], notice: str, fingerprint: str) -> str:
    """Notice and what the paper leaves open as comments, then a line per reading and share. results: the seeds of one
    dataset."""
    rows = ({**_fields(row, results), "fingerprint": fingerprint} for row in masked(results))
    return csv_text(FIELDS, rows, notice, OPEN, digits=DECIMALS)


def _fields(row: Masked, seeds: Sequence[Rebuilt]) -> dict[str, object]:
    """A row's fields, unrounded; what belongs to single seeds as a tuple."""
    variance, about = fmean(seed.about["variance"] for seed in seeds), seeds[0].about
    found: dict[str, object] = {name: about[name] for name in ("fill", "masks")}
    found |= {"dataset": seeds[0].dataset, "reading": row.reading, "masked": f"{row.masked:g}", "kept": row.kept}
    found |= {"seeds": tuple(seed.seed for seed in seeds), "random_seeds": row.random}
    found |= {"random_mean": fmean(row.random), "random_spread": fmean(row.spread)}
    for score in SCORES:
        found |= {f"{score}_mean": fmean(row.toc[score]), f"{score}_seeds": row.toc[score]}
        found |= {f"{score}_count": fmean(row.worse[score]), f"{score}_count_seeds": row.worse[score]}
    for name, values in (("random", row.random), ("full", row.toc["full"])):
        found[f"{name}_over_variance"] = fmean(values) / variance
    return found | {f"published_{name}": text for name, text in row.printed.items()}


def table3_markdown(results: Sequence[Rebuilt], notice: str) -> str:
    """The notice, what the paper leaves open, how to read it, and `page_tables`."""
    parts = ["# Table 3", OPEN, READING, f"Published: Table 3 of {SOURCES['fcid_toc']}."]
    for table in page_tables(results):
        rows = [[field.text for field in fields] for _, fields in table.rows]
        heads = [f"#{escape(text)}" for text, _ in table.heads]
        parts += [f"## {escape(table.caption)}", markdown_table(heads, rows)]
    return markdown_page(notice, *parts)


def page_tables(results: Sequence[Rebuilt]) -> list[PageTable]:
    """Readings side by side by TOC's full score; every score; the networks. results: the seeds of one dataset."""
    rows, dataset = list(masked(results)), results[0].dataset
    shares = [[row for row in rows if row.masked == share] for share in dict.fromkeys(row.masked for row in rows)]
    readings = [row.reading for row in shares[0]]
    sides = [f"#{name}, {side}" for side in (*readings, "published") for name in ("random", "TOC", "count")]
    scores = [f"#{score}, {reading}" for reading in readings for score in SCORES]
    networks = [f"#{head}" for head, _ in ABOUT.values()]
    by_score, about = f"{dataset}: MSE and count by score.", f"{dataset}: pictures from whole codes."
    return [
        page_table(
            "table3", f"Table 3, {dataset}: TOC against random masks.", (*HEADS, *sides), map(_side_by_side, shares)
        ),
        replace(
            page_table("table3-scores", by_score, (*HEADS, *scores), map(_by_score, shares)),
            title="By each score of TOC",
        ),
        replace(
            page_table("table3-networks", about, ("Seed", *networks), map(_network, results)), title="The networks"
        ),
    ]


def _side_by_side(rows: Sequence[Masked]) -> list[str]:
    found = [_percent(rows[0].masked), str(rows[0].kept)]
    for row in rows:
        found += [
            f"{number(fmean(row.random), DIGITS)} ± {number(fmean(row.spread), DIGITS)}",
            number(fmean(row.toc["full"]), DIGITS),
        ]
        found += [number(fmean(row.worse["full"]), 1)]
    return found + [rows[0].printed.get(name, "") for name in ("random", "toc", "count")]


def _by_score(rows: Sequence[Masked]) -> list[str]:
    scores = [f"{number(fmean(row.toc[s]), DIGITS)} ({number(fmean(row.worse[s]), 1)})" for row in rows for s in SCORES]
    return [_percent(rows[0].masked), str(rows[0].kept), *scores]


def _percent(share: float) -> str:
    return f"{share:g} %"


def _network(result: Rebuilt) -> list[str]:
    about = {**result.about, "mse_over_variance": result.about["mse"] / result.about["variance"]}
    return [str(result.seed), *(number(about[name], digits) for name, (_, digits) in ABOUT.items())]
