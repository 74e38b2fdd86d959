import numpy as np
import pytest
from scipy import stats

from tasks import InputError, dwell_law, dwell_times, escape_law


def test_dwell_times_ignore_what_stays_below_the_threshold():
    z = [0.0, 2, 0.5, -0.5, 2, -2, -2, 0.5, -2, 2, 2, -2]
    np.testing.assert_array_equal(dwell_times(z, 10.0, threshold=1.0), [40.0, 20.0])
    assert dwell_times([1.0, 1.0], 10.0).size == 0


def test_dwell_times_of_a_telegraph_process_have_its_mean(rng):
    flips = rng.random((20, 20000)) < 0.02
    z = np.where(np.cumsum(flips, axis=1) % 2, 1.0, -1.0)
    times = dwell_times(z, 20.0)
    assert times.mean() == pytest.approx(20.0 / 0.02, rel=0.05)


def test_no_trials_no_dwell_times():
    assert dwell_times(np.zeros((0, 5)), 20.0).shape == (0,)
    assert dwell_times(np.ones(5), 20.0).shape == (0,)


def test_the_distances_are_those_of_scipy(rng):
    times = rng.gamma(1.5, 300.0, 500)
    law = dwell_law(times)
    assert law.distance == pytest.approx(stats.kstest(times, "expon", (0, times.mean())).statistic)
    spread = times.std()
    delayed = stats.kstest(times, "expon", (times.mean() - spread, spread)).statistic
    assert law.delayed_distance == pytest.approx(delayed)
    assert law.shape == pytest.approx(times.mean() ** 2 / times.var())


def test_an_exponential_law_is_rejected_as_often_as_the_level_says(rng):
    laws = [dwell_law(rng.exponential(1.0, 60)) for _ in range(2000)]
    rejected = np.mean([law.distance > law.critical_distance for law in laws])
    assert rejected == pytest.approx(0.05, abs=0.015)


def test_a_delay_is_found(rng):
    law = dwell_law(200.0 + rng.exponential(1000.0, 20_000))
    assert law.delay == pytest.approx(200.0, abs=40.0)
    assert law.delayed_distance < law.critical_distance < 0.1 < law.distance
    assert law.variation == pytest.approx(1000 / 1200, rel=0.03)
    assert law.survival([0.0, 1e9]).tolist() == [1.0, 0.0]


def test_regular_times_have_a_law_too():
    law = dwell_law(np.full(7, 40.0))
    assert (law.variation, law.shape) == (0.0, np.inf)
    assert np.isfinite([law.delay, law.distance, law.delayed_distance]).all()


def test_the_escape_law_is_found_again(rng):
    noise, barrier, prefactor = np.array([0.2, 0.25, 0.3, 0.4]), 0.08, 1e-3
    rates = prefactor * np.exp(-barrier / noise**2)
    law = escape_law(noise, [dwell_law(rng.exponential(1 / rate, 4000)) for rate in rates])
    assert abs(law.barrier - barrier) < 4 * law.barrier_error < 0.2 * barrier
    np.testing.assert_allclose(law.rate(noise), rates, rtol=0.15)
    assert law.explained > 0.99


def test_the_error_of_the_barrier_is_its_scatter(rng):
    noise, rates = np.array([0.2, 0.3]), np.exp(-0.1 / np.array([0.2, 0.3]) ** 2)
    found = [escape_law(noise, [dwell_law(rng.exponential(1 / r, 100)) for r in rates]) for _ in range(400)]
    scatter = np.std([law.barrier for law in found])
    assert scatter == pytest.approx(np.mean([law.barrier_error for law in found]), rel=0.15)


def test_what_makes_no_law():
    with pytest.raises(InputError, match="times: 4 dwell times are too few .* longer trials"):
        dwell_law([20.0, 40.0, 20.0, 60.0])
    with pytest.raises(InputError, match="times: a dwell time must be > 0, got 0"):
        dwell_law(np.arange(6.0))
    law = dwell_law(np.arange(1.0, 9.0))
    for noise, laws in (
        ([0.1], [law]),
        ([0.1, 0.1], [law, law]),
        ([0.1, 0.2], [law]),
        ([0.0, 1.0], [law] * 2),
    ):
        with pytest.raises(InputError, match="noise: expected two or more different"):
            escape_law(noise, laws)
    with pytest.raises(InputError, match=r"laws: expected DwellLaw, got int; fit each with dwell_law"):
        escape_law([0.1, 0.2], [1, 2])


def test_equal_rates_have_no_barrier():
    law = dwell_law(np.arange(1.0, 9.0))
    flat = escape_law([0.1, 0.2], [law, law])
    assert flat.barrier == pytest.approx(0.0, abs=1e-12) and np.isnan(flat.explained)
