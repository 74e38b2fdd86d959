import numpy as np
import pytest

from dynsys.populations import Populations, fit_populations, redraw
from rnn import LowRankRNN, loadings
from tasks import InputError


def network(units=300, rank=2, inputs=1, outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    return LowRankRNN(*(rng.standard_normal((units, k)) + 0.3 for k in (rank, rank, inputs, outputs)))


def gaussian(covariance, weights=(1.0,), means=None, **kwargs):
    covariances = np.asarray(covariance, float).reshape(len(weights), 4, 4)
    means = np.zeros((len(weights), 4)) if means is None else means
    return Populations(weights, means, covariances, rank=1, inputs=1, outputs=1, **kwargs)


def test_one_population_is_the_sample_mean_and_covariance():
    lo = loadings(network())
    fit = fit_populations(lo)
    np.testing.assert_allclose(fit.means[0], lo.values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(fit.covariances[0], np.cov(lo.values.T, ddof=0), rtol=1e-12)
    np.testing.assert_allclose(
        fit_populations(lo, ddof=1).covariances[0], np.cov(lo.values.T, ddof=1), rtol=1e-12
    )


def test_zero_means_give_the_moments_about_zero():
    lo = loadings(network())
    fit = fit_populations(lo, means="zero")
    assert not fit.means.any() and fit.means_kind == "zero"
    np.testing.assert_allclose(fit.covariances[0], lo.values.T @ lo.values / lo.units, rtol=1e-13)


def test_standard_errors_predict_the_scatter_of_refitted_samples():
    rng = np.random.default_rng(4)
    mixing = rng.standard_normal((4, 4))
    fits = []
    for _ in range(400):
        columns = rng.standard_normal((250, 4)) @ mixing
        fits.append(fit_populations(loadings(LowRankRNN(*columns.T))))
    for field, errors in (("covariances", "covariance_errors"), ("means", "mean_errors")):
        scatter = np.std([getattr(fit, field)[0] for fit in fits], axis=0)
        predicted = np.mean([getattr(fit, errors)[0] for fit in fits], axis=0)
        np.testing.assert_allclose(predicted, scatter, rtol=0.15)  # 400 draws know a spread to 3.5 %


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_covariances_scale_exactly(scale):
    net = network()
    fit = fit_populations(loadings(net))
    scaled = fit_populations(loadings(LowRankRNN(scale * net.m, scale * net.n, scale * net.I, scale * net.w)))
    np.testing.assert_allclose(scaled.covariances, scale**2 * fit.covariances, rtol=1e-12)
    np.testing.assert_allclose(scaled.covariance_errors, scale**2 * fit.covariance_errors, rtol=1e-7)
    again = fit_populations(loadings(redraw(scaled, 300, rng=0, exact_moments=True)))
    np.testing.assert_allclose(again.covariances, scaled.covariances, rtol=1e-9, atol=1e-10 * scale**2)


def test_entries_can_be_asked_by_name():
    fit = fit_populations(loadings(network(rank=1)))
    assert fit.covariance("n", "m") == fit.covariances[0, 0, 1] == fit.covariance("m", "n")
    assert fit.mean("w") == fit.means[0, 3]
    with pytest.raises(InputError, match="choose one of 'm', 'n', 'I', 'w'"):
        fit.covariance("m1", "n")


def test_fits_that_make_no_sense_are_refused():
    lo = loadings(LowRankRNN(np.ones(1), np.ones(1), np.ones(1), np.ones(1)))
    with pytest.raises(InputError, match="1 units cannot give 1"):
        fit_populations(lo)
    with pytest.raises(InputError, match="populations: expected a whole number"):
        fit_populations(loadings(network()), populations=0)
    with pytest.raises(InputError, match="means: got 'none'"):
        fit_populations(loadings(network()), means="none")


def test_a_covariance_that_no_gaussian_has_is_refused_with_its_eigenvalue():
    bad = np.eye(4)
    bad[0, 1] = bad[1, 0] = 1.5  # eigenvalues 1 -+ 1.5
    with pytest.raises(InputError, match=r"not positive semidefinite, the smallest eigenvalue is -0.5"):
        gaussian(bad)
    bad[0, 1] = 0.0
    with pytest.raises(InputError, match="not symmetric"):
        gaussian(bad)


@pytest.mark.parametrize("weights", [(0.5, 0.6), (1.0, 0.0), (-1.0, 2.0)])
def test_weights_are_shares(weights):
    with pytest.raises(InputError, match="weights: expected positive shares"):
        gaussian(np.stack([np.eye(4)] * 2), weights)


def test_zero_means_are_really_zero():
    with pytest.raises(InputError, match="means_kind='zero' needs means that are all 0"):
        gaussian(np.eye(4), means=np.ones((1, 4)), means_kind="zero")


def test_redrawn_moments_approach_the_populations():
    mixing = np.random.default_rng(1).standard_normal((4, 4))
    one = gaussian(mixing @ mixing.T, means=np.arange(4.0)[None])
    drawn = loadings(redraw(one, 200_000, rng=2)).values
    np.testing.assert_allclose(drawn.mean(axis=0), one.means[0], atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), one.covariances[0], atol=0.08)


@pytest.mark.parametrize("seed", range(3))
def test_exact_moments_are_exact_in_every_population(seed):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((2, 4, 4))
    two = gaussian(factors @ factors.transpose(0, 2, 1), (0.3, 0.7), means=rng.standard_normal((2, 4)))
    rows = loadings(redraw(two, 100, rng=seed, exact_moments=True)).values
    for p, part in enumerate((rows[:30], rows[30:])):
        np.testing.assert_allclose(part.mean(axis=0), two.means[p], atol=1e-12)
        np.testing.assert_allclose(np.cov(part.T, ddof=0), two.covariances[p], atol=1e-12)


def test_exact_moments_keep_the_draw_random():
    one = gaussian(np.eye(4))
    first = np.array([loadings(redraw(one, 20, rng=s, exact_moments=True)).values[0] for s in range(400)])
    assert np.abs(first.mean(axis=0)).max() < 4 / np.sqrt(
        400
    )  # QR signs would pull the first row to one side


def test_singular_covariances_can_be_redrawn():
    net = network(rank=1)
    doubled = LowRankRNN(net.m, net.n, net.I, 2 * net.m)  # w = 2 m: rank 3
    fit = fit_populations(loadings(doubled))
    for exact in (False, True):
        drawn = redraw(fit, 300, rng=0, exact_moments=exact)
        np.testing.assert_allclose(drawn.w - fit.mean("w"), 2 * (drawn.m - fit.mean("m")), atol=1e-6)


def test_a_constant_column_stays_constant():
    net = network(rank=1)
    fit = fit_populations(loadings(LowRankRNN(net.m, net.n, np.full(300, 0.7), net.w)))
    np.testing.assert_allclose(redraw(fit, 50, rng=0).I, 0.7, atol=1e-7)


def test_too_few_units_for_exact_moments():
    with pytest.raises(InputError, match="population 1 gets 4 units, too few to make 4 moments exact"):
        redraw(gaussian(np.eye(4)), 4, rng=0, exact_moments=True)


def test_settings_travel_with_the_populations():
    fit = fit_populations(
        loadings(LowRankRNN(*np.random.default_rng(0).random((4, 30)), phi="erf", alpha=0.1, noise_std=0.05))
    )
    net = redraw(fit, 40, rng=0)
    assert (net.phi, net.alpha, net.noise_std) == ("erf", 0.1, 0.05)
    assert fit.noise_variance == pytest.approx(0.05**2 / (0.1 * 1.9))


def test_the_noise_variance_is_what_the_euler_scheme_reaches():
    rng = np.random.default_rng(0)
    fit = gaussian(np.eye(4), alpha=0.2, noise_std=0.05)
    x = np.zeros(20000)
    for _ in range(60):
        x = (1 - fit.alpha) * x + fit.noise_std * rng.standard_normal(x.size)
    assert x.var() == pytest.approx(fit.noise_variance, rel=0.04)


def test_populations_show_themselves():
    html = fit_populations(loadings(network(rank=1)))._repr_html_()
    assert "\N{PLUS-MINUS SIGN}" in html and "<caption>population 1" in html
