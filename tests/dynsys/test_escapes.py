"""Escape under a network's own noise: against its simulation step by step and its measured dwell times."""

import numpy as np
import problems
import pytest
from scipy.stats import chi2

from dynsys.analysis import EscapeRate, escape_rate, find_attractors, reduced_field
from dynsys.analysis.capture import no_regions
from dynsys.numerics.network_noise import noisy_network_steps
from rnn import LowRankRNN, load_example, simulate
from tasks import InputError, Trials, dwell_law, dwell_times, get_task


def two_states(units=40, overlap=1.4, noise_std=0.4):
    m = np.random.default_rng(0).standard_normal(units)
    m /= np.sqrt((m * m).mean())
    return LowRankRNN(m, overlap * m, np.zeros(units), m, noise_std=noise_std)


def agree(network, attractors, law, tau=100.0, **noise):
    """Mean time to escape, over both states, and mean dwell time, both in ms, within four standard errors."""
    rates = [
        escape_rate(network, attractors, name, copies=300, duration=2000.0, rng=1, **noise) for name in "AB"
    ]
    assert all(rate.escapes > 290 and len(rate.targets) == 1 for rate in rates)
    times = np.array([tau / rate.rate for rate in rates])
    error = np.linalg.norm([0.5 * tau * rate.error / rate.rate**2 for rate in rates])
    dwell_error = law.mean * max(law.variation, 1.0) / np.sqrt(len(law.times))
    return abs(times.mean() - law.mean) < 4 * np.hypot(error, dwell_error) < 0.4 * law.mean


@pytest.mark.slow
def test_the_shipped_bistable_networks_dwell_times():
    """Private noise and noise on the drives, as the task's free trials have them."""
    net, task = (
        load_example("bistable"),
        get_task("bistable", dwell=1e9, duration=200_000.0, input_noise=0.24),
    )
    run = simulate(net, task.trials(16, rng=5), rng=6, states=False)
    law = dwell_law(dwell_times(run.z[:, :, 0], task.dt, threshold=0.5))
    attractors = find_attractors(reduced_field(net), [task.drive] * 2)
    assert agree(net, attractors, law, input_noise=0.24)


def test_private_noise_alone():
    """Without any noise on kappa or inputs; as long as the network itself takes from sign to sign."""
    net, steps = two_states(), 15_000
    attractors = find_attractors(reduced_field(net))
    nothing = np.zeros((16, steps, 1))
    run = simulate(net, Trials(nothing, nothing, np.ones_like(nothing)), rng=3, states=False)
    threshold = 0.5 * attractors.places[1][0, 0]
    law = dwell_law(dwell_times(run.kappa[:, :, 0], 20.0, threshold))
    assert agree(net, attractors, law)
    by_field = escape_rate(reduced_field(net), attractors, "A", copies=9, rng=2, private=net.noise_std)
    assert by_field.time == escape_rate(net, attractors, "A", copies=9, rng=2).time


def test_every_step_is_the_networks():
    """The kernel against `simulate`, which has the same generator: kappa and v after 50 steps of noise."""
    task = get_task("dms")
    net, trials, seed = LowRankRNN.random(30, 2, task, rng=1, noise_std=0.3), task.trials(4, rng=2), 7
    run = simulate(net, trials, rng=seed)
    key = np.uint64(np.random.default_rng(seed).integers(2**63))
    field = reduced_field(net)
    states, filtered, private = np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 30))
    labels, spent = np.full(4, -1), np.zeros(4)
    for first in (0, 20):  # in two calls
        count = 20 if first == 0 else 30
        noisy_network_steps(
            np.array(field.values), net.alpha, net.noise_std, key, first, states, filtered, private,
            trials.inputs[:, first : first + count].copy(), np.zeros((4, count, 2)),
            np.array([[-1e9, 1e9]] * 2), *no_regions(2), labels, spent,
        )  # fmt: skip
    np.testing.assert_allclose(states, run.kappa[:, 49], atol=1e-12)
    np.testing.assert_allclose(filtered, run.v[:, 49], atol=1e-12)
    np.testing.assert_allclose(spent, 50 * net.alpha)


@pytest.mark.parametrize("escapes", [0, 1, 7, 400])
def test_the_interval_is_garwoods(escapes):
    low, high = EscapeRate(escapes / 50, 0.1, escapes, 50.0, {}).interval(0.9)
    assert high == pytest.approx(chi2.ppf(0.95, 2 * escapes + 2) / 100)
    assert low == pytest.approx(chi2.ppf(0.05, 2 * escapes) / 100 if escapes else 0.0)


def test_bad_input_is_refused():
    net = two_states()
    field, attractors = reduced_field(net), find_attractors(reduced_field(net))
    well = problems.double_well()
    wells = find_attractors(well, box=[[-2, 2]])
    for call, sentence in (
        (lambda: escape_rate(field, attractors, "A", rng=0), "noise: all noise is 0"),
        (lambda: escape_rate(well, wells, "A", private=0.1, rng=0), "a mean field the units' noise"),
        (lambda: escape_rate(well, wells, "A", input_noise=0.1, rng=0), "give a network"),
        (lambda: escape_rate(net, attractors, "A", step=0.1, rng=0), "its own steps, alpha = 0.2"),
        (lambda: escape_rate(net, attractors, "A"), "rng"),
        (lambda: escape_rate(net, attractors, "A", private=np.nan, rng=0), "private"),
        (lambda: escape_rate(net, attractors, "C", rng=0), "no attractor 'C'"),
        (lambda: escape_rate(net, None, "A", rng=0), "attractors: expected Attractors"),
        (lambda: escape_rate(problems.van_der_pol(), attractors, "A", 0.1, rng=0), "of 1 coordinates"),
    ):
        with pytest.raises(InputError, match=sentence):
            call()
