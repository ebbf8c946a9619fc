"""Table 3 in its forms: CSV, Markdown, and what the page shows. Readings of the codes stand side by side."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from cmg.report.markdown import escape, markdown_line
from cmg.report.pagetables import PageTable, page_table
from cmg.report.published import SOURCES
from cmg.report.rebuilt import SCORES, Masked, Rebuilt, masked
from cmg.report.tablecsv import number

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
    *(
        "random_over_variance",
        "full_over_variance",
        "published_random",
        "published_toc",
        "published_count",
        "fingerprint",
    ),
)


def table3_csv(results: Sequence[Rebuilt], notice: str, fingerprint: str) -> str:
    """Notice and what the paper leaves open as comments, then a line per reading and share. results: the seeds of one
    dataset."""
    out = io.StringIO()
    out.writelines(f"# {line}\n" for line in (notice, OPEN) if line)
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**_fields(row, results), "fingerprint": fingerprint} for row in masked(results))
    return out.getvalue()


def _fields(row: Masked, seeds: Sequence[Rebuilt]) -> dict[str, object]:
    variance, about = fmean(seed.about["variance"] for seed in seeds), seeds[0].about
    found: dict[str, object] = {
        "dataset": seeds[0].dataset,
        "reading": row.reading,
        "masked": f"{row.masked:g}",
        "kept": row.kept,
    }
    found |= {"fill": about["fill"], "masks": about["masks"], "seeds": _joined([seed.seed for seed in seeds], str)}
    found |= {
        "random_mean": _mse(fmean(row.random)),
        "random_spread": _mse(fmean(row.spread)),
        "random_seeds": _joined(row.random, _mse),
    }
    for score in SCORES:
        found |= {f"{score}_mean": _mse(fmean(row.toc[score])), f"{score}_seeds": _joined(row.toc[score], _mse)}
        found |= {
            f"{score}_count": number(fmean(row.worse[score]), 1),
            f"{score}_count_seeds": _joined(row.worse[score], str),
        }
    found |= {"random_over_variance": number(fmean(row.random) / variance, 3)}
    return found | {"full_over_variance": number(fmean(row.toc["full"]) / variance, 3), **_printed(row.printed)}


def _printed(row: Mapping[str, str]) -> dict[str, str]:
    return {f"published_{name}": row[name] for name in ("random", "toc", "count") if row}


def _joined(values: Sequence, form: Callable[..., str]) -> str:
    return ";".join(map(form, values))


def _mse(value: float) -> str:
    return number(value, DIGITS + 1)


def table3_markdown(results: Sequence[Rebuilt], notice: str) -> str:
    """The notice, what the paper leaves open, how to read it, and `page_tables`."""
    parts = [f"> **{escape(notice)}**"] if notice else []
    parts += ["# Table 3", OPEN, READING, f"Published: Table 3 of {SOURCES['fcid_toc']}."]
    for table in page_tables(results):
        parts += [f"## {escape(table.caption)}", _markdown(table)]
    return "\n\n".join(parts) + "\n"


def _markdown(table: PageTable) -> str:
    heads = [escape(text) for text, _ in table.heads]
    rows = [[field.text for field in fields] for _, fields in table.rows]
    return "\n".join(markdown_line(line) for line in [heads, ["---:"] * len(heads), *rows])


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
