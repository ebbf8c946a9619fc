"""What a stage's code is: exactly what it uses."""

import random
from itertools import count
from pathlib import Path

import pytest

from pipeline.orchestration import code
from pipeline.orchestration.modules import Modules
from tests import edits

REPOSITORY = Path(__file__).resolve().parents[2]


class Project:
    """Modules with functions that call one another, and which of them each function reaches."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self._draw, self._numbers = folder, random.Random(seed), count()
        self.uses: dict[tuple[str, str], set[tuple[str, str]]] = {}
        modules = [f"cmg.room{n // 3}.m{n}" for n in range(9)]
        for place, module in enumerate(modules):
            self._write(module, [(other, name) for other, name in self.uses if other in modules[:place]])
        for module in modules:
            package, room = self.folder / Path(*module.split(".")[:2]) / "__init__.py", module.rpartition(".")[0]
            inside = [(other.rpartition(".")[2], name) for other, name in self.uses if other.startswith(f"{room}.")]
            package.write_text("".join(f"from .{last} import {name}\n" for last, name in inside))

    def _write(self, module: str, below: list[tuple[str, str]]) -> None:
        """Three functions; each may use one above it in the module, and two of the modules below, imported in any
        way."""
        top, body, own = [], [], []
        for _ in range(3):
            name = f"f{next(self._numbers)}"
            used = self._draw.sample(below, min(2, len(below))) + self._draw.sample(
                own, min(len(own), self._draw.randint(0, 1))
            )
            inside, calls = [], []
            for other, function in used:
                line, call = self._import(other, function) if other != module else ("", function)
                (top if self._draw.random() < 0.7 else inside).append(line)
                calls.append(f"{call}(x)")
            body += [f"def {name}(x: int) -> int:", '    """Text."""', *(f"    {line}" for line in inside if line)]
            body += [f"    y: int = {' + '.join(['x', *calls])}", f"    return y + {next(self._numbers)}  # note", ""]
            self.uses[module, name] = set(used)
            own.append((module, name))
        file = self.folder / (module.replace(".", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(['"""Text."""', *filter(None, top), "", *body]))

    def _import(self, module: str, function: str) -> tuple[str, str]:
        package, _, last = module.rpartition(".")
        alias = f"a{next(self._numbers)}"
        return self._draw.choice(
            [
                (f"from {module} import {function} as {alias}", alias),
                (f"from {package} import {last} as {alias}", f"{alias}.{function}"),
                (f"from {package} import {function} as {alias}", alias),  # by way of the package
                (f"import {module} as {alias}", f"{alias}.{function}"),
                (f"import {module}", f"{module}.{function}"),
                (f"import {package} as {alias}", f"{alias}.{function}"),
            ]
        )

    def reached(self, function: tuple[str, str]) -> set[tuple[str, str]]:
        found, queue = set(), [function]
        while queue:
            current = queue.pop()
            if current not in found:
                found.add(current)
                queue += self.uses[current]
        return found

    def digests(self) -> dict[tuple[str, str], dict[str, str]]:
        modules = Modules(self.folder)
        return {(module, name): code.digests([f"{module}:{name}"], modules=modules) for module, name in self.uses}


@pytest.mark.parametrize("seed", range(6))
def test_an_edit_changes_exactly_the_code_of_what_reaches_it(tmp_path, seed):
    made = Project(tmp_path, seed)
    before = made.digests()
    for module, name in random.Random(seed).sample(list(made.uses), 4):
        file = tmp_path / (module.replace(".", "/") + ".py")
        text = file.read_text()
        edits.change(file, name)
        changed = {function for function, digests in made.digests().items() if digests != before[function]}
        assert changed == {function for function in made.uses if (module, name) in made.reached(function)}
        file.write_text(text)
    for file in tmp_path.rglob("m*.py"):
        edits.comment(file)
    assert made.digests() == before


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        file = folder / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def names(folder: Path, root: str, item: str = "") -> dict[str, set[str]]:
    return {file.stem: set(found) for file, found in code.Closure([root], item, Modules(folder)).found.items()}


def test_what_a_definition_uses(tmp_path):
    write(
        tmp_path,
        cmg__a=(
            "LIMIT = 3\nOTHER = 4\nSIZES = {}\nSIZES |= {1: LIMIT}\n"
            "class A:\n    limit = LIMIT\nclass B(A):\n    pass\n"
        ),
        cmg__b=(
            "import cmg.a\nfrom cmg.a import A, OTHER\nprint('on import')\n"
            "def f(x: A = OTHER) -> A:\n    return lambda: cmg.a.B\n"
        ),
        cmg__c=(
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cmg.a import A\nimport cmg.a\n"
            "def g(x: 'A'):\n    return 1\n"
        ),
    )
    assert names(tmp_path, "cmg.b:f") == {"b": {"f", ""}, "a": {"A", "B", "LIMIT", "OTHER"}}
    assert names(tmp_path, "cmg.c:g") == {"c": {"g"}}, "a class that an annotation names is not made there"
    assert names(tmp_path, "cmg.a:SIZES") == {"a": {"SIZES", "LIMIT"}}


def test_a_registry_counts_by_the_items_entry(tmp_path):
    write(
        tmp_path,
        cmg__registry="KINDS = {'one': 'cmg.one:One', 'two': 'cmg.two'}\n",
        cmg__named=(
            "from cmg import one, two\nBY_IMPORT = {'one': one, 'two': two}\n"
            "def of(name):\n    return BY_IMPORT[name]\n"
        ),
        cmg__one="class One:\n    pass\nclass Other:\n    pass\n",
        cmg__two="Two = 2\n",
        cmg__make=(
            "import importlib\nfrom cmg.registry import KINDS\n"
            "def make(name):\n    return importlib.import_module(KINDS[name])\n"
        ),
        cmg__list="from cmg.registry import KINDS\ndef listed():\n    return list(KINDS)\n",
    )
    made = names(tmp_path, "cmg.make:make", "one")
    assert made == {"make": {"make"}, "registry": {"KINDS"}, "one": {"One"}}
    assert names(tmp_path, "cmg.list:listed", "one") == {"list": {"listed"}, "registry": {"KINDS"}}, (
        "nothing is imported by name"
    )
    assert set(names(tmp_path, "cmg.make:make")) == {"make", "registry", "one", "two"}, "without an item it may be any"
    assert set(names(tmp_path, "cmg.named:of", "two")) == {"named", "two"}
    before = code.digests(["cmg.make:make"], "one", Modules(tmp_path))
    write(tmp_path, cmg__registry="KINDS = {'new': 'cmg.new', 'one': 'cmg.one:One', 'two': 'cmg.three'}\n")
    assert code.digests(["cmg.make:make"], "one", Modules(tmp_path)) == before, "another entry"


def test_of_a_dictionary_by_item_nothing_counts_for_an_item_without_an_entry(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "ITEMS", {"train": "cmg.registry:KINDS"})
    write(
        tmp_path,
        cmg__registry="KINDS = {'one': 'cmg.one', 'two': 'cmg.two'}\n",
        cmg__one="One = 1\n",
        cmg__two="Two = 2\n",
        cmg__own=(
            "from cmg import one, two\nBY_ITEM = {'two': two}\nBY_MODALITY = {'sound': one}\n"
            "def f(x):\n    return BY_ITEM[x]\n"
        ),
        cmg__other="from cmg import own\ndef f(x):\n    return own.BY_MODALITY[x]\n",
    )
    assert set(names(tmp_path, "cmg.own:f", "one")) == {"own"}
    assert set(names(tmp_path, "cmg.own:f", "two")) == {"own", "two"}
    assert set(names(tmp_path, "cmg.other:f", "two")) == {"other", "own", "one"}, "keys that are no items"


def test_files_beside_a_module_count_where_they_are_named(tmp_path):
    write(
        tmp_path,
        cmg__page="from pathlib import Path\ndef page():\n    return Path('page.html')\ndef other():\n    return 1\n",
    )
    (tmp_path / "cmg/page.html").write_text('{% extends "base.html" %}')
    (tmp_path / "cmg/base.html").write_text("text")
    assert set(code.digests(["cmg.page:page"], modules=Modules(tmp_path))) == {
        "cmg/page.py",
        "cmg/page.html",
        "cmg/base.html",
    }
    assert set(code.digests(["cmg.page:other"], modules=Modules(tmp_path))) == {"cmg/page.py"}


def test_of_parameters_the_methods_that_are_called_count(tmp_path):
    params = (
        "class Limits:\n    bytes: int\n    def most(self):\n        return self.bytes\n"
        "class Params:\n    limits: Limits\n    def a(self):\n        return self.b()\n"
        "    def b(self):\n        return 1\n    def c(self):\n        return 2\n"
    )
    stage = (
        "from pipeline.params import Params\n"
        "def run(args, params: Params):\n    return params.a(), params.limits.most()\n"
    )
    write(tmp_path, pipeline__params=params, pipeline__stage=stage)
    assert names(tmp_path, "pipeline.stage")["params"] == {"Params.a", "Params.b", "Limits.most"}


def test_a_module_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ModuleNotFoundError, match="cmg.nothing"):
        code.digests(["cmg.nothing"], modules=Modules(tmp_path))


def test_a_file_of_unchanged_meaning_is_left_as_it_is_and_one_of_no_stage_removed(folder):
    made = folder()
    code.write()
    before = {file: file.stat().st_mtime_ns for file in Path("data/code").iterdir()}
    Path("data/code/gone.txt").write_text("")
    made.comment("cmg/toc.py")
    made.change("cmg/tasks/codes.py:RunCodes")
    code.write()
    changed = {file.stem.partition("-")[0] for file, time in before.items() if file.stat().st_mtime_ns != time}
    assert {"codes", "toc", "evaluate", "protocols", "tables", "report"} <= changed
    assert not {"sample", "scan", "index", "exclusions", "features", "pretrain", "vqvae"} & changed
    assert set(before) == set(Path("data/code").iterdir())


@pytest.fixture(scope="module")
def users():
    """users(place): stages with their items whose code holds a definition of the repository."""
    modules = Modules(REPOSITORY)
    stages = {name: name.partition("-") for name in code.names(modules)}
    found = {
        name: code.Closure([f"{code.STAGES}.{stage}"], item, modules).found for name, (stage, _, item) in stages.items()
    }

    def of(place: str) -> set[str]:
        file, _, name = place.partition(":")
        return {stage for stage, files in found.items() if name in files.get(Path(file), {})}

    return of


UNCHANGED = {"sample", "scan", "index", "exclusions", "features"}  # by an edit of methods, tasks or report


@pytest.mark.parametrize(
    ("place", "stages", "others"),
    [
        (
            "pipeline/params.py:Params.method_config",
            {"pretrain", "sweep", "tables", "report"},
            UNCHANGED | {"codes", "toc", "evaluate"},
        ),
        ("pipeline/params.py:Params.schedule", {"pretrain"}, UNCHANGED | {"codes", "toc", "evaluate", "tables"}),
        ("pipeline/sweeps.py:merged", {"pretrain", "codes", "toc", "evaluate", "sweep"}, UNCHANGED | {"tables"}),
        (
            "cmg/extract/vgg19.py:normalise",
            {"features"},
            {"index", "pretrain", "codes", "evaluate", "tables", "report"},
        ),
        ("cmg/losses/infonce.py:infonce", {"pretrain", "codes"}, UNCHANGED | {"toc", "evaluate", "vqvae"}),
        (
            "cmg/report/style.css:style.css",
            {"report"},
            UNCHANGED | {"pretrain", "codes", "toc", "evaluate", "tables", "table3", "plots"},
        ),
        (
            "cmg/report/base.html.j2:base.html.j2",
            {"report"},
            UNCHANGED | {"pretrain", "codes", "toc", "evaluate", "tables", "plots"},
        ),
        ("cmg/store/locks.py:ShardLocks", {"features"}, {"pretrain", "codes", "evaluate", "tables", "report"}),
        (
            "cmg/report/published.csv:published.csv",
            {"tables", "report"},
            UNCHANGED | {"pretrain", "codes", "toc", "evaluate", "plots"},
        ),
    ],
)
def test_an_edit_concerns_the_stages_that_use_it(users, place, stages, others):
    found = {stage.partition("-")[0] for stage in users(place)}
    assert stages <= found and not others & found


@pytest.mark.parametrize(
    "place", ["fcid/model.py:FCID", "fcid/config.py:FCIDConfig", "fcid/keys.py:ENCODER", "codaar/aligned.py:AlignedEMA"]
)
def test_a_methods_own_code_concerns_that_method(users, place):
    name = place.partition("/")[0]
    items = {stage for stage in users(f"cmg/methods/{place}") if "-" in stage}
    assert {f"pretrain-{name}"} <= items and all(stage.endswith(f"-{name}") for stage in items)
    assert not {f"toc-{name}", f"evaluate-{name}"} & items


def test_every_item_runs_the_module_that_its_registry_names():
    from cmg.extract.run import MODULES
    from cmg.methods import METHODS
    from cmg.registry import DATASETS

    for stage, registry in (("pretrain", METHODS), ("codes", METHODS), ("index", DATASETS), ("features", MODULES)):
        for item, entry in registry.items():
            module = getattr(entry, "module", entry)
            file = module.partition(":")[0].replace(".", "/")
            assert any(found.startswith(file) for found in code.of(f"{stage}-{item}")), f"{stage}-{item}: {module}"
