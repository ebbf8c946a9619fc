"""Sweeps: what a point changes, and what cannot be a point."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cmg.methods import METHODS, build, config_class
from cmg.report.published import SWEEPS, read_published
from pipeline import params, paths, sweeps
from pipeline.__main__ import main
from pipeline.params import ParameterError

SWEPT = sorted(file.parent.name for file in Path("ablations").glob("*/params.yaml"))
MAIN = params.load()


def at(method, point=None, scoring=None, run=MAIN):
    return sweeps.applied(run, Namespace(method=method, point=point, scoring=scoring))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write ablations/fcid/params.yaml of a project folder."""
    monkeypatch.chdir(tmp_path)

    def write(**values):
        file = Path("ablations/fcid/params.yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        YAML().dump({"points": {}, "tables": {}, **values}, file)

    return write


def test_without_a_point_the_parameters_are_the_main_runs():
    assert all(
        sweeps.applied(MAIN, given) is MAIN for given in (Namespace(method="fcid", point=None), Namespace(datasets=[]))
    )


def test_a_point_changes_its_values_and_nothing_else():
    found = at("fcid", "club_fine")
    changed = {"club_audiovisual": False, "club_text": False}
    assert found.sections["fcid"] == {**MAIN.sections["fcid"], "losses": {**MAIN.sections["fcid"]["losses"], **changed}}
    assert found.model_copy(update={"sections": MAIN.sections, "released": MAIN.released}) == MAIN
    assert MAIN.sections["fcid"]["losses"]["club_text"] is True
    assert {name: values for name, values in found.sections.items() if name != "fcid"} == {
        name: values for name, values in MAIN.sections.items() if name != "fcid"
    }


def test_a_point_is_trained_where_the_main_run_imports_a_checkpoint():
    imported = MAIN.model_copy(update={"released": {**MAIN.released, "fcid": params.Released(checkpoint="FCID.pt")}})
    assert (
        imported.released["fcid"].checkpoint
        and at("fcid", "codebook_256", run=imported).released["fcid"].checkpoint is None
    )


def test_a_scoring_changes_evaluate_alone():
    found = at("fcid", scoring="toc_variance")
    assert found.evaluate.toc_score == "variance" and found.model_copy(update={"evaluate": MAIN.evaluate}) == MAIN


def test_the_main_run_is_never_a_point(written):
    written(points={"codebook_400": {"codebook_size": 400}}, scorings={"toc_full": {"toc_score": "full"}})
    with pytest.raises(ParameterError, match="points.codebook_400: .* this is the main run; list 'default' instead"):
        at("fcid", "codebook_400")
    with pytest.raises(ParameterError, match="scorings.toc_full: .* this is the main run"):
        at("fcid", scoring="toc_full")


@pytest.mark.parametrize("scoring", ["toc_variance", "worst"])
def test_what_toc_keeps_is_the_scripts_own_under_the_published_protocol(written, scoring):
    written(scorings={"toc_variance": {"toc_score": "variance"}, "worst": {"toc_worst": 0.5}})
    published = MAIN.model_copy(update={"evaluate": params.Evaluate(protocol="published")})
    with pytest.raises(ParameterError, match="set evaluate.protocol: strict"):
        at("fcid", scoring=scoring, run=published)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"point": {}}, "unknown key 'point'; did you mean 'points'"),
        (
            {"tables": {"t": ["codebok"]}, "points": {"codebook": {"beta": 1}}},
            "tables.t: unknown key 'codebok'; did you mean 'codebook'",
        ),
        ({"points": {"default": {"beta": 1}}}, "'default' is the main run's"),
        ({"points": {"x": {"beta": 1}}, "scorings": {"x": {"head": "two_linear"}}}, "names of their own"),
        ({"points": {"../x": {"beta": 1}}}, "points.../x"),
        ({"points": {"a-b": {"beta": 1}}}, "points.a-b"),
        (
            {"drawn": {"figure": "beta"}, "tables": {"figure7": ["default"]}},
            "drawn: unknown key 'figure'; did you mean 'figure7'",
        ),
    ],
)
def test_a_mistake_is_named_with_its_file(written, values, message):
    written(**values)
    with pytest.raises(ParameterError, match=rf"ablations/fcid/params.yaml.*{message}"):
        sweeps.load("fcid")


def test_unknown_points_values_and_methods_without_sweeps_are_named(written):
    with pytest.raises(ParameterError, match="micu has no sweeps"):
        sweeps.load("micu")
    written(points={"codebook_256": {"codebook_size": 256}}, scorings={"q": {"q_fixd": 0.5}})
    with pytest.raises(ParameterError, match="unknown key 'codebook_265'; did you mean 'codebook_256'"):
        at("fcid", "codebook_265")
    with pytest.raises(ParameterError, match="scorings.q: .*did you mean 'q_fixed'"):
        at("fcid", scoring="q")


def test_an_error_at_a_point_says_where_its_values_are(monkeypatch, capsys):
    def fail(args, given):
        raise ParameterError(f"params.yaml: fcid.codebook_size: {given.sections['fcid']['codebook_size']}")

    monkeypatch.setattr("pipeline.stages.toc.run", fail)
    assert main(["toc", "fcid", "0", "--point", "codebook_256"]) == main(["toc", "fcid", "0"]) == 1
    at_point, at_main = capsys.readouterr().err.splitlines()
    assert (
        at_point
        == "params.yaml: fcid.codebook_size: 256 (values of point 'codebook_256' are in ablations/fcid/params.yaml)"
    )
    assert at_main == "params.yaml: fcid.codebook_size: 400"


def test_a_run_is_named_on_a_command_line_as_it_was_given():
    for given in (["fcid", "3"], ["fcid", "3", "--point", "no_club"]):
        parser = ArgumentParser()
        sweeps.add_run_arguments(parser)
        assert sweeps.words(parser.parse_args(given)) == given


def test_a_point_has_no_scoring(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "fcid", "0", "--point", "no_club", "--scoring", "toc_variance"])
    assert "not allowed with argument --point" in capsys.readouterr().err


def test_files_of_points_stand_apart_from_those_of_main_runs():
    main, point = paths.run_name("fcid", 0), paths.run_name("fcid", 0, "x")
    assert (main, point) == ("fcid-0", "fcid+x-0")
    for of in (paths.checkpoint, paths.codes, paths.toc, paths.run_result, lambda run: paths.receipt("codes", run)):
        assert "ablations" in of(point).parts and not of(point).is_relative_to(of(main).parent)
    assert paths.run_result(point).parent == paths.run_result(paths.run_name("fcid", 1, "x")).parent


@pytest.mark.parametrize("method", SWEPT)
def test_every_shipped_point_is_a_model_of_its_own(method):
    """Each point's values are known to the method, fit its networks, and differ from the main run's and from each
    other's."""
    sweep, config = sweeps.load(method), config_class(method)
    small = {"specific_channels": 4, "decoder_channels": 4}
    seen = [config(**MAIN.method_config(method))]
    for point in sweep.points:
        values = at(method, point).method_config(method)
        assert config(**values) not in seen, point
        seen.append(config(**values))
        build(method, {**values, **small})
    assert {row for rows in sweep.tables.values() for row in rows} == {"default", *sweep.points, *sweep.scorings}


def test_every_published_row_is_a_row_of_a_table():
    found = {entry.method for entry in read_published(SWEEPS)}
    rows = {
        paths.varied(method, row)
        for method in SWEPT
        for row in (*sweeps.load(method).points, *sweeps.load(method).scorings)
    }
    points = {row for row in rows if "+" in row} - {"fcid+toc_random"}  # ours, to hold TOC against chance
    assert found - {"codaar"} == points, (
        "the papers print every other point; CoDAAR's main run stands in its figures as well"
    )
    assert set(SWEPT) <= set(METHODS)
