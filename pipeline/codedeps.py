"""Which of the project's own files a stage imports, and a digest of what they do.

Imports are read from the syntax tree, so nothing is executed and imports inside functions count. Modules that a registry imports
on demand by name (methods, datasets) are not followed: a stage names the one it uses.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGES = ("cmg", "pipeline")
# Arguments, paths, parameters, writing of files and tables of names: an edit there changes no result by itself (values are tracked one
# by one, and so is the module behind a name), so they do not count and what they import is not followed.
PLUMBING = frozenset(
    [f"pipeline/{name}.py" for name in ("__main__", "paths", "params", "sweeps", "files", "codedeps", "receipts", "progress", "machine")]
    + ["cmg/files.py", "cmg/methods/__init__.py", "cmg/datasets/registry.py"]
)


def module_file(module: str, root: Path = Path(".")) -> Path | None:
    """File of a project module, or None when ``module`` names something else (an attribute, another package)."""
    base = root.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate.relative_to(root)
    return None


@cache
def _imported_names(source: str, package: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, base] if base else parent)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(name for name in names if name.split(".")[0] in PACKAGES)


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def closure(modules: list[str], root: Path = Path(".")) -> list[str]:
    """Project files (posix, sorted) that importing ``modules`` executes, package ``__init__`` files included; files without code left
    out; files beside a module that it names (templates, tables) included.

    Raises:
        ModuleNotFoundError: one of ``modules`` is not a module of the project.
    """
    for module in modules:
        if module_file(module, root) is None:
            raise ModuleNotFoundError(f"{module} is not a module under {root.resolve()}")
    seen: dict[str, Path] = {}
    queue = [name for module in modules for name in _with_parents(module)]
    while queue:
        module = queue.pop()
        file = module_file(module, root)
        if module in seen or file is None:
            continue
        seen[module] = file
        if file.as_posix() in PLUMBING:
            continue
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for name in _imported_names((root / file).read_text(), package):
            queue.extend(_with_parents(name))
    code = {file for file in seen.values() if has_code((root / file).read_text())}
    beside = {file.parent / name for file in code for name in _named_files((root / file).read_text(), root / file.parent)}
    return sorted({file.as_posix() for file in code | beside} - PLUMBING)


@cache
def has_code(source: str) -> bool:
    """Whether a source text holds more than a docstring."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(source).body)


@cache
def _named_files(source: str, folder: Path) -> frozenset[str]:
    """Files beside a module that it names in a string: templates, tables, styles."""
    names = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(file.name for file in folder.iterdir() if file.name in names and file.suffix not in ("", ".py"))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = body[1:] or [ast.Pass()]
    return tree


@cache
def _source_digest(source: str) -> str:
    return hashlib.sha256(ast.unparse(_without_docstrings(ast.parse(source))).encode()).hexdigest()


def code_digest(file: Path) -> str:
    """SHA-256 of a Python file's meaning: comments, docstrings and layout do not count. Of another file: of its bytes."""
    return _source_digest(file.read_text()) if file.suffix == ".py" else hashlib.sha256(file.read_bytes()).hexdigest()


def code_digests(modules: list[str], root: Path = Path(".")) -> dict[str, str]:
    """``{file: digest}`` over the import closure of ``modules``."""
    return {file: code_digest(root / file) for file in closure(modules, root)}
