"""Plan of UCF101: `UCF-101/<Class>/v_<Class>_gXX_cYY.avi` and the three official splits in `ucfTrainTestlist/`.

Facts: datasets.md 3.6. Lists have CRLF line ends, class numbers count from 1 and keep their official values, train
lines carry the number, test lines do not. Groups 1-7 are test in split 01, 8-14 in 02, 15-21 in 03; the clips of a
group share a scene.
"""

from cmg.synth.concepts import UCF_INDEX, labels
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Event, Media, damage_of
from cmg.synth.spec import CorpusSpec

TEST_GROUPS = {1: range(1, 8), 2: range(8, 15), 3: range(15, 22)}
TRAIN_GROUPS = range(8, 26)
HEARD = 0.25


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Clips of groups 1-7 (`spec.ucf101.test`) and 8-25 (`spec.ucf101.train`), and the class and split lists."""
    names = labels("ucf101", spec)
    grouped = _clips(spec, list(names), spec.ucf101.test, TEST_GROUPS[1]) + _clips(
        spec, list(names), spec.ucf101.train, TRAIN_GROUPS
    )
    grouped.sort(key=lambda pair: pair[1].clip_id)
    media = tuple(Media(f"UCF-101/{_folder(clip)}/{clip.clip_id}.avi", clip) for _, clip in grouped)
    indices = sorted((UCF_INDEX[label], label) for label in names.values())
    texts = {"ucfTrainTestlist/classInd.txt": _crlf([f"{index} {label}" for index, label in indices])}
    for number, groups in TEST_GROUPS.items():
        paths = [(group, f"{_folder(clip)}/{clip.clip_id}.avi", UCF_INDEX[_folder(clip)]) for group, clip in grouped]
        train = [f"{path} {index}" for group, path, index in paths if group not in groups]
        texts[f"ucfTrainTestlist/trainlist{number:02}.txt"] = _crlf(train)
        texts[f"ucfTrainTestlist/testlist{number:02}.txt"] = _crlf(
            [path for group, path, _ in paths if group in groups]
        )
    return DatasetPlan("ucf101", media, texts, {"train": spec.ucf101.train, "test": spec.ucf101.test}, damage_of(media))


def _clips(spec: CorpusSpec, names: list[str], count: int, groups: range) -> list[tuple[int, ClipPlan]]:
    """(group, clip) pairs: classes in turn, within a class groups in turn, then the next clip number."""
    result = []
    for number in range(count):
        concept, turn = names[number % len(names)], number // len(names)
        group, take = groups[turn % len(groups)], 1 + turn // len(groups)
        result.append((group, _clip(spec, concept, group, take)))
    return result


def _clip(spec: CorpusSpec, concept: str, group: int, take: int) -> ClipPlan:
    """A clip of 0.4 to 1.2 times `spec.seconds`, filled by its event; one in four has sound."""
    scene = f"v_{labels('ucf101', spec)[concept]}_g{group:02}"
    clip_id = f"{scene}_c{take:02}"
    rng = stream(spec.seed, "events", clip_id)
    frames = round(rng.uniform(0.4, 1.2) * spec.seconds * spec.fps)
    seconds = max(frames, spec.fps) / spec.fps
    whole = (0, int(seconds) + 1)
    return ClipPlan(clip_id, (Event(concept, whole, whole),), seconds, scene, sound=bool(rng.random() < HEARD))


def _folder(clip: ClipPlan) -> str:
    return clip.clip_id.split("_")[1]


def _crlf(lines: list[str]) -> str:
    return "".join(line + "\r\n" for line in lines)
