"""Codebook health over epochs as curves, and where several codebooks stand."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes

from cmg.report.codebooks import CodebookMaps
from cmg.report.figures import inline_svg
from cmg.report.health import health_panel, health_panels
from cmg.report.history import read_history
from cmg.report.html import report_html
from cmg.report.maps import MOST, cosine_panel, projection_panel
from cmg.report.measured import Measured

HEAD = (
    "epoch,usage/audio,perplexity/audio,dead/audio,usage/video,perplexity/video,dead/video,shared/0,shared/1,shared/2"
)
ROWS = ("1,0.5,20,50,0.25,10,75,0.25,0.5,0.25", "2,0.75,40,25,0.5,30,50,0.25,0.25,0.5")


@pytest.fixture
def health(tmp_path):
    def make(run, rows=ROWS, head=HEAD):
        path = tmp_path / run / "codebook.csv"
        path.parent.mkdir()
        path.write_text("\n".join([head, *rows]) + "\n")
        return read_history(path, "epoch")

    return make


@pytest.fixture
def drawn(monkeypatch):
    """Points and label of every line that is drawn."""
    found = []
    plot = Axes.plot

    def watched(self, xs, ys, *rest, **named):
        found.append((list(xs), list(ys), named.get("label"), named.get("linestyle")))
        return plot(self, xs, ys, *rest, **named)

    monkeypatch.setattr(Axes, "plot", watched)
    return found


def test_a_panel_per_quantity_with_a_line_per_modality(health, drawn):
    panels = health_panels([health("fcid-0")])["fcid"]
    assert [panel.title for panel in panels] == [
        "FCID: share of codes in use",
        "FCID: perplexity",
        "FCID: codes never chosen",
        "FCID: share of codes by how many modalities chose them",
    ]
    assert [(ys, label) for _, ys, label, _ in drawn[:2]] == [([0.5, 0.75], "audio"), ([0.25, 0.5], "video")]
    assert [label for _, _, label, _ in drawn[6:]] == ["0", "1", "2"]
    assert len({dashes for _, _, _, dashes in drawn[6:]}) == 3, "lines differ by more than colour"
    assert "audio from 0.5 to 0.75; video from 0.25 to 0.5" in panels[0].description


def test_the_thick_line_is_the_mean_over_seeds(health, drawn):
    seeds = [health("fcid-0"), health("fcid-1", [row.replace("0.5,20", "0.7,20") for row in ROWS])]
    panel = health_panel("usage", seeds)
    means = {label: ys for _, ys, label, _ in drawn if label}
    assert means["audio"] == pytest.approx([0.6, 0.75]) and "mean over 2 seeds" in panel.description


def test_a_codebook_fitted_after_training_is_one_point_and_none_is_no_panel(health, drawn):
    assert len(health_panels([health("infonce_kmeans-0", ROWS[1:])])["infonce_kmeans"]) == 4
    assert drawn[0][:2] == ([2.0], [0.75])
    assert health_panels([health("simmmdg-0", [], "epoch")]) == {}


def test_a_file_without_epochs_is_named(tmp_path):
    path = tmp_path / "codebook.csv"
    path.write_text("step,usage/audio\n1,0.5\n")
    with pytest.raises(ValueError, match="expected a column 'epoch'"):
        read_history(path, "epoch")


def test_the_page_shows_health_as_pictures_and_as_a_table(inputs, health):
    text = report_html(replace(inputs, histories=(), health=(health("fcid-0"),)), Measured())
    section = text[text.index('id="codebook"') : text.index('id="maps"')]
    assert section.count('role="img"') == 4 and "First and last epoch as a table" in section
    assert "FCID: perplexity" in section and "dead/video" in section and 'scope="row"' in section


def make_maps(codes):
    rng = np.random.default_rng(0)
    kinds, cosines = np.array(["shared"] * codes), np.corrcoef(rng.normal(size=(codes, 8)))
    books = ("video", "audio", "text")
    return CodebookMaps(
        "codaar-0", "vggsound_avel", books, kinds, cosines, None, 0, rng.normal(size=(3, codes, 2)), books
    )


def test_codes_of_a_row_are_joined(drawn):
    maps = make_maps(5)
    panel = projection_panel(maps)
    (xs, ys, _, _), *marks = drawn
    assert [label for _, _, label, _ in marks] == ["video", "audio", "text"]
    ring = np.array([xs, ys]).T.reshape(5, 5, 2)  # row by row: three codes, the first again, a gap
    np.testing.assert_array_equal(ring[:, :3].transpose(1, 0, 2), maps.places)
    np.testing.assert_array_equal(ring[:, 3], ring[:, 0])
    assert np.isnan(ring[:, 4]).all() and "drawn" not in panel.description


def test_large_codebooks_are_drawn_in_part_and_that_is_said(drawn):
    maps = make_maps(1000)
    assert f"{MOST} of 1000 drawn, evenly spaced" in projection_panel(maps).description
    assert len(drawn[1][0]) == MOST
    panel = cosine_panel(maps, maps.before, "all dimensions")
    assert f"the 1000 codes of codaar-0 on all dimensions; {MOST} of 1000 drawn" in panel.description
    mean = (maps.before.sum() - 1000) / (1000 * 999)
    assert f"{mean:.3f}" in panel.description, "the mean is over all codes"
    assert len(panel.svg) < 100_000


def test_numbers_in_a_picture_are_hundredths_and_texts_and_encoded_pictures_stay():
    mark = '<use href="#m" x="1.23456" y="2" style="fill: red"/>'
    other = '<use href="#m" x="3" y="4" style="fill: blue"/>'
    image = '<image href="data:image/png;base64,AAAA" x="0.98765"/>'
    drawn = (
        '<svg viewBox="0 0 9 9"><text x="0.98765">0.98765 "</text>'
        f"<g>{mark}\n {mark}</g><g>{mark}{other}</g>{image}</svg>"
    )
    svg = inline_svg(drawn, "t", "d")
    assert '<text x="0.99">0.98765 "</text>' in svg and 'base64,AAAA" x="0.98765"' in svg
    assert svg.count("fill: red") == 2, "said once where all marks of a group have it, and by the mark where not"
    assert '<g style="fill: red"><use' in svg and 'x="1.23"' in svg and 'y="4" style="fill: blue"' in svg
