"""Logs of stages become seconds per stage and method, and table 8."""

import csv
import io
import json
from pathlib import Path

import pytest

from cmg.report.costs import OURS, costs, costs_csv, costs_markdown, read_published_costs
from cmg.report.logs import Log, read_log, read_logs
from cmg.report.times import by_method, by_stage, hardware, times_csv, times_view, write_times

GPU = {"gpu": "NVIDIA H200", "features_on_gpu_gib": 2.0}


def trained(method: str, seed: int, seconds: float, memory: float = 4.0, **more) -> Log:
    training = {
        "epochs": 5,
        "batch_size": 80,
        "precision": "bfloat16",
        "processes": 1,
        "threads": 2,
        "seconds_per_epoch": seconds,
    }
    gpu = {**GPU, "gpu_memory_gib": memory} if more.pop("on_gpu", True) else {}
    notes = {"clips": {"used": 100}, "training": {**training, **gpu, **more}}
    return Log("pretrain", f"{method}-{seed}", 10 * seconds, "Some CPU, 2 cores", 1.5, notes)


@pytest.fixture
def logs() -> list[Log]:
    found = [trained("fcid", seed, 60.0 + 6 * seed, 4.0 + seed) for seed in range(3)] + [trained("dcid", 0, 33.0, 10.0)]
    return [*found, Log("evaluate", "fcid-0", 4.0), Log("evaluate", "fcid-1", 6.0), Log("features", "ave-video", 100.0)]


def test_a_log_is_read_and_a_damaged_one_named(tmp_path):
    path = tmp_path / "ave-video.json"
    path.write_text(json.dumps({"stage": "features", "item": "ave-video", "seconds": 3, "host": "h", "units": 7}))
    assert read_log(path) == Log("features", "ave-video", 3.0, "", None, {"host": "h", "units": 7})
    assert read_logs([tmp_path / "no.json", path]) == ((read_log(path),), (tmp_path / "no.json",))
    for text in ("{", "[]", '{"stage": "features", "item": "x", "seconds": "long"}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="ave-video.json"):
            read_log(path)


def test_seconds_add_up_by_stage_and_by_method(logs):
    assert by_stage(logs) == {"features": 100.0, "pretrain": 2310.0, "evaluate": 10.0}
    assert by_method(logs) == {"dcid": {"pretrain": 330.0}, "fcid": {"pretrain": 1980.0, "evaluate": 10.0}}
    assert by_method([Log("codes", "fcid+codebook_256-2", 1.0)]) == {"fcid+codebook_256": {"codes": 1.0}}


def test_costs_are_means_over_seeds_beside_dcid(logs):
    fcid, dcid = (
        next(row for row in costs(logs) if (row.method, row.source) == (name, OURS)) for name in ("fcid", "dcid")
    )
    assert (fcid.minutes.mean, fcid.minutes.sd, fcid.memory.mean, fcid.seeds) == (
        pytest.approx(1.1),
        pytest.approx(0.1),
        5.0,
        3,
    )
    assert (fcid.hardware, fcid.epochs, fcid.batch_size, fcid.features) == ("NVIDIA H200", "5", "80", 2.0)
    assert (fcid.time_percent, fcid.memory_percent) == (pytest.approx(200.0), pytest.approx(50.0))
    assert (dcid.time_percent, dcid.memory_percent) == (100.0, 100.0)


def test_other_hardware_or_another_schedule_is_another_row(logs):
    found = costs(
        [*logs, trained("fcid", 3, 600.0, on_gpu=False), trained("fcid", 4, 50.0, batch_size=40, processes=4)]
    )
    ours = [row for row in found if (row.method, row.source) == ("fcid", OURS)]
    assert [(row.hardware, row.batch_size, row.seeds) for row in ours] == [
        ("NVIDIA H200", "80", 3), ("Some CPU, 2 cores, 2 used", "80", 1), ("4 × NVIDIA H200", "40", 1)
    ]  # fmt: skip
    assert ours[1].memory.mean == 1.5 and ours[1].time_percent is None, "a CPU is not compared with a GPU"


def test_a_run_without_a_whole_epoch_measured_has_no_row():
    log = trained("fcid", 0, 1.0)
    del log.notes["training"]["seconds_per_epoch"]
    assert not [row for row in costs([log, Log("pretrain", "fcid-1", 5.0)]) if row.source == OURS]


def test_published_costs_are_those_of_the_papers():
    found = {(row.method, row.pretraining, row.source.split(",")[0]): row for row in read_published_costs()}
    assert len(found) == 12
    assert found["fcid", "40k", "FCID"].time_percent == 99 and found["cmcm", "40k", "FCID"].epochs == "8"
    assert (found["micu", "90k", "CoDAAR"].minutes.published, found["codaar", "40k", "CoDAAR"].memory.published) == (
        "54.5",
        "11.6",
    )
    averages = {method: row.average.published for (method, subset, _), row in found.items() if subset == "40k and 90k"}
    assert averages == {"dcid": "58.2", "micu": "51.6", "codaar": "61.7"}
    assert all("RTX 3090" in row.hardware or "A100" in row.hardware for row in found.values())


def test_a_wrong_published_number_is_named(tmp_path):
    path = tmp_path / "c.csv"
    head = (
        "paper,table,method,pretraining,hardware,batch_size,epochs,"
        "minutes_per_epoch,memory,time_percent,memory_percent,average\n"
    )
    path.write_text(f"{head}fcid_toc,Table 8,dcid,40k,x,80,5,,,many,100,\n")
    with pytest.raises(ValueError, match="line 2"):
        read_published_costs(path)


def test_table_8_says_what_it_is_and_keeps_printed_digits(logs):
    first, *rest = costs_csv(costs(logs), "sample corpus").splitlines()
    assert first.startswith("# sample corpus; times and memory as measured")
    rows = list(csv.DictReader(io.StringIO("\n".join(rest))))
    assert [row["minutes_per_epoch"] for row in rows if row["method"] == "codaar"] == ["14.4", "23.8", ""]
    ours = next(row for row in rows if row["method"] == "fcid")
    assert (ours["minutes_per_epoch_seeds"], ours["memory_sd"], ours["time_percent"]) == (
        "1.0000;1.1000;1.2000",
        "1.00",
        "200",
    )
    text = costs_markdown(costs([trained("a|b", 0, 60)]))
    assert text.startswith("> **times and memory") and "a\\|b" in text
    assert {line.count(" | ") for line in text.splitlines() if line.startswith("| ")} == {13}


def test_the_average_is_that_of_ave_and_avvp_without_toc_where_all_seeds_have_one(logs, make_run):
    """Its cells differ by one from cell to cell, by 1.25 from seed to seed; those of UCF and VGGSound do not count."""
    runs = [make_run("fcid", seed) for seed in range(3)]
    fcid, dcid = (
        next(row for row in costs(logs, runs) if (row.method, row.source) == (name, OURS)) for name in ("fcid", "dcid")
    )
    assert fcid.average.values == (62.5, 63.75, 65.0) and dcid.average.mean is None
    assert "63.8 ± 1.2" in costs_markdown(costs(logs, runs)) and "63.75,1.25,62.50;63.75;65.00" in costs_csv(
        costs(logs, runs)
    )
    partial = (runs[:2], [*runs[:2], make_run("fcid", 2, skip=("avvp_av",))])
    assert all(row.average.mean is None for some in partial for row in costs(logs, some) if row.source == OURS)


def test_the_view_names_hardware_and_leaves_points_of_sweeps_to_the_files(logs):
    swept = Log("pretrain", "fcid+codebook_256-0", 7.0, "Some CPU, 2 cores", 1.5, logs[0].notes)
    view = times_view([*logs, swept, Log("scan", "ave", 1.0)])
    assert hardware([*logs, swept]) == ["NVIDIA H200", "Some CPU, 2 cores"]
    assert (view["count"], view["total"]) == (9, "2428")
    assert "FCID pretrain 1980.0 s, evaluate 10.0 s" in view["method_panel"].description, (
        "a picture's numbers are in its description"
    )
    assert "codebook_256" not in view["method_panel"].description
    first = [[row[1][0].text for row in view[name].rows] for name in ("cost", "methods")]
    assert "FCID" in first[0] and "FCID codebook_256" not in first[0] and "FCID codebook_256" in first[1]


def test_without_logs_published_costs_stand_alone(tmp_path):
    assert [path.name for path in write_times(tmp_path, [])] == ["times.csv", "table8.csv", "table8.md"]
    assert "codaar" in (tmp_path / "table8.csv").read_text()


def test_times_csv_has_a_line_per_item(logs):
    assert len(times_csv(logs).splitlines()) == 2 + len(logs)
    assert "results/times.csv" not in Path("dvc.yaml").read_text(), "what is measured is no stage's output"
