"""Sampling errors of a population's moments, together: their covariance matrix.

Standard errors come with the fit and are distribution-free. What ties them to each other is taken from
Gaussian samples, Cov(S_ab, S_cd) N = S_ac S_bd + S_ad S_bc (Wishart), and Cov(mean_a, mean_b) N = S_ab.
"""

import numpy as np

from dynsys.populations.fit import Populations
from tasks.checks import check_kind
from tasks.errors import InputError


def moment_errors(populations):
    """Names and error covariance of all estimated moments.

    Parameters
    ----------
    populations : Populations
        With standard errors, such as from `fit_populations`.

    Returns
    -------
    names : tuple of str (K,)
        As the parameters of the mean field are called: sigma_mn, a_m, sigma_m1n2_p1 and so on.
    covariance : ndarray (K, K)
        Of their estimates.

    Raises
    ------
    InputError
        Populations without standard errors.

    Examples
    --------
    >>> from dynsys.populations.fit import fit_populations
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 500, 1)))
    >>> names, covariance = moment_errors(fit_populations(loadings(net), means="zero"))
    >>> names[:3], covariance.shape
    (('sigma_mm', 'sigma_mn', 'sigma_mI'), (10, 10))
    """
    check_kind("populations", populations, Populations, "see fit_populations")
    if populations.covariance_errors is None:
        raise InputError("populations: they carry no standard errors; take them from fit_populations")
    names, blocks = [], []
    for p in range(populations.count):
        suffix = f"_p{p + 1}" if populations.count > 1 else ""
        S, letters = populations.covariances[p], populations.names
        if populations.means_kind == "free":
            names += [f"a_{a}{suffix}" for a in letters]
            blocks.append(_tied(S, populations.mean_errors[p]))
        i, j = np.triu_indices(len(letters))
        names += [f"sigma_{letters[a]}{letters[b]}{suffix}" for a, b in zip(i, j)]
        wishart = S[np.ix_(i, i)] * S[np.ix_(j, j)] + S[np.ix_(i, j)] * S[np.ix_(j, i)]
        blocks.append(_tied(wishart, populations.covariance_errors[p][i, j]))
    whole = np.zeros((len(names), len(names)))
    start = 0
    for block in blocks:
        stop = start + len(block)
        whole[start:stop, start:stop] = block
        start = stop
    return tuple(names), whole


def _tied(covariance, errors):
    """Correlations of the one with the standard errors of the other."""
    size = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    ties = np.divide(covariance, np.outer(size, size), out=np.eye(len(size)), where=np.outer(size, size) > 0)
    return ties * np.outer(errors, errors)
