"""What can be read linearly from a state, now, earlier or later: explained variance against the lag."""

from dataclasses import dataclass

import numpy as np

from tasks.checks import as_array, check_count
from tasks.errors import InputError


@dataclass(frozen=True, eq=False)
class LaggedReadout:
    """Explained variance of linear read-outs, for each lag and each thing read.

    Parameters
    ----------
    lags : ndarray (L,)
        Steps by which what is read lies ahead of the state that it is read from; negative for the past.
    explained : ndarray (L, D)
        R^2 on the trials that the read-out was not fitted to.

    Examples
    --------
    >>> LaggedReadout(np.array([-1, 0, 1]), np.array([[0.5], [0.9], [0.7]])).best
    array([0])
    """

    lags: np.ndarray
    explained: np.ndarray

    @property
    def best(self):
        """ndarray (D,) : the lag at which each thing is read best."""
        return self.lags[self.explained.argmax(axis=0)]

    def __repr__(self):
        at_best = ", ".join(
            f"R^2 {self.explained[:, d].max():.4f} at {lag:+d}" for d, lag in enumerate(self.best)
        )
        return f"LaggedReadout(lags {self.lags.min():+d} to {self.lags.max():+d}: best {at_best})"


def lagged_readout(features, states, lags=(0,)):
    """Read states from features linearly, with a lag; fitted to one half of the trials, judged on the other.

    states[t + lag] = W features[t] + b, for every t at which both exist.

    Parameters
    ----------
    features : array_like (B, T, F)
        What is read from, such as ``Trajectory.kappa``.
    states : array_like (B, T, D)
        What is read, such as the first entries of ``Trajectory.plant``.
    lags : sequence of int
        Steps ahead; negative ones read the past.

    Returns
    -------
    LaggedReadout

    Raises
    ------
    InputError
        Fewer than two trials, other numbers of trials or steps, a lag that leaves no step, or a state that
        does not vary.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((20, 30, 1))
    >>> lagged_readout(x, np.roll(x, 2, axis=1), lags=range(-3, 4)).best
    array([2])
    """
    features = as_array("features", features, (None, None, None), "(B, T, F)")
    trials, steps, count = features.shape
    states = as_array("states", states, (trials, steps, None), "(B, T, D)")
    lags = np.array([check_count("lags", lag, -steps) for lag in lags])
    if count == 0:
        raise InputError(f"features: there is none to read from, shape {features.shape}")
    if trials < 2:
        raise InputError(f"features: {trials} trials cannot be halved; at least 2 are needed")
    if lags.size == 0 or np.abs(lags).max() >= steps:
        raise InputError(f"lags: expected lags of less than the {steps} steps, got {lags.tolist()}")
    explained = np.array([_explained(features, states, lag, trials // 2) for lag in lags])
    return LaggedReadout(lags, explained)


def _explained(features, states, lag, half):
    steps = features.shape[1]
    x = features[:, max(0, -lag) : steps - max(0, lag)]
    y = states[:, max(0, lag) : steps - max(0, -lag)]
    x = np.concatenate([x, np.ones((*x.shape[:2], 1))], axis=2)
    weights, *_ = np.linalg.lstsq(
        x[:half].reshape(-1, x.shape[2]), y[:half].reshape(-1, y.shape[2]), rcond=None
    )
    rest, unseen = y[half:] - x[half:] @ weights, y[half:]
    spread = ((unseen - unseen.mean(axis=(0, 1))) ** 2).sum(axis=(0, 1))
    if (spread == 0).any():
        raise InputError("states: one of them does not vary, so there is nothing to read; leave it out")
    return 1.0 - (rest**2).sum(axis=(0, 1)) / spread
