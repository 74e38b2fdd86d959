"""Mixtures of Gaussians over the loadings, by expectation-maximisation (EM).

    E-step   r_ip = alpha_p N(X_i; a^p, Sigma^p) / sum_q alpha_q N(X_i; a^q, Sigma^q)
    M-step   alpha_p = mean_i r_ip,   a^p = sum_i r_ip X_i / sum_i r_ip or 0,   Sigma^p = weighted covariance

The likelihood has many bad local optima. Each restart begins with covariances of a few random units, since
populations of one network usually share their mean and differ in their covariances; all restarts run
briefly and the best of them to convergence.
"""

from typing import NamedTuple

import numpy as np

from tasks.errors import InputError, Status

# Added to covariances (of columns scaled to unit spread) inside densities; reported moments have no ridge.
RIDGE = 1e-6
SHORT_RUN = 25
FINALISTS = 3
MAX_ITERATIONS = 2000
# Gain of mean log-likelihood per unit and iteration at which a run has converged.
TOLERANCE = 1e-7


class MixtureFit(NamedTuple):
    """A mixture fitted by `fit_mixture`.

    Attributes
    ----------
    weights : ndarray (P,)
        Shares, in decreasing order.
    means : ndarray (P, D)
        Means.
    covariances : ndarray (P, D, D)
        Covariances (divided by the total responsibility).
    responsibilities : ndarray (N, P)
        Probability that a unit belongs to a population.
    log_likelihood : float
        Mean log-likelihood per unit of the best run.
    log_likelihoods : tuple of float
        The same of every restart after its short run, best first; -inf where a population emptied.
    status : Status
        Whether the best run converged.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    responsibilities: np.ndarray
    log_likelihood: float
    log_likelihoods: tuple
    status: Status


def fit_mixture(X, count, free_means, restarts, rng):
    """Fit a mixture of ``count`` Gaussians: the best of `mixture_optima`.

    Parameters
    ----------
    X, count, free_means, restarts, rng
        As in `mixture_optima`.

    Returns
    -------
    MixtureFit

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (800, 2)), rng.normal(9, 1, (200, 2))])
    >>> fit_mixture(X, 2, True, 5, rng).weights.round(2)
    array([0.8, 0.2])
    """
    return mixture_optima(X, count, free_means, restarts, rng)[0]


def mixture_optima(X, count, free_means, restarts, rng, most=FINALISTS):
    """The best few local optima of the likelihood that EM finds.

    Parameters
    ----------
    X : ndarray (N, D)
        One row a unit.
    count : int
        Number of populations P.
    free_means : bool
        Whether means are estimated or held at zero.
    restarts : int
        Number of random starts.
    rng : numpy.random.Generator
        Source of the starts.
    most : int, default 3
        How many short runs are carried on to convergence; two of them may come to the same optimum.

    Returns
    -------
    list of MixtureFit
        At most ``most``, best first.

    Raises
    ------
    InputError
        Every restart lost a population (too few units for so many populations).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> fits = mixture_optima(rng.normal(size=(300, 2)), 2, True, 10, rng, most=4)
    >>> likelihoods = [fit.log_likelihood for fit in fits]
    >>> likelihoods == sorted(likelihoods, reverse=True)
    True
    """
    scale = X.std(axis=0) if free_means else np.sqrt((X**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    Z = X / scale
    runs = [_run(Z, _start(Z, count, free_means, rng), free_means, SHORT_RUN) for _ in range(restarts)]
    runs.sort(key=lambda run: -run[1])
    if not np.isfinite(runs[0][1]):
        raise InputError(
            f"populations: all {restarts} starts lost one of {count} populations among {len(X)} units; "
            "ask for fewer populations or more restarts"
        )
    finals = [_run(Z, run[0], free_means, MAX_ITERATIONS) for run in _distinct(runs, most)]
    finals.sort(key=lambda run: -run[1])
    short = tuple(float(run[1] - np.log(scale).sum()) for run in runs)
    fits = []
    for r, likelihood, converged in _distinct(finals, most):
        r = r[:, np.argsort(-r.sum(axis=0), kind="stable")]
        weights, means, covariances = _moments(Z, r, free_means)
        fits.append(
            MixtureFit(
                weights, means * scale, covariances * np.outer(scale, scale), r,
                likelihood - np.log(scale).sum(), short, Status.CONVERGED if converged else Status.MAX_STEPS,
            )
        )  # fmt: skip
    return fits


def responsibilities(X, weights, means, covariances):
    """Probability of each population given a unit's loadings, and the mean log-likelihood per unit.

    Parameters
    ----------
    X : ndarray (N, D)
        Units; need not be those of the fit.
    weights, means, covariances : ndarray (P,), (P, D), (P, D, D)
        The mixture.

    Returns
    -------
    responsibilities : ndarray (N, P)
    log_likelihood : float

    Examples
    --------
    >>> X = np.array([[0.0], [9.0]])
    >>> r, _ = responsibilities(X, np.full(2, 0.5), X, np.ones((2, 1, 1)))
    >>> r.round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    spread = np.sqrt(np.einsum("p,pdd->d", weights, covariances) + weights @ means**2)
    scale = np.where(spread > 0, spread, 1.0)
    r, likelihood = _expectation(X / scale, weights, means / scale, covariances / np.outer(scale, scale))
    return r, likelihood - np.log(scale).sum()


def moments_with_errors(X, r, free_means, ddof):
    """Means and covariances under responsibilities, with distribution-free standard errors.

    Parameters
    ----------
    X : ndarray (N, D)
        One row a unit.
    r : ndarray (N, P)
        Responsibilities.
    free_means : bool
        Whether means are estimated or held at zero.
    ddof : int
        Each covariance is divided by its total responsibility minus ddof.

    Returns
    -------
    means : ndarray (P, D)
    covariances : ndarray (P, D, D)
    mean_errors, covariance_errors : ndarray
        In the same shapes.

    Examples
    --------
    >>> means, *_ = moments_with_errors(np.array([[0.0], [2.0], [5.0]]), np.eye(2)[[0, 0, 1]], True, 0)
    >>> means[:, 0]
    array([1., 5.])
    """
    width, count = X.shape[1], r.shape[1]
    means, mean_errors = np.zeros((2, count, width))
    covariances, covariance_errors = np.zeros((2, count, width, width))
    for p in range(count):
        share, total = r[:, p], r[:, p].sum()
        if free_means:
            means[p] = share @ X / total
        centred = X - means[p]
        moments = (share[:, None] * centred).T @ centred / total
        # sum_i r_i^2 (c_ia c_ib - Sigma_ab)^2, expanded so that no (N, D, D) array is formed.
        squares = (share[:, None] ** 2 * centred**2).T @ centred**2
        cross = (share[:, None] ** 2 * centred).T @ centred
        spread = squares - 2 * moments * cross + moments**2 * (share**2).sum()
        covariance_errors[p] = np.sqrt(np.maximum(spread, 0.0)) / total
        covariances[p] = (moments + moments.T) / 2 * (total / (total - ddof))
        if free_means:
            mean_errors[p] = np.sqrt(share**2 @ centred**2) / total
    return means, covariances, mean_errors, covariance_errors


def _distinct(runs, most):
    """The best few runs that are not at, or on their way to, the same optimum."""
    chosen = [runs[0]]
    for run in runs[1:]:
        if len(chosen) == most or not np.isfinite(run[1]):
            break
        if chosen[-1][1] - run[1] > 100 * TOLERANCE:
            chosen.append(run)
    return chosen


def _start(Z, count, free_means, rng):
    """Responsibilities under covariances of a few random units each."""
    units, width = Z.shape
    few = min(max(2 * width, 4), units)
    means = np.zeros((count, width))
    covariances = np.empty((count, width, width))
    for p in range(count):
        sample = Z[rng.choice(units, size=few, replace=False)]
        if free_means:
            means[p] = sample.mean(axis=0)
        covariances[p] = (sample - means[p]).T @ (sample - means[p]) / few + 0.05 * np.eye(width)
    return _expectation(Z, np.full(count, 1.0 / count), means, covariances)[0]


def _run(Z, r, free_means, iterations):
    """EM from responsibilities; -inf as likelihood when a population empties."""
    before = -np.inf
    for _ in range(iterations):
        if r.sum(axis=0).min() < Z.shape[1] + 1:
            return r, -np.inf, False
        r, likelihood = _expectation(Z, *_moments(Z, r, free_means))
        if abs(likelihood - before) < TOLERANCE:
            return r, likelihood, True
        before = likelihood
    return r, before, False


def _moments(Z, r, free_means):
    total = r.sum(axis=0)
    means = (r.T @ Z) / total[:, None] if free_means else np.zeros((r.shape[1], Z.shape[1]))
    covariances = np.empty((r.shape[1], Z.shape[1], Z.shape[1]))
    for p in range(r.shape[1]):
        centred = Z - means[p]
        covariances[p] = (r[:, p, None] * centred).T @ centred / total[p]
        covariances[p] = (covariances[p] + covariances[p].T) / 2
    return total / total.sum(), means, covariances


def _expectation(Z, weights, means, covariances):
    width = Z.shape[1]
    logs = np.empty((len(Z), len(weights)))
    for p, covariance in enumerate(covariances):
        factor = np.linalg.cholesky(covariance + RIDGE * np.eye(width))
        # A product with the small inverse: a triangular solve of a few columns wakes all threads of BLAS.
        white = (Z - means[p]) @ np.linalg.inv(factor).T
        logs[:, p] = np.log(weights[p]) - np.log(np.diag(factor)).sum() - 0.5 * (white**2).sum(axis=1)
    top = logs.max(axis=1)
    r = np.exp(logs - top[:, None])
    sums = r.sum(axis=1)
    return r / sums[:, None], float(np.mean(top + np.log(sums))) - 0.5 * width * np.log(2 * np.pi)
