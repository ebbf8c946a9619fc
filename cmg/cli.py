"""``cmg``: features of files, their codes, and what is nearest to them. No project is needed; docs/library.md shows
each command."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmg.datasets.clips import Clip
    from cmg.model import Encoded, Model
    from cmg.store.reader import FeatureStore

EXPECTED = {  # errors whose message says what is wrong and what to do; any other keeps its traceback
    "cmg.datasets.safety.UnsafePath",
    "cmg.extract.loose.LooseError",
    "cmg.extract.recipes.RecipeError",
    "cmg.extract.weights.WeightsError",
    "cmg.store.errors.StoreError",
    "cmg.train.origin.OtherFeatures",
    "builtins.FileNotFoundError",
}
MODALITIES = ("video", "audio", "text")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status: 1 for an expected error, with one line on standard error."""
    args = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return args.run(args) or 0
    except Exception as error:
        if EXPECTED.isdisjoint(f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__):
            raise
        print(f"cmg: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cmg", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("extract", help="features of files", description=_extract.__doc__)
    one.add_argument(
        "files", nargs="*", type=Path, metavar="FOLDER_OR_FILE", help="media files, or folders that hold them"
    )
    one.add_argument("--video", action="store_true", help="VGG-19 features of what is seen, 7 x 7 x 512 per second")
    one.add_argument("--audio", action="store_true", help="VGGish features of what is heard, 128 per second")
    one.add_argument(
        "--text",
        type=Path,
        metavar="FILE",
        help="BERT features of the sentences in this file, one a line, 768 per word",
    )
    one.add_argument(
        "--out",
        type=Path,
        required=True,
        help="ends in .zarr, .npz or .h5; of several modalities each has its own, NAME.video.npz",
    )
    one.add_argument(
        "--like", type=Path, metavar="CHECKPOINT", help="extract as the features of this checkpoint's training were"
    )
    one.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="MODALITY.KEY=VALUE",
        help="an argument of a recipe (docs/features.md)",
    )
    one.set_defaults(run=_extract)
    two = commands.add_parser("encode", help="codes of files", description=_encode.__doc__)
    two.add_argument("checkpoint", type=Path)
    two.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="media file, folder of them, or .txt file of sentences"
    )
    two.add_argument(
        "--out",
        type=Path,
        help="write indices, vectors, valid and ids by modality into this .npz instead of printing indices",
    )
    two.set_defaults(run=_encode)
    three = commands.add_parser(
        "nearest", help="what in a feature store is nearest to a file", description=_nearest.__doc__
    )
    three.add_argument("checkpoint", type=Path)
    three.add_argument("file", type=Path, help="media file, or .txt file of sentences")
    three.add_argument(
        "--in",
        dest="among",
        required=True,
        metavar="DATASET/MODALITY",
        help="a store below --features, or the path of one",
    )
    three.add_argument(
        "--by", choices=MODALITIES, help="what of the file asks; default: a modality that the store does not have"
    )
    three.add_argument("-k", type=int, default=5, help="how many are printed (5)")
    three.add_argument("--features", type=Path, default=Path("data/features"), help="folder of stores (data/features)")
    three.set_defaults(run=_nearest)
    for command in (one, two, three):
        command.add_argument("--weights", type=Path, help="folder of pretrained weights ($CMG_WEIGHTS, or weights)")
        command.add_argument("--device", default="auto", help="auto, cpu or cuda")
        command.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="decoding processes (one per core)"
        )
    return parser


def _extract(args: argparse.Namespace) -> int:
    """Features of files, as one store or file per modality. What a file lacks is a failure that is printed; its row is
    zeros."""
    from cmg.extract import loose

    wanted = [name for name in MODALITIES if getattr(args, name)]
    if not wanted:
        raise loose.LooseError("extract: say which features: --video, --audio, --text FILE")
    targets = {name: _named(args.out, name) if len(wanted) > 1 else args.out for name in wanted}
    for target in targets.values():
        loose.check_target(target)
    recipes = _recipes(args.like, args.set)
    found = loose.media(args.files) if wanted != ["text"] else loose.Media(Path(), [])
    for name, target in targets.items():
        clips, root = (loose.sentences(args.text), Path()) if name == "text" else (found.clips, found.root)
        _made(args, name, clips, root, target, recipes.get(name, {}))
    return 0


def _encode(args: argparse.Namespace) -> int:
    """Codes of files in every modality that they and the method have: a line per file and modality, a number per
    second."""
    model = _model(args)
    results = {}
    with tempfile.TemporaryDirectory(prefix="cmg-") as folder:
        for modality, store in _stores(args, model, args.files, Path(folder), model.modalities):
            given: dict[str, Any] = {modality: store}
            results[modality] = (store.ids, model.encode(**given))
    if args.out is None:
        for modality, (ids, encoded) in results.items():
            _print_codes(modality, ids, encoded)
    else:
        _write(args.out, results)
    return 0


def _nearest(args: argparse.Namespace) -> int:
    """What in a store has the codes nearest to a file's, by cosine, one code per clip as zero-shot retrieval has."""
    import numpy as np

    from cmg.extract.loose import LooseError
    from cmg.store.reader import FeatureStore
    from cmg.tasks.retrieval import cosine

    if args.k < 1:
        raise LooseError(f"-k {args.k}: expected 1 or more")
    model = _model(args)
    path = Path(args.among)
    among = FeatureStore(path if path.suffix == ".zarr" else (args.features / path).with_name(f"{path.name}.zarr"))
    modality = among.attrs["modality"]
    asking = [args.by] if args.by else sorted(model.modalities, key=lambda name: name == modality)
    given: dict[str, Any] = {modality: among}
    items = model.encode(**given, level="clip")
    with tempfile.TemporaryDirectory(prefix="cmg-") as folder:
        by, store = next(_stores(args, model, [args.file], Path(folder), asking))
        given = {by: store}
        names, queries = store.ids, model.encode(**given, level="clip")
    there = np.flatnonzero(items.valid > 0)
    similarity = cosine(queries.vectors[:, 0], items.vectors[there, 0])
    for asked, scores, seconds in zip(names, similarity, queries.valid, strict=True):
        if seconds:
            print(f"{asked} ({by}), nearest in {args.among}:")
            print(
                "\n".join(
                    f"  {scores[place]:.4f}  {among.ids[there[place]]}"
                    for place in np.argsort(-scores, kind="stable")[: args.k]
                )
            )
    return 0


def _model(args: argparse.Namespace) -> "Model":
    from cmg.extract.run import pick_device
    from cmg.model import load

    return load(args.checkpoint, pick_device(args.device))


def _stores(
    args: argparse.Namespace, model: "Model", files: Sequence[Path], folder: Path, modalities: Sequence[str]
) -> Iterator[tuple[str, "FeatureStore"]]:
    """Features of files as the model knows them, a store per modality that they have. Raises LooseError where they have
    none of them."""
    from cmg.extract import loose
    from cmg.store.reader import FeatureStore

    texts, others = [file for file in files if file.suffix == ".txt"], [file for file in files if file.suffix != ".txt"]
    spoken = [clip for file in texts for clip in loose.sentences(file)]
    found = loose.media(others) if others else None
    held = {"text": spoken, "video": _with(found, "visual"), "audio": _with(found, "audio")}
    usable = [name for name in modalities if held[name]]
    if not usable:
        has = ", ".join(name for name, clips in held.items() if clips)
        raise loose.LooseError(
            f"the files have {has}; asked for {', '.join(modalities)} (the model has {', '.join(model.modalities)})"
        )
    for name in usable:
        _made(
            args, name, held[name], found.root if found else Path(), folder / f"{name}.zarr", _like(model.about, name)
        )
        yield name, FeatureStore(folder / f"{name}.zarr")


def _with(found: Any, side: str) -> "list[Clip]":
    from dataclasses import replace

    chosen = [clip for clip in (found.clips if found else ()) if getattr(clip, side)]
    return [replace(clip, row=row) for row, clip in enumerate(chosen)]


def _made(
    args: argparse.Namespace,
    modality: str,
    clips: "Sequence[Clip]",
    root: Path,
    target: Path,
    recipe: Mapping[str, Any],
) -> None:
    from cmg.extract import loose
    from cmg.extract.recipes import Execution

    weights = args.weights or Path(os.environ.get("CMG_WEIGHTS", "weights"))
    with _bar(modality) as moved:
        failures = loose.extract(
            modality, clips, root, target, recipe, weights, Execution(device=args.device, workers=args.workers), moved
        )
    for failure in failures:
        print(f"{modality}: {failure.clip_id}: {failure.status}: {failure.reason}", file=sys.stderr)
    if hasattr(args, "like"):
        print(
            f"{target}: {modality} of {len(clips) - len(failures)} of {len(clips)} "
            f"{'sentences' if modality == 'text' else 'files'}"
        )


@contextmanager
def _bar(what: str) -> Iterator[Any]:
    from tqdm import tqdm

    with tqdm(desc=what, file=sys.stderr, disable=None) as bar:

        def moved(report: Any) -> None:
            bar.total = report.total
            bar.update(report.done - bar.n)

        yield moved


def _named(target: Path, modality: str) -> Path:
    return target.with_name(f"{target.stem}.{modality}{target.suffix}")


def _like(about: Mapping[str, Any], modality: str) -> dict[str, Any]:
    """The recipe that a checkpoint's features were made by; the official one where it was imported and does not say."""
    from cmg.extract.loose import recipe_from_record

    return recipe_from_record(modality, about.get("features", {}).get(modality, {}).get("recipe", {}))


def _recipes(like: Path | None, settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Arguments of the recipes by modality. Raises LooseError for a setting of another form."""
    from cmg.extract.loose import LooseError

    found: dict[str, dict[str, Any]] = {name: {} for name in MODALITIES}
    if like is not None:
        about = json.loads((like / "checkpoint.json").read_text())
        found = {name: _like(about, name) for name in MODALITIES}
    for setting in settings:
        name, _, value = setting.partition("=")
        modality, _, key = name.partition(".")
        if not value or not key or modality not in found:
            raise LooseError(f"--set {setting}: expected MODALITY.KEY=VALUE, as in video.frames_per_second=1")
        found[modality][key] = _value(value)
    return found


def _value(text: str) -> Any:
    """JSON where it is some, `1`, `[4, 8]`, `null`; otherwise the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _print_codes(modality: str, ids: Sequence[str], encoded: "Encoded") -> None:
    for row, name in enumerate(ids):
        seconds = encoded.valid[row]
        if encoded.indices is None:
            print(
                f"{name}\t{modality}\t{seconds} vectors of {encoded.vectors.shape[2]} numbers: "
                "the method has no codebook; see --out"
            )
        elif seconds:
            codes = encoded.indices[row, :seconds].tolist()
            print(f"{name}\t{modality}\t{' '.join(','.join(map(str, code)) for code in codes)}")


def _write(target: Path, results: "Mapping[str, tuple[Sequence[str], Encoded]]") -> None:
    """`video.indices`, `video.vectors`, `video.valid`, `video.ids` and so on, as NumPy reads them without pickle."""
    import numpy as np

    from cmg.extract.loose import LooseError
    from cmg.store.export import write_npz

    if target.suffix != ".npz":
        raise LooseError(f"{target}: expected a name that ends in .npz")
    arrays: dict[str, np.ndarray] = {}
    for modality, (ids, encoded) in results.items():
        named = {"indices": encoded.indices, "vectors": encoded.vectors, "valid": encoded.valid, "ids": np.array(ids)}
        arrays |= {f"{modality}.{name}": array for name, array in named.items() if array is not None}
    write_npz(target, arrays)
    print(f"{target}: {', '.join(arrays)}")


if __name__ == "__main__":
    sys.exit(main())
