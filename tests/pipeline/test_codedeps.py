"""Import closures and code digests."""

import pytest

from pipeline import codedeps


@pytest.fixture
def project(tmp_path):
    files = {
        "cmg/__init__.py": "",
        "cmg/a.py": '"""Doc."""\nfrom cmg.b import f\nimport numpy\n\ndef g():\n    from cmg.lazy import h\n    return f, h\n',
        "cmg/b/__init__.py": "from .core import f\n",
        "cmg/b/core.py": "def f():\n    return 1\n",
        "cmg/lazy.py": "h = 1\n",
        "cmg/other.py": "import cmg.a\n",
        "pipeline/__init__.py": "",
        "pipeline/paths.py": "import cmg.other\n",
        "pipeline/stages/__init__.py": "",
        "pipeline/stages/s.py": "from pipeline import paths\nfrom cmg import a\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_closure_follows_imports_packages_and_function_bodies_but_not_plumbing(project):
    found = codedeps.closure(["pipeline.stages.s"], project)
    assert found == ["cmg/a.py", "cmg/b/__init__.py", "cmg/b/core.py", "cmg/lazy.py", "pipeline/stages/s.py"]


def test_a_module_that_does_not_exist_is_an_error(project):
    with pytest.raises(ModuleNotFoundError, match="cmg.nothing"):
        codedeps.closure(["cmg.nothing"], project)


def test_comments_docstrings_and_layout_do_not_count_and_values_do(project):
    file = project / "cmg/b/core.py"
    before = codedeps.code_digest(file)
    file.write_text('"""New."""\n# comment\ndef f():\n    """Doc."""\n\n    return (1)\n')
    assert codedeps.code_digest(file) == before
    file.write_text("def f():\n    return 2\n")
    assert codedeps.code_digest(file) != before
