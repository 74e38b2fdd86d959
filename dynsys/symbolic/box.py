"""The trapping box of a mean field: a bound on kappa that every solution ends up in (THEORY 2).

For |phi| <= c, tau dkappa_r/dt = -kappa_r + g sum_p alpha_p E_p[n_r phi] gives

    |kappa_r| <= c |g| sum_p alpha_p E_p|n_r|

for every fixed point, and in the long run for every solution.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

# Directions of (m, I) whose variance is below this share of the largest count as absent.
RANK_TOLERANCE = 1e-12
# Room for rounding in the bound itself.
SLACK = 1e-9


@dataclass(frozen=True)
class TrappingBox:
    """Names of the parameters that the bound depends on, so that it follows them along a continuation.

    The variance of n itself is not a parameter of the mean field: only its part explained by y = (m, I),
    s^2 = Sigma_ny Sigma_yy^-1 Sigma_yn, matters. Any larger variance gives the same equations, so the bound
    E|N(a, s^2)| holds for every value of the parameters, and it is the tightest of its kind.

    Parameters
    ----------
    limit : float
        c = max|phi|.
    drive : tuple (P, R, Y) of str
        Names of Sigma_{n_r y}, Y = R + S.
    spread : tuple (P, Y, Y) of str
        Names of Sigma_yy.
    means : tuple (P, R) of str or None
        Names of a_{n_r}; None where means are zero.
    weights : tuple (P,) of str or None
        Names of alpha_p; None for one population.
    gain : str
        Name of the factor of the recurrent drive.
    bulk : str, optional
        Name of the strength of a random bulk, whose variance Delta_0 is then the last state variable.

    Examples
    --------
    >>> box = TrappingBox(1.0, ((("sigma_mn",),),), ((("sigma_mm",),),), None, None, "gain")
    >>> box.bound({"sigma_mn": 1.5, "sigma_mm": 1.0, "gain": 1.0}).round(6)
    array([1.196827])
    """

    limit: float
    drive: tuple
    spread: tuple
    means: tuple
    weights: tuple
    gain: str
    bulk: str = None

    def bound(self, values):
        """The half-widths of the box.

        Parameters
        ----------
        values : mapping name -> float
            Values of the parameters.

        Returns
        -------
        ndarray (R,)
            inf where the drive is unbounded: n covaries with a direction of (m, I) that has no variance. With
            a bulk (R + 1, 2), lower and upper bounds: 0 <= Delta_0 <= (c g g_chi)^2.
        """
        total = 0.0
        for p, (drive, spread) in enumerate(zip(self.drive, self.spread)):
            explained = _explained(_read(drive, values), _read(spread, values))
            means = _read(self.means[p], values) if self.means else np.zeros(len(drive))
            weight = values[self.weights[p]] if self.weights else 1.0
            total = total + abs(weight) * _mean_absolute(means, explained)
        bound = abs(values[self.gain]) * self.limit * total * (1 + SLACK)
        if self.bulk is None:
            return bound
        most = (self.limit * values[self.gain] * values[self.bulk]) ** 2 * (1 + SLACK)
        return np.column_stack([np.append(-bound, 0.0), np.append(bound, most)])


def _read(names, values):
    return np.array(
        [[values[name] for name in row] if isinstance(row, tuple) else values[row] for row in names]
    )


def _explained(drive, spread):
    """Variance of each n_r explained by y, (R,)."""
    eigenvalues, vectors = np.linalg.eigh(spread)
    along = drive @ vectors
    kept = eigenvalues > RANK_TOLERANCE * max(eigenvalues[-1], 0.0)
    explained = (along[:, kept] ** 2 / eigenvalues[kept]).sum(axis=1)
    lost = (along[:, ~kept] ** 2).sum(axis=1)
    return np.where(lost > 1e-14 * (drive**2).sum(axis=1), np.inf, explained)


def _mean_absolute(mean, variance):
    """E|x| for x normal."""
    sd = np.sqrt(variance)
    ratio = np.divide(np.abs(mean), sd, out=np.full_like(mean, np.inf), where=sd > 0)
    ratio = np.where(np.isinf(sd), 0.0, ratio)
    return sd * np.sqrt(2 / np.pi) * np.exp(-0.5 * ratio**2) + np.abs(mean) * erf(ratio / np.sqrt(2))
