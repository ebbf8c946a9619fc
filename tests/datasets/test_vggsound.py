from cmg.datasets.problems import Problems
from cmg.datasets.vggsound import read_starts


def test_both_forms_of_the_start_table(tmp_path):
    path, problems = tmp_path / "t.csv", Problems()
    path.write_text('a,30,"x, y",train\r\na,5,x,test\r\n-b,0,x,test\r\n')
    assert read_starts(path, problems) == {"a": (5, 30), "-b": (0,)}
    path.write_text("video_id,starts\na,30;5\n-b,\n")
    assert read_starts(path, problems) == {"a": (5, 30), "-b": ()}
    assert problems == []


def test_the_official_rows_of_the_test_part(official):
    root = official({"vggsound/vggsound_test_rows.rebuilt.csv": "t.csv"})
    problems = Problems()
    starts = read_starts(root / "t.csv", problems)
    assert problems == []
    assert sum(map(len, starts.values())) == 15446
    assert sum(len(times) == 2 for times in starts.values()) == 595
