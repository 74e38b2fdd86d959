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
    """Share of trials whose mean masked output has the sign of the target.

    Trials whose target is zero (no stimulus) are left out.

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
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    if condition not in trials.conditions:
        raise InputError(f"condition: these trials have {sorted(trials.conditions)}, not {condition!r}")
    positive = _masked_mean(z, trials)[:, output] > 0
    levels, which = np.unique(trials.conditions[condition], return_inverse=True)
    counts = np.bincount(which)
    return PsychometricCurve(condition, levels, np.bincount(which, positive) / counts, counts)


def _masked_mean(values, trials):
    weight = np.maximum(trials.mask.sum(axis=1), np.finfo(float).tiny)
    return (trials.mask * values).sum(axis=1) / weight
