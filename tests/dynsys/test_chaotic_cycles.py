"""Cycles inside chaotic sets: published periods, and how much work finding them takes."""

import numpy as np
import problems
import pytest
from scipy.integrate import solve_ivp

from dynsys.analysis import compile_field, cycle_search, find_cycles, shooting
from dynsys.analysis.flow import MAX_STEPS, system_of
from dynsys.numerics.order_eight import run_segments
from dynsys.symbolic import System

# Viswanath (2003), "Symbolic dynamics and periodic orbits of the Lorenz attractor": AB, AAB, AAAB, AABB.
LORENZ_PERIODS = 1.558652210, 2.305907260, 3.023583703, 3.084276774
# Roessler's at a = b = 0.2, c = 5.7 (Wilczak & Zgliczynski 2009), one and two turns.
ROESSLER_PERIODS = 5.88108845, 11.75862607


def roessler():
    return compile_field(
        System.from_text("x' = -y - z; y' = x + a y; z' = b + z (x - c); a = 0.2, b = 0.2, c = 5.7")
    )


@pytest.fixture
def shots(monkeypatch):
    """Counts short flows with their derivatives."""
    counted, shoot = [], shooting._shoot

    def counting_shoot(*arguments):
        counted.append(arguments)
        return shoot(*arguments)

    monkeypatch.setattr(shooting, "_shoot", counting_shoot)
    return counted


def test_short_cycles_of_lorenz_attractor_with_little_work(shots):
    found = find_cycles(problems.lorenz(28.0), box=[[-25, 25], [-30, 30], [0, 50]])
    periods = np.array([cycle.period for cycle in found])
    for period in LORENZ_PERIODS:
        assert np.abs(periods - period).min() < 1e-8
    assert all(cycle.kind == "saddle cycle" for cycle in found)
    assert len(shots) < 450  # many orbits near the foci shrink to them, chance returns lead nowhere


@pytest.mark.slow
def test_short_cycles_of_roessler_attractor_with_little_work(shots):
    found = find_cycles(roessler(), box=[[-12, 14], [-12, 10], [0, 25]])
    periods = np.array([cycle.period for cycle in found])
    for period in ROESSLER_PERIODS:
        assert np.abs(periods - period).min() < 2e-8
    assert len(shots) < 400


def test_an_orbit_that_shrinks_to_a_fixed_point_is_no_cycle():
    field = problems.lorenz(28.0)
    focus = np.array([72**0.5, 72**0.5, 27.0])
    turn = 2 * np.pi / np.abs(np.linalg.eigvals(field.jacobian(focus)).imag).max()
    assert shooting.close_orbit(field, np.zeros(0), focus + [1e-3, 0, 0], turn) is None


def test_wanderers_are_all_watched_once_some_of_a_few_settle():
    states, watched = np.zeros((40, 3)), []

    def look(some, gap):
        watched.append(len(some))
        return np.ones(len(some)), np.full(len(some), gap), np.full(len(some), cycle_search.UNDECIDED)

    gaps = np.full(40, 0.5)
    gaps[:4] = 1e-3
    periods, found, labels = cycle_search._look_at_some(lambda some: look(some, 0.4), states, gaps)
    few = 4 + cycle_search.WANDERERS
    assert watched == [few] and np.isfinite(found).sum() == few == np.count_nonzero(periods)
    watched.clear()
    assert np.isfinite(cycle_search._look_at_some(lambda some: look(some, 1e-6), states, gaps)[1]).all()
    assert watched == [few, 40 - few]


@pytest.mark.parametrize("rtol", [1e-7, 1e-10, 1e-13])
def test_flows_of_order_eight_and_their_derivatives_against_scipy(rtol):
    field, start, span = problems.lorenz(28.0), np.array([1.0, 2.0, 20.0]), 0.8
    ends, matrices = np.empty((2, 3)), np.empty((2, 3, 3))
    spans, scale = np.array([span, -0.1]), np.ones(3)
    starts = np.stack([start, start])
    assert run_segments(*system_of(field, np.zeros(0)), starts, spans, rtol, scale, MAX_STEPS, ends, matrices)

    def flow(_, y):
        return np.concatenate([field.rhs(y[:3]), (field.jacobian(y[:3]) @ y[3:].reshape(3, 3)).ravel()])

    for end, matrix, duration in zip(ends, matrices, spans):
        exact = solve_ivp(
            flow, (0, duration), np.append(start, np.eye(3)), "DOP853", rtol=3e-14, atol=1e-14
        ).y[:, -1]
        np.testing.assert_allclose(end, exact[:3], rtol=1e3 * rtol)
        np.testing.assert_allclose(matrix.ravel(), exact[3:], atol=1e3 * rtol * np.abs(exact[3:]).max())


def test_a_flow_that_diverges_is_refused():
    field = compile_field(System.from_text("x' = x^2; y' = -y"))
    ends, matrices = np.empty((1, 2)), np.empty((1, 2, 2))
    reached = run_segments(
        *system_of(field, np.zeros(0)), np.array([[1.0, 1.0]]), np.array([2.0]), 1e-10, np.ones(2), MAX_STEPS,
        ends, matrices,
    )  # fmt: skip
    assert not reached
