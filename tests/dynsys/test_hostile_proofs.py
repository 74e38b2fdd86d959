"""Attempts to make a certificate lie: roots on faces and corners, double ones, extreme scales and orders."""

import itertools
from fractions import Fraction

import numpy as np
import problems
import pytest
import sympy
from balls import Checker

from dynsys.analysis import certify, compile_field, count_map, find_fixed_points
from dynsys.populations import Populations
from dynsys.symbolic import System, mean_field
from dynsys.symbolic.derivatives import plain
from dynsys.symbolic.enclosures import enclosure_text
from dynsys.symbolic.expectations import expectation
from tasks.errors import InputError

X, Y = sympy.symbols("x y", real=True)


def holds(box, root):
    """Whether a box holds a root, in exact arithmetic."""
    return all(Fraction(low) <= Fraction(r) <= Fraction(high) for r, (low, high) in zip(root, box.tolist()))


def is_honest(certificate, roots):
    """Every root lies in exactly one of the proved boxes or in an undecided one; no more are claimed."""
    inside = [root for root in roots if holds(certificate.box, root)]
    for root in inside:
        proved = sum(holds(box, root) for box in certificate.roots)
        if proved != 1 and not (proved == 0 and any(holds(box, root) for box in certificate.undecided)):
            return False
    for box in certificate.roots:
        if sum(holds(box, root) for root in roots) != 1:
            return False
    return True


CIRCLE = "; ".join(f"x{i}' = x{i} - x{i % 6 + 1}^2" for i in range(1, 7))
GRID = list(itertools.product([0, 0.5, -0.5], [0, 0.5]))
SYSTEMS = {
    "middles of the box and of its halves": (
        "x' = x (x - 1/2) (x + 1/2); y' = y (y - 1/2)", GRID, [[-1, 1], [-1, 1]], 6),
    "faces": ("x' = x (x - 1/2) (x + 1/2); y' = y (y - 1/2)", GRID, [[-0.5, 1], [-1, 0.5]], 2),
    "a corner": ("x' = x; y' = y", [(0, 0)], [[0, 1], [0, 1]], 0),
    "three at distance 1e-9": (
        "x' = (x - 1/4) (x - 1/4 - 2^(-30)) (x - 1/4 + 2^(-30))",
        [(0.25,), (0.25 + 2**-30,), (0.25 - 2**-30,)], [[-1, 1]], None),
    "two at distance 3e-14": (
        "x' = (x - 1/4) (x - 1/4 - 2^(-45))", [(0.25,), (0.25 + 2**-45,)], [[-1, 1]], None),
    "double": ("x' = (x - 1/4)^2; y' = y - x", [(0.25, 0.25)], [[-1, 1]] * 2, 0),
    "triple": ("x' = x^3; y' = y", [(0, 0)], [[-1, 1]] * 2, 0),
    "large and small factors": (
        "x' = 10^12 x (x^2 - 1/4); y' = 10^(-12) (y - x)", [(0, 0), (0.5, 0.5), (-0.5, -0.5)],
        [[-1, 1]] * 2, 3),
    "large states": (
        "x' = x (x^2 - 10^24); y' = y - x", [(0, 0), (10**12, 10**12), (-(10**12), -(10**12))],
        [[-1.1e12, 1.3e12]] * 2, 3),
    "small states": (
        "x' = x (x^2 - 2^(-80)); y' = y - x", [(0, 0), (2.0**-40, 2.0**-40), (-(2.0**-40), -(2.0**-40))],
        [[-1.1e-12, 1.3e-12]] * 2, 3),
    "a box of neighbouring floats": (
        "x' = x - 1/3; y' = y - 1/7", [(Fraction(1, 3), Fraction(1, 7))],
        [[1 / 3, np.nextafter(1 / 3, 1)], [np.nextafter(1 / 7, 0), np.nextafter(1 / 7, 1)]], None),
    "the smallest floats": ("x' = x", [(0,)], [[-5e-324, 5e-324]], None),
    "a box to the largest floats": ("x' = x^3 - x", [(0,), (1,), (-1,)], [[-1e308, 1.7e308]], None),
    "a kink with a root": ("x' = abs(x) + 2 x", [(0,)], [[-1, 1]], 1),
    "a half line of roots": ("x' = abs(x) + x", [(0,), (-0.5,), (-1 / 3,)], [[-1, 1]], 0),
    "where F ends": ("x' = sqrt(x) - 1/2", [(0.25,)], [[-1, 1]], 1),
    "a pole": ("x' = 1/x - 2", [(0.5,)], [[-1, 1]], 1),
    "a jump": ("x' = sign(x - 1/4)", [(0.25,)], [[-1, 1]], 0),
    "a root in a jump": ("x' = sign(x - 1/4) + x - 1/4", [(0.25,)], [[-1, 1.1]], 0),
    "a jump over zero": ("x' = 2 x - 3 sign(x - 1/4)", [], [[-0.1, 0.7]], 0),
    "six dimensions": (CIRCLE, [(0,) * 6, (1,) * 6], [[-2, 2.3]] * 6, 2),
    "six dimensions, a corner": (CIRCLE, [(0,) * 6, (1,) * 6], [[-2, 1]] * 6, 1),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_known_roots(name):
    text, roots, box, proved = SYSTEMS[name]
    certificate = certify(compile_field(System.from_text(text)), box=box, budget=3000)
    assert is_honest(certificate, roots)
    assert proved is None or certificate.proved == proved
    inside = sum(holds(certificate.box, root) for root in roots)
    assert not certificate.complete or certificate.proved == inside


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_polynomials_with_known_roots(seed):
    """Products of differences, mixed by an integer matrix; roots at fractions of 64, boxes that end at some.

    The independent check needs roots that are not close.
    """
    rng = np.random.default_rng(seed)
    one, two = (np.unique(rng.integers(-32, 33, 3)) / 64 for _ in range(2))
    f, g = (
        sympy.prod([variable - sympy.Rational(int(64 * r), 64) for r in places])
        for variable, places in ((X, one), (Y + X**2, two))
    )
    matrix = rng.integers(-3, 4, (2, 2))
    matrix = (
        matrix if abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]) else np.eye(2, dtype=int)
    )
    system = System([int(a) * f + int(b) * g for a, b in matrix], [X, Y])
    roots = [(x, y - x**2) for x in one for y in two]  # exact: fractions of 4096
    ends = [sorted(rng.choice([*places, -0.9, 0.8], 2, replace=False)) for places in (one, two - one[0] ** 2)]
    for box in ([[-1, 1], [-2, 1]], ends):
        certificate = certify(compile_field(system), box=box, budget=4000)
        assert is_honest(certificate, roots)
        if box is not ends:
            assert certificate.complete and certificate.proved == len(roots)
            far = min(np.diff(one).min(), np.diff(two).min()) > 0.1
            assert not far or Checker(system, certificate).proves()


def test_products_of_floats_are_not_rounded():
    """d/dx 0.1 x^3 = 0.3 x^2 has no coefficient 0.1 * 3.0 = 0.30000000000000004, as sympy has it."""
    text = enclosure_text(plain(System([0.1 * X**3 - 0.2], [X])))
    slopes = text.partition("def slopes")[2]
    exact = 3 * Fraction(0.1)
    assert "0.30000000000000004," not in slopes and "scale(0.30000000000000004" not in slopes
    low, high = (Fraction(float(part)) for part in slopes.rpartition("(")[2].partition(")")[0].split(","))
    assert low < exact < high


def test_numbers_beyond_floats_are_enclosed():
    huge = System([X - sympy.Integer(10) ** 400 * Y, Y - sympy.Rational(1, 10**400) * X], [X, Y])
    text = enclosure_text(plain(huge))
    assert "(1.7976931348623157e+308, math.inf)" in text and "(-5e-324, 5e-324)" in text


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["tanh", "erf"])
@pytest.mark.parametrize("order", [4, 8, 11])
def test_fixed_points_of_high_orders_are_proved(phi, order):
    """The slopes need two orders more, as the variance depends on the state."""
    scale = float(sympy.factorial(order - 1))
    system = System([expectation(phi, order, X, 1 + X**2 / 4) / scale - X / 8 + sympy.Rational(1, 64)], [X])
    field = compile_field(system)
    certificate = certify(field, box=[[-3, 3]])
    assert certificate.complete
    found = find_fixed_points(field, box=[[-3, 3]])
    assert len(found) == certificate.proved
    np.testing.assert_allclose(certificate.roots.mean(axis=2), found.kappa, rtol=0, atol=1e-6)


def test_orders_without_an_enclosure_are_named():
    with pytest.raises(InputError, match=r"E phi\^\(14\), phi = tanh.*enclosures reach order 13"):
        enclosure_text(plain(System([expectation("tanh", 13, X, 1) - X], [X])))
    # of a linear function there are all
    assert "linear_bounds" in enclosure_text(plain(System([expectation("linear", 20, X, 1 + X**2) - X], [X])))


@pytest.mark.slow
@pytest.mark.parametrize("variance", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_variances_of_any_size(variance):
    """erf: kappa* = +- sqrt(2 (sigma_mn^2 - 1) / (pi sigma_mm)) (THEORY 4)."""
    field = compile_field(mean_field(problems.rank_one_populations(1.5)), sigma_mm=variance)
    exact = np.sqrt(2 / np.pi * 1.25 / variance)
    certificate = certify(field, box=[[-1.7 * exact, 2.1 * exact]])
    assert certificate.complete and certificate.proved == 3
    roots, near = certificate.roots.mean(axis=2)[:, 0], 1e-9 * exact
    np.testing.assert_allclose(roots, [-exact, 0, exact], rtol=1e-9, atol=near)


@pytest.mark.slow
def test_a_line_of_fixed_points_is_undecided():
    """relu with zero means: F = -kappa + sigma_mn kappa / 2 vanishes at sigma_mn = 2."""
    field = compile_field(mean_field(problems.rank_one_populations(2.0, "relu")))
    found = find_fixed_points(field, box=[[-2, 2]], certify=True)
    assert found.certificate.proved == 0 and not found.certificate.complete
    assert len(found.continua) > 0 and "not isolated" in found.message
    undecided = found.certificate.undecided
    assert undecided[..., 0].min() == -2 and undecided[..., 1].max() == 2


@pytest.mark.slow
def test_a_map_over_a_ring_claims_nothing():
    """Isotropic rank two: a ring of fixed points from gain 1/2 on, the origin alone below."""
    field = compile_field(mean_field(problems.rank_two_populations([[2, 0], [0, 2]])))
    gains = np.array([0.25, 0.45, 0.75, 1.0])
    axes = ("gain", gains), ("sigma_n1m1" if "sigma_n1m1" in field.parameters else "sigma_m1n1", [2.0])
    counts = count_map(field, *axes, budget=300).counts
    np.testing.assert_array_equal(counts[0], [1, 1, -1, -1])


@pytest.mark.slow
def test_a_random_bulk_of_erf_units_is_proved():
    """The mean square needs erf squared, whose slope in Delta_0 needs its second derivative."""
    covariance = [[1.2, 1.6, 0.2], [1.6, 5.0, 0.5], [0.2, 0.5, 0.8]]
    one = Populations([1.0], [[0.2, 0.3, -0.1]], [covariance], 1, 1, 0, phi="erf")
    field = compile_field(mean_field(one, bulk=0.8), gain=1.2)
    box = field.trapping_box()
    box[1, 0] = 1e-4  # Delta_0 = 0 is no fixed point at this input, but the edge of where F is smooth
    certificate, found = certify(field, 0.4, box), find_fixed_points(field, 0.4, box)
    assert certificate.complete and certificate.proved == len(found) > 0
    np.testing.assert_allclose(certificate.roots.mean(axis=2), found.kappa, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_no_root_is_claimed_where_the_variance_is_negative():
    """F = x + a + small terms at a variance of x: its root near -a has no F."""
    a = sympy.Symbol("a", real=True)
    small = expectation("erf", 1, sympy.Rational(1, 2), X) / 1000
    field = compile_field(System([X + a + small], [X], parameters={"a": 0.25}))
    assert np.isnan(field.rhs([-0.25])).all()
    assert certify(field, box=[[-1, 1]]).proved == 0
    other = System([X + a + small + sympy.Symbol("b"), Y], [X, Y], parameters={"a": 0.25, "b": 0.0})
    axes = ("a", [0.25, 0.5]), ("b", [0.0, 0.25])
    assert (count_map(compile_field(other), *axes, box=[[-1, 1]] * 2).counts <= 0).all()
    axes = ("a", [-0.25, -0.5]), ("b", [0.0, 0.125])
    assert (count_map(compile_field(other), *axes, box=[[-1, 1]] * 2).counts == 1).all()
