"""Trains of brief pulses, and what a memory of the last pulse should hold."""

import numpy as np


def pulse_trains(n, channels, steps, gap, interval, rng):
    """Starts of pulses: one at step 0, then intervals of at least ``gap`` steps, ``interval`` on average.

    Parameters
    ----------
    n, channels, steps : int
        Number of trials, channels and steps.
    gap : int
        Shortest interval between two starts, steps.
    interval : float
        Mean interval, steps; the excess over ``gap`` is geometric.
    rng : numpy.random.Generator
        Source of the intervals.

    Returns
    -------
    ndarray of bool (n, T, channels)

    Examples
    --------
    >>> pulse_trains(1, 1, 4, 2, 2, np.random.default_rng(0))[0, :, 0]
    array([ True, False,  True, False])
    """
    most = steps // max(gap, 1) + 1
    excess = rng.geometric(1.0 / (1.0 + max(interval - gap, 0.0)), size=(n, most, channels)) - 1
    starts = np.cumsum(gap + excess, axis=1)
    train = np.zeros((n, steps, channels), dtype=bool)
    train[:, 0] = True
    trial, pulse, channel = np.nonzero(starts < steps)
    train[trial, starts[trial, pulse, channel], channel] = True
    return train


def held_sign(signs):
    """The last non-zero sign at every step, and how many steps ago it came.

    Parameters
    ----------
    signs : ndarray (n, T, channels)
        Sign of the pulse that starts at a step, 0 where none does.

    Returns
    -------
    held : ndarray (n, T, channels)
        Sign of the last pulse; 0 before the first.
    age : ndarray of int (n, T, channels)
        Steps since that pulse; -1 before the first.

    Examples
    --------
    >>> held, age = held_sign(np.array([0.0, 1, 0, -1]).reshape(1, 4, 1))
    >>> held.ravel(), age.ravel()
    (array([ 0.,  1.,  1., -1.]), array([-1,  0,  1,  0]))
    """
    step = np.arange(signs.shape[1])[None, :, None]
    last = np.maximum.accumulate(np.where(signs != 0, step, -1), axis=1)
    held = np.take_along_axis(signs, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, held, 0.0), np.where(last >= 0, step - last, -1)
