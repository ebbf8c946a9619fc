"""What ``dvc metrics`` reads: row name -> cell -> mean over seeds."""

import json
from collections import Counter
from collections.abc import Sequence

from cmg.report.layout import BOUND, PUBLISHED
from cmg.report.tables import Row, Table


def metrics(table: Table) -> dict[str, dict[str, float]]:
    """``{"fcid": {"ave_va": 61.2, …}, "fcid_toc": …, "fcid_bound": …, "chance": …}``; cells and rows without a number
    are left out.

    Where one method ran under several variants or protocols, these are added to the names.
    """
    rows = [row for row in table.rows if row.kind != PUBLISHED]
    names = Counter(_name(row) for row in rows)
    out = {}
    for row in rows:
        name = _name(row)
        full = name if names[name] == 1 else "_".join(part for part in (name, row.variant, row.protocol) if part)
        out[full] = {key: round(cell.mean, 4) for key, cell in row.cells.items() if cell.mean is not None}
    return {name: values for name, values in out.items() if values}


def metrics_json(tables: Sequence[Table]) -> str:
    """The file's text: rows of one name over all tables together, sorted keys, one number per line, deterministic."""
    found: dict[str, dict[str, float]] = {}
    for table in tables:
        for name, cells in metrics(table).items():
            found.setdefault(name, {}).update(cells)
    return (
        json.dumps(
            {name: cells for name, cells in found.items() if cells}, indent=1, sort_keys=True, ensure_ascii=False
        )
        + "\n"
    )


def _name(row: Row) -> str:
    return row.method + ("_toc" if row.toc else "") + ("_bound" if row.kind == BOUND else "")
