import numpy as np
import pytest
from scipy.stats import multivariate_normal

from dynsys.populations import fit_populations, redraw
from dynsys.populations.mixture import fit_mixture, responsibilities
from rnn import LowRankRNN, loadings
from tasks import InputError, Status


def two_populations(units=4000, separation=0.0, seed=0):
    """Units of two populations, told apart by their covariances alone unless separated."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((2, 4, 4))
    split = int(0.7 * units)
    X = np.concatenate(
        [rng.standard_normal((split, 4)) @ factors[0], rng.standard_normal((units - split, 4)) @ factors[1]]
    )
    X[split:] += separation
    return X, factors.transpose(0, 2, 1) @ factors


@pytest.mark.parametrize("free", [True, False])
def test_populations_with_one_mean_are_found_by_their_covariances(free):
    X, covariances = two_populations()
    fit = fit_mixture(X, 2, free, 20, np.random.default_rng(1))
    assert fit.status is Status.CONVERGED
    np.testing.assert_allclose(fit.weights, [0.7, 0.3], atol=0.02)
    for found, true in zip(fit.covariances, covariances):
        np.testing.assert_allclose(found, true, atol=0.12 * np.abs(true).max())
    assert fit.means.any() == free


def test_the_likelihood_is_that_of_an_independent_density():
    X, _ = two_populations(300, separation=1.0)
    fit = fit_mixture(X, 2, True, 5, np.random.default_rng(0))
    density = sum(
        w * multivariate_normal(a, S).pdf(X) for w, a, S in zip(fit.weights, fit.means, fit.covariances)
    )
    assert fit.log_likelihood == pytest.approx(
        np.log(density).mean(), abs=1e-4
    )  # the ridge costs 1e-6 relative
    r, again = responsibilities(X, fit.weights, fit.means, fit.covariances)
    assert again == pytest.approx(fit.log_likelihood, abs=1e-4)
    one = fit.weights[0] * multivariate_normal(fit.means[0], fit.covariances[0]).pdf(X) / density
    np.testing.assert_allclose(r[:, 0], one, atol=2e-4)


def test_a_stationary_point_of_em_is_reached():
    X, _ = two_populations(600)
    fit = fit_mixture(X, 2, True, 10, np.random.default_rng(0))
    r, _ = responsibilities(X, fit.weights, fit.means, fit.covariances)
    np.testing.assert_allclose(r.mean(axis=0), fit.weights, atol=1e-4)


def test_restarts_never_make_it_worse_and_are_kept():
    X, _ = two_populations(400)
    few = fit_mixture(X, 3, False, 2, np.random.default_rng(5))
    many = fit_mixture(X, 3, False, 40, np.random.default_rng(5))
    assert many.log_likelihood >= few.log_likelihood - 1e-9
    assert (
        len(many.log_likelihoods) == 40 and list(many.log_likelihoods) == sorted(many.log_likelihoods)[::-1]
    )


def test_the_same_seed_gives_the_same_bytes_and_the_order_is_canonical():
    X, _ = two_populations(500)
    lo = loadings(LowRankRNN(*X.T))
    one, two = (fit_populations(lo, 2, rng=9) for _ in range(2))
    np.testing.assert_array_equal(one.covariances, two.covariances)
    assert (np.diff(one.weights) <= 0).all()
    other = fit_populations(lo, 2, rng=10)
    np.testing.assert_allclose(other.covariances, one.covariances, rtol=1e-2)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scales_do_not_matter(scale):
    X, _ = two_populations(500)
    one = fit_mixture(X, 2, True, 5, np.random.default_rng(0))
    scaled = fit_mixture(scale * X, 2, True, 5, np.random.default_rng(0))
    np.testing.assert_allclose(
        scaled.covariances, scale**2 * one.covariances, rtol=1e-6, atol=1e-9 * scale**2
    )
    assert scaled.log_likelihood == pytest.approx(one.log_likelihood - 4 * np.log(scale), rel=1e-6)


def test_singular_loadings_are_fitted_and_redrawn():
    X, _ = two_populations(400)
    X[:, 3] = 2 * X[:, 0]
    fit = fit_populations(loadings(LowRankRNN(*X.T)), 2, rng=0)
    net = redraw(fit, 400, rng=1)
    np.testing.assert_allclose(net.w, 2 * net.m, atol=1e-5)


def test_standard_errors_of_a_mixture_predict_the_scatter():
    estimates, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng(100 + seed)
        X = np.concatenate([rng.standard_normal((300, 4)), 6 * rng.standard_normal((200, 4))])
        fit = fit_populations(loadings(LowRankRNN(*X.T)), 2, means="zero", rng=seed, restarts=3)
        estimates.append(fit.covariances)
        errors.append(fit.covariance_errors)
    ratio = np.mean(errors, axis=0) / np.std(estimates, axis=0)
    assert 0.7 < np.median(ratio) < 1.3  # assignments are almost sure here, so hard-label errors hold


def test_too_many_populations_are_refused():
    lo = loadings(LowRankRNN(*np.random.default_rng(0).standard_normal((4, 12, 1))))
    with pytest.raises(InputError, match="all 20 starts lost one of 4 populations among 12 units"):
        fit_populations(lo, 4, rng=0)
    with pytest.raises(InputError, match="12 units cannot give 13"):
        fit_populations(lo, 13, rng=0)
    with pytest.raises(InputError, match="rng: pass"):
        fit_populations(lo, 2)


def test_a_population_of_one_unit_is_refused_with_advice():
    X = np.random.default_rng(0).standard_normal((50, 4))
    X[0] = 1e3
    with pytest.raises(InputError, match="lost one of 2 populations among 50 units; ask for fewer"):
        fit_populations(loadings(LowRankRNN(*X.T)), 2, rng=0)


@pytest.mark.parametrize("value", [0.0, 0.7])
@pytest.mark.parametrize("means", ["free", "zero"])
def test_a_constant_column_stays_constant_in_every_population(value, means):
    X, _ = two_populations(400)
    X[:, 2] = value
    fit = fit_populations(loadings(LowRankRNN(*X.T)), 2, means=means, rng=0)
    variance = fit.covariances[:, 2, 2] + fit.means[:, 2] ** 2 - value**2
    np.testing.assert_allclose(variance, 0.0, atol=1e-12)
    assert np.isfinite(fit.covariance_errors).all() and np.linalg.eigvalsh(fit.covariances).min() > -1e-12


def test_units_that_are_all_the_same_make_populations_without_spread():
    fit = fit_populations(loadings(LowRankRNN(*np.ones((4, 60)))), 2, rng=0)
    np.testing.assert_allclose(fit.means, 1.0)
    np.testing.assert_allclose(fit.covariances, 0.0, atol=1e-12)
    np.testing.assert_allclose(redraw(fit, 20, rng=0).m, 1.0, atol=1e-6)
