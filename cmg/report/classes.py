"""Scores of single classes, and what is taken for what, per cell of table 1 and of own tasks: from the answers of runs.
C classes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context

from cmg.answers import NOTHING, Answer, class_scores, confusion
from cmg.report.figures import LINES, STYLE, Panel, ascii_label, make_axes, make_panel
from cmg.report.layout import CELLS, CellSpec, arrow, label
from cmg.report.own import is_own

TOLD = 5  # confusions in words
Kept = Mapping[str, Sequence[Answer]]  # by run


def class_panels(kept: Kept) -> dict[str, list[Panel]]:
    """Per task: for each direction the classes' scores of every method, and the confusions of the best one. TOC left
    out."""
    found: dict[str, list[Panel]] = {}
    for spec in (*CELLS, *_own_cells(kept)):
        methods = _by_method(kept, spec)
        if methods:
            scores = {method: class_scores(answers) for method, answers in methods.items()}
            best = max(scores, key=lambda method: float(np.mean([score for score, _ in scores[method].values()])))
            found.setdefault(spec.label.rpartition(" ")[0], []).extend(
                [_bars(spec, scores), _confused(spec, best, methods[best])]
            )
    return found


def _own_cells(kept: Kept) -> list[CellSpec]:
    """Cells of tasks on datasets of your own that are fitted on one modality and scored on another."""
    asked = {(item.task, item.direction) for answers in kept.values() for item in answers if is_own(item.task)}
    return [CellSpec(task, way, f"{task} {arrow(way)}") for task, way in sorted(asked) if way[0] != way[1]]


def _by_method(kept: Kept, spec: CellSpec) -> dict[str, list[Answer]]:
    """Answers of all seeds of each method in one cell."""
    found: dict[str, list[Answer]] = {}
    for run, answers in kept.items():
        held = [item for item in answers if (item.task, item.direction, item.toc) == (spec.task, spec.direction, False)]
        found.setdefault(run.rpartition("-")[0], []).extend(held)
    return {method: answers for method, answers in found.items() if answers}


def _bars(spec: CellSpec, scores: Mapping[str, Mapping[str, tuple[float, int]]]) -> Panel:
    """A bar per method and class."""
    classes = sorted({name for found in scores.values() for name in found})
    places, thick = np.arange(len(classes)), 0.8 / len(scores)
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 1.1 + (0.12 + 0.05 * len(scores)) * len(classes))
        for number, (method, found) in enumerate(scores.items()):
            values = [found.get(name, (np.nan, 0))[0] for name in classes]
            middle = places + thick * (number - (len(scores) - 1) / 2)
            axes.barh(middle, values, thick, color=LINES[number % len(LINES)], label=label(method))
        axes.set_yticks(range(len(classes)), [ascii_label(name)[:24] for name in classes])
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.set_xlim(0, 103)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7)
        words = "; ".join(
            f"{label(m)}: {', '.join(f'{n} {v:.0f}' for n, (v, _) in found.items())}" for m, found in scores.items()
        )
        return make_panel(figure, f"{spec.label}: single classes", f"Percent, over all seeds. {words}.")


def _confused(spec: CellSpec, method: str, answers: Sequence[Answer]) -> Panel:
    """Share of each true class (row) that was said to be each class (column)."""
    counts = confusion(answers)
    names = sorted({name for pair in counts for name in pair}, key=lambda name: (name == NOTHING, name))
    table = np.array([[counts[real, told] for told in names] for real in names], dtype=float)
    shares = np.divide(
        table, table.sum(axis=1, keepdims=True), out=np.zeros_like(table), where=table.sum(axis=1, keepdims=True) > 0
    )
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 3.4)
        axes.imshow(shares, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks(range(len(names)), [ascii_label(name)[:16] for name in names], rotation=90, fontsize=6)
        axes.set_yticks(range(len(names)), [ascii_label(name)[:16] for name in names], fontsize=6)
        axes.set_xlabel("said")
        axes.set_ylabel("true")
        mistaken = [(pair, count) for pair, count in counts.most_common() if pair[0] != pair[1]][:TOLD]
        counted = "seconds" if answers[0].seconds else "clips"
        words = "; ".join(f"{real} taken for {told}: {count}" for (real, told), count in mistaken) or "none"
        described = f"Commonest confusions of {label(method)}, {counted} over all seeds: {words}."
        return make_panel(figure, f"{spec.label}: confusions of {label(method)}", described)
