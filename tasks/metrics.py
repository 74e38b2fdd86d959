"""How well outputs match targets: loss, accuracy, explained variance, psychometric curves."""

from dataclasses import dataclass

import numpy as np

from tasks.checks import as_array
from tasks.errors import InputError


def loss(outputs, trials):
    """Masked squared error, the quantity that training minimises.

    L = (1/B) sum_b [ sum_{t,o} (mask (z - target))^2 / O ] / (number of masked steps of trial b)

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    float

    Raises
    ------
    InputError
        Outputs of another shape than the targets, or not finite.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(8, rng=0)
    >>> loss(trials.targets, trials)
    0.0
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    squared = ((trials.mask * (z - trials.targets)) ** 2).sum(axis=(1, 2)) / z.shape[2]
    masked = np.maximum((trials.mask != 0).any(axis=2).sum(axis=1), 1)
    return float(np.mean(squared / masked))


def accuracy(outputs, trials):
    """Share of trials, channel by channel, whose mean masked output has the sign of the mean target.

    Where the mean target is zero (no stimulus), nothing is judged.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    InputError
        Outputs of another shape than the targets, or no trial with a target.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(8, rng=0)
    >>> accuracy(trials.targets, trials), accuracy(-trials.targets, trials)
    (1.0, 0.0)
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    chosen, wanted = np.sign(_masked_mean(z, trials)), np.sign(_masked_mean(trials.targets, trials))
    judged = wanted != 0
    if not judged.any():
        raise InputError("trials: no trial has a target other than 0, so there is nothing to judge")
    return float(np.mean(chosen[judged] == wanted[judged]))


def r_squared(outputs, reference):
    """Share of the reference's variance that the outputs explain, pooled over trials, steps and channels.

    R^2 = 1 - sum (z - z_ref)^2 / sum (z_ref - mean z_ref)^2

    Parameters
    ----------
    outputs, reference : array_like (B, T, O)
        Outputs of, say, a circuit and of the network it stands for, on the same inputs without noise.

    Returns
    -------
    float
        1 for equality; negative when the mean of the reference would do better; NaN when the reference
        does not vary.

    Examples
    --------
    >>> z = np.arange(6.0).reshape(1, 6, 1)
    >>> r_squared(z, z)
    1.0
    """
    reference = as_array("reference", reference)
    outputs = as_array("outputs", outputs, reference.shape)
    spread = ((reference - reference.mean()) ** 2).sum()
    return float(1.0 - ((outputs - reference) ** 2).sum() / spread) if spread > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class PsychometricCurve:
    """Probability of a positive choice as a function of one condition.

    Parameters
    ----------
    condition : str
        Name of the condition, such as ``"coherence"``.
    levels : ndarray (L,)
        Its distinct values, ascending.
    probability : ndarray (L,)
        Share of trials with a positive mean output.
    counts : ndarray (L,)
        Number of trials at each level.

    Examples
    --------
    >>> PsychometricCurve("coherence", np.array([-1.0, 1.0]), np.array([0.0, 1.0]), np.array([4, 4])).errors
    array([0., 0.])
    """

    condition: str
    levels: np.ndarray
    probability: np.ndarray
    counts: np.ndarray

    @property
    def errors(self):
        """ndarray (L,) : binomial standard error of each probability."""
        return np.sqrt(self.probability * (1 - self.probability) / self.counts)


def psychometric_curve(outputs, trials, condition="coherence", output=0):
    """Probability of a positive choice for each value of a condition.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.
    condition : str, default "coherence"
        Which of ``trials.conditions``.
    output : int, default 0
        Which output channel is the choice.

    Returns
    -------
    PsychometricCurve

    Raises
    ------
    InputError
        Unknown condition, or outputs of another shape than the targets.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("rdm").trials(100, rng=0)
    >>> psychometric_curve(trials.targets, trials).probability
    array([0., 0., 0., 1., 1., 1.])
    """
    positive = _positive_choices(outputs, trials, output, condition)
    levels, which = np.unique(trials.conditions[condition], return_inverse=True)
    counts = np.bincount(which)
    return PsychometricCurve(condition, levels, np.bincount(which, positive) / counts, counts)


@dataclass(frozen=True, eq=False)
class PsychometricMatrix:
    """Probability of a positive choice as a function of two conditions.

    Parameters
    ----------
    conditions : tuple of str
        Names of the conditions along the rows and the columns.
    rows, columns : ndarray (K,), (L,)
        Their distinct values, ascending.
    probability : ndarray (K, L)
        Share of trials with a positive mean output; NaN where there was no trial.
    counts : ndarray (K, L)
        Number of trials.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("context").trials(500, rng=0)
    >>> psychometric_matrix(trials.targets, trials, "coherence A", "coherence B").probability.shape
    (6, 6)
    """

    conditions: tuple
    rows: np.ndarray
    columns: np.ndarray
    probability: np.ndarray
    counts: np.ndarray


def psychometric_matrix(outputs, trials, rows, columns, output=0):
    """Probability of a positive choice for each pair of values of two conditions.

    Select the trials of one context first (`Trials.select`) to see what is ignored in it.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.
    rows, columns : str
        Two of ``trials.conditions``.
    output : int, default 0
        Which output channel is the choice.

    Returns
    -------
    PsychometricMatrix

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("context").trials(500, rng=0)
    >>> one = trials.select(trials.conditions["context"] == 0)
    >>> matrix = psychometric_matrix(one.targets, one, "coherence A", "coherence B")
    >>> matrix.probability[[0, -1]].mean(axis=1)
    array([0., 1.])
    """
    positive = _positive_choices(outputs, trials, output, rows, columns)
    first, i = np.unique(trials.conditions[rows], return_inverse=True)
    second, j = np.unique(trials.conditions[columns], return_inverse=True)
    counts, hits = np.zeros((2, len(first), len(second)))
    np.add.at(counts, (i, j), 1.0)
    np.add.at(hits, (i, j), positive)
    probability = np.divide(hits, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return PsychometricMatrix((rows, columns), first, second, probability, counts.astype(int))


def _positive_choices(outputs, trials, output, *conditions):
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    for condition in conditions:
        if condition not in trials.conditions:
            raise InputError(f"condition: these trials have {sorted(trials.conditions)}, not {condition!r}")
    return _masked_mean(z, trials)[:, output] > 0


def _masked_mean(values, trials):
    weight = np.maximum(trials.mask.sum(axis=1), np.finfo(float).tiny)
    return (trials.mask * values).sum(axis=1) / weight
