"""Unstable cycles from near returns: published periods, independent integration, closed forms."""

import numpy as np
import problems
import pytest
from scipy.integrate import solve_ivp

from dynsys.analysis import compile_field, continue_cycles, find_cycles
from dynsys.analysis.mirrors import mirrors
from dynsys.analysis.recurrences import closed_recurrences
from dynsys.analysis.shooting import close_orbit
from dynsys.symbolic import System

BOX = [[-60, 60], [-60, 60], [150, 360]]


def monodromy(field, cycle):
    """Where one turn ends, and its derivative, by another integrator."""
    R = field.dimension

    def flow(_, y):
        return np.concatenate([field.rhs(y[:R]), (field.jacobian(y[:R]) @ y[R:].reshape(R, R)).ravel()])

    start = np.concatenate([cycle.points[0], np.eye(R).ravel()])
    turn = solve_ivp(flow, (0, cycle.period), start, "DOP853", rtol=3e-14, atol=1e-13).y[:, -1]
    return turn[:R], turn[R:].reshape(R, R)


def multipliers(matrix):
    found = np.linalg.eigvals(matrix)
    return found[np.argsort(-np.abs(found))]


@pytest.mark.slow
def test_lorenz_at_280_has_a_stable_pair_and_a_symmetric_cycle_of_saddle_type():
    """D7."""
    field = problems.lorenz(280.0)
    first, second, symmetric = find_cycles(field, box=BOX)
    assert first.stable and second.stable and symmetric.kind == "saddle cycle"
    np.testing.assert_allclose([first.period, second.period], 0.4345220, rtol=0, atol=5e-8)
    np.testing.assert_allclose(symmetric.period, 0.4351077, rtol=0, atol=5e-8)
    for cycle in (first, second, symmetric):
        end, matrix = monodromy(field, cycle)
        np.testing.assert_allclose(end, cycle.points[0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(cycle.multipliers, multipliers(matrix), rtol=0, atol=1e-8)
    # it is its own image, half a period later; the stable ones are each other's
    np.testing.assert_allclose(symmetric.points[120], symmetric.points[0] * [-1, -1, 1], rtol=0, atol=1e-8)
    assert np.abs(first.points[120] - first.points[0] * [-1, -1, 1]).max() > 1


@pytest.mark.slow
def test_the_symmetric_cycle_is_the_one_that_was_stable_before_the_pitchfork():
    """Followed from rho = 350, where it is stable, down to 280, by collocation."""
    (stable,) = find_cycles(problems.lorenz(350.0), box=[[-80, 80], [-80, 80], [200, 450]])
    branch = continue_cycles(problems.lorenz(350.0), stable, "rho", (270.0, 360.0), marks=(280.0,))
    (mark,) = [point for point in branch.special_points if point.kind == "mark"]
    assert any("branch point" in point.kind for point in branch.special_points)
    found = find_cycles(problems.lorenz(280.0), box=BOX)[2]
    np.testing.assert_allclose(mark.period, found.period, rtol=1e-8)


@pytest.mark.slow
def test_between_two_period_doublings_the_cycle_that_doubled_is_found():
    """D7: the pair doubles at 229.4067 and again at 218.2101."""
    field = problems.lorenz(222.0)
    found = find_cycles(field, box=BOX)
    single, doubled = found[:2], found[2:]
    assert [cycle.kind for cycle in found] == ["saddle cycle"] * 2 + ["stable cycle"] * 2
    for one, two in zip(single, doubled):
        assert abs(two.period / one.period - 2) < 0.01 and one.nontrivial[0].real < -1
        np.testing.assert_allclose(one.multipliers, multipliers(monodromy(field, one)[1]), atol=1e-8)


@pytest.mark.slow
def test_cycles_in_the_lorenz_attractor():
    """Viswanath 2003, table 1: the shortest ones by their symbol sequences."""
    found = find_cycles(problems.lorenz(28.0), box=[[-30, 30], [-30, 30], [0, 55]])
    periods = np.array([cycle.period for cycle in found])
    for published, times in (
        (1.5586522107, 1), (2.3059072639, 2), (3.0235837034, 2), (3.0842767758, 1),
    ):  # AB; AAB and its mirror image; AAAB and its; AABB  # fmt: skip
        assert (np.abs(periods - published) < 1e-8).sum() == times
    assert (periods < 3.1).sum() == 6
    assert all(cycle.kind == "saddle cycle" for cycle in found) and "without end" in found.message
    (AB,) = (cycle for cycle in found if cycle.period < 2)
    np.testing.assert_allclose(AB.multipliers[0], 4.71294, rtol=1e-5)
    # Liouville: the divergence is constant
    for cycle in found:
        volume = np.log(np.abs(cycle.multipliers)).sum()
        np.testing.assert_allclose(volume, -(10 + 1 + 8 / 3) * cycle.period, rtol=1e-6)


@pytest.mark.slow
def test_cycles_in_the_roessler_attractor():
    field = compile_field(System.from_text("x' = -y - z; y' = x + 0.2 y; z' = 0.2 + z*(x - c); c = 5.7"))
    found = find_cycles(field, box=[[-12, 12], [-12, 12], [0, 25]], starts=12)
    periods = np.array([cycle.period for cycle in found])
    for period in (5.8810884, 11.7586260):
        assert (np.abs(periods - period) < 1e-6).any()
    np.testing.assert_allclose(found[0].multipliers[0], -2.40395, rtol=1e-5)


def test_a_cycle_that_doubled_passes_the_other_after_half_its_period():
    t = np.linspace(0, 4 * np.pi, 241)
    for size in (0.02, 0.04):
        track = np.column_stack([np.cos(t) + size * np.cos(t / 2), np.sin(t), size * np.sin(t / 2)])
        guesses = closed_recurrences(track, 4 * np.pi, [])
        assert guesses and abs(guesses[0][2] / (2 * np.pi) - 1) < 0.02
    # one turn is no near return of itself, and nothing is near in an ellipse
    assert closed_recurrences(np.column_stack([np.cos(t[:121]), 2 * np.sin(t[:121])]), 2 * np.pi, []) == []


def test_mirrors_of_known_systems():
    box = np.array([[-1.0, 1.0]] * 3)
    ((matrix, order),) = mirrors(problems.lorenz(28.0), np.zeros(0), box)
    np.testing.assert_array_equal(matrix, np.diag([-1.0, -1.0, 1.0]))
    assert order == 2
    cube = mirrors(problems.decoupled_tanh(3), np.zeros(0), box)
    assert len(cube) == 47 and sorted({order for _, order in cube}) == [2, 3, 4, 6]
    assert mirrors(problems.fitzhugh_nagumo(0.5), np.zeros(0), np.array([[-3.0, 3.0], [-1.0, 2.0]])) == []


def test_an_orbit_is_closed_on_its_image():
    """The circle of the rotation network's kind: half a turn maps it to minus itself."""
    circle = problems.stuart_landau(0.5)
    nodes, half, _, _ = close_orbit(circle, np.zeros(0), np.array([0.6, 0.0]), 3.0, image=-np.eye(2))
    whole = close_orbit(circle, np.zeros(0), np.array([0.6, 0.0]), 6.0)
    np.testing.assert_allclose(2 * half, whole[1], rtol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(nodes, axis=1), np.linalg.norm(whole[0], axis=1)[0], rtol=1e-9)
