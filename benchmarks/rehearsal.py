"""Does a method learn at the papers' size, on features as they really are, before GPU days are spent on it?

    python -m benchmarks.rehearsal fcid        200 steps of batch 16 on the CPU, 20 to 30 minutes of a core
    python -m benchmarks.rehearsal fcid codaar --seeds 0 1 2 --out runs.jsonl
    python -m benchmarks.rehearsal dcid --variant release --modalities av --audio before
    python -m benchmarks.rehearsal fcid --set tau=0.1 club_features=sum
    python -m benchmarks.rehearsal fcid --device cuda --batch-size 80 --classes 141 --steps 500

Features are simulated (`benchmarks/simulated.py`: second moments, zeros and class structure of the real ones; every
step has clips of its own, as a first epoch has), networks have the official widths, a step is that of training. With 28
classes a batch of 16 holds as large a share of clips whose sentence another clip has as the papers' 80 of 141 classes
do. Printed over the steps: every loss; at the same steps the norm of the gradient that each loss alone sends into the
encoders, perplexity of the codes that each modality chose since the last line, codes that none chose, effective rank;
what is unhealthy (`cmg/train/watch.py`). At the end a linear head, fitted on one modality's codes, scores clips that
nothing has seen, in the same modality (the bound) and in the other, beside chance and the control (continuous InfoNCE
features and k-means, the same steps on the same clips).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ruamel.yaml import YAML
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.simulated import Simulation
from cmg.files import write_bytes
from cmg.methods import METHODS, build, config_class
from cmg.methods.base import Method
from cmg.methods.types import LossTerms
from cmg.train.loop import TrainOptions, make_optimisers, train_step
from cmg.train.precision import ready
from cmg.train.watch import unhealthy
from pipeline.device import settle

CONTROL = "infonce_kmeans"
LABELLED, UNSEEN = 20, 12  # clips per class that heads are fitted on, and scored on
CODED_CLIPS = 640  # that the control's k-means is fitted on
DIVERGED = 1e6  # total loss at which a run is broken off
FITTED, SCORED, CODED = 1 << 30, 1 << 31, 1 << 29  # seeds of clips apart from those of the steps


def rehearse(
    name: str, config: dict[str, Any], world: Simulation, seed: int, args: argparse.Namespace
) -> dict[str, Any]:
    """One run: curves at the steps of `reported`, accuracies, seconds."""
    device = torch.device(args.device)
    torch.manual_seed(seed)
    method = build(name, config).to(device)
    options = TrainOptions(1, args.batch_size, args.learning_rate, seed=seed, precision=args.precision)
    ready(method, options.precision)
    optimisers = make_optimisers(method, options)
    lines, losses, started = [], [], time.perf_counter()
    at = reported(args.steps)
    for step in range(args.steps):
        batch = world.clips(args.batch_size, seed * args.steps + step)[0].to(device)
        with gradients(method, step + 1 in at and not args.no_gradients) as norms:
            terms = train_step(method, batch, options, optimisers, step, args.batch_size * args.steps)
        losses.append({k: v.item() for k, v in terms.terms.items()})
        if step + 1 in at:
            lines.append({"step": step + 1, "losses": losses[-1], "gradients": norms, "codes": method.health()})
            show(lines[-1])
        if not abs(terms.total.item()) < DIVERGED:
            break
    about = {"method": name, "config": config, "seed": seed, "batch_size": args.batch_size, "steps": len(losses)}
    about |= {"seconds": round(time.perf_counter() - started, 1), **outcome(method, world, args, losses, lines)}
    return {**about, "lines": lines, "losses": losses}


def outcome(
    method: Method, world: Simulation, args: argparse.Namespace, losses: list[dict[str, float]], lines: list[dict]
) -> dict[str, Any]:
    """What was unhealthy in the last quarter, and the accuracies; none of a run that was broken off."""
    if len(losses) < args.steps:
        return {"unhealthy": [f"diverged at step {len(losses)}: {losses[-1]}"], "accuracy": {}}
    device = next(method.parameters()).device
    method.float().eval()
    method.finish(world.clips(args.batch_size, CODED + i)[0].to(device) for i in range(CODED_CLIPS // args.batch_size))
    return {"unhealthy": unhealthy(history(losses), lines[-1]["codes"]), "accuracy": accuracies(method, world)}


def history(losses: list[dict[str, float]], parts: int = 4) -> dict[str, list[float]]:
    """The losses as columns of history.csv, a quarter of the run standing for an epoch."""
    size = -(-len(losses) // parts)
    return {
        "epoch": [number // size + 1 for number in range(len(losses))],
        **{k: [row[k] for row in losses] for k in losses[0]},
    }


def reported(steps: int) -> set[int]:
    """Steps after which a line is printed: often at first, then ten times evenly."""
    return {1, 2, 5, 10, 20} | set(range(0, steps + 1, max(1, steps // 10))) - {0} | {steps}


@contextmanager
def gradients(method: Method, wanted: bool) -> Iterator[dict[str, float]]:
    """Within it a loss of `method` also leaves, by term, the norm of the gradient that the term alone sends into the
    encoders."""
    norms: dict[str, float] = {}
    loss, encoders = method.loss, list(method.encoder.parameters())

    def probed(*given: Any) -> LossTerms:
        terms = loss(*given)
        for name, term in terms.terms.items():
            if term.requires_grad:
                found = torch.autograd.grad(term, encoders, retain_graph=True, allow_unused=True)
                norms[name] = (
                    torch.stack([x.norm() for x in found if x is not None] or [term.new_zeros(())]).norm().item()
                )
        return terms

    if wanted:
        method.loss = probed
    yield norms
    if wanted:
        del method.loss


def accuracies(method: Method, world: Simulation) -> dict[str, float]:
    """Percent of unseen clips that a head names: `va` is fitted on codes of video and scored on those of sound; `vv`,
    `aa` the bounds."""
    fitted, scored = (
        coded(method, world, number * world.classes, first) for number, first in ((LABELLED, FITTED), (UNSEEN, SCORED))
    )
    found = {}
    for source in ("video", "audio"):
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000)).fit(
            fitted[source], fitted["labels"]
        )
        found |= {
            f"{source[0]}{target[0]}": 100 * head.score(scored[target], scored["labels"])
            for target in ("video", "audio")
        }
    return {key: round(value, 1) for key, value in found.items()}


@torch.no_grad()
def coded(method: Method, world: Simulation, clips: int, first: int, size: int = 32) -> dict[str, np.ndarray]:
    """`labels` [N] and, per modality, the time means of the codes of `clips` clips, [N,D]."""
    device, books = next(method.parameters()).device, method.codebooks()
    found: dict[str, list[np.ndarray]] = {"labels": [], "video": [], "audio": []}
    for start in range(0, clips, size):
        batch, labels = world.clips(min(size, clips - start), first + start)
        found["labels"].append(labels.numpy())
        for modality in ("video", "audio"):
            codes = method.encode(modality, getattr(batch, modality).to(device))
            vectors = codes.vectors
            if vectors is None:
                vectors = torch.cat([book[codes.indices[..., g]] for g, book in enumerate(books)], dim=-1)
            found[modality].append(vectors.mean(dim=1).float().cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


def show(line: dict[str, Any]) -> None:
    """One line of a run's curves: losses (and the gradient each sends into the encoders), codes."""
    sent = {name: f" ({norm:.2g})" for name, norm in line["gradients"].items()}
    losses = "  ".join(f"{name} {value:.4g}{sent.get(name, '')}" for name, value in line["losses"].items())
    health = line["codes"]
    spread = " ".join(
        f"{name.partition('/')[2]} {value:.3g}" for name, value in health.items() if name.startswith("perplexity/")
    )
    codes = (
        f"  | perplexity {spread}, unused {health['shared/0']:.0%}, rank {health['effective_rank']:.1f}"
        if spread
        else ""
    )
    print(f"{line['step']:5d}  {losses}{codes}", flush=True)


def verdict(run: dict[str, Any], chance: float, control: dict[str, Any] | None) -> str:
    """The accuracies of a run beside what they are to be read with."""
    v = run["accuracy"]
    if not v:
        return f"unhealthy: {run['unhealthy'][0]}"
    beside = f"; control V→A {control['accuracy']['va']}, A→V {control['accuracy']['av']}" if control else ""
    said = f"unhealthy: {'; '.join(run['unhealthy'])}\n" if run["unhealthy"] else ""
    return (
        f"{said}V→A {v['va']}, A→V {v['av']} (same modality {v['aa']}, {v['vv']}; "
        f"chance {chance:.1f}{beside}), {run['seconds']:.0f} s"
    )


def settings(args: argparse.Namespace, name: str) -> dict[str, Any]:
    """Configuration of a method: variant and modalities where it has them, and `--set`."""
    known = config_class(name).model_fields
    given = {
        key: getattr(args, key) for key in ("variant", "modalities") if key in known and getattr(args, key) is not None
    }
    yaml = YAML(typ="safe", pure=True)
    for item in args.set if name != CONTROL else ():
        key, _, value = item.partition("=")
        place = given
        *path, last = key.split(".")
        for part in path:
            place = place.setdefault(part, {})
        place[last] = yaml.load(value)
    return given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+", choices=METHODS)
    parser.add_argument("--variant", choices=("paper", "release"))
    parser.add_argument("--modalities")
    parser.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="options of the method, such as tau=0.1 losses.club=false",
    )
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=4e-4)
    parser.add_argument("--precision", choices=("bfloat16", "float32", "tf32"), default="bfloat16")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--classes", type=int, default=28)
    parser.add_argument("--audio", choices=("before", "after"), default="after", help="VGGish's last ReLU")
    parser.add_argument("--words", nargs=2, type=int, default=(7, 11), help="least and most words of a sentence")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", 2)))
    parser.add_argument("--no-control", action="store_true")
    parser.add_argument(
        "--no-gradients",
        action="store_true",
        help="losses and codes alone: a line with gradients costs ten steps or so",
    )
    parser.add_argument("--out", type=Path, help="every run as a line of JSON, every loss of every step in it")
    args = parser.parse_args()
    settle(torch.device(args.device), args.threads)
    world, runs = Simulation(args.classes, args.audio, tuple(args.words)), []
    for seed in args.seeds:
        control = None if args.no_control else rehearse(CONTROL, {}, world, seed, args)
        for name in args.methods:
            print(
                f"\n{name} {json.dumps(settings(args, name))}, seed {seed}, batch {args.batch_size}, {args.precision}"
            )
            runs.append(rehearse(name, settings(args, name), world, seed, args))
            print(verdict(runs[-1], 100 / args.classes, control), flush=True)
            if args.out:
                write_bytes(args.out, "".join(json.dumps(run) + "\n" for run in runs).encode())


if __name__ == "__main__":
    main()
