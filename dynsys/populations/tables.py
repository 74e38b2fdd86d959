"""Covariances and correlations of the loadings as a table: a standard error and a test for every entry.

With responsibilities r_i of population p and standardised loadings z_ia = (a_i - mean a) / sd a,

    rho_ab = sum_i r_i z_ia z_ib / sum_i r_i
    se(rho_ab)^2 = sum_i r_i^2 [z_ia z_ib - rho_ab (z_ia^2 + z_ib^2) / 2]^2 / (sum_i r_i)^2

the delta method on the sample's own fourth moments, since trained loadings are not Gaussian. An entry is
tested against zero by Sigma_ab / se(Sigma_ab), and the p-values of all pairs are corrected together (Holm
1979), so that a table of pure chance has any mark at all with a probability of at most ``level``.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import erfc

from dynsys.populations.fit import Populations
from rnn.connectivity import Loadings
from tasks.checks import check_count, check_kind, check_number
from tasks.errors import InputError
from tasks.results import html_table


@dataclass(frozen=True, eq=False, repr=False)
class MomentTable:
    """Covariances and correlations of the loadings of one population.

    Parameters
    ----------
    names : tuple of str (D,)
        Names of the columns.
    covariance, covariance_errors : ndarray (D, D)
        Covariances and their standard errors.
    correlation, correlation_errors : ndarray (D, D)
        Correlations and their standard errors; NaN where a loading does not vary.
    p_values : ndarray (D, D)
        Two-sided, of the hypothesis that the covariance is zero, corrected for the number of pairs; 0 on the
        diagonal.
    level : float
        Significance level of `significant`.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> MomentTable(("m",), one, one, one, 0 * one, 0 * one, 0.05).significant
    array([[ True]])
    """

    names: tuple
    covariance: np.ndarray
    covariance_errors: np.ndarray
    correlation: np.ndarray
    correlation_errors: np.ndarray
    p_values: np.ndarray
    level: float = 0.05

    def __post_init__(self):
        for field in fields(self):
            if isinstance(getattr(self, field.name), np.ndarray):
                getattr(self, field.name).setflags(write=False)

    @property
    def significant(self):
        """ndarray of bool (D, D) : which entries are not zero, at ``level``."""
        return self.p_values <= self.level

    def __repr__(self):
        pairs = np.argwhere(np.triu(self.significant, 1))
        found = ", ".join(f"{self.names[i]}-{self.names[j]} {self.correlation[i, j]:+.2f}" for i, j in pairs)
        return f"MomentTable(correlations not zero at level {self.level:g}: {found or 'none'})"

    def _repr_html_(self):
        marked = self.significant & ~np.eye(len(self.names), dtype=bool)
        rows = [
            (
                name,
                *(
                    f"{value:.3f} \N{PLUS-MINUS SIGN} {error:.2g}{' *' * bool(mark)}"
                    for value, error, mark in zip(self.correlation[i], self.correlation_errors[i], marked[i])
                ),
            )
            for i, name in enumerate(self.names)
        ]
        caption = f"correlations; * not zero at level {self.level:g}, corrected for the number of pairs"
        return html_table(rows, ("", *self.names), caption, named=True)


def moment_table(loadings, populations=None, population=0, level=0.05):
    """Covariances and correlations of one population, each with its standard error and a test.

    Parameters
    ----------
    loadings : Loadings
        The units.
    populations : Populations, optional
        Fitted to these loadings: its responsibilities weight the units. Left out, all units are one
        population.
    population : int, default 0
        Which one.
    level : float, default 0.05
        Significance level of the whole table.

    Returns
    -------
    MomentTable

    Raises
    ------
    InputError
        Populations without responsibilities of these units, or no population of that number.

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> m, n, I, w = np.random.default_rng(0).standard_normal((4, 500, 1))
    >>> moment_table(loadings(LowRankRNN(m, n + m, I, w)))
    MomentTable(correlations not zero at level 0.05: m-n +0.74)
    """
    check_kind("loadings", loadings, Loadings, "take them from a network with loadings(net)")
    level = check_number("level", level, above=0.0, below=1.0)
    r, centre = _shares(loadings, populations, check_count("population", population, 0))
    X, total = loadings.values, r.sum()
    centred = X - (r @ X / total if centre else 0.0)
    spread = np.sqrt(r @ centred**2 / total)
    varies = spread > 0
    Z = np.divide(centred, spread, out=np.zeros_like(centred), where=varies)
    rho = (r[:, None] * Z).T @ Z / total
    # Sums of r^2 (z_a z_b)^2 and the like, expanded so that no (N, D, D) array is formed.
    square, cube = (r[:, None] ** 2 * Z**2).T @ Z**2, (r[:, None] ** 2 * Z**3).T @ Z
    cross, weight = (r[:, None] ** 2 * Z).T @ Z, (r**2).sum()
    fourth = np.diag(square)
    delta = square - rho * (cube + cube.T) + rho**2 / 4 * (fourth[:, None] + fourth[None, :] + 2 * square)
    plain = square - 2 * rho * cross + rho**2 * weight
    rho_errors, plain_errors = (np.sqrt(np.maximum(a, 0.0)) / total for a in (delta, plain))
    np.fill_diagonal(rho_errors, 0.0)
    unknown = ~np.logical_and.outer(varies, varies)
    scale = np.outer(spread, spread)
    return MomentTable(
        loadings.names, rho * scale, plain_errors * scale, np.where(unknown, np.nan, rho),
        np.where(unknown, np.nan, rho_errors), _holm(rho, plain_errors), level,
    )  # fmt: skip


def _shares(loadings, populations, p):
    """Responsibilities (N,) of one population, and whether its mean is free."""
    if populations is None:
        if p:
            raise InputError(f"population: without populations all units are number 0, got {p}")
        return np.ones(loadings.units), True
    check_kind("populations", populations, Populations, "see fit_populations")
    if p >= populations.count:
        raise InputError(f"population: there is no number {p}; there are {populations.count}, counted from 0")
    centre = populations.means_kind == "free"
    if populations.count == 1:
        return np.ones(loadings.units), centre
    if populations.responsibilities is None or len(populations.responsibilities) != loadings.units:
        raise InputError(
            "populations: they do not say which of these units belong to them; fit them to these loadings"
        )
    return populations.responsibilities[:, p], centre


def _holm(rho, errors):
    """Two-sided normal p-values of rho / errors, made to hold for all pairs at once (Holm 1979)."""
    upper = np.triu_indices(len(rho), 1)
    entries, spread = np.abs(rho[upper]), errors[upper]
    z = np.divide(entries, spread, out=np.where(entries > 0, np.inf, 0.0), where=spread > 0)
    p = erfc(z / np.sqrt(2))
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    table = np.zeros_like(rho)
    table[upper] = corrected
    return table + table.T
