"""Averages of traces over the trials of each condition."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tasks.base import Trials
from tasks.checks import as_array, check_kind, choose
from tasks.errors import InputError


@dataclass(frozen=True, eq=False)
class ConditionAverages:
    """Mean and spread of traces over the trials of each level of a condition.

    Parameters
    ----------
    condition : str
        Name of the condition.
    levels : ndarray (L,)
        Its values, ascending.
    mean, spread : ndarray (L, T, K)
        Mean over the trials of each level, and their standard deviation.
    counts : ndarray of int (L,)
        Number of trials of each level.
    trials : Trials
        The trials, for their time axis and epochs.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(40, rng=0)
    >>> condition_averages(trials, trials.inputs).counts.sum()
    np.int64(40)
    """

    condition: str
    levels: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    counts: np.ndarray
    trials: Trials

    def __post_init__(self):
        for array in (self.levels, self.mean, self.spread, self.counts):
            array.setflags(write=False)


def condition_averages(trials, values, condition=None):
    """Average traces over the trials of each level of a condition.

    Steps are counted from the start of the trial: where delays differ from trial to trial, later epochs are
    averaged over different moments.

    Parameters
    ----------
    trials : Trials
        The trials.
    values : array_like (B, T, K)
        Outputs, kappa or any other traces in these trials.
    condition : str or mapping of str to array_like (B,), optional
        Which of ``trials.conditions``; the first if left out. A mapping with one entry gives a condition of
        one's own by name, such as ``{"f1 - f2": f1 - f2}``.

    Returns
    -------
    ConditionAverages

    Raises
    ------
    InputError
        Trials without conditions, an unknown one, or traces of other trials.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(400, rng=0)
    >>> condition_averages(trials, trials.targets).mean[:, -1, 0]
    array([-1., -1., -1.,  1.,  1.,  1.])
    """
    check_kind("trials", trials, Trials, "draw them with task.trials(n, rng=rng)")
    values = as_array("values", values, (trials.size, trials.steps, None), "(B, T, K)", finite=False)
    name, labels = _labels(trials, condition)
    levels, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
    groups = [values[which == i] for i in range(len(levels))]
    mean, spread = (np.stack([take(group, axis=0) for group in groups]) for take in (np.mean, np.std))
    return ConditionAverages(name, levels, mean, spread, counts, trials)


def _labels(trials, condition):
    """Name of a condition and the value of each trial (B,)."""
    if isinstance(condition, Mapping):
        if len(condition) != 1:
            raise InputError(f"condition: one condition at a time, got {len(condition)}")
        ((name, labels),) = condition.items()
        labels = np.asarray(labels)
        if labels.shape != (trials.size,):
            raise InputError(
                f"condition: {name!r} needs one value a trial ({trials.size}), got {labels.shape}"
            )
        return str(name), labels
    if not trials.conditions:
        raise InputError("trials: they have no conditions to average over")
    name = next(iter(trials.conditions)) if condition is None else condition
    return name, trials.conditions[choose("condition", name, tuple(trials.conditions))]
