"""Simulation against a slow loop in x space, the exact reduction, noise, and refusals."""

from dataclasses import replace

import numpy as np
import pytest
from reference import PHIS, normals, run_in_x_space

from rnn.gradient import loss_and_gradient
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.simulation import simulate
from tasks import get_task
from tasks.base import Trials
from tasks.errors import InputError, Status


def problem(rng, phi="tanh", units=21, trials=6, steps=15, noise_std=0.1):
    m, n, I, w = (rng.standard_normal((units, columns)) for columns in (2, 2, 2, 1))
    net = LowRankRNN(m, n, I, w, rng.standard_normal(units), phi, alpha=0.25, noise_std=noise_std)
    u = rng.standard_normal((trials, steps, 2))
    zeros = np.zeros((trials, steps, 1))
    return net, Trials(u, zeros, zeros + 1, dt=25.0)


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("noisy", [False, True])
def test_low_rank_matches_the_euler_scheme_of_every_unit(rng, phi, noisy):
    net, trials = problem(rng, phi)
    seed = np.random.default_rng(4).integers(2**63)
    noise = noisy * net.noise_std * normals(seed, trials.size, trials.steps, net.units)
    J = net.m @ net.n.T / net.units
    x, z = run_in_x_space(J, net.I, net.w, net.h0, phi, net.alpha, trials.inputs, noise)
    run = simulate(net, trials, rng=4 if noisy else None)
    scale = np.abs(x).max()
    assert np.abs(run.x - x[:, 1:]).max() <= 1e-12 * scale
    assert np.abs(run.z - z).max() <= 1e-12 * scale


def test_reduced_state_and_private_part_add_up_to_x(rng):
    net, trials = problem(rng)
    run = simulate(net, trials)
    fading = (1 - net.alpha) ** np.arange(1, trials.steps + 1)
    x = run.kappa @ net.m.T + run.v @ net.I.T + fading[:, None] * net.h0
    assert np.allclose(run.x, x, atol=1e-13)
    assert np.array_equal(run.time, 25.0 * np.arange(1, 16))


@pytest.mark.parametrize("noisy", [False, True])
def test_full_rank_matches_the_euler_scheme(rng, noisy):
    low, trials = problem(rng)
    net = FullRankRNN(low.m @ low.n.T / 21, low.I, low.w, low.h0, alpha=0.25, noise_std=0.1)
    run = simulate(net, trials, rng=3 if noisy else None)
    quiet = simulate(low, trials)
    assert run.kappa is None
    assert np.allclose(run.v, quiet.v, atol=1e-14)
    if noisy:
        assert 0.02 < np.std(run.x - quiet.x) < 0.5
    else:
        assert np.allclose(run.x, quiet.x, atol=1e-13)
        assert np.allclose(run.z, quiet.z, atol=1e-13)


def test_noise_has_the_stationary_variance_of_the_scheme():
    silent = np.zeros((400, 1))
    net = LowRankRNN(silent, silent, silent, silent, noise_std=0.05)
    steps = np.zeros((50, 60, 1))
    run = simulate(net, Trials(steps, steps, steps + 1), rng=1)
    expected = 0.05**2 / (0.2 * (2 - 0.2))
    assert run.x[:, 40:].var() == pytest.approx(expected, rel=0.02)


def test_same_seed_same_run_and_fewer_trials_keep_theirs(rng):
    net, trials = problem(rng)
    runs = [simulate(net, trials, rng=5), simulate(net, trials, rng=np.random.default_rng(5))]
    assert np.array_equal(runs[0].x, runs[1].x)
    assert not np.array_equal(runs[0].x, simulate(net, trials, rng=6).x)
    assert np.array_equal(simulate(net, trials.select(slice(0, 3)), rng=5).x, runs[0].x[:3])


def test_states_can_be_left_out(rng):
    net, trials = problem(rng)
    run = simulate(net, trials, rng=5, states=False)
    assert run.x is None
    assert np.array_equal(run.z, simulate(net, trials, rng=5).z)
    assert (
        repr(run)
        == "Trajectory(6 trials of 15 steps to 375 ms: z (6, 15, 1), kappa (6, 15, 2), v (6, 15, 2))"
    )


def test_results_are_read_only(rng):
    run = simulate(*problem(rng))
    for array in (run.x, run.z, run.kappa, run.v, run.time):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_channels_that_differ_are_refused_by_name(rng):
    net, _ = problem(rng)
    with pytest.raises(InputError, match="2 input channels, but trials of task 'rdm' have 1: motion"):
        simulate(net, get_task("rdm").trials(2, rng=0))
    wide = LowRankRNN(net.m, net.n, net.I[:, :1], np.hstack([net.w] * 3))
    with pytest.raises(InputError, match="3 output channels, but trials of task 'rdm' have 1: choice"):
        simulate(wide, get_task("rdm").trials(2, rng=0))
    with pytest.raises(InputError, match="expected a LowRankRNN or FullRankRNN, got dict"):
        simulate({}, get_task("rdm").trials(2, rng=0))


@pytest.mark.parametrize("given", [None, np.zeros((3, 5, 1)), get_task("rdm")], ids=["None", "array", "task"])
def test_what_is_no_batch_of_trials_is_refused(given):
    net = LowRankRNN(*np.ones((4, 8, 1)))
    with pytest.raises(InputError, match="trials: expected Trials, got"):
        simulate(net, given)


def test_steps_that_differ_are_refused_naming_both(rng):
    net, trials = problem(rng)
    with pytest.raises(
        InputError, match=r"network has 0.25, but these trials have dt / tau = 20 / 100 ms = 0.2"
    ):
        simulate(net, Trials(trials.inputs, trials.targets, trials.mask))


def test_an_overflow_shows_and_does_not_raise():
    grow = LowRankRNN(*np.full((4, 3, 1), 1e200), phi="relu")
    inputs = np.ones((1, 5, 1))
    assert not np.isfinite(simulate(grow, Trials(inputs, inputs, inputs)).z).all()


@pytest.mark.parametrize("kind", [LowRankRNN, FullRankRNN])
def test_a_network_that_blows_up_says_when(kind):
    """x doubles and more each step: 1e308 is passed near step ln(1e308) / ln(2.8), in every trial."""
    ones, trials = np.ones((8, 1)), get_task("rdm", stimulus=20_000.0).trials(3, rng=0)
    recurrent = (10.0 * ones, ones) if kind is LowRankRNN else (10.0 * np.eye(8),)
    net = kind(*recurrent, I=ones, w=ones, phi="linear")
    run = simulate(net, trials)
    assert run.status is Status.DIVERGED
    end = float(run.message.split("from ")[1].split(" ms")[0]) / 20.0
    assert end == pytest.approx(5 + np.log(1e308) / np.log(2.8), abs=10)
    assert np.isfinite(run.z[:, : int(end) - 1]).all() and not np.isfinite(run.z[:, int(end) - 1]).all()
    assert simulate(replace(net, phi="tanh"), trials).status is Status.COMPLETED


def test_precisions_and_penalties_that_make_no_sense_are_refused():
    task = get_task("rdm")
    net, trials = LowRankRNN.random(8, 1, task, rng=0), task.trials(4, rng=0)
    for dtype in (np.float16, int, complex):
        with pytest.raises(InputError, match="dtype: expected float32 or float64, got"):
            loss_and_gradient(net, trials, dtype=dtype)
    for l2_rates in (-1.0, float("nan")):
        with pytest.raises(InputError, match="l2_rates: must be"):
            loss_and_gradient(net, trials, l2_rates=l2_rates)
