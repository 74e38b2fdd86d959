"""Accuracy and training time of every recipe over several seeds, with confidence intervals.

    python benchmarks/recipes.py [--tasks rdm romo] [--seeds 20] [--workers 2] [--results recipes-results] [--page docs/benchmarks.md]

Each network is trained from scratch and judged on 2,000 new trials with its own noise. One small file per task and
seed goes to the folder of results, whole or not at all; a later run does only what is missing and prints the table
of all there is. Times are seconds of one worker, with compiled code in numba's cache.
"""  # noqa: E501

import argparse
import json
import math
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pages import put

from rnn import simulate, train_recipe
from tasks import end_point_errors, get_task, segments_held, task_names

TRIALS = 2000
# What each task is judged by (name, and the least that counts as reached).
GOALS = {
    "rdm": 0.98, "multisensory": 0.98, "context": 0.98, "romo": 0.95, "dms": 0.95, "flipflop": 0.99,
    "bistable": 0.98, "reach": 0.95,
}  # fmt: skip
# Reaches are judged on directions between those of training.
JUDGED_ON = {"reach": {"directions": 64, "offset": math.pi / 64}}


def main():
    options = _options()
    options.results.mkdir(parents=True, exist_ok=True)
    todo = [
        (name, seed)
        for seed in range(options.seeds)
        for name in options.tasks
        if not _file(options.results, name, seed).exists()
    ]
    # Spawned, one thread each: a forked process would inherit the state of compiled threads.
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(measure, name, seed): (name, seed) for name, seed in todo}
        for job in as_completed(jobs):
            name, seed = jobs[job]
            result = job.result()
            path = _file(options.results, name, seed)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(result))
            os.replace(part, path)
            print(
                f"{name} seed {seed}: accuracy {result['accuracy']:.4f} in {result['seconds']:.1f} s",
                flush=True,
            )
    table = _table(options.results, options.tasks)
    print(table)
    if options.page:
        put(options.page, "recipes", table)


def measure(name, seed):
    """Train one network and judge it; plain numbers."""
    started = time.perf_counter()
    trained = train_recipe(name, rng=seed)
    seconds = time.perf_counter() - started
    task = get_task(name, **JUDGED_ON.get(name, {}))
    trials = task.trials(TRIALS, rng=10_000 + seed)
    outputs = simulate(trained.net, trials, rng=20_000 + seed, states=False).outputs
    result = {
        "task": name, "seed": seed, "seconds": seconds, "units": trained.net.units, "rank": trained.net.rank,
        "status": trained.status.name, "accuracy": task.accuracy(outputs, trials), "hash": trained.net.hash,
    }  # fmt: skip
    if name in ("flipflop", "bistable"):
        result["segments held"] = segments_held(outputs, trials)
    if name == "reach":
        result["end-point error"] = float(np.mean(end_point_errors(outputs, trials)))
        cut = replace(task, feedback=False).trials(TRIALS, rng=10_000 + seed)
        blind = simulate(trained.net, cut, rng=20_000 + seed, states=False).outputs
        result["end-point error, feedback cut"] = float(np.mean(end_point_errors(blind, cut)))
    return result


def _table(folder, names):
    lines = [
        f"Networks trained from scratch, {TRIALS} test trials each; {platform.machine()}, "
        f"{os.cpu_count()} cores.",
        "",
        "| task | units, rank | seeds | mean accuracy (95 % interval) | lowest "
        "| reached the goal (95 % interval) | median seconds | besides |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        found = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{name}-*.json"))]
        if not found:
            continue
        accuracies = np.array([entry["accuracy"] for entry in found])
        low, high = _bootstrap(accuracies)
        reached = int((accuracies >= GOALS[name]).sum())
        floor, ceiling = _wilson(reached, len(found))
        besides = [
            f"{key} {np.mean([entry[key] for entry in found]):.3f}"
            for key in ("segments held", "end-point error", "end-point error, feedback cut")
            if key in found[0]
        ]
        lines.append(
            f"| {name} | {found[0]['units']}, {found[0]['rank']} | {len(found)} "
            f"| {accuracies.mean():.4f} ({low:.4f} to {high:.4f}) | {accuracies.min():.4f} "
            f"| {reached} of {len(found)} at {GOALS[name]} ({floor:.2f} to {ceiling:.2f}) "
            f"| {np.median([entry['seconds'] for entry in found]):.1f} | {'; '.join(besides)} |"
        )
    return "\n".join(lines)


def _bootstrap(values, draws=4000):
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(draws, len(values)))].mean(axis=1)
    return np.quantile(means, [0.025, 0.975])


def _wilson(hits, count, z=1.96):
    """Wilson's interval of a proportion."""
    share = hits / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _file(folder, name, seed):
    return folder / f"{name}-{seed:03d}.json"


def _options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", choices=task_names(), default=list(task_names()))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--results", type=Path, default=Path("recipes-results"))
    parser.add_argument("--page", type=Path, help="put the table into this page, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
