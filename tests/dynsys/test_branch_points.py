"""Branch points, from whichever branch they are met: odd networks, and branches of which none is straight."""

import numpy as np
import problems
import pytest

from dynsys.analysis import (
    bifurcation_diagram,
    compile_field,
    continue_branch,
    find_fixed_points,
    reduced_field,
)
from dynsys.analysis.curve import make_curve
from dynsys.analysis.naming import describe_fold
from dynsys.symbolic import System
from rnn import LowRankRNN
from tasks import Status


def odd_network(seed):
    """A network without input, and the gains at which another pair of points leaves zero."""
    rng = np.random.default_rng([seed, 5])
    rank, units = 1 + seed % 4, int(rng.integers(4, 20))
    m = rng.normal(size=(units, rank))
    n = m * rng.uniform(0, 4) + 2 * rng.normal(size=(units, rank))
    net = LowRankRNN(m, n, rng.normal(size=(units, 1)), rng.normal(size=(units, 1)))
    values = np.linalg.eigvals(n.T @ m / units)
    return reduced_field(net), np.sort(1 / values[(abs(values.imag) < 1e-9) & (values.real > 0.25)].real)


@pytest.mark.parametrize("seed", [122, 143, 173, 186, 264, 277, 306, 329, 335])
def test_side_branches_end_in_pitchforks(seed):
    """Newton's matrix is singular there, and the branch turns: each secant may end beside the point."""
    field, gains = odd_network(seed)
    on_zero = continue_branch(field, np.zeros(field.dimension), "gain", (0.05, 4))
    found = [point.value for point in on_zero.special_points if point.kind == "pitchfork"]
    np.testing.assert_allclose(sorted(found), gains, rtol=1e-12)
    for point in find_fixed_points(field, rng=np.random.default_rng(0)):
        branch = continue_branch(field, point, "gain", (0.05, 4))
        sizes = np.abs(branch.kappa).max(axis=1)
        ends = branch.kappa[0] + branch.kappa[-1]
        if sizes.max() > 1e-6 and sizes.min() < 0.02 and np.abs(ends).max() < 1e-6:
            at_zero = [each for each in branch.special_points if np.abs(each.kappa).max() < 1e-9]
            assert [each.kind for each in at_zero] == ["pitchfork"]
            assert np.abs(gains - at_zero[0].value).min() < 1e-12


@pytest.mark.parametrize(
    "seed, max_step", [(167, 0.02), (1, 0.2), (31, 0.2), (130, 0.2), (263, 0.2), (298, 0.2)]
)
def test_two_crossings_in_one_step(seed, max_step):
    """A Hopf point beside a neutral saddle, or two pitchforks: no determinant changes its sign."""
    field, gains = odd_network(seed)
    slopes = field.with_values(gain=1.0).jacobian(np.zeros(field.dimension)) + np.eye(field.dimension)
    pairs = [1 / value.real for value in np.linalg.eigvals(slopes) if value.imag > 1e-9 and value.real > 0.25]
    branch = continue_branch(field, np.zeros(field.dimension), "gain", (0.05, 4), max_step=max_step)
    for kind, expected in (("pitchfork", gains), ("Hopf", sorted(pairs))):
        found = [point.value for point in branch.special_points if point.kind == kind]
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    assert "not found" not in branch.message


def test_nothing_is_followed_where_newton_cannot_step():
    """x' = p^2 + x^2 has one fixed point for all p: a matrix of zeros gives no step, which is no solution."""
    field = compile_field(System.from_text("x' = p^2 + x^2; p = 0"))
    branch = continue_branch(field, [0.0], "p", (-1, 1))
    assert branch.status is Status.MIN_STEP and np.abs(branch.values).max() < 1e-6
    spike = compile_field(System.from_text("x' = abs(p)^(1/2) - x; p = 0"))
    assert "kink" in continue_branch(spike, [0.0], "p", (-1, 1)).message


def test_no_fold_without_derivatives():
    """Neither where the Jacobian, nor where the second derivative is no number."""
    curve = make_curve(problems.cusp(), "mu", (-1, 1))
    (at,) = curve.expand(np.array([[3**-0.5, -2 / 27**0.5]]))
    assert describe_fold(curve, at, 0.0).kind == "fold"
    (elsewhere,) = curve.expand(np.array([[0.0, 0.0]]))
    for wrong in (
        elsewhere,
        at._replace(jacobian=at.jacobian * np.nan),
        at._replace(second=at.second * np.nan),
    ):
        assert describe_fold(curve, wrong, 0.0) is None


def test_a_transcritical_point_without_a_mixed_coefficient():
    """x' = (x - p)(x + p): b11 = 0, and yet two branches cross and exchange their stability."""
    field = compile_field(System.from_text("x' = x^2 - p^2; p = -0.5"))
    for start in (-0.5, 0.5):
        (point,) = continue_branch(field, [start], "p", (-1, 1)).special_points
        assert point.kind == "transcritical" and abs(point.value) < 1e-12
        np.testing.assert_allclose(np.abs(point.directions), 0.5**0.5, rtol=1e-9)
    diagram = bifurcation_diagram(field, "p", (-1, 1))
    assert [point.kind for point in diagram.special_points] == ["transcritical"]
    ends = [branch.kappa[0, 0] * branch.values[0] for branch in diagram.branches]
    np.testing.assert_allclose(sorted(ends), [-1, 1], atol=1e-12)


def test_folds_in_any_unit_of_time():
    """Of one variable, whose Jacobian has no other entry to be measured by, off the points that are exact."""
    field = compile_field(System.from_text("x' = e (p - (x - 0.3)^2 - 0.1 x^3); p = 0.5; e = 1"))
    for e in (1e-15, 1e-6, 1.0, 1e9, 1e15):
        (point,) = continue_branch(field.with_values(e=e), [0.9], "p", (-1, 1)).special_points
        assert point.kind == "fold"
        np.testing.assert_allclose(2 * (point.kappa[0] - 0.3) + 0.3 * point.kappa[0] ** 2, 0, atol=1e-12)


def test_hopf_points_in_any_unit_of_time():
    text = "x' = e (p x - y - x (x^2 + y^2)); y' = e (x + p y - y (x^2 + y^2)); p = -0.5; e = 1"
    field = compile_field(System.from_text(text))
    for e in (1e-15, 1e-6, 1.0, 1e6):
        (point,) = continue_branch(field.with_values(e=e), [0.0, 0.0], "p", (-1, 1)).special_points
        assert point.kind == "Hopf" and abs(point.coefficients["c1"] / e + 2) < 1e-9
