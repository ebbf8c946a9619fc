"""What a stage's code is: everything of the project's that it runs, by what it means. The one definition.

From a stage's module every name that is used is followed to its definition, through imports, so that an edit concerns
exactly the stages that use what was edited. Three rules beside:

- what orchestrates (this folder) does not count, and of the parameters the methods that are called: DVC tracks their
  values;
- of a dictionary that names modules by item the entry of the stage's item counts alone, and nothing where it has none;
  what an entry names is followed where it is imported by name;
- a file beside a module (template, style, table) counts with the definition, or the file, that names it.

The stage ``code`` writes one file per stage and item (``paths.code``); dvc.yaml makes every other stage depend on its
own.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cmg.files import write_bytes
from pipeline import disk, paths
from pipeline.orchestration.meaning import ON_IMPORT, Part
from pipeline.orchestration.modules import EVERYTHING, Modules

STAGES, OWN = "pipeline.stages", "code"
ITEMS = {  # stage: the dictionary whose keys are what it is run for, where an edit may concern one of them
    **dict.fromkeys(
        ("pretrain", "codes", "queries", "toc", "evaluate", "generate", "default", "sweep"), "cmg.registry:METHODS"
    ),
    "index": "cmg.registry:DATASETS",
    "features": "cmg.extract.run:MODULES",
}
APART, GIVEN = "pipeline.orchestration", "pipeline.params"


def digests(roots: Iterable[str], item: str = "", modules: Modules | None = None) -> dict[str, str]:
    """``{file: SHA-256 of what is used of it}`` over everything that ``roots`` use.

    Args:
        roots: modules (``cmg.toc``) or definitions in them (``cmg.toc:select``).
        item: method, dataset or modality whose entries count.

    Raises:
        ModuleNotFoundError: a root is no module of the project.
    """
    found = Closure(roots, item, modules or Modules()).found
    return {
        file.as_posix(): _sha256("\n".join(text for _, text in sorted(names.items())))
        for file, names in sorted(found.items())
    }


def of(name: str, modules: Modules | None = None) -> dict[str, str]:
    """The code of a stage, ``tables``, or of one with its item, ``pretrain-fcid``."""
    stage, _, item = name.partition("-")
    return digests([f"{STAGES}.{stage}"], item, modules)


def names(modules: Modules | None = None) -> list[str]:
    """Every stage, by item where it has items."""
    modules = modules or Modules()
    stages = [stage for stage in modules.inside(STAGES) if stage != OWN]
    items = {stage: _items(registry, modules) for stage, registry in ITEMS.items() if stage in stages}
    return [
        name
        for stage in stages
        for name in ([f"{stage}-{item}" for item in items[stage]] if stage in items else [stage])
    ]


def _items(registry: str, modules: Modules) -> list[str]:
    module, name = modules.named(registry)
    return [key for part in modules.meaning(module).parts(name) for key in part.entries]


def _beside(item: str, modules: Modules) -> set[str]:
    """The items of the registries that have this one."""
    known = (_items(registry, modules) for registry in set(ITEMS.values()) if modules.find(registry.partition(":")[0]))
    return {other for items in known if item in items for other in items}


def write(own: Iterable[str] = ()) -> None:
    """One file per name, left as it is where nothing has changed; those of stages that are no more are removed.

    own: datasets of `source: csv`, whose index stages wait for the code of the manifest's reader under their own names.
    """
    modules = Modules()
    meant = {
        name: "".join(f"{digest}  {file}\n" for file, digest in of(name, modules).items()) for name in names(modules)
    }
    wanted = {paths.code(name): text for name, text in meant.items()}
    wanted |= {paths.code(f"index-{name}"): meant["index-csv"] for name in own}
    for file, text in wanted.items():
        if not file.is_file() or file.read_text() != text:
            write_bytes(file, text.encode())
    for file in paths.CODE.iterdir():
        if file not in wanted:
            disk.remove(file)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Closure:
    """``found``: ``{file: {name: meaning}}`` of all that ``roots`` use, directly or not."""

    def __init__(self, roots: Iterable[str], item: str, modules: Modules) -> None:
        self.found: dict[Path, dict[str, str]] = defaultdict(dict)
        self._item, self._items, self._modules = item, _beside(item, modules), modules
        self._seen: set[tuple[str, str, bool]] = set()
        self._queue = [(*modules.named(name), False) for name in roots]
        while self._queue:
            self._visit(*self._queue.pop())

    def _visit(self, module: str, name: str, by_name: bool) -> None:
        """by_name: what uses this imports modules by name."""
        if (module, name, by_name) in self._seen or module.startswith(APART) or self._modules.find(module) is None:
            return
        self._seen.add((module, name, by_name))
        meaning, (first, _, member) = self._modules.meaning(module), name.partition(".")
        if name == EVERYTHING:
            self._queue += [(module, other, by_name) for other in [*meaning.statements, *meaning.offered]]
        elif name in meaning.imported:
            self._queue.append((*self._modules.followed(meaning.imported[name]), by_name))
        elif member:
            self._count(module, name, [part.methods[member] for part in meaning.parts(first)], by_name)
        elif name in meaning.statements:
            self._count(
                module, name, [chosen for part in meaning.parts(name) for chosen in self._chosen(part, module)], by_name
            )
        if name != ON_IMPORT:
            self._queue += [(above, ON_IMPORT, by_name) for above in _with_packages(module)]

    def _count(self, module: str, name: str, parts: list[Part], by_name: bool) -> None:
        file, known = self._modules.file(module), self._modules
        self.found[file][name] = "\n".join(part.text for part in parts)
        for part in parts:
            imports = by_name or any(names[-1] == "import_module" for names in part.names)
            places = [
                *known.used(part, module),
                *known.given(part, module, GIVEN),
                *(known.by_name(part) if imports else []),
            ]
            self._queue += [(*place, imports) for place in places]
            self.found |= {
                beside: {beside.name: known.text(beside)} for beside in known.beside(part.strings, file.parent)
            }

    def _chosen(self, part: Part, module: str) -> list[Part]:
        """The item's entry, if any, of a dictionary that names modules by item; anything else as it is."""
        entries = part.entries
        by_item = self._item in entries or entries.keys() <= self._items
        if not self._item or not by_item or not any(self._names_module(entry, module) for entry in entries.values()):
            return [part]
        return [entries[self._item]] if self._item in entries else []

    def _names_module(self, part: Part, module: str) -> bool:
        """In a string or by import."""
        return bool(self._modules.by_name(part)) or any(
            name == EVERYTHING for _, name in self._modules.used(part, module)
        )


def _with_packages(module: str) -> Iterator[str]:
    """A module and the packages around it, which run when it is imported."""
    parts = module.split(".")
    yield from (".".join(parts[: i + 1]) for i in range(len(parts)))
