"""A page from a template: self-contained, every text escaped, nothing fetched."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cmg.report.visible import visible

HERE = Path(__file__).parent
SHARED = ("base.html.j2", "macros.html.j2")  # what every template is built on


def render(template: str, view: Mapping[str, object]) -> str:
    """The page's text. ``view`` has title, notice and sections besides what the template asks for; scripts and styles
    stand inside."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["visible"] = visible
    inside = {
        "css": (HERE / "style.css").read_text(encoding="utf-8"),
        "script": (HERE / "page.js").read_text(encoding="utf-8"),
    }
    return environment.get_template(template).render({**inside, **view})
