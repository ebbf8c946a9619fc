"""Table 3 and Figure 10: TOC's choice of code dimensions against random ones, from the pictures that were rebuilt."""

import argparse

from safetensors.numpy import load_file

from cmg.files import write_bytes
from cmg.report.figure10 import figure_svg, shares_of
from cmg.report.table3 import table3_csv, table3_markdown
from pipeline import leftovers, paths
from pipeline.orchestration import receipts
from pipeline.page import rebuilt
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Reads results/reconstruction/ and receipts/; writes results/table3.csv, table3.md and figure10.svg."
    )


def run(args: argparse.Namespace, params: Params) -> None:
    leftovers.set_aside(params)
    outputs = [paths.table("table3", "csv"), paths.table("table3", "md"), paths.FIGURE10]
    runs = rebuilt.runs(params)
    inputs = [*map(paths.reconstruction, runs), *map(paths.rebuilt, runs[:1])]
    used = {"dataset": params.pictures, "seeds": params.seeds, "sample": rebuilt.sample(params)}
    with receipts.record("table3", "table3", inputs=inputs, outputs=outputs, params=used):
        results, notice = rebuilt.load(params), rebuilt.notice(params)
        texts = [table3_csv(results, notice, rebuilt.fingerprint(params)), table3_markdown(results, notice)]
        texts += [figure_svg(load_file(paths.rebuilt(runs[0])), shares_of(results), notice)]  # of the first seed
        for path, text in zip(outputs, texts, strict=True):
            write_bytes(path, text.encode())
