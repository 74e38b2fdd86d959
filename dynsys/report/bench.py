"""The trials on which a network, redrawn networks and the mean-field circuit are compared."""

from dataclasses import dataclass, fields, replace

import numpy as np

from dynsys.analysis.circuit import run_circuit
from dynsys.populations.activity import activity_components
from dynsys.report.performance import Performance
from rnn.simulation import simulate
from tasks.errors import InputError
from tasks.metrics import PsychometricCurve, loss, psychometric_curve, r_squared

# At most so many constant inputs of a task get their own fixed points, and so many conditions their trace.
MOST_INPUTS = 12
# Psychometric curves reach below the trained strengths, in shares of the weakest.
SHARES = (0.1, 0.25, 0.5, 1.0, 2.0)
CONDITION = "coherence"
# So many of the redrawn networks are pooled into one psychometric curve.
POOLED = 5
RECORDED = 60  # trials whose activity is taken apart into principal components


@dataclass(frozen=True, eq=False)
class Bench:
    """Test trials of a task.

    Parameters
    ----------
    task : Task
        The task.
    trials : Trials
        Test trials.
    quiet : Trials
        Trials without input noise.
    examples : Trials
        One of ``quiet`` for each condition.
    weak : Trials or None
        Trials with weaker stimuli, for a psychometric curve; None where the task has none.

    Examples
    --------
    >>> from tasks import get_task
    >>> bench_of(get_task("rdm"), 8, np.random.default_rng(0)).examples.size
    6
    """

    task: object
    trials: object
    quiet: object
    examples: object
    weak: object


def bench_of(task, count, rng):
    """Draw the test trials of a task.

    Parameters
    ----------
    task : Task
        The task.
    count : int
        Number of test trials.
    rng : numpy.random.Generator
        Draws them.

    Returns
    -------
    Bench

    Examples
    --------
    >>> from tasks import get_task
    >>> bench = bench_of(get_task("rdm"), 8, np.random.default_rng(0))
    >>> bench.trials.size, float(bench.weak.conditions["coherence"].max())
    (8, 0.2)
    """
    quiet = _without_noise(task).trials(max(200, count), rng=rng)
    if quiet.plant is not None:
        raise InputError(
            f"task: {task.name!r} is in closed loop with a plant, which the circuit of an analysis does not "
            "drive; leave the task out (analyse(net, rng=seed)), or see dynsys bifurcate"
        )
    weak = None
    if CONDITION in quiet.conditions and "coherences" in task.parameters:
        weak = _weaker(task).trials(2 * count, rng=rng)
    return Bench(task, task.trials(count, rng=rng), quiet, _one_of_each(quiet), weak)


def accuracy_of(net, bench, rng):
    """Accuracy of a network, with its noise, on the test trials.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    bench : Bench
        The trials.
    rng : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    float

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> from tasks import get_task
    >>> task, rng = get_task("rdm"), np.random.default_rng(0)
    >>> 0 <= accuracy_of(LowRankRNN.random(20, 1, task, rng=rng), bench_of(task, 8, rng), rng) <= 1
    True
    """
    return bench.task.accuracy(simulate(net, bench.trials, rng=rng, states=False).z, bench.trials)


def performance_of(net, bench, exact, closed, others, rng):
    """Run network, redrawn networks and circuit on the same trials.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    bench : Bench
        The trials.
    exact, closed : Field
        The finite-N reduction and the mean field.
    others : sequence of LowRankRNN
        Redrawn networks.
    rng : numpy.random.Generator
        Draws the networks' noise.

    Returns
    -------
    Performance

    Examples
    --------
    >>> from dynsys.analysis import reduced_field
    >>> from rnn import LowRankRNN
    >>> from tasks import get_task
    >>> task, rng = get_task("rdm"), np.random.default_rng(0)
    >>> net = LowRankRNN.random(20, 1, task, rng=rng)
    >>> field = reduced_field(net)
    >>> round(performance_of(net, bench_of(task, 8, rng), field, field, [], rng).r_squared["circuit"], 9)
    1.0
    """
    trials = bench.trials
    scored = {
        "network": simulate(net, trials, rng=rng, states=False).z,
        "circuit": run_circuit(closed, trials).z,
    }
    silent = simulate(net, trials, states=False).z
    explained = {"circuit": scored["circuit"], "reduction": run_circuit(exact, trials).z}
    networks = {"network": [net], "redrawn": list(others[:POOLED])}
    curves, traces = {}, {}
    for name, group in networks.items():
        if group:
            traces[name] = simulate(group[0], bench.examples, states=False)
        if group and bench.weak is not None:
            runs = [simulate(member, bench.weak, rng=rng, states=False) for member in group]
            curves[name] = _pooled([psychometric_curve(run.z, bench.weak, CONDITION) for run in runs])
    traces["circuit"] = run_circuit(closed, bench.examples)
    if bench.weak is not None:
        curves["circuit"] = psychometric_curve(run_circuit(closed, bench.weak).z, bench.weak, CONDITION)
    return Performance(
        trials,
        scored["network"],
        {name: bench.task.accuracy(z, trials) for name, z in scored.items()},
        {name: loss(z, trials) for name, z in scored.items()},
        {name: r_squared(z, silent) for name, z in explained.items()},
        curves,
        bench.examples,
        traces,
        _components(net, trials, rng),
    )


def _components(net, trials, rng):
    """Of the activity in some trials, or None where nothing moves."""
    run = simulate(net, trials.select(slice(0, RECORDED)), rng=rng)
    return activity_components(net, run) if np.ptp(run.x) > 0 else None


def constant_inputs(trials, names, most=MOST_INPUTS):
    """The distinct constant inputs that trials without noise hold during their named epochs.

    Parameters
    ----------
    trials : Trials
        Without input noise.
    names : sequence of str
        Names of the field's inputs.
    most : int
        At most so many, spread over all of them.

    Returns
    -------
    list of dict of str to float
        Without the zero input.

    Examples
    --------
    >>> from tasks import get_task
    >>> constant_inputs(get_task("rdm", input_noise=0.0).trials(100, rng=0), ["v"], most=2)
    [{'v': -0.4}, {'v': 0.4}]
    """
    held = []
    for bounds in trials.epochs.values():
        for b, (start, stop) in enumerate(bounds):
            stretch = trials.inputs[b, start:stop]
            if len(stretch) and np.ptp(stretch, axis=0).max(initial=0.0) < 1e-12:
                held.append(stretch[0])
    rows = np.unique(np.round(np.array(held).reshape(len(held), trials.inputs.shape[2]), 12), axis=0)
    rows = np.array(sorted(rows[rows.any(axis=1)], key=lambda row: ((row == 0).tolist(), row.tolist())))
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    return [{name: float(value) for name, value in zip(names, row)} for row in rows]


def _without_noise(task):
    return replace(task, **{entry.name: 0.0 for entry in fields(task) if entry.name.endswith("noise")})


def _weaker(task):
    weakest = min(abs(level) for level in task.coherences if level)
    levels = sorted({sign * share * weakest for sign in (-1, 0, 1) for share in SHARES})
    return replace(task, coherences=tuple(float(np.round(level, 12)) for level in levels))


def _one_of_each(trials):
    """The first trial of each combination of conditions, in the order of their values."""
    if not trials.conditions:
        return trials.select([0])
    codes = [np.unique(values, return_inverse=True)[1] for values in trials.conditions.values()]
    _, first = np.unique(np.column_stack(codes), axis=0, return_index=True)
    if len(first) > MOST_INPUTS:
        first = first[np.linspace(0, len(first) - 1, MOST_INPUTS).round().astype(int)]
    return trials.select(first)


def _pooled(curves):
    counts = sum(curve.counts for curve in curves)
    positive = sum(curve.probability * curve.counts for curve in curves)
    return PsychometricCurve(curves[0].condition, curves[0].levels, positive / counts, counts)
