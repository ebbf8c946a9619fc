"""Edits of code files that change what a definition means, and none of what it does."""

import ast
from pathlib import Path


def change(file: Path, name: str) -> None:
    """Put a statement without effect into a function or class at the top of a module."""
    text = file.read_text()
    (found,) = [node for node in ast.parse(text).body if getattr(node, "name", None) == name]
    first = found.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    lines, place = text.splitlines(keepends=True), first.end_lineno if documented else first.lineno - 1
    file.write_text("".join([*lines[:place], f"{' ' * first.col_offset}EDITED = True\n", *lines[place:]]))


def comment(file: Path) -> None:
    """Change comments, docstrings, annotations and layout, and no meaning."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body[0].value.value = "Edited."
    file.write_text("# edited\n" + ast.unparse(tree) + "\n\n\n# edited\n")
