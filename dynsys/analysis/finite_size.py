"""How far the fixed points of a network of N units scatter around those of its mean field.

Private noise of the units is averaged over: what is left is the chance in the connectivity.

At fixed kappa the drive (1/N) sum_j n_j phi(x_j) of a network drawn from the populations has the covariance
C / N with C = sum_p alpha_p Cov_p[n phi(x)], counts fixed as `redraw` fixes them. A fixed point moves by
-DF^-1 times the drive's deviation, hence Cov[kappa*] = DF^-1 C DF^-T / N.

Most of that is chance in the networks' own covariances. Networks whose sample means and covariances are those
of the populations (a trained network and its own fit, or `redraw` with exact moments) scatter less: what is
left of n phi(x) is its residual after regression on all polynomials of degree 2 in the loadings.
"""

import numpy as np

from dynsys.analysis.kinks import jacobian_at
from dynsys.analysis.vector_field import check_field
from dynsys.numerics.gaussian import gaussian_expectation
from dynsys.populations.fit import Populations
from tasks.checks import as_array, check_count, check_kind
from tasks.errors import InputError

# Trapezoid rule over [-9, 9] standard deviations, with so many steps; converges geometrically for smooth phi.
REACH = 9.0
STEPS = 7200


def finite_size_error(populations, field, kappa, units, inputs=None, exact_moments=False):
    """Predicted covariance of a fixed point over networks of ``units`` neurons from the same populations.

    Parameters
    ----------
    populations : Populations
        Where the networks are drawn from.
    field : Field
        Their mean field; gives the Jacobian DF at the fixed point, the gain and Delta_noise.
    kappa : array_like (R,)
        A fixed point of ``field``.
    units : int
        Number of units N.
    inputs : mapping of str to float, float or array_like (S,), optional
        Inputs of the fixed point.
    exact_moments : bool, default False
        Whether the networks' sample means and covariances are held at the populations', as in `redraw`.

    Returns
    -------
    ndarray (R, R)
        Covariance of kappa*; NaN where DF is singular. For R = 1 its root is sqrt(Var[n phi] / N) / abs(F').

    Raises
    ------
    InputError
        Shapes that disagree.

    Examples
    --------
    >>> from dynsys.analysis import compile_field, find_fixed_points
    >>> from dynsys.populations import Populations
    >>> from dynsys.symbolic import mean_field
    >>> covariance = np.eye(4)[None].copy()
    >>> covariance[0, 0, 1] = covariance[0, 1, 0] = 1.5
    >>> covariance[0, 1, 1] = 3.25
    >>> one = Populations([1.0], np.zeros((1, 4)), covariance, rank=1, inputs=1, outputs=1)
    >>> field = compile_field(mean_field(one))
    >>> point = find_fixed_points(field).stable[-1]
    >>> round(float(np.sqrt(finite_size_error(one, field, point.kappa, 1000)[0, 0])), 3)
    0.065
    """
    check_kind("populations", populations, Populations, "see fit_populations")
    check_field(field)
    units = check_count("units", units)
    R, S = populations.rank, populations.inputs
    kappa = as_array("kappa", kappa, (R,), "(R,)")
    u = field.input_vector(inputs)
    if u.size != S or field.dimension != R:
        have = f"{field.dimension} states and {u.size} inputs"
        raise InputError(f"field: has {have}, the populations have {R} and {S}")
    gain, noise = (field.parameter_values.get(*entry) for entry in (("gain", 1.0), ("noise", 0.0)))
    y = np.concatenate([kappa, u])
    drive = [*range(R), *range(2 * R, 2 * R + S)]
    spread = np.zeros((R, R))
    for p, weight in enumerate(populations.weights):
        spread += weight * _drive_covariance(populations, p, drive, y, noise, exact_moments)
    jacobian = jacobian_at(field, u, kappa)
    if not np.isfinite(jacobian).all() or np.linalg.cond(jacobian) > 1 / np.finfo(float).eps:
        return np.full((R, R), np.nan)
    inverse = np.linalg.inv(jacobian)
    return gain**2 * inverse @ spread @ inverse.T / units


def _drive_covariance(populations, p, drive, y, noise, exact_moments):
    """Cov_p[n phi(x)], phi averaged over noise, or of its residual.

    x = mu + sqrt(Delta) xi and n = a + slope xi + L eta with xi, eta independent standard normals, so that
    n phi = (a + slope xi) phi + L eta phi. In Hermite polynomials of (xi, eta), regression on degree 2 takes
    1, xi, xi^2 - 1 from the first part and, beside the factor eta, 1 and xi from the second.
    """
    R = populations.rank
    mean, covariance = populations.means[p], populations.covariances[p]
    n = slice(R, 2 * R)
    mu = mean[drive] @ y
    along = covariance[n][:, drive] @ y
    delta = max(y @ covariance[np.ix_(drive, drive)] @ y, 0.0)
    # Without variance in x there is nothing to regress n on.
    slope = along / np.sqrt(delta) if delta > 0 else np.zeros(R)
    rest = covariance[n, n] - np.outer(slope, slope)
    xi, weights = _nodes(mu, np.sqrt(delta))
    hermite = np.array([np.ones_like(xi), xi, (xi**2 - 1) / np.sqrt(2)])
    f = gaussian_expectation(populations.phi, 0, mu + np.sqrt(delta) * xi, noise)
    along_x = (mean[n][:, None] + slope[:, None] * xi) * f
    along_x = _residual(along_x, weights, hermite if exact_moments else hermite[:1])
    f = _residual(f, weights, hermite[:2] if exact_moments else hermite[:0])
    return (along_x * weights) @ along_x.T + rest * (weights @ f**2)


def _nodes(mu, deviation):
    """Nodes and weights of a standard normal, dense enough for phi(mu + deviation xi) at any deviation.

    Where phi changes within a small share of a wide Gaussian, steps are equal in arsinh(mu + deviation xi).
    """
    if deviation <= 1:
        xi, widths = np.linspace(-REACH, REACH, STEPS + 1), 1.0
    else:
        t = np.linspace(*np.arcsinh([mu - REACH * deviation, mu + REACH * deviation]), STEPS + 1)
        xi, widths = (np.sinh(t) - mu) / deviation, np.cosh(t)
    weights = np.exp(-0.5 * xi**2) * widths
    return xi, weights / weights.sum()


def _residual(values, weights, basis):
    """What orthonormal functions leave of values (..., K)."""
    return values - (values * weights) @ basis.T @ basis
