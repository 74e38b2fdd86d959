"""`analyse`: from a network to its equations and what they do, stage by stage."""

import math
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from dynsys.analysis.diagram import bifurcation_diagram
from dynsys.analysis.field import compile_field, reduced_field
from dynsys.analysis.finite_size import finite_size_error
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.maps import as_run
from dynsys.analysis.portrait import phase_portrait
from dynsys.populations.fit import fit_populations
from dynsys.populations.redraw import redraw
from dynsys.report.bench import accuracy_of, bench_of, constant_inputs, performance_of
from dynsys.report.comparison import pair_events, pair_points
from dynsys.report.results import Analysis, Dynamics, Redrawn
from dynsys.symbolic.meanfield import mean_field
from rnn.connectivity import loadings
from rnn.networks import LowRankRNN
from rnn.simulation import simulate
from tasks.base import Task
from tasks.checks import as_array, check_count, check_kind, check_rng
from tasks.errors import InputError

STAGES = ("task", "loadings", "redrawn networks", "equations", "fixed points", "bifurcations", "circuit")
GAIN_SPAN = (0.0, 2.0)
PACKAGES = ("dynsys-rnn", "numpy", "scipy", "numba", "sympy", "matplotlib")


def analyse(
    net, task=None, *, rng, progress=None, training=None, test_trials=500, redraws=20, gain_span=GAIN_SPAN
):
    """Run every stage on one network: loadings, redrawing, equations, fixed points, bifurcations, circuit.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    task : Task, optional
        The task it does; without it the parts that need one are left out.
    rng : numpy.random.Generator or int
        Source of the trials, the noise and the redrawn networks; a whole number is kept as the seed.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` before each stage and once at the end.
    training : TrainResult, optional
        How the network was trained, for the report.
    test_trials : int, default 500
        Trials on which accuracies are measured.
    redraws : int, default 20
        Networks to redraw.
    gain_span : tuple of float, default (0, 2)
        Recurrent gains over which branches are followed; widened when the origin's bifurcation lies beyond.

    Returns
    -------
    Analysis

    Raises
    ------
    InputError
        Not a low-rank network, or a task whose channels or step disagree with it.

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> m, z = np.random.default_rng(0).standard_normal((2, 50))
    >>> found = analyse(LowRankRNN(m, 1.5 * m + z, z, 4 * m), rng=0, redraws=0)
    >>> found.events[0].kind
    'pitchfork'
    """
    if not isinstance(net, LowRankRNN):
        raise InputError(f"net: an analysis needs a LowRankRNN, got {type(net).__name__}; truncate it first")
    if task is not None:
        check_kind("task", task, Task, "make one with get_task(name)")
    check_count("redraws", redraws, 0)
    check_count("test_trials", test_trials)
    tell = progress or (lambda stage, done, total: None)
    # One stream a stage: what one stage draws does not depend on another.
    for_trials, for_redraws, for_points, for_noise = check_rng(rng).spawn(4)
    gain_span = tuple(as_array("gain_span", gain_span, (2,), "(low, high)").tolist())
    settings = _settings(rng, test_trials, redraws, gain_span)

    def begin(stage):
        tell(stage, STAGES.index(stage) if stage in STAGES else len(STAGES), len(STAGES))

    begin("task")
    bench = None if task is None else bench_of(task, test_trials, for_trials)
    if bench is not None:  # refuses a network that does not fit before the work begins
        simulate(net, bench.examples, states=False)
    begin("loadings")
    rows = loadings(net)
    populations = fit_populations(rows)
    begin("redrawn networks")
    others = [redraw(populations, net.units, rng=for_redraws) for _ in range(redraws)]
    exact_others = _redraw_exactly(populations, net.units, redraws, for_redraws)
    accuracies = np.array([] if bench is None else [accuracy_of(other, bench, for_noise) for other in others])
    begin("equations")
    system = mean_field(populations)
    exact, closed = reduced_field(net), compile_field(system)
    begin("fixed points")
    inputs = [{}] if bench is None else [{}, *constant_inputs(bench.quiet, exact.inputs)]
    run = as_run(exact), as_run(closed)  # a vanilla network is judged by its map
    found = [[find_fixed_points(field, given, rng=for_points) for given in inputs] for field in run]
    points = tuple(
        pair
        for ours, theirs in zip(*found)
        for pair in pair_points(ours, theirs, closed, populations, net.units)
    )
    redrawn = _redrawn(others, exact_others, accuracies, found[1][0], closed, populations, net.units)
    begin("bifurcations")
    spans = _spans(rows, inputs, exact.inputs, gain_span)
    diagrams = [
        tuple(bifurcation_diagram(field, name, span) for name, span in spans.items()) for field in run
    ]
    events = tuple(pair for ours, theirs in zip(*diagrams) for pair in pair_events(ours, theirs))
    portraits = _portraits((exact, closed), found)
    parts = zip(("network", "mean field"), (exact, closed), map(tuple, found), diagrams, portraits)
    dynamics = [Dynamics(*part) for part in parts]
    begin("circuit")
    performance = None if bench is None else performance_of(net, bench, exact, closed, others, for_noise)
    begin("done")
    return Analysis(
        net,
        task,
        training,
        rows,
        populations,
        redrawn,
        system,
        *dynamics,
        points,
        events,
        performance,
        settings,
    )


def _portraits(fields, found):
    """The flow of both fields over the same stretch of kappa: on a line at each input, on a plane without
    input; none for R > 2."""
    if fields[0].dimension > 2:
        return [() for _ in fields]
    if fields[0].dimension == 2:
        pairs = [(field, group[0]) for field, group in zip(fields, found)]
        boxes = [_portrait(*pair).box for pair in pairs]
        box = np.stack([np.min(boxes, axis=0)[:, 0], np.max(boxes, axis=0)[:, 1]], axis=1)
        return [(_portrait(*pair, box),) for pair in pairs]
    reach = 1.4 * max(np.abs(points.kappa).max(initial=0.0) for group in found for points in group)
    box = [[-reach, reach]] if reach > 0 else None
    return [tuple(_portrait(field, points, box) for points in group) for field, group in zip(fields, found)]


def _portrait(field, points, box=None):
    return phase_portrait(field, dict(points.inputs), box, fixed_points=points)


def _redraw_exactly(populations, units, count, rng):
    """Networks with exactly the fitted moments; none where there are too few units for that."""
    if units <= len(populations.names):
        return []
    return [redraw(populations, units, rng=rng, exact_moments=True) for _ in range(count)]


def _redrawn(others, exact_others, accuracies, predicted, field, populations, units):
    """The outermost stable fixed point of each redrawn network without input, beside the prediction."""
    kappa, kappa_exact = (
        np.array([_outermost(find_fixed_points(reduced_field(other)))[0] for other in group], dtype=float)
        for group in (others, exact_others)
    )
    mean, point = _outermost(predicted)
    scatter = chance = math.nan
    if point is not None:
        along = point.kappa / mean
        place = populations, field, point.kappa, units
        scatter, chance = (
            math.sqrt(max(along @ finite_size_error(*place, exact_moments=exact) @ along, 0.0))
            for exact in (False, True)
        )
    return Redrawn(accuracies, kappa, kappa_exact, mean, scatter, chance, others[0] if others else None)


def _outermost(found):
    norms = [(float(np.linalg.norm(point.kappa)), point) for point in found.stable]
    far = [entry for entry in norms if entry[0] > 1e-6]
    return max(far, key=lambda entry: entry[0]) if far else (math.nan, None)


def _spans(rows, inputs, names, gain_span):
    """Spans wide enough for the origin's bifurcation along the gain and for the task's inputs."""
    low, high = gain_span
    growth = np.linalg.eigvals(rows.overlaps).real.max()
    if growth > 0 and 1 / growth < 5 * high:
        high = max(high, 1.5 / growth)
    spans = {"gain": (low, high)}
    for name in names:
        used = [abs(given.get(name, 0.0)) for given in inputs]
        reach = max(used) if max(used) > 0 else 1.0
        spans[name] = (-reach, reach)
    return spans


def _settings(rng, test_trials, redraws, gain_span):
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed as a distribution"
    seed = None if isinstance(rng, np.random.Generator) else int(rng)
    return {
        "seed": seed,
        "test_trials": test_trials,
        "redraws": redraws,
        "gain_span": gain_span,
        "means": "free",
        "noise": 0.0,
        "versions": versions,
    }
