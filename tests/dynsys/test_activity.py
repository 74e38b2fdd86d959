"""The activity lies in span[m, I]; the projection is kappa exactly when m_r is orthogonal to the rest."""

import numpy as np
import pytest

from dynsys.plotting import new_figure, plot_kappa, plot_variance_explained
from dynsys.populations import activity_components, projected_kappa
from rnn import FullRankRNN, LowRankRNN, simulate
from tasks import InputError, Trials, get_task


def drive(inputs, rng, batch=12, steps=40):
    zeros = np.zeros((batch, steps, 1))
    return Trials(rng.standard_normal((batch, steps, inputs)), zeros, zeros + 1.0, dt=20.0)


def network(rng, rank=2, inputs=1, units=90, columns=None, **options):
    columns = rng.standard_normal((units, rank + inputs)) if columns is None else columns
    n = 2.0 * columns[:, :rank] + rng.standard_normal((units, rank))
    return LowRankRNN(columns[:, :rank], n, columns[:, rank:], rng.standard_normal(units), **options)


def orthogonal_columns(rng, units=90, count=3):
    return np.sqrt(units) * np.linalg.qr(rng.standard_normal((units, count)))[0]


def test_without_noise_the_activity_lies_in_the_span_of_m_and_I(rng):
    net = network(rng)
    found = activity_components(net, simulate(net, drive(1, rng)))
    assert len(found.variance_explained) == 3  # R + S directions and no more
    assert found.share_in_span == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found.angles, 0.0, atol=1e-7)
    assert found.variance_explained.sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(found.variance_explained) <= 0).all()


@pytest.mark.parametrize("batch, steps", [(12, 40), (1, 30)])  # more samples than units, and fewer
def test_components_equal_a_singular_value_decomposition(rng, batch, steps):
    net = network(rng, noise_std=0.3)
    run = simulate(net, drive(1, rng, batch, steps), rng=3)
    found = activity_components(net, run, count=4)
    X = run.x.reshape(-1, 90) - run.x.reshape(-1, 90).mean(axis=0)
    _, s, vt = np.linalg.svd(X, full_matrices=False)
    np.testing.assert_allclose(found.variance_explained, (s**2 / (s**2).sum())[:4], rtol=1e-9)
    np.testing.assert_allclose(np.abs((found.components * vt[:4]).sum(axis=1)), 1.0, atol=1e-7)
    q = np.linalg.qr(np.hstack([net.m, net.I]))[0]
    cosines = np.linalg.svd(vt[:3] @ q, compute_uv=False)
    np.testing.assert_allclose(np.cos(found.angles), np.clip(cosines, 0, 1), atol=1e-8)
    assert found.share_in_span == pytest.approx(((X @ q) ** 2).sum() / (X**2).sum())
    assert 0 < found.share_in_span < 1


def test_a_full_rank_network_has_components_but_no_span(rng):
    net = FullRankRNN(rng.standard_normal((30, 30)) / 6, rng.standard_normal(30), rng.standard_normal(30))
    found = activity_components(net, simulate(net, drive(1, rng)))
    assert found.angles is None and found.share_in_span is None
    assert 1 < found.dimension < 30
    assert "span" not in repr(found)


def test_proportional_columns_do_not_count_twice(rng):
    columns = rng.standard_normal((90, 3))
    columns[:, 2] = -2.0 * columns[:, 0]
    net = network(rng, columns=columns)
    found = activity_components(net, simulate(net, drive(1, rng)))
    assert len(found.angles) == len(found.variance_explained) == 2
    assert found.share_in_span == pytest.approx(1.0, abs=1e-12)


def test_projected_kappa_is_the_exact_one_where_the_columns_are_orthogonal(rng):
    net = network(rng, columns=orthogonal_columns(rng))
    run = simulate(net, drive(1, rng))
    assert np.abs(run.kappa).max() > 0.1
    np.testing.assert_allclose(projected_kappa(net, run), run.kappa, atol=1e-13)


@pytest.mark.parametrize("neighbour", [1, 2])  # the other m, or I
def test_projected_kappa_differs_where_one_pair_of_columns_is_not_orthogonal(rng, neighbour):
    columns = orthogonal_columns(rng)
    columns[:, 0] += 0.1 * columns[:, neighbour]
    net = network(rng, columns=columns)
    run = simulate(net, drive(1, rng))
    off = np.abs(projected_kappa(net, run) - run.kappa).max(axis=(0, 1))
    assert off[0] > 1e-3
    assert (off[1] > 1e-3) == (neighbour == 1)


def test_projected_kappa_contains_the_initial_state_and_the_noise(rng):
    net = network(rng, columns=orthogonal_columns(rng), h0=np.ones(90), noise_std=0.1)
    for seed in (None, 0):
        run = simulate(net, drive(1, rng), rng=seed)
        assert np.abs(projected_kappa(net, run) - run.kappa).max() > 1e-3


def test_refusals(rng):
    net = network(rng)
    trials = drive(1, rng)
    with pytest.raises(InputError, match="it has no states x"):
        projected_kappa(net, simulate(net, trials, states=False))
    with pytest.raises(InputError, match="states of 90 units, but the network has 50"):
        activity_components(network(rng, units=50), simulate(net, trials))
    still = Trials(np.zeros((2, 5, 1)), np.zeros((2, 5, 1)), np.ones((2, 5, 1)), dt=20.0)
    with pytest.raises(InputError, match="does not vary"):
        activity_components(net, simulate(net, still))
    with pytest.raises(InputError, match="trajectory: expected Trajectory"):
        projected_kappa(net, None)
    silent = LowRankRNN(np.zeros(90), net.n[:, 0], net.I, net.w)
    with pytest.raises(InputError, match="column 1 of m is zero"):
        projected_kappa(silent, simulate(silent, trials))


def test_pictures_of_the_state(rng):
    task = get_task("rdm")
    net, trials = LowRankRNN.random(64, 1, task, rng=0), task.trials(5, rng=1)
    run = simulate(net, trials)
    ax = plot_kappa(trials, {"network": run, "projection": projected_kappa(net, run)}, ax=new_figure()[1])
    assert ax.get_ylabel() == r"$\kappa$" and ax.get_legend().get_title().get_text() == "coherence"
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), run.kappa[0, :, 0])
    found = activity_components(net, run)
    ax = plot_variance_explained(found, ax=new_figure()[1])
    np.testing.assert_array_equal([bar.get_height() for bar in ax.patches], found.variance_explained)
    assert "span" in ax.get_legend().get_title().get_text()
    ax.figure.canvas.draw()
