"""What one Python file means: its definitions by name, and what each of them uses.

Read from the syntax tree, so nothing is executed. Comments, layout, docstrings and annotations of functions mean
nothing.
"""

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property

ON_IMPORT = ""  # "name" of the statements that run when the module is imported
Function = ast.FunctionDef | ast.AsyncFunctionDef
Import = ast.Import | ast.ImportFrom
Chain = list[str]


@dataclass(frozen=True)
class Imported:
    """What a local name stands for: a module, or a name in one."""

    module: str
    name: str | None


@dataclass(eq=False)
class Part:
    """A statement or expression, and what it uses. given: classes of its arguments, and of ``self`` in a method."""

    node: ast.AST
    package: str
    given: list[Chain] = field(default_factory=list)
    names: list[Chain] = field(default_factory=list)  # ``a.b.c`` is [a, b, c]
    attributes: set[str] = field(default_factory=set)  # of anything
    strings: set[str] = field(default_factory=set)
    imports: dict[str, Imported] = field(default_factory=dict)  # made inside it

    def __post_init__(self) -> None:
        self._collect(self.node)

    @cached_property
    def text(self) -> str:
        """The same meaning, the same text."""
        return ast.unparse(self.node)

    @cached_property
    def entries(self) -> dict[str, "Part"]:
        """Of a definition of a dictionary, the values under keys that are written out; empty for anything else."""
        value = getattr(self.node, "value", None)
        if not isinstance(value, ast.Dict):
            return {}
        pairs = zip(value.keys, value.values, strict=True)
        return {str(key.value): Part(entry, self.package) for key, entry in pairs if isinstance(key, ast.Constant)}

    @cached_property
    def methods(self) -> dict[str, "Part"]:
        """Of a class: its methods and properties."""
        if not isinstance(self.node, ast.ClassDef):
            return {}
        own = [self.node.name]
        return {node.name: Part(node, self.package, [own]) for node in self.node.body if isinstance(node, Function)}

    def _collect(self, node: ast.AST) -> None:
        """Take out what means nothing, and note what is used."""
        if isinstance(node, Function):
            self.given += [chain for arg in _arguments(node) if (chain := _chain(arg.annotation))]
        if isinstance(node, Function | ast.ClassDef):
            _strip(node)
        if isinstance(node, ast.Attribute):
            self.attributes |= {child.attr for child in ast.walk(node) if isinstance(child, ast.Attribute)}
        if isinstance(node, Import):
            self.imports |= _imports(node, self.package)
        elif isinstance(node, ast.Constant):
            self.strings |= {node.value} if isinstance(node.value, str) else set()
        elif chain := _chain(node):
            self.names.append(chain)
        else:
            for child in ast.iter_child_nodes(node):
                self._collect(child)


@dataclass(frozen=True)
class Meaning:
    """Statements by the name that they define, what imported names stand for, and what the module says that it offers
    (``__all__``)."""

    package: str
    statements: dict[str, list[ast.stmt]]
    imported: dict[str, Imported]
    offered: list[str]
    _parts: dict[str, list[Part]] = field(default_factory=dict)

    def parts(self, name: str) -> list[Part]:
        if name not in self._parts:
            self._parts[name] = [Part(statement, self.package) for statement in self.statements.get(name, [])]
        return self._parts[name]


@cache
def read(source: str, package: str) -> Meaning:
    """The meaning of a source text whose relative imports start at ``package``."""
    statements: dict[str, list[ast.stmt]] = defaultdict(list)
    imported: dict[str, Imported] = {}
    offered: list[str] = []
    for statement in _without_docstring(ast.parse(source).body):
        if isinstance(statement, Import):
            imported |= _imports(statement, package)
        elif not _never_on_import(statement):
            names = _defined(statement)
            for name in names:
                statements[name].append(statement)
            if names == ["__all__"] and isinstance(statement, ast.Assign):
                offered = ast.literal_eval(statement.value)
    return Meaning(package, dict(statements), imported, offered)


def _strip(node: Function | ast.ClassDef) -> None:
    """Take out the docstring, and a function's annotations."""
    node.body = _without_docstring(node.body) or [ast.Pass()]
    if isinstance(node, Function):
        node.returns = None
        node.body = [_without_annotation(child) for child in node.body]
        for argument in _arguments(node):
            argument.annotation = None


def _arguments(node: Function) -> list[ast.arg]:
    own = node.args
    return [arg for arg in [*own.posonlyargs, *own.args, *own.kwonlyargs, own.vararg, own.kwarg] if arg]


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if documented else body


def _without_annotation(node: ast.stmt) -> ast.stmt:
    if not isinstance(node, ast.AnnAssign):
        return node
    return (
        ast.fix_missing_locations(ast.copy_location(ast.Assign([node.target], node.value), node))
        if node.value
        else ast.Pass()
    )


def _defined(statement: ast.stmt) -> list[str]:
    """Names that a statement at the top of a module defines or changes; ``ON_IMPORT`` for one that does something
    else."""
    if isinstance(statement, Function | ast.ClassDef):
        return [statement.name]
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return [ON_IMPORT]
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [part.id if isinstance(part, ast.Name) else ON_IMPORT for part in parts]


def _never_on_import(statement: ast.stmt) -> bool:
    """``if TYPE_CHECKING:`` and ``if __name__ == "__main__":``."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test).split(" ")[0] in ("TYPE_CHECKING", "__name__")


def _imports(node: Import, package: str) -> dict[str, Imported]:
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name: Imported(_base(node, package), alias.name) for alias in node.names}
    names = {alias.asname or alias.name.partition(".")[0]: alias for alias in node.names}
    return {name: Imported(alias.name if alias.asname else name, None) for name, alias in names.items()}


def _base(node: ast.ImportFrom, package: str) -> str:
    """The module that ``from … import`` names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def _chain(node: ast.AST | None) -> Chain | None:
    """A name and the attributes behind it; None for anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if not isinstance(node, ast.Attribute):
        return None
    above = _chain(node.value)
    return above and [*above, node.attr]
