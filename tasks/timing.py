"""From durations in ms to steps: epochs laid end to end, each floored, fixed or drawn per trial."""

import numpy as np

# Forgives the rounding of a quotient such as 0.3 / 0.1 = 2.9999999999999996.
ROUNDING = 1e-9


def whole_steps(duration, dt):
    """Whole steps in a duration: floor(duration / dt), forgiving rounding error.

    Parameters
    ----------
    duration : float or array_like
        Duration, ms.
    dt : float
        Step, ms.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> whole_steps([50.0, 800.0], 20.0)
    array([ 2, 40])
    """
    return np.floor(np.asarray(duration) / dt + ROUNDING).astype(int)


def timeline(durations, dt, n):
    """Lay epochs end to end.

    Parameters
    ----------
    durations : mapping of str to float or array_like (n,)
        Durations in order, ms; an array gives every trial its own.
    dt : float
        Step, ms.
    n : int
        Number of trials.

    Returns
    -------
    dict of str to ndarray (n, 2)
        First step of each epoch and the step after its last, trial by trial.

    Examples
    --------
    >>> timeline({"stimulus": 100.0, "response": 20.0}, 20.0, 2)["response"]
    array([[5, 6],
           [5, 6]])
    """
    epochs, stop = {}, np.zeros(n, dtype=int)
    for name, duration in durations.items():
        start, stop = stop, stop + whole_steps(duration, dt)
        epochs[name] = np.stack([start, stop], axis=1)
    return epochs


def during(epoch, steps):
    """1 inside an epoch and 0 outside.

    Parameters
    ----------
    epoch : ndarray (n, 2)
        From `timeline`.
    steps : int
        Length T of the trials.

    Returns
    -------
    ndarray (n, T)

    Examples
    --------
    >>> during(np.array([[1, 3]]), 4)
    array([[0., 1., 1., 0.]])
    """
    step = np.arange(steps)
    return ((step >= epoch[:, :1]) & (step < epoch[:, 1:])).astype(float)
