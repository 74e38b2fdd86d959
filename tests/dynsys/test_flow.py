"""Trajectories against closed forms and scipy, forward, backward, and where there is no end to reach."""

import numpy as np
import problems
import pytest
from scipy.integrate import solve_ivp

from dynsys.analysis import integrate
from dynsys.analysis.flow import values_at
from tasks import InputError, OutcomeError, Status


def test_trajectories_agree_with_scipy():
    field = problems.van_der_pol(2.0)
    times = np.linspace(0.0, 20.0, 41)
    starts = np.array([[2.0, 0.0], [0.1, -0.3]])
    flow = integrate(field, starts, times, rtol=1e-12)
    for start, states in zip(starts, flow.kappa):
        ours = solve_ivp(
            lambda t, y: [y[1], 2 * (1 - y[0] ** 2) * y[1] - y[0]], (0, 20), start, "DOP853", times,
            rtol=1e-13, atol=1e-13,
        )  # fmt: skip
        np.testing.assert_allclose(states, ours.y.T, atol=2e-8)
    assert flow.status is Status.COMPLETED and flow.kappa.shape == (2, 41, 2)


def test_there_and_back_again():
    field = problems.fitzhugh_nagumo(0.5)
    there = integrate(field, [0.3, 0.1], [0.0, 1.0, 3.0], rtol=1e-12).kappa[0]
    back = integrate(field, there[-1], [3.0, 1.0, 0.0], rtol=1e-12).kappa[0]
    np.testing.assert_allclose(back[::-1], there, atol=1e-9)


def test_dense_output_is_the_solution_between_the_steps():
    """x' = 1 - x^2 from 0 is tanh t."""
    x = problems.sympy.Symbol("x")
    times = np.linspace(0.0, 5.0, 1001)
    flow = integrate(problems.field([1 - x**2], "x"), [0.0], times, rtol=1e-11)
    np.testing.assert_allclose(flow.kappa[0, :, 0], np.tanh(times), atol=1e-9)


def test_a_flow_that_blows_up_says_when():
    """x' = x^2 from 1 is 1 / (1 - t)."""
    x = problems.sympy.Symbol("x")
    field = problems.field([x**2], "x")
    flow = integrate(field, [[1.0], [-1.0]], [0.0, 0.5, 2.0])
    np.testing.assert_allclose(flow.kappa[:, 1, 0], [2.0, -2 / 3], rtol=1e-9)
    assert np.isnan(flow.kappa[0, 2, 0]) and abs(flow.kappa[1, 2, 0] + 1 / 3) < 1e-9
    assert flow.status is Status.DIVERGED and abs(flow.ended[0] - 1) < 1e-6 and "t = 1" in flow.message
    with pytest.raises(OutcomeError, match="1 of 2 trajectories ended early"):
        integrate(field, [[1.0], [-1.0]], [0.0, 2.0], strict=True)


def test_nan_at_the_start_ends_at_once():
    """FAULTS 31: scipy's RK45 never returns here."""
    x = problems.sympy.Symbol("x")
    flow = integrate(problems.field([problems.sympy.log(x)], "x"), [-1.0], [0.0, 1.0])
    assert flow.status is Status.DIVERGED and flow.ended[0] == 0 and flow.kappa[0, 0, 0] == -1


def test_a_short_budget_is_told_apart_from_divergence():
    flow = integrate(problems.van_der_pol(), [2.0, 0.0], [0.0, 100.0], max_steps=10)
    assert flow.status is Status.MAX_STEPS and 0 < flow.ended[0] < 100


@pytest.mark.parametrize(
    "starts, times, sentence",
    [
        ([1.0], [0.0, 1.0], r"starts: expected \(R,\) or \(K, R\) with R = 2"),
        ([1.0, np.nan], [0.0, 1.0], "starts: 1 of 2 entries is not finite"),
        ([1.0, 1.0], [0.0, 1.0, 0.5], "times: give at least two, all ascending or all descending"),
        ([1.0, 1.0], [0.0], "times: give at least two"),
    ],
)
def test_bad_input_is_refused(starts, times, sentence):
    with pytest.raises(InputError, match=sentence):
        integrate(problems.van_der_pol(), starts, times)


def test_values_at_many_states():
    field = problems.van_der_pol(1.0)
    states = np.random.default_rng(0).standard_normal((20, 2))
    nothing = np.zeros(0)
    np.testing.assert_array_equal(values_at(field, states, nothing), field.rhs(states))
    jacobian = values_at(field, np.asfortranarray(states), nothing, "jacobian")
    np.testing.assert_array_equal(jacobian, field.jacobian(states))
