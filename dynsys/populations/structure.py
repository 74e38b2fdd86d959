"""Is there more structure in the loadings than one Gaussian? ePAIRS, number of populations, stability."""

from dataclasses import dataclass

import numpy as np

from dynsys.populations.fit import fit_populations
from dynsys.populations.mixture import responsibilities
from dynsys.populations.redraw import redraw
from rnn.connectivity import Loadings, loadings
from tasks.checks import check_count, check_rng
from tasks.errors import InputError

BLOCK = 512  # rows of the matrix of cosines held at once


@dataclass(frozen=True, eq=False)
class EPairs:
    """Result of `epairs`.

    Parameters
    ----------
    angle : float
        Mean angle between a unit and its nearest neighbour in loading space, rad.
    null : ndarray (draws,)
        The same of samples from the Gaussian of equal mean and covariance.
    p_value : float
        Two-sided Monte Carlo p-value.
    effect : float
        (angle - mean of null) / (standard deviation of null); negative: units cluster.

    Examples
    --------
    >>> EPairs(0.1, np.array([0.2, 0.3]), 0.5, -1.0).significant()
    False
    """

    angle: float
    null: np.ndarray
    p_value: float
    effect: float

    def significant(self, level=0.05):
        """bool : whether the p-value is at most ``level``."""
        return bool(self.p_value <= level)


def epairs(loadings_, rng, draws=200):
    """Test whether the loadings are non-randomly structured beyond their covariance (ePAIRS).

    The direction of each unit in loading space (columns scaled to unit spread) is compared with its nearest
    neighbour's; samples of the Gaussian with the same mean and covariance give the null distribution
    (Raposo et al. 2014; Hirokawa et al. 2019; Dubreuil et al. 2022).

    Parameters
    ----------
    loadings_ : Loadings
        The loadings.
    rng : numpy.random.Generator or int
        Source of the null samples.
    draws : int, default 200
        Number of null samples; the smallest p-value is 2 / (draws + 1).

    Returns
    -------
    EPairs

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 200, 1)))
    >>> epairs(loadings(net), rng=0, draws=50).significant()
    False
    """
    rng, draws = check_rng(rng), check_count("draws", draws, 2)
    if loadings_.units < 3:
        raise InputError(f"loadings: {loadings_.units} units have no neighbours to speak of; use more units")
    one = fit_populations(loadings_)
    observed = _neighbour_angle(loadings_.values)
    null = np.array(
        [_neighbour_angle(loadings(redraw(one, loadings_.units, rng)).values) for _ in range(draws)]
    )
    lower, upper = (null <= observed).sum(), (null >= observed).sum()
    p_value = min(1.0, 2 * (1 + min(lower, upper)) / (draws + 1))
    spread = null.std(ddof=1)
    effect = (observed - null.mean()) / spread if spread > 0 else 0.0
    return EPairs(float(observed), null, float(p_value), float(effect))


def _neighbour_angle(X):
    X = X - X.mean(axis=0)
    spread = X.std(axis=0)
    X = X[:, spread > 0] / spread[spread > 0]
    X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), np.finfo(float).tiny)
    nearest = np.empty(len(X))
    for start in range(0, len(X), BLOCK):
        cosines = X[start : start + BLOCK] @ X.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -1.0
        nearest[start : start + BLOCK] = cosines.max(axis=1)
    return np.arccos(np.clip(nearest, -1.0, 1.0)).mean()


@dataclass(frozen=True, eq=False)
class PopulationCounts:
    """Likelihoods of mixtures with different numbers of populations; see `compare_counts`.

    Parameters
    ----------
    counts : tuple of int
        Numbers of populations.
    log_likelihood : ndarray
        Mean log-likelihood per unit of the fit to all units.
    held_out : ndarray
        The same on units left out of the fit, cross-validated.
    bic : ndarray
        Bayesian information criterion, -2 log L + (number of parameters) log N; smaller is better.

    Examples
    --------
    >>> PopulationCounts((1, 2), np.zeros(2), np.array([0.0, 1.0]), np.array([3.0, 2.0])).best
    2
    """

    counts: tuple
    log_likelihood: np.ndarray
    held_out: np.ndarray
    bic: np.ndarray

    @property
    def best(self):
        """int : the number with the largest held-out likelihood."""
        return self.counts[int(np.argmax(self.held_out))]


def compare_counts(loadings_, counts=(1, 2, 3), means="free", folds=5, restarts=20, *, rng):
    """Compare numbers of populations by BIC and by held-out likelihood.

    The number that matters is the one that works: `select_populations` goes by the accuracy of redrawn
    networks.

    Parameters
    ----------
    loadings_ : Loadings
        The loadings.
    counts : sequence of int
        Numbers of populations to try.
    means : {"free", "zero"}
        As in `fit_populations`.
    folds : int, default 5
        Folds of the cross-validation.
    restarts : int, default 20
        As in `fit_populations`.
    rng : numpy.random.Generator or int
        Source of folds and starts.

    Returns
    -------
    PopulationCounts

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 200, 1)))
    >>> compare_counts(loadings(net), (1, 2), restarts=3, rng=0).best
    1
    """
    rng, folds = check_rng(rng), check_count("folds", folds, 2)
    counts = tuple(check_count("counts", count) for count in counts)
    if not counts:
        raise InputError("counts: give at least one number of populations to try")
    X, width = loadings_.values, loadings_.values.shape[1]
    part = rng.permutation(len(X)) % folds
    whole, held_out, bic = [], [], []
    for count in counts:
        fit = fit_populations(loadings_, count, means, rng=rng, restarts=restarts)
        whole.append(_likelihood(X, fit))
        scores = []
        for fold in range(folds):
            seen = _rows(loadings_, X[part != fold])
            fitted = fit_populations(seen, count, means, rng=rng, restarts=restarts)
            scores.append(_likelihood(X[part == fold], fitted))
        held_out.append(np.mean(scores))
        free = width * (width + 1) // 2 + (width if means == "free" else 0)
        bic.append(-2 * len(X) * whole[-1] + (count * free + count - 1) * np.log(len(X)))
    return PopulationCounts(tuple(counts), np.array(whole), np.array(held_out), np.array(bic))


def label_stability(loadings_, populations, means="free", samples=20, restarts=20, *, rng):
    """How well the populations of bootstrap samples agree with those of all units.

    Each sample of the units (with replacement) is fitted again, and all units are labelled by both fits; the
    agreement is the adjusted Rand index, 1 for the same partition, 0 on average for unrelated ones.

    Parameters
    ----------
    loadings_ : Loadings
        The loadings.
    populations : int
        Number of populations, at least 2.
    means, restarts
        As in `fit_populations`.
    samples : int, default 20
        Number of bootstrap samples.
    rng : numpy.random.Generator or int
        Source of samples and starts.

    Returns
    -------
    ndarray (samples,)

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> X = np.random.default_rng(0).standard_normal((4, 300, 1)) * np.repeat([1, 9], [200, 100])[:, None]
    >>> bool(label_stability(loadings(LowRankRNN(*X)), 2, samples=3, restarts=3, rng=0).min() > 0.8)
    True
    """
    rng = check_rng(rng)
    check_count("populations", populations, 2)
    X = loadings_.values
    reference = _labels(X, fit_populations(loadings_, populations, means, rng=rng, restarts=restarts))
    scores = []
    for _ in range(check_count("samples", samples)):
        sample = _rows(loadings_, X[rng.integers(len(X), size=len(X))])
        scores.append(
            adjusted_rand(
                reference, _labels(X, fit_populations(sample, populations, means, rng=rng, restarts=restarts))
            )
        )
    return np.array(scores)


def adjusted_rand(one, two):
    """Adjusted Rand index of two labellings (Hubert & Arabie 1985).

    Parameters
    ----------
    one, two : array_like of int (N,)
        Labels.

    Returns
    -------
    float

    Examples
    --------
    >>> adjusted_rand([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    """
    _, i = np.unique(one, return_inverse=True)
    _, j = np.unique(two, return_inverse=True)
    table = np.zeros((i.max() + 1, j.max() + 1))
    np.add.at(table, (i, j), 1.0)
    together, rows, columns = (_pairs(t).sum() for t in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = rows * columns / _pairs(np.array(float(len(i))))
    most = (rows + columns) / 2
    return float((together - expected) / (most - expected)) if most != expected else 1.0


def _pairs(counts):
    return counts * (counts - 1) / 2


def _rows(loadings_, X):
    return Loadings(
        X, loadings_.rank, loadings_.inputs, loadings_.outputs, loadings_.gauge, loadings_.gauge_name,
        loadings_.phi, loadings_.alpha, loadings_.noise_std, loadings_.source,
    )  # fmt: skip


def _likelihood(X, fit):
    return responsibilities(X, fit.weights, fit.means, fit.covariances)[1]


def _labels(X, fit):
    return responsibilities(X, fit.weights, fit.means, fit.covariances)[0].argmax(axis=1)
