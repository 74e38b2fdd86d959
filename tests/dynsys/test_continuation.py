"""Branches and special points against published values, closed forms and relations that must hold."""

from dataclasses import replace

import numpy as np
import problems
import pytest

from dynsys.analysis import compile_field, continue_branch, find_fixed_points, reduced_field
from dynsys.analysis.curve import make_curve
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN
from tasks import InputError, OutcomeError, Status

# What is held to the problems' own accuracy, and what the stated digits of a published value allow.
EXACT, DIGITS = 1e-12, 6e-11


def points(branch, *kinds):
    return [point for point in branch.special_points if point.kind in kinds]


def check_branch(field, branch, parameter):
    """Relations that hold on every branch: F = 0 and the right eigenvalues everywhere."""
    for value, state, eigenvalues in zip(branch.values, branch.kappa, branch.eigenvalues):
        at = field.with_values(**{parameter: value})
        assert np.abs(at.rhs(state)).max() < 1e-9 * (1 + np.abs(state).max())
        np.testing.assert_allclose(
            np.sort_complex(np.linalg.eigvals(at.jacobian(state))), np.sort_complex(eigenvalues), atol=1e-7
        )


def test_folds_of_the_cusp():
    """D1: folds at mu = -+0.3849001795, x = +-1/sqrt(3), a = -+sqrt(3)."""
    field = problems.cusp(-1.0)
    branch = continue_branch(field, [-1.3], "mu", (-1, 1))
    check_branch(field, branch, "mu")
    assert branch.status is Status.REACHED_SPAN and branch.ends == (Status.REACHED_SPAN,) * 2
    assert {branch.values[0], branch.values[-1]} == {-1.0, 1.0}
    folds = sorted(points(branch, "fold"), key=lambda point: point.value)
    assert len(branch.special_points) == 2
    np.testing.assert_allclose([fold.value for fold in folds], [-0.3849001795, 0.3849001795], atol=DIGITS)
    np.testing.assert_allclose([fold.kappa[0] for fold in folds], [3**-0.5, -(3**-0.5)], atol=EXACT)
    np.testing.assert_allclose([fold.coefficients["a"] for fold in folds], [-(3**0.5), 3**0.5], atol=1e-10)
    assert "they exist for mu above it" in folds[0].sentence and "below" in folds[1].sentence
    assert branch.stable.sum() and (~branch.stable).sum()


@pytest.mark.parametrize("lam", [1e-2, 1e-4, 1e-6, 1e-8])
def test_two_folds_in_one_step(lam):
    """Folds at mu = -+2 (lam / 3)^(3/2), far closer to each other than one step."""
    branch = continue_branch(problems.cusp(-1.0, lam), [-1.0], "mu", (-1, 1))
    folds = sorted(points(branch, "fold"), key=lambda point: point.value)
    expected = 2 * (lam / 3) ** 1.5
    assert len(folds) == len(branch.special_points) == 2
    np.testing.assert_allclose([fold.value for fold in folds], [-expected, expected], rtol=0, atol=1e-14)


@pytest.mark.parametrize("start", [-1.0, 0.0])
def test_a_cusp_is_no_pair_of_folds(start):
    """D1: c = -1 at mu = lam = 0."""
    branch = continue_branch(problems.cusp(start**3, 0.0), [start], "mu", (-1, 1))
    (cusp,) = branch.special_points
    assert cusp.kind == "cusp"
    np.testing.assert_allclose([cusp.value, cusp.kappa[0]], 0, atol=1e-10)
    assert cusp.coefficients["c"] == pytest.approx(-1, abs=1e-9)


@pytest.mark.parametrize("lam", [-1e-8, -1e-4, -1e-2])
def test_nothing_where_nothing_is(lam):
    assert continue_branch(problems.cusp(-1.0, lam), [-1.0], "mu", (-1, 1)).special_points == ()


@pytest.mark.parametrize("start", [0.0, 1.0, -1.0])
def test_pitchfork_from_every_branch(start):
    """x' = lam x - x^3: also when the branch followed is the side branch."""
    branch = continue_branch(problems.cusp(0.0, 1.0), [start], "lam", (-1, 1))
    (point,) = branch.special_points
    assert point.kind == "pitchfork" and "Supercritical pitchfork" in point.sentence
    np.testing.assert_allclose([point.value, point.kappa[0]], 0, atol=EXACT)
    np.testing.assert_allclose([point.coefficients[k] for k in ("b11", "b20", "b30")], [1, 0, -6], atol=1e-9)
    assert point.directions.shape == (2, 2)


@pytest.mark.parametrize("mu", [1e-2, 1e-5, 1e-7])
def test_an_imperfect_pitchfork_is_followed_around_its_bend(mu):
    """x' = mu + lam x - x^3, mu > 0: the branch from below turns to x > 0 and stays stable."""
    branch = continue_branch(problems.cusp(mu, -1.0), [mu], "lam", (-1, 1))
    assert branch.special_points == () and branch.stable.all()
    last = branch.kappa[np.argmax(branch.values), 0]
    assert last == pytest.approx(1.0, abs=mu)


@pytest.mark.parametrize("g", [0.0, 0.5, 2.0])
def test_transcritical(g):
    """D2: b11 = 3.23, b20/2 = -1.12 + g, b30/6 = 0.234 + 2.24 g - 2 g^2."""
    branch = continue_branch(problems.transcritical(g), [0, 0], "mu", (-1, 1))
    (point,) = points(branch, "transcritical")
    np.testing.assert_allclose([point.value, *point.kappa], 0, atol=EXACT)
    c = point.coefficients
    np.testing.assert_allclose([c["b11"], c["b20"] / 2], [3.23, -1.12 + g], atol=1e-9)
    assert c["b30"] / 6 == pytest.approx(0.234 + 2.24 * g - 2 * g**2, abs=1e-9)


def test_fold_on_the_crossing_branch():
    """D2, g = 0: fold at x1 = 2.3931624, mu = 0.4149136038 of the branch that crosses at 0."""
    branch = continue_branch(problems.transcritical(mu=0.0), [4.7863247863, 0], "mu", (-1, 1))
    (fold,), (crossing,) = points(branch, "fold"), points(branch, "transcritical")
    np.testing.assert_allclose([fold.value, *fold.kappa], [0.4149136038, 2.3931623932, 0], atol=DIGITS)
    np.testing.assert_allclose(crossing.value, 0, atol=EXACT)


def test_pitchfork_coefficients():
    """D2 with -x^3: b30/6 = -1."""
    branch = continue_branch(problems.pitchfork(), [0, 0], "mu", (-1, 1))
    (point,) = points(branch, "pitchfork")
    np.testing.assert_allclose(point.coefficients["b30"] / 6, -1, atol=1e-9)
    assert "unstable for mu above it, and two stable ones exist for mu above it" in point.sentence


def test_several_eigenvalues_at_once():
    """D2: branch points at lam = i with kernels of dimension i."""
    branch = continue_branch(problems.several_pitchforks(), np.zeros(6), "lam", (0.5, 3.5))
    found = points(branch, "pitchfork", "branch point")
    np.testing.assert_allclose([point.value for point in found], [1, 2, 3], atol=1e-11)
    assert [point.coefficients.get("multiplicity") for point in found] == [None, 2, 3]


def test_four_eigenvalues_at_once():
    """An even number leaves no sign in any determinant of the Jacobian."""
    x = problems.sympy.symbols("x1:5")
    lam = problems.sympy.Symbol("lam")
    field = compile_field(System([lam * xi - xi**3 for xi in x], x, parameters={"lam": -0.7}))
    branch = continue_branch(field, np.zeros(4), "lam", (-1, 1))
    (point,) = points(branch, "branch point")
    assert point.coefficients["multiplicity"] == 4 and point.value == pytest.approx(0, abs=1e-11)


def test_hopf_of_stuart_landau():
    """D3: c1 = -2.246 - 0.264 i, omega = 1."""
    branch = continue_branch(problems.stuart_landau(), [0, 0], "r", (-1, 1))
    (point,) = branch.special_points
    assert point.kind == "Hopf" and "Supercritical" in point.sentence
    np.testing.assert_allclose(point.value, 0, atol=EXACT)
    assert point.coefficients["omega"] == pytest.approx(1, abs=1e-10)
    assert point.coefficients["c1"] == pytest.approx(-2.246 - 0.264j, abs=1e-9)


@pytest.mark.parametrize("b2, kind", [(-0.5, "Hopf"), (0.5, "neutral saddle")])
def test_hopf_is_told_from_a_neutral_saddle(b2, kind):
    """D4: on b1 = b2^2, x = -b2; c1 = -0.25 - 0.917 i at b2 = -0.5."""
    branch = continue_branch(problems.bogdanov_takens(0.25, b2), [-b2, 0], "b1", (-0.1, 1))
    assert sorted(p.kind for p in branch.special_points) == sorted(["fold", kind])
    (fold,), (point,) = points(branch, "fold"), points(branch, kind)
    np.testing.assert_allclose([fold.value, *fold.kappa], 0, atol=1e-10)
    np.testing.assert_allclose([point.value, *point.kappa], [0.25, -b2, 0], atol=1e-8)
    if kind == "Hopf":
        assert point.coefficients["c1"] == pytest.approx(-0.25 - 0.917j, abs=5e-4)


@pytest.mark.parametrize(
    "p2, hopfs, folds",
    [
        (14, [(0.1650420453, 1.02475638, 1.590811), (0.3365504989, 4.57710327, -1.644191)], []),
        (15, [(0.1468824756, 0.88579088, 2.361994), (0.2945108042, 4.92091196, -1.842404)], []),
        (16, [(0.1325384443, 0.76393202, 3.405766), (0.2541883993, 5.23606798, -2.032952)], []),
        (17, [(0.1208657195, 0.65206332, 4.918245), (0.2170805097, 5.52944965, -2.218439)],
         [0.1219011608, 0.1170147504]),
        (18, [(0.1111534842, 0.54470810, 7.326786), (0.1838346080, 5.80545374, -2.400377)],
         [0.1115650801, 0.0995741367]),
    ],
)  # fmt: skip
def test_reactor(p2, hopfs, folds):
    """D5: AUTO's demo ab; at p2 = 16 a cusp at p1 = exp(-2), u = (1/2, 2)."""
    branch = continue_branch(problems.reactor(p2), [0, 0], "p1", (0, 0.5))
    found = points(branch, "Hopf")
    np.testing.assert_allclose([p.value for p in found], [h[0] for h in hopfs], atol=DIGITS)
    np.testing.assert_allclose([p.coefficients["omega"] for p in found], [h[1] for h in hopfs], atol=6e-9)
    np.testing.assert_allclose([p.coefficients["c1"].real for p in found], [h[2] for h in hopfs], atol=1e-6)
    np.testing.assert_allclose([p.value for p in points(branch, "fold")], folds, atol=DIGITS)
    cusps = points(branch, "cusp")
    assert len(cusps) == (p2 == 16)
    for cusp in cusps:
        np.testing.assert_allclose([cusp.value, *cusp.kappa], [np.exp(-2), 0.5, 2], atol=1e-9)
    assert ["Subcritical" in p.sentence for p in found] == [True, False]


def test_predator_prey():
    """D6: branch points at 0.6 and 0.8219043454, fold 0.8329293222, Hopf 0.6715938475."""
    field = problems.predator_prey()
    coexistence = continue_branch(field, [1 / 3, 2], "p1", (0, 1))
    prey = continue_branch(field, [1, 0], "p1", (0, 1))
    (hopf,), (crossing,) = points(coexistence, "Hopf"), points(coexistence, "transcritical")
    np.testing.assert_allclose([hopf.value, *hopf.kappa], [0.6715938475, 1 / 3, 0.36576154], atol=5e-9)
    np.testing.assert_allclose(hopf.coefficients["omega"], 0.604782222, atol=1e-9)
    np.testing.assert_allclose(hopf.coefficients["c1"].real, -0.4292748, atol=1e-7)
    np.testing.assert_allclose(crossing.value, 0.8219043454, atol=DIGITS)
    (fold,) = points(prey, "fold")
    np.testing.assert_allclose([fold.value, fold.kappa[0]], [0.8329293222, 0.4111615610], atol=6e-10)
    values = sorted(point.value for point in points(prey, "transcritical"))
    np.testing.assert_allclose(values, [0.6, 0.8219043454], atol=DIGITS)


def test_lorenz():
    """D7: branch point rho = 1; Hopf rho = 470/19, omega 9.62453006, Re c1 +0.002555495."""
    branch = continue_branch(problems.lorenz(10.0), [24**0.5, 24**0.5, 9], "rho", (0, 30))
    (pitchfork,) = points(branch, "pitchfork")
    np.testing.assert_allclose(pitchfork.value, 1, atol=EXACT)
    for hopf in points(branch, "Hopf"):
        np.testing.assert_allclose(hopf.value, 470 / 19, atol=1e-11)
        np.testing.assert_allclose(np.abs(hopf.kappa[:2]), 7.95601946, atol=5e-9)
        np.testing.assert_allclose(hopf.coefficients["omega"], 9.62453006, atol=5e-9)
        np.testing.assert_allclose(hopf.coefficients["c1"].real, 0.002555495, atol=1e-9)
    assert len(points(branch, "Hopf")) == 2  # the symmetric pair: one branch through the pitchfork


def test_morris_lecar():
    """D8: Hopf at I = 93.8576183737 and 212.0188161004."""
    field = problems.morris_lecar()
    start = find_fixed_points(field, box=[[-80, 60], [0, 1]])[0]
    found = points(continue_branch(field, start, "I", (0, 300)), "Hopf")
    np.testing.assert_allclose([p.value for p in found], [93.8576183737, 212.0188161004], atol=1e-9)
    np.testing.assert_allclose(found[0].kappa, [-25.27010488, 0.13967319], atol=5e-9)
    omega = [p.coefficients["omega"] for p in found]
    np.testing.assert_allclose(omega, [0.0797797841, 0.148602171], atol=1e-9)
    c1 = [p.coefficients["c1"].real for p in found]
    np.testing.assert_allclose(c1, [5.22014e-4, 5.451162e-4], atol=1e-9)


def test_fitzhugh_nagumo():
    """D9: v = -+sqrt(1 - 0.064), I = 0.3312813375 and 1.4187186625, Re c1 +0.2677846."""
    field = problems.fitzhugh_nagumo()
    found = points(continue_branch(field, find_fixed_points(field)[0], "I", (0, 2)), "Hopf")
    np.testing.assert_allclose([p.value for p in found], [0.3312813375, 1.4187186625], atol=DIGITS)
    np.testing.assert_allclose([p.kappa[0] for p in found], [-np.sqrt(0.936), np.sqrt(0.936)], atol=1e-11)
    np.testing.assert_allclose([p.coefficients["omega"] for p in found], 0.275506806, atol=1e-9)
    np.testing.assert_allclose([p.coefficients["c1"].real for p in found], 0.2677846, atol=1e-7)


@pytest.mark.parametrize("phi, cubic", [("erf", -np.pi / 4), ("tanh", -1.0)])
def test_pitchfork_of_the_mean_field(phi, cubic):
    """D11: at sigma_mn = 1, b11 = 1, b30/6 = -pi/4 (erf) or -1 (tanh)."""
    field = compile_field(mean_field(problems.rank_one_populations(0.5, phi)))
    branch = continue_branch(field, [0.0], "sigma_mn", (0.2, 2))
    (point,) = branch.special_points
    assert point.kind == "pitchfork"
    np.testing.assert_allclose([point.value, point.kappa[0]], [1, 0], atol=1e-11)
    assert point.coefficients["b11"] == pytest.approx(1, abs=1e-9)
    assert point.coefficients["b30"] / 6 == pytest.approx(cubic, abs=1e-9)


def test_hopf_of_the_mean_field():
    """D11: rotation [[a, -b], [b, a]]: along the gain, Hopf at gain a = 1 with omega = b / a."""
    field = compile_field(mean_field(problems.rank_two_populations([[1.0, -1.0], [1.0, 1.0]])))
    branch = continue_branch(field.with_values(gain=0.5), [0, 0], "gain", (0.5, 2))
    (point,) = branch.special_points
    assert point.kind == "Hopf"
    np.testing.assert_allclose([point.value, *point.kappa], [1, 0, 0], atol=1e-11)
    assert point.coefficients["omega"] == pytest.approx(1, abs=1e-10)
    assert point.coefficients["c1"] == pytest.approx(-np.pi / 2 * (1 + 1j), abs=1e-9)


def test_along_an_input():
    """4 units with m = I = 1, n = 2: kappa = 2 tanh(kappa + v), folds where tanh^2 = 1/2."""
    field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    start = find_fixed_points(field, -1.0)[0]
    branch = continue_branch(field, start, "v", (-1, 1), inputs=-1.0)
    at = np.arctanh(np.sqrt(0.5)) - 2 * np.sqrt(0.5)
    np.testing.assert_allclose(sorted(p.value for p in points(branch, "fold")), [at, -at], atol=EXACT)
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


def without_taylor(curve):
    """The same curve of a field that was made by hand from the first five functions."""
    functions = curve.field.functions._replace(taylor=None)
    return replace(curve, field=replace(curve.field, functions=functions))


@pytest.mark.parametrize("p2", [14, 18])
def test_fields_without_exact_mixed_derivatives(p2):
    """Differences only slow Newton's method down: the residuals are exact."""
    field = problems.reactor(p2)
    plain = replace(field, functions=field.functions._replace(taylor=None))
    ours, theirs = (continue_branch(f, [0, 0], "p1", (0, 0.5)).special_points for f in (field, plain))
    for a, b in zip(ours, theirs, strict=True):
        assert a.kind == b.kind
        np.testing.assert_allclose([a.value, *a.kappa], [b.value, *b.kappa], atol=1e-11)


@pytest.mark.parametrize("name", ["rdm_lr_fig2", "mante_lr_fig1"])
@pytest.mark.parametrize("which", ["finite", "K1_mean"])
def test_published_networks(published, name, which):
    """Pitchforks along the gain, folds along the gain and along every input, to 1e-6 and better."""
    field = problems.published_fields(published, name)[which]
    for case in problems.expected(published)[name]["bifurcations"][which].values():
        along_gain = case["param"] == "g"
        parameter = "gain" if along_gain else field.inputs[int(np.argmax(case["dv"]))]
        found = set()
        for value in np.linspace(*case["range"], 4):
            at = field.with_values(gain=value) if along_gain else field
            v = np.array(case["v0"]) + (0 if along_gain else value) * np.array(case["dv"])
            for start in find_fixed_points(at, v):
                branch = continue_branch(at, start, parameter, case["range"], v)
                assert branch.status.ok
                found |= {(p.kind, round(p.value, 9), *p.kappa.round(8)) for p in branch.special_points}
        wanted = [("fold", fold["p"], *fold["kappa"]) for fold in case["folds"]]
        wanted += [(origin["kind"], origin["p"], 0.0) for origin in case.get("origin", [])]
        assert [entry[0] for entry in sorted(found)] == [entry[0] for entry in sorted(wanted)]
        for got, want in zip(sorted(found), sorted(wanted)):
            np.testing.assert_allclose(got[1:], want[1:], rtol=0, atol=1e-8)


def test_a_side_branch_names_its_pitchfork_once():
    """Where the test for branch points is placed less well than the turn of the branch that it belongs to."""
    rng = np.random.default_rng(59)
    m = rng.normal(size=40) * rng.uniform(0.5, 6)
    n = m * rng.uniform(0.3, 1.5) + rng.normal(size=40)
    field = reduced_field(LowRankRNN(m, n, np.zeros(40), m)).with_values(gain=1.3)
    for start in find_fixed_points(field):
        kinds = [point.kind for point in continue_branch(field, start, "gain", (0, 2)).special_points]
        assert kinds == ["pitchfork"]


def test_a_neutral_saddle_is_solved_for_and_not_only_bracketed():
    text = "x' = y; y' = -1 + b y + x^2 + x y; b = -2"
    field = compile_field(System.from_text(text))
    (point,) = continue_branch(field, [1.0, 0.0], "b", (-3, 3)).special_points
    assert point.kind == "neutral saddle" and abs(point.value + 1) < 1e-12  # the trace is b + x, x = 1


def test_events_of_the_user_are_told_apart_by_name_and_must_be_numbers():
    field = compile_field(System.from_text("x' = p - x; p = 0"))
    events = {"half at last": lambda kappa, value, z: kappa[0] - 0.5}
    (point,) = continue_branch(field, [0.0], "p", (-1, 1), events=events).special_points
    assert repr(point).startswith("SpecialPoint(event half at last at p = 0.5")
    for wrong in (lambda kappa, value, z: kappa, lambda kappa, value, z: None):
        with pytest.raises(InputError, match=r"events\[mine\]: the function must return one real number"):
            continue_branch(field, [0.0], "p", (-1, 1), events={"mine": wrong})


REACTOR = "X' = t (-X a + c P (1 - X a) exp(Y a)) / a; Y' = t (-Y a + 17 c P (1 - X a) exp(Y a) - 3 Y a) / a"


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
