"""What the page says first of runs that ended unhealthy, and what tables say of InfoNCE."""

from dataclasses import replace

import pytest

from cmg.report.html import report_html
from cmg.report.layout import TABLE1
from cmg.report.markdown import table_markdown
from cmg.report.measured import Measured
from cmg.report.write import build_table


def test_unhealthy_runs_stand_first_and_escaped(inputs):
    page = report_html(
        replace(inputs, warnings={"fcid-0": ["96% of the codes <b>unused</b>", "club_video is -730"]}), Measured()
    )
    said = page.index("96% of the codes &lt;b&gt;unused&lt;/b&gt;; club_video is -730")
    assert page.index('id="unhealthy"') < said < page.index('id="meaning"')
    assert 'id="unhealthy"' not in report_html(inputs, Measured())


@pytest.mark.parametrize("same", [True, False])
def test_tables_name_temperature_and_similarity(inputs, same):
    contrasts = {
        "fcid": "τ 0.1, cosine",
        "infonce_kmeans": "τ 0.1, cosine" if same else "τ 1, dot",
        "absent": "τ 3, dot",
    }
    text = table_markdown(build_table(replace(inputs, contrasts=contrasts), TABLE1))
    expected = (
        "τ 0.1, cosine (InfoNCE + k-means, FCID)" if same else "τ 1, dot (InfoNCE + k-means); τ 0.1, cosine (FCID)"
    )
    assert f"InfoNCE: {expected}." in text
    assert "InfoNCE: " not in table_markdown(build_table(inputs, TABLE1))
