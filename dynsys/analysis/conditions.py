"""Phase portraits for a task: one for each constant input that its trials present, their paths on top."""

from typing import NamedTuple

import numpy as np

from dynsys.analysis.portrait import phase_portrait
from dynsys.analysis.vector_field import check_field
from rnn.simulation import Trajectory
from tasks.base import Trials
from tasks.checks import check_count, check_kind
from tasks.errors import InputError

# Inputs closer than so many standard errors of their mean, or this share of the largest, are one condition.
ERRORS, SHARE = 5.0, 0.05
# A mean this near a number with one decimal place, in standard errors, is given as that number.
SNAP = 3.0
LIMIT = 8


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
    """The constant inputs of a batch of trials, told apart beyond their noise.

    Parameters
    ----------
    trials : Trials
        The trials; without epochs, every step is one by itself.
    limit : int, default 8
        Most conditions; those presented for the longest time.

    Returns
    -------
    dict of str to InputCondition
        By name: the channels that are on, or the epochs in which none is.

    Examples
    --------
    >>> from tasks import get_task
    >>> list(input_conditions(get_task("dms").trials(20, rng=0)))
    ['fixation, delay, response', 'A', 'B']
    """
    check_kind("trials", trials, Trials, "draw them with task.trials(n, rng=rng)")
    limit = check_count("limit", limit)
    epochs = trials.epochs or {"trial": np.tile([0, trials.steps], (trials.size, 1))}
    largest = max(float(np.abs(trials.inputs).max()), 1e-300)
    means, spreads, owners = [], [], []
    for epoch, bounds in epochs.items():
        for b, (start, stop) in enumerate(np.broadcast_to(bounds, (trials.size, 2))):
            if stop > start:
                part = trials.inputs[b, start:stop]
                means.append(part.mean(axis=0))
                spreads.append(part.std(axis=0))
                owners.append((epoch, b, int(start), int(stop)))
    means, steps = np.array(means), np.array([stop - start for *_, start, stop in owners])
    noise = np.median(np.array(spreads)[steps >= max(min(steps.max(), 5), 1)], axis=0)
    sure = steps.copy()
    for epoch in epochs:  # what does not differ between trials beyond noise is one input, known better
        rows = np.array([owner[0] == epoch for owner in owners], dtype=bool)
        if rows.any():
            common = np.average(means[rows], axis=0, weights=steps[rows])
            away = np.abs(means[rows] - common) - SHARE * largest
            if (away <= ERRORS * noise / np.sqrt(steps[rows])[:, None]).all():
                means[rows], sure[rows] = common, steps[rows].sum()
    groups = _grouped(means, sure, np.maximum(ERRORS * noise / np.sqrt(sure)[:, None], SHARE * largest))
    groups = sorted(groups, key=lambda group: -steps[group].sum())[:limit]
    values = [_value(means[group], steps[group], noise) for group in groups]
    first = [min(list(epochs).index(owners[k][0]) for k in group) for group in groups]
    order = sorted(range(len(groups)), key=lambda n: (first[n], *(values[n] == 0), *values[n]))
    found = {}
    for group, value in ((groups[n], values[n]) for n in order):
        shown = np.zeros(trials.inputs.shape[:2], dtype=bool)
        for k in group:
            shown[owners[k][1], owners[k][2] : owners[k][3]] = True
        parts = tuple(epoch for epoch in epochs if any(owners[k][0] == epoch for k in group))
        lasts = int(np.median(steps[group]))
        name = _name(value, parts, trials.input_names)
        while name in found:
            name += "'"
        found[name] = InputCondition(value, parts, shown, lasts)
    return found


def phase_portraits(field, trials, trajectory=None, box=None, limit=LIMIT, paths=24):
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
        What to show; enough for every portrait if left out.
    limit : int, default 8
        Most conditions.
    paths : int, default 24
        Most trials to keep.

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
    portraits = {}
    for name, condition in conditions.items():
        portraits[name] = phase_portrait(
            field, condition.inputs, box, trajectories=_parts(kappa, condition, paths)
        )
    if box is None and len(portraits) > 1:
        boxes = np.array([portrait.box for portrait in portraits.values()])
        whole = np.column_stack([boxes[..., 0].min(axis=0), boxes[..., 1].max(axis=0)])
        portraits = {
            name: phase_portrait(
                field, dict(p.inputs), whole, fixed_points=p.fixed_points, attractors=p.attractors,
                trajectories=p.trajectories,
            )
            for name, p in portraits.items()
        }  # fmt: skip
    return portraits


def _value(means, steps, noise):
    """Mean input; where a number with one decimal place is within its error, that number."""
    value = np.average(means, axis=0, weights=steps)
    round_number = np.round(value, 1) + 0.0
    near = SNAP * noise / np.sqrt(steps.sum()) + 1e-9
    return np.where(np.abs(value - round_number) <= near, round_number, value)


def _grouped(means, steps, near):
    """Lists of rows of ``means`` that are equal to within ``near``, the surest first."""
    groups, centers = [], []
    for k in np.argsort(-steps, kind="stable"):
        gaps = [(np.abs(means[k] - center) / near[k]).max() for center in centers]
        if gaps and min(gaps) <= 1:
            joined = int(np.argmin(gaps))
            groups[joined].append(int(k))
            centers[joined] = np.average(means[groups[joined]], axis=0, weights=steps[groups[joined]])
        else:
            groups.append([int(k)])
            centers.append(means[k])
    return groups


def _parts(kappa, condition, paths):
    """The stretches of the paths at this input, NaN elsewhere."""
    if kappa is None:
        return None
    trials = np.flatnonzero(condition.shown.any(axis=1))[:paths]
    return np.where(condition.shown[trials][..., None], kappa[trials], np.nan)


def _name(value, epochs, channels):
    on = [(channel, x) for channel, x in zip(channels, value) if x != 0]
    if not on:
        return ", ".join(epochs)
    return ", ".join(channel if x == 1 else f"{channel} = {x:.3g}" for channel, x in on)
