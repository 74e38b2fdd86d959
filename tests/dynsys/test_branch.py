"""How branches begin and end, and what they must not depend on: steps, units, where they start."""

from dataclasses import replace

import numpy as np
import problems
import pytest
from problems import points

from dynsys.analysis import compile_field, continue_branch, find_fixed_points, reduced_field
from dynsys.analysis.curve import make_curve
from dynsys.symbolic import System
from rnn import LowRankRNN
from tasks import InputError, OutcomeError, Status

REACTOR = "X' = t (-X a + c P (1 - X a) exp(Y a)) / a; Y' = t (-Y a + 17 c P (1 - X a) exp(Y a) - 3 Y a) / a"


def without_taylor(curve):
    """The same curve of a field that was made by hand from the first five functions."""
    functions = curve.field.functions._replace(taylor=None)
    return replace(curve, field=replace(curve.field, functions=functions))


def test_along_an_input():
    """4 units with m = I = 1, n = 2: kappa = 2 tanh(kappa + v), folds where tanh^2 = 1/2."""
    field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    start = find_fixed_points(field, -1.0)[0]
    branch = continue_branch(field, start, "v", (-1, 1), inputs=-1.0)
    at = np.arctanh(np.sqrt(0.5)) - 2 * np.sqrt(0.5)
    np.testing.assert_allclose(sorted(p.value for p in points(branch, "fold")), [at, -at], atol=1e-12)
    np.testing.assert_allclose(branch.outputs[:, 0], np.tanh(branch.kappa[:, 0] + branch.values), atol=1e-12)


def test_closed_loop():
    """x^2 + p^2 = 1 is followed once around, through both folds."""
    x, p = problems.sympy.symbols("x p")
    field = compile_field(System([1 - x**2 - p**2], [x], parameters={"p": 0.6}))
    branch = continue_branch(field, [0.8], "p", (-2, 2))
    assert branch.status is Status.CLOSED_LOOP and "closed loop" in branch.message
    np.testing.assert_allclose(sorted(point.value for point in branch.special_points), [-1, 1], atol=1e-12)
    np.testing.assert_array_equal(branch.kappa[0], branch.kappa[-1])
    assert len(branch.at(branch.values[0])) == 2  # the start is the end, too
    np.testing.assert_allclose(np.sort(branch.at(0.3)[:, 0]), [-np.sqrt(0.91), np.sqrt(0.91)], atol=1e-7)


def test_states_at_a_value_and_arrays():
    branch = continue_branch(problems.cusp(-1.0), [-1.3], "mu", (-1, 1))
    expected = np.sort(np.roots([-1, 0, 1, 0.2]).real)
    np.testing.assert_allclose(np.sort(branch.at(0.2)[:, 0]), expected, atol=1e-6)
    assert branch.at(5.0).shape == (0, 1) and len(branch.at(1.0)) == 1
    arrays = branch.to_arrays()
    assert list(arrays["special_kinds"]) == ["fold", "fold"] and arrays["values"] is branch.values
    assert len(arrays["kappa"]) == len(arrays["stable"]) == len(branch)
    assert "2 special points" in repr(branch) and not branch.values.flags.writeable
    assert branch._repr_html_().count("<tr>") == 3


@pytest.mark.parametrize("max_step", [0.005, 0.1])
def test_events_do_not_depend_on_the_step(max_step):
    field = problems.cusp(-1.0)
    usual = continue_branch(field, [-1.3], "mu", (-1, 1))
    branch = continue_branch(field, [-1.3], "mu", (-1, 1), max_step=max_step)
    assert (len(branch) > len(usual)) == (max_step < 0.02)
    scale = np.append(np.full(1, 1.3), 2.0)
    steps = np.diff(np.column_stack([branch.kappa, branch.values]) / scale, axis=0)
    assert np.abs(steps).max() < 1.1 * max_step
    assert [point.kind for point in branch.special_points] == ["fold", "fold"]
    for point, same in zip(branch.special_points, usual.special_points):
        np.testing.assert_allclose(
            np.append(point.kappa, point.value), np.append(same.kappa, same.value), rtol=1e-12
        )


def test_endings_are_named_and_the_branch_is_kept():
    field = problems.cusp(-1.0)
    lost = continue_branch(problems.cusp(5.0, -1.0), [40.0], "mu", (-9, 9))
    assert lost.status is Status.NOT_ON_BRANCH and len(lost) == 0 and "largest entry of F" in lost.message
    with pytest.raises(OutcomeError, match="find_fixed_points"):
        continue_branch(problems.cusp(5.0, -1.0), [40.0], "mu", (-9, 9), strict=True)
    short = continue_branch(field, [-1.3], "mu", (-1, 1), max_points=5)
    assert short.status is Status.MAX_STEPS and len(short) == 5
    x, a, b = problems.sympy.symbols("x a b")
    dead = continue_branch(
        compile_field(System([a - x**3], [x], parameters={"a": 1.0, "b": 0.0})), [1.0], "b", (0, 1)
    )
    assert dead.status is Status.DEAD_PARAMETER and len(dead) > 2
    away = continue_branch(
        compile_field(System([1 - a * x], [x], parameters={"a": 1.0})), [1.0], "a", (-1, 2)
    )
    assert Status.LEFT_BOX in away.ends and away.kappa.max() > 10
    wall = continue_branch(
        compile_field(System([problems.sympy.sqrt(a) - x], [x], parameters={"a": 1.0})), [1.0], "a", (-1, 2)
    )
    assert Status.MIN_STEP in wall.ends and Status.REACHED_SPAN in wall.ends
    assert 0 <= wall.values.min() < 1e-3 and wall.values.max() == 2 and "shortest step" in wall.message


def test_gain_from_zero_and_zero_kappa_is_not_dead():
    field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    branch = continue_branch(field.with_values(gain=0.0), [0.0], "gain", (0, 2))
    assert branch.status is Status.REACHED_SPAN and len(branch.special_points) == 1
    assert (branch.values[0], branch.values[-1]) == (0.0, 2.0)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (([0.0], "nu", (-1, 1)), "'nu'; it has mu, lam"),
        (([0.0], "mu", (1, -1)), "low < high"),
        (([0.0], "mu", (0, np.inf)), "span"),
        (([0.0], "mu", (1, 2)), "outside the span"),
        (([0.0], "mu", (-1, 1), None, 9, False, None, 0.0), "max_step"),
        (([0.0], "mu", (-1, 1), None, 9, False, None, float("nan")), "max_step"),
        (([0.0, 0.0], "mu", (-1, 1)), "start: expected"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(InputError, match=words):
        continue_branch(problems.cusp(), *arguments)


def test_second_and_mixed_derivatives(rng):
    """Taylor arithmetic, and extrapolated differences for fields without it, against sympy."""
    x, y, p = symbols = problems.sympy.symbols("x y p")
    right = [problems.sympy.sin(x * p) + x**2 * y, problems.sympy.exp(p * y) * x - y**3]
    curve = make_curve(compile_field(System(right, [x, y], parameters={"p": 0.4})), "p", (0, 1))
    at = dict(zip(symbols, (0.3, -0.7, 0.4)))

    def exact(*by):
        return [float(f.diff(*by).subs(at)) for f in right]

    places = (x, y, p)
    for given, tolerance in ((curve, 1e-13), (without_taylor(curve), 1e-9)):
        second, third = given.tensor([0.3, -0.7], 0.4, 2, [0]), given.tensor([0.3, -0.7], 0.4, 3)
        for i, j in np.ndindex(3, 3):
            np.testing.assert_allclose(second[:, i, j], exact(places[i], places[j]), atol=tolerance)
        for i, j, k in np.ndindex(2, 2, 2):
            np.testing.assert_allclose(third[:, i, j, k], exact(*(places[m] for m in (i, j, k))), atol=1e-12)


@pytest.mark.parametrize("p2", [14, 18])
def test_fields_without_exact_mixed_derivatives(p2):
    """Differences only slow Newton's method down: the residuals are exact."""
    field = problems.reactor(p2)
    plain = replace(field, functions=field.functions._replace(taylor=None))
    ours, theirs = (continue_branch(f, [0, 0], "p1", (0, 0.5)).special_points for f in (field, plain))
    for a, b in zip(ours, theirs, strict=True):
        assert a.kind == b.kind
        np.testing.assert_allclose([a.value, *a.kappa], [b.value, *b.kappa], atol=1e-11)


def test_events_of_the_user_are_told_apart_by_name_and_must_be_numbers():
    field = compile_field(System.from_text("x' = p - x; p = 0"))
    events = {"half at last": lambda kappa, value, z: kappa[0] - 0.5}
    (point,) = continue_branch(field, [0.0], "p", (-1, 1), events=events).special_points
    assert repr(point).startswith("SpecialPoint(event half at last at p = 0.5")
    for wrong in (lambda kappa, value, z: kappa, lambda kappa, value, z: None):
        with pytest.raises(InputError, match=r"events\[mine\]: the function must return one real number"):
            continue_branch(field, [0.0], "p", (-1, 1), events={"mine": wrong})


@pytest.mark.parametrize(
    ("a", "c", "t"),
    [(1e6, 1, 1), (1e-6, 1, 1), (1, 1e9, 1), (1, 1e-9, 1), (1, 1, 1e6), (1, 1, 1e-8), (1e-9, 1e9, 1e3)],
)
def test_units_of_state_parameter_and_time_do_not_matter(a, c, t):
    """D5 at p2 = 17 with u = a (X, Y), p1 = c P and a clock t times as fast."""
    field = compile_field(System.from_text(f"{REACTOR}; P = {0.01 / c}, a = {a}, c = {c}, t = {t}"))
    branch = continue_branch(field, np.array([0.01, 0.0425]) / a, "P", (0, 0.5 / c))
    kinds = [point.kind for point in branch.special_points]
    assert kinds == ["Hopf", "fold", "fold", "Hopf"] and branch.status is Status.REACHED_SPAN
    values = np.array([point.value for point in branch.special_points]) * c
    np.testing.assert_allclose(values, [0.1208657195, 0.1219011608, 0.1170147504, 0.2170805097], atol=1e-10)
    turns = [point.coefficients["omega"] / t for point in branch.special_points if point.kind == "Hopf"]
    np.testing.assert_allclose(turns, [0.65206332, 5.52944965], rtol=1e-7)


def test_a_branch_may_outgrow_its_start():
    """x = p from 1 to 1000, and x = 1 / (1 - p) up to its pole only."""
    line = compile_field(System.from_text("x' = p - x; p = 1"))
    branch = continue_branch(line, [1.0], "p", (0, 1000))
    assert branch.status is Status.REACHED_SPAN and branch.kappa.max() == pytest.approx(1000)
    pole = compile_field(System.from_text("x' = 1 - x (1 - p); p = 0"))
    branch = continue_branch(pole, [1.0], "p", (-1, 2))
    assert branch.ends[1] is Status.LEFT_BOX and branch.kappa.max() == pytest.approx(20, rel=1e-2)


@pytest.mark.parametrize(("text", "kind"), [("p x - x^3", "pitchfork"), ("p x - x^2", "transcritical")])
def test_kinds_do_not_depend_on_the_unit_of_time(text, kind):
    branch = continue_branch(
        compile_field(System.from_text(f"x' = 1e-7 ({text}); p = -1")), [0.0], "p", (-1, 1)
    )
    assert [point.kind for point in branch.special_points] == [kind]


def test_a_slow_oscillation_is_no_double_zero():
    """Stuart and Landau's oscillator with angular frequency 1e-7."""
    square = "(x^2 + y^2)"
    text = f"x' = 1e-7 (r x - y - x {square}); y' = 1e-7 (x + r y - y {square}); r = -1"
    (point,) = continue_branch(compile_field(System.from_text(text)), [0.0, 0.0], "r", (-1, 1)).special_points
    assert point.sentence.startswith(
        "Supercritical Hopf point at r = 0: oscillations of angular frequency 1e-07"
    )


def test_nothing_merges_where_f_only_fades():
    """x' = p - tanh(x): for large x nothing is left of the derivatives."""
    branch = continue_branch(compile_field(System.from_text("x' = p - tanh(x); p = 0")), [0.0], "p", (-2, 2))
    assert all("three fixed points" not in point.sentence for point in branch.special_points)
