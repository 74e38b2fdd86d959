"""Phase portraits for a task: one for each constant input that its trials present, their paths on top."""

from typing import NamedTuple

import numpy as np

from dynsys.analysis.attractors import find_attractors
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.planes import make_plane
from dynsys.analysis.portrait import phase_portrait
from dynsys.analysis.stretches import Stretches, find_stretches, levels_of, mixed_stretches, pooled
from dynsys.analysis.vector_field import check_field
from dynsys.analysis.view_limits import view_limits
from rnn.simulation import Trajectory
from tasks.base import Task, Trials
from tasks.checks import check_count, check_kind
from tasks.errors import InputError

# A level this near a number with one decimal place, in standard errors, is given as that number.
SNAP = 4.0
LIMIT = 8
# A task's own trials, where only the task is given.
TRIALS, SEED = 100, 0


class InputCondition(NamedTuple):
    """A constant input that trials present, and when.

    Parameters
    ----------
    inputs : ndarray (S,)
        Its value, the mean over noise.
    epochs : tuple of str
        Epochs in which it is presented.
    shown : ndarray of bool (B, T)
        In which steps of which trials.
    steps : int
        Median number of steps that one presentation lasts.

    Examples
    --------
    >>> InputCondition(np.zeros(1), ("delay",), np.ones((1, 5), bool), 5).epochs
    ('delay',)
    """

    inputs: np.ndarray
    epochs: tuple
    shown: np.ndarray
    steps: int


def input_conditions(trials, limit=LIMIT):
    """The constant inputs of a batch of trials, pulses included, told apart beyond their noise.

    Stretches of constant input are looked for within every epoch, and levels of each channel that they share.
    Pulses of several channels that happen to overlap are left out where each is presented alone, too.

    Parameters
    ----------
    trials : Trials or Task
        The trials; without epochs, every step is one by itself. Of a task, some of its own.
    limit : int, default 8
        Most conditions: those presented for the longest time and most unlike each other.

    Returns
    -------
    dict of str to InputCondition
        By name: the channels that are on, or the epochs in which none is.

    Examples
    --------
    >>> from tasks import get_task
    >>> list(input_conditions(get_task("dms").trials(20, rng=0)))
    ['fixation, delay, response', 'A', 'B']
    >>> list(input_conditions(get_task("flipflop", bits=1)))
    ['between pulses', 'pulses 1 = -1', 'pulses 1 = 1']
    """
    trials = trials.trials(TRIALS, rng=SEED) if isinstance(trials, Task) else trials
    check_kind("trials", trials, Trials, "draw them with task.trials(n, rng=rng)")
    limit = check_count("limit", limit)
    names = tuple(name for name, bounds in trials.epochs.items() if np.diff(bounds).any()) or ("trial",)
    everything = np.broadcast_to([0, trials.steps], (trials.size, 2))
    bounds = np.array([trials.epochs[name] if name in trials.epochs else everything for name in names])
    inputs = trials.inputs if trials.inputs.shape[2] else np.zeros((trials.size, trials.steps, 1))
    stretches = find_stretches(inputs, bounds)
    stretches = _unmixed(stretches, inputs)
    groups, values = _groups(stretches, inputs)
    base = _base(groups, values, stretches)
    beside = _without_overlaps(groups, values, stretches, base)
    kept = _chosen(beside, groups, values, stretches, base, limit)
    alone = [
        {float(values[n][c]) for n in beside if values[n][c] != values[base][c]} == {1.0}
        for c in range(len(trials.input_names))
    ]
    found = {}
    conditions = {n: _condition(groups[n], values[n], stretches, names, trials) for n in kept}
    first = {n: names.index(conditions[n].epochs[0]) for n in kept}
    order = lambda n: (first[n], n != base, *(values[n] == values[base]), *values[n])  # noqa: E731
    for n in sorted(kept, key=order):
        name = _name(values[n], values[base], n == base, trials.input_names, alone)
        if not name:
            name = _where(conditions[n], names, bounds)
        while name in found:
            name += "'"
        found[name] = conditions[n]
    return found


def resting_condition(conditions):
    """Name of the condition without input, or else of the one presented for the longest time.

    Examples
    --------
    >>> from tasks import get_task
    >>> resting_condition(input_conditions(get_task("bistable")))
    'drive 1 = 0.5, drive 2 = 0.5'
    """
    silent = [name for name, condition in conditions.items() if not condition.inputs.any()]
    return silent[0] if silent else max(conditions, key=lambda name: conditions[name].shown.sum())


def phase_portraits(field, trials, trajectory=None, box=None, limit=LIMIT, paths=24, plane=None, at=None):
    """One portrait for each input condition of a task, all with the same bounds.

    Parameters
    ----------
    field : Field
        The field, with the trials' inputs.
    trials : Trials
        What is presented.
    trajectory : Trajectory, optional
        Run of the same trials, from `simulate` or `run_circuit`; each panel shows the parts of its paths
        during which its input was on.
    box : array_like (R, 2), optional
        What to show; enough for every portrait if left out. In slices (2, 2) as well.
    limit : int, default 8
        Most conditions.
    paths : int, default 24
        Most trials to keep.
    plane, at : optional
        Cut the same plane through each, as in `phase_portrait`.

    Returns
    -------
    dict of str to PhasePortrait
        By name of the condition, as in `input_conditions`.

    Raises
    ------
    InputError
        Trials with other inputs than the field, a trajectory of other trials.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> from tasks import get_task
    >>> task = get_task("rdm", coherences=(-0.4, 0.4), input_noise=0.0)
    >>> field = reduced_field(LowRankRNN.random(50, 1, task, rng=0))
    >>> len(phase_portraits(field, task.trials(8, rng=0)))
    3
    """
    check_field(field)
    conditions = input_conditions(trials, limit)
    if len(field.inputs) != trials.inputs.shape[2]:
        have, want = ", ".join(field.inputs) or "none", ", ".join(trials.input_names)
        raise InputError(f"field: has the inputs {have}, the trials have {want}")
    kappa = None
    if trajectory is not None:
        check_kind("trajectory", trajectory, Trajectory, "see simulate and run_circuit")
        kappa = trajectory.kappa
        if kappa is None or kappa.shape != (trials.size, trials.steps, field.dimension):
            got = "none" if kappa is None else kappa.shape
            raise InputError(
                f"trajectory: kappa must be {(trials.size, trials.steps, field.dimension)}, got {got}"
            )
    flat, shown = None if plane is None else make_plane(field, plane, at), {}
    search = box if field.dimension > 1 and np.shape(box) == (field.dimension, 2) else None
    for name, condition in conditions.items():
        points = find_fixed_points(field, condition.inputs, search)
        attractors = find_attractors(field, condition.inputs, search, points)
        shown[name] = {
            "inputs": condition.inputs, "fixed_points": points, "attractors": attractors,
            "trajectories": _parts(kappa, condition, paths),
        }  # fmt: skip
    if box is None:
        boxes = np.array([
            view_limits(field, None, each["fixed_points"], each["attractors"], each["trajectories"], flat)
            for each in shown.values()
        ])  # fmt: skip
        box = np.column_stack([boxes[..., 0].min(axis=0), boxes[..., 1].max(axis=0)])
    return {name: phase_portrait(field, box=box, plane=plane, at=at, **each) for name, each in shown.items()}


def _unmixed(stretches, inputs):
    """Stretches without those that are of two levels in some channel."""
    sure = pooled(stretches)
    mixed = np.zeros(len(stretches.trial), dtype=bool)
    for c in range(inputs.shape[2]):
        which, _ = levels_of(sure.means[:, c], sure.errors[:, c], stretches.steps, np.ptp(inputs[..., c]))
        mixed |= mixed_stretches(stretches, which, inputs, c)
    return Stretches(*(column[~mixed] for column in stretches)) if mixed.any() else stretches


def _groups(stretches, inputs):
    """Stretches with the same level in every channel, as lists of rows, and the input of each group."""
    count, channels = stretches.means.shape
    sure, steps = pooled(stretches), stretches.steps
    which, exact = np.empty((count, channels), dtype=int), np.empty((count, channels))
    for c in range(channels):
        width = np.ptp(inputs[..., c])
        which[:, c], levels = levels_of(sure.means[:, c], sure.errors[:, c], steps, width)
        unit = width or 1.0  # squares of huge errors would overflow
        weighed = np.bincount(which[:, c], (stretches.errors[:, c] / unit * steps) ** 2)
        errors = unit * np.sqrt(weighed) / np.bincount(which[:, c], steps)
        # Without noise nothing has to be averaged, and what is a little off another value shall not move it.
        plain = [np.median(stretches.means[which[:, c] == n, c]) for n in range(len(levels))]
        levels = [_snapped(*pair) if pair[1] > 0 else level for level, *pair in zip(plain, levels, errors)]
        exact[:, c] = np.array(levels)[which[:, c]]
    rows, owner = np.unique(which, axis=0, return_inverse=True)
    groups = [np.flatnonzero(owner.ravel() == n) for n in range(len(rows))]
    return groups, [exact[group[0]] for group in groups]


def _snapped(level, error):
    """A level, or zero or else the number with one decimal place that is within its error."""
    round_number = 0.0 if abs(level) <= SNAP * error else np.round(level, 1) + 0.0
    return round_number if abs(level - round_number) <= SNAP * error + 1e-9 else level


def _time(groups, stretches):
    return np.array([stretches.steps[group].sum() for group in groups])


def _base(groups, values, stretches):
    """The group without input, or else the one presented for the longest time."""
    silent = [n for n, value in enumerate(values) if not value.any()]
    return silent[0] if silent else int(np.argmax(_time(groups, stretches)))


def _without_overlaps(groups, values, stretches, base):
    """Groups but those of pulses on several channels, each of which is presented alone too."""
    known = {tuple(value) for value in values}
    kept = []
    for n, (group, value) in enumerate(zip(groups, values)):
        on = np.flatnonzero(value != values[base])
        singles = [tuple(np.where(np.arange(len(value)) == c, value, values[base])) for c in on]
        pulses = len(on) > 1 and not stretches.whole[group].any()
        if not (pulses and all(single in known for single in singles)):
            kept.append(n)
    return kept


def _chosen(kept, groups, values, stretches, base, limit):
    """At most ``limit`` groups: next is always the one presented longest times farthest from all chosen."""
    time, chosen = _time(groups, stretches), [base]
    while len(chosen) < min(limit, len(kept)):
        rest = [n for n in kept if n not in chosen]
        far = [min(np.linalg.norm(values[n] - values[m]) for m in chosen) for n in rest]
        chosen.append(rest[int(np.argmax(time[rest] * np.array(far)))])
    return chosen


def _condition(group, value, stretches, names, trials):
    shown = np.zeros(trials.inputs.shape[:2], dtype=bool)
    for k in group:
        shown[stretches.trial[k], stretches.start[k] : stretches.stop[k]] = True
    edges = np.diff(np.pad(shown, ((0, 0), (1, 1))).astype(int), axis=1)
    starts, ends = np.nonzero(edges > 0)[1], np.nonzero(edges < 0)[1]
    epochs = tuple(name for e, name in enumerate(names) if (stretches.epoch[group] == e).any())
    value = np.array(value[: trials.inputs.shape[2]])
    value.setflags(write=False)
    return InputCondition(value, epochs, shown, int(np.median(ends - starts)))


def _name(value, base, is_base, channels, alone):
    """The channels that are on, beyond what is always on."""
    told = value != 0 if is_base else (value != 0) & (value != base) if not base.any() else value != base
    parts = []
    for channel, x, on, single in zip(channels, value, told, alone):
        if on:
            parts.append(channel if single and x == 1 else f"{channel} = {x:.3g}")
    return ", ".join(parts)


def _where(condition, names, bounds):
    """When there is no input: the epochs in which that is so at least half of the time."""
    if len(names) == 1 and not condition.shown.all():
        return "between pulses"
    step, mostly = np.arange(condition.shown.shape[1]), []
    for name in condition.epochs:
        low, high = np.moveaxis(bounds[names.index(name)], -1, 0)[..., None]
        inside = (step >= low) & (step < high)
        if condition.shown[inside].mean() >= 0.5:
            mostly.append(name)
    return ", ".join(mostly or condition.epochs)


def _parts(kappa, condition, paths):
    """The stretches of the paths at this input, NaN elsewhere."""
    if kappa is None:
        return None
    trials = np.flatnonzero(condition.shown.any(axis=1))[:paths]
    return np.where(condition.shown[trials][..., None], kappa[trials], np.nan)
