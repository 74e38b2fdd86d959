"""Cycles against published periods and multipliers (D7 to D11), closed forms, and scipy's integration."""

import dataclasses

import numpy as np
import problems
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from dynsys.analysis import compile_field, find_cycles, reduced_field
from dynsys.analysis.cycles import Cycle, LimitCycles, cycle_kind
from dynsys.analysis.shooting import floquet
from dynsys.symbolic import mean_field
from rnn import LowRankRNN
from tasks import InputError

A, B = 1.5, 1.0


def rotation():
    return compile_field(mean_field(problems.rank_two_populations([[A, -B], [B, A]])))


def gain(radius):
    """<phi'> of the rotation network with erf, isotropic m."""
    return 1 / np.sqrt(1 + np.pi * radius**2 / 2)


@pytest.mark.parametrize(
    "mu, period, multiplier", [(1.0, 6.6632868593, 8.59695e-4), (2.0, 7.6298744797, 1.2738e-8)]
)
def test_van_der_pol(mu, period, multiplier):
    """D10; 1.27e-8 is beyond the naive product of matrices."""
    (cycle,) = find_cycles(problems.van_der_pol(mu))
    assert cycle.kind == "stable cycle" and cycle.stable and cycle.clock == "flow"
    np.testing.assert_allclose(cycle.period, period, rtol=0, atol=1e-9)
    np.testing.assert_allclose(cycle.nontrivial, multiplier, rtol=1e-4)
    np.testing.assert_allclose(cycle.multipliers[0], 1, atol=1e-9)
    if mu == 1.0:
        np.testing.assert_allclose(cycle.amplitude[0], 2.00861986, atol=2e-4)
    np.testing.assert_allclose(cycle.points[0], cycle.points[-1], atol=1e-9)


@pytest.mark.slow
def test_van_der_pol_as_a_relaxation_oscillator():
    (cycle,) = find_cycles(problems.van_der_pol(5.0))
    np.testing.assert_allclose(cycle.period, 11.6122306677, rtol=0, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("box", [None, [[0, 1], [0, 8]]])
def test_a_multiplier_of_1e_24_keeps_its_digits(box):
    """The stirred reactor (D5) between its Hopf points; Liouville: exp of the divergence along the cycle."""
    field = problems.reactor(14.0, 0.2)
    (cycle,) = find_cycles(field, box=box)
    flow = lambda t, y: [*field.rhs(y[:2]), np.trace(field.jacobian(y[:2]))]  # noqa: E731
    turn = solve_ivp(flow, (0, cycle.period), [*cycle.points[0], 0], "LSODA", rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(cycle.nontrivial, np.exp(turn.y[2, -1]), rtol=1e-5)
    assert cycle.stable and 1e-25 < cycle.nontrivial[0].real < 1e-23


@pytest.mark.slow
def test_fitzhugh_nagumo():
    (cycle,) = find_cycles(problems.fitzhugh_nagumo(0.5))
    np.testing.assert_allclose(cycle.period, 39.47441498, rtol=0, atol=1e-8)


@pytest.mark.slow
def test_morris_lecar():
    """D8: at I = 100 one cycle; between the fold of cycles (88.29) and the Hopf point (93.86) two."""
    (cycle,) = find_cycles(problems.morris_lecar(100.0))
    np.testing.assert_allclose(cycle.period, 85.2906410, rtol=0, atol=1e-7)
    np.testing.assert_allclose(cycle.nontrivial, 5.366e-5, rtol=1e-3)
    stable, unstable = find_cycles(problems.morris_lecar(90.0))
    assert stable.kind == "stable cycle" and unstable.kind == "unstable cycle"
    assert unstable.nontrivial.real > 1 and stable.period < unstable.period
    assert len(find_cycles(problems.morris_lecar(88.0))) == 0


@pytest.mark.slow
def test_lorenz_at_280():
    """D7: the stable asymmetric pair, each the mirror image of the other."""
    box = [[-60, 60], [-60, 60], [200, 360]]
    found = find_cycles(problems.lorenz(280.0), box=box).stable
    assert len(found) == 2
    for cycle in found:
        np.testing.assert_allclose(cycle.period, 0.4345220, atol=5e-8)
        np.testing.assert_allclose(cycle.nontrivial, [0.42584, 0.00619], atol=5e-6)
    first, second = (np.sort(cycle.points[:-1, 0]) for cycle in found)
    np.testing.assert_allclose(first, -second[::-1], atol=0.2)


def test_the_rotation_network():
    """D11: radius 0.892, period 2 pi a / b, multiplier exp(-(1 - 1/a^2) T); also unstable in reverse."""
    found = find_cycles(rotation())
    assert len(found) == 1 and "came back" in found.message and "1 cycle" in repr(found)
    period = 2 * np.pi * A / B
    np.testing.assert_allclose(found[0].period, 9.4247779608, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found[0].nontrivial, 0.005321565479, rtol=1e-8)
    np.testing.assert_allclose(found[0].nontrivial, np.exp(-(1 - 1 / A**2) * period), rtol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(found[0].points, axis=1), 0.8920620581, atol=1e-9)
    assert "<table>" in found._repr_html_() and found.stable == found.cycles


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_network_turns_at_another_pace_than_its_equation(alpha):
    """kappa -> (1 - alpha + alpha <phi'> (a + i b)) kappa: the circle where that factor has modulus one."""
    (cycle,) = find_cycles(dataclasses.replace(rotation(), alpha=alpha), clock="map")
    factor = lambda radius: 1 - alpha + alpha * gain(radius) * (A + 1j * B)  # noqa: E731
    radius = brentq(lambda r: abs(factor(r)) - 1, 0.1, 3.0, xtol=1e-14)
    np.testing.assert_allclose(cycle.period, 2 * np.pi * alpha / np.angle(factor(radius)), rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(cycle.points, axis=1), radius, rtol=1e-9)
    assert cycle.clock == "map" and cycle.stable and "of the map" in repr(cycle)
    assert abs(cycle.period / (2 * np.pi * A / B) - 1) > 0.005
    step = 1e-6
    slope = (
        abs(factor(radius + step)) * (radius + step) - abs(factor(radius - step)) * (radius - step)
    ) / 2e-6
    np.testing.assert_allclose(cycle.nontrivial, slope ** (cycle.period / alpha), rtol=1e-5)


def test_euler_steps_can_turn_where_the_equation_rests():
    """lambda = -0.05 +- i: a stable focus, but abs(1 + 0.2 lambda) > 1."""
    a, alpha = 0.95, 0.2
    field = compile_field(mean_field(problems.rank_two_populations([[a, -1.0], [1.0, a]])))
    field = dataclasses.replace(field, alpha=alpha)
    assert len(find_cycles(field)) == 0
    (cycle,) = find_cycles(field, clock="map")
    assert cycle.stable and cycle.amplitude.min() > 0.1


def test_flows_without_cycles():
    assert len(find_cycles(problems.himmelblau())) == 0
    line = find_cycles(problems.cusp())
    assert len(line) == 0 and "line" in line.message


def test_a_map_needs_a_step():
    with pytest.raises(InputError, match="no Euler step alpha"):
        find_cycles(problems.van_der_pol(), clock="map")
    with pytest.raises(InputError, match=r"clock: got 'steps'; choose one of 'flow', 'map'"):
        find_cycles(problems.van_der_pol(), clock="steps")


def test_a_centre_has_a_family_of_cycles():
    found = find_cycles(problems.pendulum(), box=[[-3, 3], [-3, 3]])
    assert len(found) > 0 and not found.stable
    assert all(cycle.kind == "non-hyperbolic cycle" for cycle in found)


def test_multipliers_of_a_long_product():
    """Against the eigenvalues of the product in 400 digits."""
    rng = np.random.default_rng(3)
    parts = rng.standard_normal((40, 3, 3)) * [1.0, 0.3, 0.05]
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(400):
        product = mpmath.eye(3)
        for part in parts:
            product = mpmath.matrix(part.tolist()) * product
        exact = sorted((complex(z) for z in mpmath.eig(product, left=False, right=False)), key=abs)[::-1]
    ours = floquet(parts)
    np.testing.assert_allclose(np.abs(ours), np.abs(exact), rtol=1e-9)


def test_a_focus_of_the_return_map_keeps_its_pair():
    turn = 0.9 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    np.testing.assert_allclose(
        np.sort_complex(floquet(np.array([turn]))), 0.9 * np.exp([-1j, 1j]), rtol=1e-12
    )


def test_kinds():
    assert cycle_kind([1, 1.0]) == "non-hyperbolic cycle" and cycle_kind([2, 1.0]) == "unstable cycle"
    assert cycle_kind([1, -0.5, 0.1]) == "stable cycle" and cycle_kind([-2, 1, 0.1]) == "saddle cycle"
    assert len(LimitCycles(())) == 0 and "no input" in repr(LimitCycles(()))
    cycle = Cycle(np.zeros((2, 2)), [0, 1], 1.0, [1, 0.5], "stable cycle")
    with pytest.raises(ValueError, match="read-only"):
        cycle.points[0] = 1


def test_a_network_of_many_units_turns_like_its_mean_field():
    rng = np.random.default_rng(0)
    m = rng.standard_normal((400, 2))
    m = np.linalg.qr(m - m.mean(axis=0))[0] * 20
    net = LowRankRNN(m, m @ np.array([[A, B], [-B, A]]), np.zeros((400, 1)), m[:, :1], phi="erf")
    (cycle,) = find_cycles(reduced_field(net))
    assert abs(cycle.period - 2 * np.pi * A / B) < 0.6 and cycle.stable
