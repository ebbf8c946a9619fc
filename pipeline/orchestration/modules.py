"""The project's modules below a folder, and where what a definition names leads to in them."""

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from pipeline.orchestration.meaning import Chain, Imported, Meaning, Part, read

PACKAGES = ("cmg", "pipeline")
EVERYTHING = "*"
Place = tuple[str, str]  # module, and a name in it


class Modules:
    """What is asked for is read once; a folder that changes needs new ``Modules``."""

    def __init__(self, root: Path = Path(".")) -> None:
        self._root = root
        self._files: dict[str, Path | None] = {}
        self._meanings: dict[str, Meaning] = {}
        self._used: dict[Part, list[Place]] = {}

    @cached_property
    def _all(self) -> frozenset[str]:
        found = (file for package in PACKAGES for file in (self._root / package).rglob("*") if file.suffix != ".pyc")
        return frozenset(file.relative_to(self._root).as_posix() for file in found)

    def file(self, module: str) -> Path:
        """File of a module. Raises ModuleNotFoundError when ``module`` is none of the project's."""
        file = self.find(module)
        if file is None:
            raise ModuleNotFoundError(f"{module} is not a module under {self._root.resolve()}")
        return file

    def find(self, module: str) -> Path | None:
        """File of a module; None when ``module`` is none of the project's."""
        if module not in self._files:
            path = module.replace(".", "/")
            self._files[module] = next(
                (Path(name) for name in (f"{path}.py", f"{path}/__init__.py") if name in self._all), None
            )
        return self._files[module]

    def inside(self, package: str) -> list[str]:
        """Names of the modules directly inside a package."""
        folder = package.replace(".", "/")
        found = (Path(file) for file in self._all if file.startswith(f"{folder}/") and file.endswith(".py"))
        return sorted(file.stem for file in found if file.parent == Path(folder) and file.name != "__init__.py")

    def text(self, file: Path) -> str:
        return (self._root / file).read_text(encoding="utf-8")

    def meaning(self, module: str) -> Meaning:
        if module not in self._meanings:
            file = self.file(module)
            self._meanings[module] = read(
                self.text(file), module if file.name == "__init__.py" else module.rpartition(".")[0]
            )
        return self._meanings[module]

    def named(self, text: str) -> Place:
        """``cmg.toc:select``, or all of ``cmg.toc``.

        Raises:
            ModuleNotFoundError: it is no module of the project.
        """
        module, _, name = text.partition(":")
        self.file(module)
        return module, name or EVERYTHING

    def by_name(self, part: Part) -> list[Place]:
        """Modules of the project that strings name."""
        texts = (text for text in part.strings if text.split(".")[0] in PACKAGES)
        return [self.named(text) for text in texts if self.find(text.partition(":")[0])]

    def followed(self, imported: Imported, attributes: Iterable[str] = ()) -> Place:
        """Where an imported name and the attributes behind it lead."""
        module, names = imported.module, [*filter(None, [imported.name]), *attributes]
        while names and self.find(f"{module}.{names[0]}"):
            module, names = f"{module}.{names[0]}", names[1:]
        return module, names[0] if names else EVERYTHING

    def used(self, part: Part, module: str) -> list[Place]:
        """Definitions, and whole modules, that a part of ``module`` names."""
        if part not in self._used:
            found = (self.place(names, part, module) for names in part.names)
            self._used[part] = [place for place in found if place]
        return self._used[part]

    def place(self, names: Chain, part: Part, module: str) -> Place | None:
        """Where one name leads; None for a local name, or another package's."""
        meaning, (first, *rest) = self.meaning(module), names
        imported = part.imports.get(first) or meaning.imported.get(first)
        if imported is None and first not in meaning.statements:
            return None
        found = self.followed(imported or Imported(module, first), rest)
        return found if self.find(found[0]) else None

    def given(self, part: Part, module: str, of: str) -> list[Place]:
        """``Class.method`` of the classes in the module ``of``, where an argument of a part is one of them and it uses
        such a name."""
        if not any(place and place[0] == of for place in (self.place(kind, part, module) for kind in part.given)):
            return []
        classes = {name: kind for name in self.meaning(of).statements for kind in self.meaning(of).parts(name)}
        return [
            (of, f"{name}.{used}") for name, kind in classes.items() for used in kind.methods.keys() & part.attributes
        ]

    def beside(self, named: Iterable[str], folder: Path) -> set[Path]:
        """Files beside a module that strings name, and those that these name."""
        found, queue = set(), list(named)
        while queue:
            name = queue.pop()
            file = folder / name
            if (
                "/" not in name
                and file.suffix not in ("", ".py")
                and file not in found
                and file.as_posix() in self._all
            ):
                found.add(file)
                queue += re.findall(r'"([\w.]+)"', self.text(file))
        return found
