"""Was a state held? Scores of the tasks whose output follows the last pulse."""

import numpy as np

from tasks.checks import as_array
from tasks.errors import InputError


def held_accuracy(outputs, trials):
    """Share of the masked entries whose output has the sign of its target.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    float

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("flipflop").trials(3, rng=0)
    >>> held_accuracy(trials.targets, trials)
    1.0
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    counts = (trials.mask > 0) & (trials.targets != 0)
    if not counts.any():
        raise InputError("trials: no masked entry has a target other than 0, so there is nothing to judge")
    return float(np.mean((np.sign(z) == np.sign(trials.targets))[counts]))


def segments_held(outputs, trials):
    """Share of the stretches between pulses on which the output has the target's sign at every step.

    A stretch is an unbroken run of masked steps of one trial and channel: one pulse answered and held.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    float

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("bistable").trials(3, rng=0)
    >>> segments_held(trials.targets, trials), segments_held(-trials.targets, trials)
    (1.0, 0.0)
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    masked = np.moveaxis(trials.mask > 0, 1, 2).reshape(-1, trials.steps)
    wrong = np.moveaxis(np.sign(z) != np.sign(trials.targets), 1, 2).reshape(-1, trials.steps)
    begins = masked & ~np.pad(masked, ((0, 0), (1, 0)))[:, :-1]
    segment = np.cumsum(begins.ravel()).reshape(masked.shape) - 1
    count = int(begins.sum())
    failures = np.bincount(segment[masked], (wrong & masked)[masked], minlength=count)
    return float(np.mean(failures == 0))


def states_held(outputs, trials):
    """For each pattern of signs of all outputs: the share of its stretches held at every step.

    A stretch is an unbroken run of steps of one trial on which every channel has a target that counts.

    Parameters
    ----------
    outputs : array_like (B, T, O)
        Outputs z.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    dict of tuple of int to (float, int)
        Share held and number of stretches, by the signs of the target.

    Raises
    ------
    InputError
        There is no such step.

    Examples
    --------
    >>> from tasks import get_task
    >>> trials = get_task("flipflop", bits=1).trials(20, rng=0)
    >>> {signs: share for signs, (share, count) in states_held(trials.targets, trials).items()}
    {(-1,): 1.0, (1,): 1.0}
    """
    z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
    counts = ((trials.mask > 0) & (trials.targets != 0)).all(axis=2)
    if not counts.any():
        raise InputError(
            "trials: on no step every channel has a target that counts; judge channels one by one"
        )
    wrong = (np.sign(z) != np.sign(trials.targets)).any(axis=2)
    begins = counts & ~np.pad(counts, ((0, 0), (1, 0)))[:, :-1]
    stretch = np.cumsum(begins.ravel()).reshape(counts.shape) - 1
    held = np.bincount(stretch[counts], wrong[counts], minlength=int(begins.sum())) == 0
    states = np.sign(trials.targets[begins]).astype(int)
    return {
        tuple(signs.tolist()): (float(held[same].mean()), int(same.sum()))
        for signs in np.unique(states, axis=0)
        for same in [(states == signs).all(axis=1)]
    }
