"""How many dimensions a network's activity has, and whether they are those of its connectivity.

Without noise, and with x(0) = 0, the activity of a low-rank network lies in span[m, I] exactly (THEORY 2).
The principal components of recorded activity test that; so does the projection of x on m_r, the usual
definition of kappa_r in recordings,

    kappa_r = m_r . x / |m_r|^2,

which is the exact kappa_r only when m_r is orthogonal to the other columns of m and to I. `rnn.simulate`
returns the exact one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh, subspace_angles

from rnn.networks import FullRankRNN, LowRankRNN
from rnn.simulation import Trajectory
from tasks.checks import check_count, check_kind
from tasks.errors import InputError

# Components with less than this share of the variance are rounding, not directions of the activity.
NUMERICAL_RANK = 1e-13


@dataclass(frozen=True, eq=False, repr=False)
class ActivityComponents:
    """Principal components of a network's activity, pooled over trials and steps.

    Parameters
    ----------
    variance_explained : ndarray (K,)
        Share of the total variance in each component, largest first.
    components : ndarray (K, N)
        Orthonormal directions, one a row.
    mean : ndarray (N,)
        Mean activity, which was subtracted.
    share_in_span : float or None
        Share of the variance that lies in span[m, I]; None for a full-rank network.
    angles : ndarray (<= R + S,) or None
        Principal angles (radians, ascending) between span[m, I] and the leading components, as many of them
        as that span has dimensions; fewer when the activity itself has fewer dimensions.

    Examples
    --------
    >>> ActivityComponents(np.array([0.5, 0.5]), np.eye(2), np.zeros(2), 1.0, np.zeros(2)).dimension
    2.0
    """

    variance_explained: np.ndarray
    components: np.ndarray
    mean: np.ndarray
    share_in_span: float
    angles: np.ndarray

    def __post_init__(self):
        for name in ("variance_explained", "components", "mean", "angles"):
            if getattr(self, name) is not None:
                getattr(self, name).setflags(write=False)

    @property
    def dimension(self):
        """float : participation ratio 1 / sum_k share_k^2, over the components kept."""
        return float(1.0 / (self.variance_explained**2).sum())

    def __repr__(self):
        shares = ", ".join(f"{share:.1%}" for share in self.variance_explained[:4])
        text = f"ActivityComponents(variance explained {shares}"
        if self.share_in_span is not None:
            largest = np.degrees(self.angles.max(initial=0.0))
            text += f"; {self.share_in_span:.1%} of it in span[m, I], largest angle {largest:.3g} degrees"
        return text + ")"


def activity_components(net, trajectory, count=10):
    """Principal components of a network's activity, compared with span[m, I].

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The network; of a full-rank one there is no span to compare with.
    trajectory : Trajectory
        From `rnn.simulate`, with states.
    count : int, default 10
        Most components to keep; all shares are of the variance of all N.

    Returns
    -------
    ActivityComponents

    Raises
    ------
    InputError
        A trajectory without states, of another number of units, or that does not vary.

    Examples
    --------
    >>> from rnn import simulate
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> net = LowRankRNN.random(64, 1, task, rng=0)
    >>> activity_components(net, simulate(net, task.trials(20, rng=1))).variance_explained.size
    2
    """
    X = _states(net, trajectory).reshape(-1, net.units)
    if not np.isfinite(X).all():
        raise InputError("trajectory: states that are not finite have no principal components")
    count = min(check_count("count", count), net.units)
    mean = X.mean(axis=0)
    X = X - mean
    total = float((X**2).sum())
    if total <= NUMERICAL_RANK**2 * X.shape[0] * float((mean**2).sum()) or total == 0.0:
        raise InputError("trajectory: the activity does not vary, so it has no principal components")
    variances, components = _leading(X, count)
    shares = variances / total
    kept = shares > NUMERICAL_RANK
    shares, components = shares[kept], components[kept]
    if not isinstance(net, LowRankRNN):
        return ActivityComponents(shares, components, mean, None, None)
    span = _orthonormal(np.hstack([net.m, net.I]))
    inside = float(((X @ span) ** 2).sum() / total)
    angles = subspace_angles(components[: span.shape[1]].T, span)[::-1].copy()
    return ActivityComponents(shares, components, mean, inside, angles)


def projected_kappa(net, trajectory):
    """The projection kappa_r = m_r . x / |m_r|^2 of recorded activity.

    Equal to the exact ``trajectory.kappa`` if and only if m_r is orthogonal to the other m's and to I (and x
    has no part outside their span): otherwise it mixes in the other kappas and the inputs.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    trajectory : Trajectory
        From `rnn.simulate`, with states.

    Returns
    -------
    ndarray (B, T, R)

    Raises
    ------
    InputError
        A trajectory without states or of another number of units; a column of m that is zero.

    Examples
    --------
    >>> from rnn import simulate
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> net = LowRankRNN.random(64, 1, task, rng=0)
    >>> run = simulate(net, task.trials(2, rng=1))
    >>> mixed = run.kappa + run.v * (net.m.T @ net.I) / (net.m.T @ net.m)
    >>> bool(np.allclose(projected_kappa(net, run), mixed))
    True
    """
    check_kind("net", net, LowRankRNN, "a full-rank network has no m to project on; truncate it first")
    squares = (net.m**2).sum(axis=0)
    if (squares == 0).any():
        raise InputError(
            f"net: column {int(squares.argmin()) + 1} of m is zero; nothing can be projected on it"
        )
    return _states(net, trajectory) @ (net.m / squares)


def _states(net, trajectory):
    if not isinstance(net, (LowRankRNN, FullRankRNN)):
        raise InputError(f"net: expected a LowRankRNN or FullRankRNN, got {type(net).__name__}")
    check_kind("trajectory", trajectory, Trajectory, "make it with simulate(net, trials)")
    if trajectory.x is None:
        raise InputError("trajectory: it has no states x; simulate(net, trials, states=True) keeps them")
    if trajectory.x.shape[2] != net.units:
        raise InputError(
            f"trajectory: states of {trajectory.x.shape[2]} units, but the network has {net.units}"
        )
    return trajectory.x


def _leading(X, count):
    """Largest ``count`` squared singular values of X and their right singular vectors, as rows."""
    samples, units = X.shape
    smaller = min(samples, units)
    gram = X.T @ X if units <= samples else X @ X.T
    count = min(count, smaller)
    values, vectors = eigh(gram, subset_by_index=(smaller - count, smaller - 1), check_finite=False)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    if units > samples:
        keep = values > 0
        values, vectors = values[keep], X.T @ vectors[:, keep] / np.sqrt(values[keep])
    return values, np.ascontiguousarray(vectors.T)


def _orthonormal(columns):
    """Orthonormal basis of the columns' span; columns of any scale."""
    norms = np.linalg.norm(columns, axis=0)
    u, s, _ = np.linalg.svd(columns[:, norms > 0] / norms[norms > 0], full_matrices=False)
    return u[:, s > s.max(initial=0.0) * len(columns) * np.finfo(float).eps]
