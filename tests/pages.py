"""The page without what is measured."""

import re


def without_measured(page: str) -> str:
    """The page's text with the parts cut out that differ from run to run (hardware, times, tables that other commands made)."""
    kept, marks = re.subn(r"<!--measured-->.*?<!--/measured-->", "", page, flags=re.DOTALL)
    assert marks == 3, f"expected three measured parts, found {marks}"
    return kept
