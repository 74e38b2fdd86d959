"""Jacobians where the formula of a field has none: relu networks at a state where units sit on their kink.

There a field answers NaN. If the Jacobian has one limit from all sides, that limit is the derivative (a mean
field with zero means is linear through Delta = 0); otherwise F has a kink and there is nothing to linearise.
"""

import numpy as np

# Distance of the states around, as a share of the size of the search; how far their Jacobians may differ.
NEAR, AGREE = 1e-7, 1e-5
# Directions looked at besides the axes.
DIRECTIONS = 8


def jacobian_at(field, u, state, width=1.0):
    """Jacobian of a field at one state, by its limit where the formula has no value.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    state : ndarray (R,)
        The state.
    width : float, default 1
        Size of the region that matters.

    Returns
    -------
    ndarray (R, R)
        NaN where F has a kink.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> m = np.array([1.0, 1.0, -1.0, -1.0])
    >>> fields = [reduced_field(LowRankRNN(m, n, 0 * m, m, phi="relu")) for n in (m, m + 1)]
    >>> [jacobian_at(field, np.zeros(1), np.zeros(1)) for field in fields]  # kappa / 2 - kappa, then a kink
    [array([[-0.5]]), array([[nan]])]
    """
    jacobian = field.jacobian(state, u)
    if np.isfinite(jacobian).all():
        return jacobian
    n = state.size
    oblique = np.random.default_rng(0).standard_normal((DIRECTIONS if n > 1 else 0, n))
    directions = np.concatenate([np.eye(n), oblique])
    around = state + NEAR * width * np.concatenate([directions, -directions])
    limits = field.jacobian(around, u)
    middle = limits.mean(axis=0)
    agree = np.abs(limits - middle).max() <= AGREE * (1 + np.abs(middle).max())
    return middle if agree else np.full((n, n), np.nan)
