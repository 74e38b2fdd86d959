"""Redrawing: a new network with new neurons from the same populations.

If the redrawn network still does the task, the few numbers in `Populations` are all that mattered.
"""

import numpy as np

from dynsys.populations.fit import Populations
from rnn.networks import LowRankRNN
from tasks.checks import check_count, check_kind, check_rng
from tasks.errors import InputError


def redraw(populations, units, rng, exact_moments=False):
    """Draw a network of ``units`` new neurons from Gaussian populations.

    Each population gets its share of the units (weights times N, largest remainders first).

    Parameters
    ----------
    populations : Populations
        From `fit_populations` or by hand.
    units : int
        Number of units N of the new network.
    rng : numpy.random.Generator or int
        Source of the draws.
    exact_moments : bool, default False
        Shift, whiten and recolour each population's sample so that its sample mean and covariance (ddof = 0)
        equal the population's: separates a wrong fit from sampling noise.

    Returns
    -------
    LowRankRNN

    Raises
    ------
    InputError
        With exact moments, a population of no more units than its covariance has rank.

    Examples
    --------
    >>> from dynsys.populations.fit import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1)
    >>> redraw(one, 100, rng=0).units
    100
    """
    check_kind("populations", populations, Populations, "see fit_populations")
    units, rng = check_count("units", units), check_rng(rng)
    counts = share_out(populations.weights, units)
    parts = []
    for p, count in enumerate(counts):
        sample = rng.standard_normal((count, len(populations.names)))
        factor = square_root(populations.covariances[p])
        if exact_moments:
            sample = whiten(sample[:, : factor.shape[1]], p)
        else:
            sample = sample[:, : factor.shape[1]]
        parts.append(populations.means[p] + sample @ factor.T)
    rows = np.vstack(parts)
    R, S = populations.rank, populations.inputs
    m, n, I, w = np.split(rows, [R, 2 * R, 2 * R + S], axis=1)
    return LowRankRNN(
        m, n, I, w, phi=populations.phi, alpha=populations.alpha, noise_std=populations.noise_std
    )


def share_out(weights, units):
    """Number of units of each population: its share of all units, largest remainders first.

    Parameters
    ----------
    weights : ndarray (P,)
        Shares that sum to 1.
    units : int
        Number of units N.

    Returns
    -------
    ndarray of int (P,)

    Examples
    --------
    >>> share_out(np.array([0.6, 0.4]), 4)
    array([2, 2])
    """
    ideal = weights * units
    counts = np.floor(ideal).astype(int)
    for p in np.argsort(counts - ideal, kind="stable")[: units - counts.sum()]:
        counts[p] += 1
    return counts


def square_root(covariance):
    """F (D, rank) with F F^T = covariance, for singular covariances too.

    Parameters
    ----------
    covariance : ndarray (D, D)
        Positive semidefinite; its columns may be of any scale.

    Returns
    -------
    ndarray (D, rank)

    Examples
    --------
    >>> square_root(np.array([[4.0, 2.0], [2.0, 1.0]])).shape
    (2, 1)
    """
    scale = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    keep = values > 1e-13 * max(values[-1], 1e-300) * len(values)
    return scale[:, None] * vectors[:, keep] * np.sqrt(values[keep])


def whiten(sample, p):
    """Shift and mix a sample so that its mean is 0 and its covariance (ddof = 0) the identity.

    Parameters
    ----------
    sample : ndarray (count, width)
        Draws from N(0, 1).
    p : int
        Population, for the message.

    Returns
    -------
    ndarray (count, width)

    Examples
    --------
    >>> white = whiten(np.random.default_rng(0).standard_normal((9, 2)), 0)
    >>> np.allclose(white.T @ white / 9, np.eye(2))
    True
    """
    count, width = sample.shape
    if count <= width:
        raise InputError(
            f"units: population {p + 1} gets {count} units, too few to make {width} moments exact; "
            "ask for more units or exact_moments=False"
        )
    centred = sample - sample.mean(axis=0)
    q, r = np.linalg.qr(centred)
    return np.sqrt(count) * q * np.sign(np.diag(r))  # LAPACK's signs would flip columns of the draw
