"""Table 4, its page and the figure, from the generated pictures of all runs."""

import argparse

from safetensors.numpy import load_file

from cmg.files import write_bytes
from cmg.generation import kept
from cmg.report.generation import Generated, read_results, table4_csv, table4_markdown
from cmg.report.generation_page import Shown, figure_png, generation_html
from cmg.report.write import write_text
from pipeline import generation, paths
from pipeline.orchestration import receipts
from pipeline.page import reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Reads results/generation/; writes results/table4.csv, table4.md, generation.html and figure5.png."


def run(args: argparse.Namespace, params: Params) -> None:
    runs = reporting.runs(params)
    results, pictures = [paths.generation_result(run) for run in runs], [paths.generation_pictures(run) for run in runs]
    inputs = [*results, *pictures, paths.GENERATOR, generation.INDEX, generation.PIXELS]
    csv, md = paths.table("table4", "csv"), paths.table("table4", "md")
    outputs = [csv, md, paths.TABLE4_PAGE, paths.FIGURE5]
    with receipts.record("table4", "table4", inputs=inputs, outputs=outputs, params=reporting.parameters(params)):
        known = receipts.load_all()
        marks = {run: receipts.fingerprint([f"generate/{run}"], known) for run in runs}
        about = kept.read(paths.GENERATOR)[2]
        given = Generated(read_results(results), about["floors"], about["distance"], _notice(params), marks)
        shown = [_shown(params, method) for method in params.methods]
        write_text(csv, table4_csv(given))
        write_text(md, table4_markdown(given))
        write_text(paths.TABLE4_PAGE, generation_html(given, shown))
        write_bytes(paths.FIGURE5, figure_png(shown[-1]))


def _notice(params: Params) -> str:
    """As of every table, and what stands for the diffusion model where it is not one."""
    small = params.active.generation.generator == "sample"
    stand_in = "principal components of the corpus' own pictures stand for the diffusion model" if small else ""
    return "; ".join(part for part in (reporting.notice(params), stand_in) if part)


def _shown(params: Params, method: str) -> Shown:
    """Pictures of a method's first seed."""
    seed = params.seeds[0]
    tensors = load_file(paths.generation_pictures(paths.run_name(method, seed)))
    rows, clips = tensors.pop("rows"), generation.clips(params)
    captions = [clips[row].captions[0] if clips[row].captions else "" for row in rows]
    return Shown(method, seed, generation.pictures()[0][rows], tensors, [clips[row].clip_id for row in rows], captions)
