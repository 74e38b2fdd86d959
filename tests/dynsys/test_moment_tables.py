"""Tables of moments against bootstrap and closed forms; densities against the Gaussian they come from."""

import numpy as np
import pytest

from dynsys.populations import fit_populations, loading_density, moment_table
from rnn import LowRankRNN, loadings
from tasks import InputError


def units(count, seed=0, heavy=False):
    """m, n = m + noise, I independent, w = -2 m: correlations sqrt(1/2), 0 and -1."""
    m, noise, I = np.random.default_rng(seed).standard_normal((3, count))
    if heavy:
        m = m * np.random.default_rng(seed + 1).exponential(size=count)
    return loadings(LowRankRNN(m, m + noise, I, -2 * m))


def test_covariances_and_errors_are_those_of_the_fit():
    rows = units(400, heavy=True)
    table, fit = moment_table(rows), fit_populations(rows)
    np.testing.assert_allclose(table.covariance, fit.covariances[0], atol=1e-12)
    np.testing.assert_allclose(table.covariance_errors, fit.covariance_errors[0], atol=1e-12)
    np.testing.assert_allclose(table.correlation, np.corrcoef(rows.values.T), atol=1e-12)


def test_errors_of_a_gaussian_correlation_are_the_known_ones():
    table = moment_table(units(40_000))
    rho = np.corrcoef(units(40_000).values.T)
    np.testing.assert_allclose(table.correlation_errors, (1 - rho**2) / 200, atol=2e-4)


def test_errors_of_heavy_tailed_loadings_agree_with_the_bootstrap(rng):
    rows = units(800, heavy=True)
    X = rows.values
    samples = [np.corrcoef(X[rng.integers(800, size=800)].T) for _ in range(400)]
    bootstrap = np.std(samples, axis=0)
    table = moment_table(rows)
    assert table.correlation_errors[0, 1] == pytest.approx(bootstrap[0, 1], rel=0.2)
    assert table.correlation_errors[0, 2] == pytest.approx(bootstrap[0, 2], rel=0.2)
    assert table.correlation_errors[0, 3] == pytest.approx(0.0, abs=1e-7)


def test_real_correlations_are_marked_and_chance_is_not(rng):
    table = moment_table(units(500))
    assert table.significant[0, 1] and table.significant[0, 3] and not table.significant[0, 2]
    chance = [
        moment_table(loadings(LowRankRNN(*rng.standard_normal((4, 200, 1))))).significant for _ in range(200)
    ]
    false = np.mean([np.triu(marks, 1).any() for marks in chance])
    assert 0.005 < false < 0.12  # 0.05, and the normal limit of 200 units


def test_a_population_has_its_own_table(rng):
    one, two = rng.standard_normal((300, 4)), 0.3 * rng.standard_normal((300, 4))
    one[:, 1], two[:, 1] = one[:, 0] + 0.1 * one[:, 1], -two[:, 0]
    rows = loadings(LowRankRNN(*np.vstack([one, two]).T))
    fit = fit_populations(rows, 2, rng=0, restarts=5)
    signs = sorted(moment_table(rows, fit, p).correlation[0, 1] for p in (0, 1))
    assert signs[0] < -0.9 and signs[1] > 0.9
    np.testing.assert_allclose(moment_table(rows, fit, 1).covariance, fit.covariances[1], atol=1e-9)


def test_what_cannot_be_asked_is_refused():
    rows = units(100)
    fit = fit_populations(rows)
    with pytest.raises(InputError, match="no number 1"):
        moment_table(rows, fit, 1)
    with pytest.raises(InputError, match="all units are number 0"):
        moment_table(rows, population=1)
    with pytest.raises(InputError, match="do not say which of these units"):
        moment_table(units(50), fit_populations(rows, 2, rng=0, restarts=3))
    with pytest.raises(InputError, match="on a line in the plane of m and w"):
        loading_density(rows, "m", "w")


def test_a_loading_that_does_not_vary_has_no_correlation():
    m = np.random.default_rng(0).standard_normal(50)
    table = moment_table(loadings(LowRankRNN(m, m, 0 * m, m)))
    assert np.isnan(table.correlation[0, 2]) and not table.significant[0, 2]


def test_density_of_many_units_is_that_of_their_gaussian():
    rows = units(20_000)
    found = loading_density(rows, "m", "n", points=25)
    kernel = 20_000 ** (-1 / 6)  # Scott's: the kernels widen the Gaussian by this share of its spread
    covariance = np.array([[1.0, 1.0], [1.0, 2.0]]) * (1 + kernel**2)
    mesh = np.stack(np.meshgrid(found.x, found.y), axis=-1)
    form = np.einsum("xyi,ij,xyj->xy", mesh, np.linalg.inv(covariance), mesh)
    np.testing.assert_allclose(found.density, np.exp(-form / 2) / (2 * np.pi) / (1 + kernel**2), atol=0.012)
    other = loading_density(units(300, seed=5), "m", "n", like=found)
    assert np.array_equal(other.x, found.x) and other.density.shape == (25, 25)
