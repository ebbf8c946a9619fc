"""The page without what is measured."""

import re


def without_measured(page: str) -> str:
    """The page's text with the parts cut out that differ from run to run (commit, hardware, times, tables that other
    commands made)."""
    kept, marks = re.subn(r"<!--measured-->.*?<!--/measured-->", "", page, flags=re.DOTALL)
    assert marks == 4, f"expected four measured parts, found {marks}"
    return kept
