"""Table 4: generated pictures, from the results of the generation branch. Distances and, beside them, whether a picture
fits its pair."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cmg.files import BadFile
from cmg.report.frame import records
from cmg.report.layout import METHODS, label
from cmg.report.markdown import escape, markdown_page, markdown_table
from cmg.report.published import read_published
from cmg.report.tablecsv import csv_text, number

DIRECTIONS = {"ii": "I2I", "ai": "A2I", "ti": "T2I"}
KEYS = ["kind", "method", "toc", "direction"]
SHUFFLED = " of shuffled pairs"
LABELS = {
    **{"r1": "R@1", "shuffled_r1": "R@1" + SHUFFLED, "r10": "R@10", "shuffled_r10": "R@10" + SHUFFLED},
    **{
        "same_classes": "same classes",
        "shuffled_same_classes": "same classes" + SHUFFLED,
        "a_class": "a class in common",
    },
    **{"shuffled_a_class": "a class in common" + SHUFFLED, "code_a_class": "a class in common by code alone"},
    **{"consistency": "own code again", "identical": "identical to I2I", "codes": "codes", "unseen": "unseen codes"},
}
KINDS = {
    "method": "pictures from a method's codes",
    "mean embedding": "the same codes without training: the mean embedding of the training images with that code",
    "own embedding": "every test picture made from its own embedding: the best that a code could do",
    "other real pictures": "as many real pictures of the train split in place of the test ones: "
    "what a distance cannot fall below",
    "published": "as printed (FID on real FlickrSound): "
    "another data set and other features, not to be compared with the rows above",
}


@dataclass(frozen=True)
class Generated:
    """All that the table needs: results by run, floors of the generator, what the distance is called, the notice,
    fingerprints by run."""

    results: Sequence[Mapping[str, Any]]
    floors: Mapping[str, Mapping[str, float]]
    distance: str
    notice: str
    fingerprints: Mapping[str, str]


def read_results(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Results of runs. Raises ValueError naming a file that is not one."""
    found = []
    for file in files:
        try:
            result = json.loads(file.read_text(encoding="utf-8"))
            found.append({"method": result["method"], "seed": int(result["seed"]), "rows": list(result["rows"])})
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"{file}: no result of generation ({error}); remove it, then: dvc repro branches/generation/dvc.yaml"
            ) from error
    return found


def frame(given: Generated) -> pd.DataFrame:
    """One line per kind, method, TOC and direction: seeds, n, q, mean and deviation over seeds of every score, mean of
    counts."""
    runs = pd.DataFrame(_lines(given))
    names = [name for name in runs.columns if name not in (*KEYS, "seed", "fingerprint")]
    grouped = runs.groupby(KEYS, sort=False, dropna=False)
    found = {"seeds": grouped["seed"].agg(_joined)}
    for name in names:
        found |= {name: grouped[name].mean(), f"{name}_sd": grouped[name].std(ddof=1)}
    table = pd.DataFrame({**found, "fingerprint": grouped["fingerprint"].agg(_joined)}).reset_index()
    return table.sort_values(KEYS, key=_order, kind="stable", ignore_index=True)


def _joined(values: pd.Series) -> str:
    """The values that exist, without a decimal point of numbers, each once."""
    return ";".join(
        dict.fromkeys(
            f"{value:g}" if isinstance(value, float) else str(value) for value in values if not pd.isna(value)
        )
    )


def _lines(given: Generated) -> list[dict[str, Any]]:
    """One per result row of every run, floor, and printed number."""
    lines = []
    for result in given.results:
        method, seed = result["method"], result["seed"]
        about = {"method": method, "seed": seed, "fingerprint": given.fingerprints.get(f"{method}-{seed}")}
        for row in result["rows"]:
            kind = "method" if row["by"] == "mapper" else row["by"]
            own = {name: row[name] for name in ("toc", "direction", "n", "q")}
            lines.append({"kind": kind, **about, **own, **row["scores"], **row["counts"]})
    for kind, scores in given.floors.items():
        lines.append({"kind": kind, "method": "", "toc": None, "direction": "ii", **scores})
    for entry in (entry for entry in read_published() if entry.cell.startswith("generation_")):
        about = {"kind": "published", "method": entry.method, "toc": entry.toc}
        lines.append({**about, "direction": entry.cell.removeprefix("generation_"), "fd": entry.value})
    return lines


def _order(column: pd.Series) -> pd.Series:
    places = {"kind": list(KINDS), "method": ["", *METHODS], "direction": list(DIRECTIONS)}.get(str(column.name))
    return column.map(lambda value: places.index(value) if value in places else -1) if places else column.astype(str)


def table4_csv(given: Generated) -> str:
    """The notice as a comment, then every line of `frame`; two decimals, four for cosines and kernel distances."""
    table = frame(given)
    digits = {name: 4 if name.startswith(("cosine", "shuffled_cosine", "kd")) else 2 for name in table.columns}
    return csv_text(table.columns, records(table), given.notice, digits=digits)


def table4_markdown(given: Generated) -> str:
    """Distances as the paper's Table 4, then what they cannot say."""
    table, kinds = frame(given), "\n".join(f"- *{kind}*: {text}" for kind, text in KINDS.items())
    tables = (_distances(table, given.distance), _pairs(table))
    return markdown_page(given.notice, "# Table 4", escape(reading(given)), *tables, kinds)


def reading(given: Generated) -> str:
    """What the numbers are, in a paragraph."""
    return (
        f"Pictures made from codes, compared with the real pictures of the pairs. {given.distance}: a distance of the "
        "two sets, lower is nearer; shuffling the pairs does not change it, so it says nothing about whether a picture "
        "fits its sound or sentence. The second table does: R@1 and R@10, whether the pair's real picture is nearest "
        "to the generated one or among the ten nearest; the classes of the nearest real picture; and the same of "
        "shuffled pairs, their chance. The paper leaves open how the network from codes to embeddings is trained, "
        "which generator, sampler and reference set were used, and where its sentences came from."
    )


def rows_of(table: pd.DataFrame, kinds: Sequence[str]) -> list[tuple[str, str, pd.DataFrame]]:
    """(label, kind, lines by direction) of each row of these kinds, in the order of the frame."""
    found = []
    for (kind, method, toc), lines in table[table["kind"].isin(kinds)].groupby(
        ["kind", "method", "toc"], sort=False, dropna=False
    ):
        found.append((label(str(method), bool(toc)) if method else str(kind), str(kind), lines.set_index("direction")))
    return found


def cell(lines: pd.DataFrame, direction: str, score: str, digits: int = 2) -> str:
    """`12.34 ± 0.10`, or nothing where there is no such number."""
    if direction not in lines.index or score not in lines.columns:
        return ""
    value, spread = (float(lines[name][direction]) for name in (score, f"{score}_sd"))
    if math.isnan(value):
        return ""
    return number(value, digits) + ("" if math.isnan(spread) else f" ± {number(spread, digits)}")


def _distances(table: pd.DataFrame, distance: str) -> str:
    heads = ["", "Kind", *(f"#{escape(f'{name} {distance}')}" for name in DIRECTIONS.values())]
    rows = [
        [escape(name), escape(kind), *(cell(values, direction, "fd") for direction in DIRECTIONS)]
        for name, kind, values in rows_of(table, list(KINDS))
    ]
    return markdown_table(heads, rows)


def _pairs(table: pd.DataFrame) -> str:
    rows = [
        [escape(name), escape(kind), text, *(cell(values, way, score, 1) for score in LABELS)]
        for name, kind, values in rows_of(table, ["method", "mean embedding", "own embedding"])
        for way, text in DIRECTIONS.items()
        if way in values.index
    ]
    return markdown_table(["", "Kind", "Direction", *(f"#{escape(text)}" for text in LABELS.values())], rows)
