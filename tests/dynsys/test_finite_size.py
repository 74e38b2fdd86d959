"""How far networks of finite size scatter around their mean field: predicted, and by redrawn networks."""

import numpy as np
import pytest

from dynsys.analysis import compile_field, find_fixed_points, reduced_field
from dynsys.analysis.finite_size import finite_size_error
from dynsys.populations import Populations, redraw
from dynsys.symbolic import mean_field


def test_predicted_spread_is_what_redrawn_networks_show():
    """N = 1000, sigma_mn = 1.5 (project's theory notes): predicted 0.064, measured 0.067."""
    covariance = np.eye(4)
    covariance[0, 1] = covariance[1, 0] = 1.5
    covariance[1, 1] = 1.5**2 + 1
    one = Populations([1.0], np.zeros((1, 4)), covariance[None], rank=1, inputs=1, outputs=1)
    field = compile_field(mean_field(one))
    point = find_fixed_points(field).stable[-1]
    predicted = np.sqrt(finite_size_error(one, field, point.kappa, 1000)[0, 0])
    assert predicted == pytest.approx(0.064, abs=2e-3)  # it depends on sigma_nn, not given there
    rng = np.random.default_rng(0)
    kappa = [
        find_fixed_points(reduced_field(redraw(one, 1000, rng=rng))).stable[-1].kappa[0] for _ in range(100)
    ]
    assert np.std(kappa) == pytest.approx(predicted, rel=0.25)


def test_with_exact_moments_networks_scatter_less_and_as_predicted():
    """Same moments, new neurons: what is left is the shape of the distribution of the loadings."""
    covariance = np.eye(4)
    covariance[0, 1] = covariance[1, 0] = 1.5
    covariance[1, 1], covariance[0, 2], covariance[2, 0] = 1.5**2 + 1, 0.4, 0.4
    one = Populations([1.0], np.array([[0.1, 0.2, 0.0, 0.0]]), covariance[None], rank=1, inputs=1, outputs=1)
    field = compile_field(mean_field(one))
    point = find_fixed_points(field, 0.3).stable[-1]
    free, held = (
        np.sqrt(finite_size_error(one, field, point.kappa, 300, 0.3, exact_moments=exact)[0, 0])
        for exact in (False, True)
    )
    rng = np.random.default_rng(0)
    others = [redraw(one, 300, rng=rng, exact_moments=True) for _ in range(150)]
    kappa = [find_fixed_points(reduced_field(other), 0.3).stable[-1].kappa[0] for other in others]
    assert np.mean(kappa) == pytest.approx(point.kappa[0], abs=3 * held / np.sqrt(150) + 0.01)
    assert np.std(kappa) == pytest.approx(held, rel=0.2)
    assert held < 0.5 * free


def test_spread_by_brute_force_with_means_inputs_and_gain():
    """Var[n phi] against samples, where every term of the formula counts."""
    rng = np.random.default_rng(2)
    factor = rng.standard_normal((4, 4))
    one = Populations(
        [1.0], rng.standard_normal((1, 4)), (factor @ factor.T)[None], rank=1, inputs=1, outputs=1
    )
    field = compile_field(mean_field(one)).with_values(gain=0.7)
    kappa, v, units = np.array([0.8]), {"v": -0.6}, 100
    rows = rng.multivariate_normal(one.means[0], one.covariances[0], 400_000)
    product = rows[:, 1] * np.tanh(rows[:, 0] * kappa[0] + rows[:, 2] * v["v"])
    slope = field.jacobian(kappa, v)[0, 0]
    expected = 0.7**2 * product.var() / units / slope**2
    assert finite_size_error(one, field, kappa, units, v)[0, 0] == pytest.approx(expected, rel=0.02)


def test_spread_averages_over_private_noise():
    """Two populations, two latents: Cov[n E phi(x + noise)] from samples of loadings and of noise."""
    rng = np.random.default_rng(5)
    factors, means = 0.5 * rng.standard_normal((2, 7, 7)), 0.4 * rng.standard_normal((2, 7))
    two = Populations(
        [0.3, 0.7], means, factors @ factors.transpose(0, 2, 1), rank=2, inputs=2, outputs=1, alpha=0.2
    )
    field = compile_field(mean_field(two, noise=0.8))
    kappa, v, draws = np.array([0.5, -0.8]), np.array([0.3, 0.6]), 200_000
    spread = 0
    for weight, mean, covariance in zip(two.weights, two.means, two.covariances):
        rows = rng.multivariate_normal(mean, covariance, draws)
        x = rows[:, :2] @ kappa + rows[:, 4:6] @ v
        nodes, shares = np.polynomial.hermite_e.hermegauss(40)
        f = np.tanh(x[:, None] + np.sqrt(0.8) * nodes) @ shares / shares.sum()
        spread = spread + weight * np.cov((rows[:, 2:4] * f[:, None]).T)
    inverse = np.linalg.inv(field.jacobian(kappa, v))
    expected = inverse @ spread @ inverse.T / 50
    found = finite_size_error(two, field, kappa, 50, v)
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4, 1e8])
def test_spread_at_any_size_of_the_loadings(scale):
    """Saturated, phi is a sign: n sign(m kappa) has the variance of n less the square of its mean."""
    covariance = np.array([[1.0, 1.2, 0, 0], [1.2, 3.0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    covariance[0] *= scale
    covariance[:, 0] *= scale
    one = Populations([1.0], np.zeros((1, 4)), covariance[None], rank=1, inputs=1, outputs=1)
    field = compile_field(mean_field(one))
    kappa = np.array([0.7])
    mean = field.rhs(kappa)[0] + kappa[0]  # E n phi, from the mean field itself
    x, n = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 1.2], [1.2, 3.0]], 400_000).T
    sampled = np.var(n * np.tanh(scale * 0.7 * x)) / field.jacobian(kappa)[0, 0] ** 2
    assert finite_size_error(one, field, kappa, 1)[0, 0] == pytest.approx(sampled, rel=0.02)
    if scale >= 1e4:
        assert mean == pytest.approx(1.2 * np.sqrt(2 / np.pi), rel=1e-3)
        expected = (3.0 - 1.2**2 * 2 / np.pi) / field.jacobian(kappa)[0, 0] ** 2
        assert finite_size_error(one, field, kappa, 1)[0, 0] == pytest.approx(expected, rel=1e-3)
