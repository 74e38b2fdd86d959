"""Normal forms of cycles: coefficients that are known by construction, and what they say about neighbours."""

import numpy as np
import problems
import pytest
import sympy

from dynsys.analysis import Cycle, continue_cycles
from dynsys.analysis.cycle_kinds import describe_doubling, describe_fold, describe_torus

# Around the unit circle in the plane z = 0, once in 2 pi: rho and z across it, in terms of x, y, z.
X, Y, Z, P = sympy.symbols("x y z p")
R = sympy.sqrt(X**2 + Y**2)
COS, SIN, RHO = X / R, Y / R, R - 1


def around(rho, z, **parameters):
    """A field with theta' = 1 and these rho' and z'."""
    return problems.field([COS * rho - Y, SIN * rho + X, z], "x y z", p=-0.1, **parameters)


def mobius():
    """y1' = p y1 + c y1^3, y2' = -y2 in a frame that turns by half a turn around the circle."""
    c = sympy.Symbol("c")
    square = RHO**2 * (1 + COS) / 2 + RHO * Z * SIN + Z**2 * (1 - COS) / 2
    grow = P + c * square
    rho = grow * ((1 + COS) * RHO + SIN * Z) / 2 - ((1 - COS) * RHO - SIN * Z) / 2 - Z / 2
    z = grow * (SIN * RHO + (1 - COS) * Z) / 2 + (SIN * RHO - (1 + COS) * Z) / 2 + RHO / 2
    return around(rho, z, c=0.0)


def ring():
    """zeta' = (p + i turn) zeta + (c + i shift) zeta |zeta|^2 with zeta = rho + i z."""
    c, shift, turn = sympy.symbols("c shift turn")
    square = RHO**2 + Z**2
    rho = P * RHO - turn * Z + square * (c * RHO - shift * Z)
    z = P * Z + turn * RHO + square * (c * Z + shift * RHO)
    return around(rho, z, c=0.0, shift=0.8, turn=0.137)


def circle():
    t = np.linspace(0, 2 * np.pi, 101)
    return Cycle(np.column_stack([np.cos(t), np.sin(t), 0 * t]), t, 2 * np.pi, np.ones(3), "stable cycle")


def only(branch, kind):
    (found,) = (point for point in branch.special_points if point.kind == kind)
    return found


@pytest.mark.parametrize("twist", [0.0, 0.6])
def test_a_fold_in_polar_coordinates(twist):
    x, y, p, w = sympy.symbols("x y p w")
    s = x**2 + y**2  # r' = r (p + r^2 - r^4), theta' = 1 + w r^2: the fold is at r^2 = 1/2
    grow, turn = p + s - s**2, 1 + w * s
    field = problems.field([x * grow - y * turn, y * grow + x * turn], "x y", p=-0.2, w=twist)
    radius = np.sqrt((1 + np.sqrt(0.2)) / 2)
    t = np.linspace(0, 2 * np.pi, 101)
    period = 2 * np.pi / (1 + twist * radius**2)
    start = Cycle(radius * np.column_stack([np.cos(t), np.sin(t)]), t * period / t[-1], period, [1, 0.5], "")
    fold = only(continue_cycles(field, start, "p", (-0.5, 0.5)), "fold of cycles")
    assert fold.value == pytest.approx(-0.25, abs=1e-9)
    assert fold.coefficients["a"] == pytest.approx(-np.sqrt(2), abs=1e-6)
    assert fold.coefficients["a01"] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert "a stable and an unstable cycle meet; they exist for p above it" in fold.sentence


@pytest.mark.slow
@pytest.mark.parametrize("c, side", [(-0.7, "above"), (0.4, "below")])
def test_a_period_doubling_on_a_band_of_half_a_turn(c, side):
    field = mobius().with_values(c=c)
    branch = continue_cycles(field, circle(), "p", (-0.5, 0.5))
    doubling = only(branch, "period doubling")
    assert doubling.value == pytest.approx(0.0, abs=1e-9)
    assert doubling.coefficients["c"] == pytest.approx(c, abs=1e-6)
    assert doubling.coefficients["speed"] == pytest.approx(1.0, abs=1e-6)
    what, kind = ("Supercritical", "stable") if c < 0 else ("Subcritical", "unstable")
    assert doubling.sentence.startswith(f"{what} period doubling")
    assert f"{kind} cycles of twice the period exist for p {side} it" in doubling.sentence
    twice = continue_cycles(field, doubling, "p", (-0.5, 0.5))
    assert ((twice.values[1:] > 0) == (side == "above")).all()
    assert (twice.stable[1:] == (c < 0)).all()


@pytest.mark.slow
@pytest.mark.parametrize("c, side", [(-0.3, "above"), (0.2, "below")])
def test_a_torus_around_a_circle(c, side):
    branch = continue_cycles(ring().with_values(c=c), circle(), "p", (-0.5, 0.5))
    torus = only(branch, "torus")
    assert torus.value == pytest.approx(0.0, abs=1e-9)
    assert torus.coefficients["angle"] == pytest.approx(2 * np.pi * 0.137, abs=1e-8)
    # rho + i z is sqrt(2) times the coordinate along the vector of length one
    assert torus.coefficients["c1"] == pytest.approx(2 * (c + 0.8j), abs=1e-6)
    assert torus.coefficients["speed"] == pytest.approx(1.0, abs=1e-6)
    what, kind = ("Supercritical", "stable") if c < 0 else ("Subcritical", "unstable")
    assert torus.sentence.startswith(f"{what} torus bifurcation")
    assert f"{kind} tori exist for p {side} it" in torus.sentence


@pytest.mark.slow
def test_a_strong_resonance_has_no_coefficient_of_its_own():
    torus = only(continue_cycles(ring().with_values(turn=0.25, c=-0.3), circle(), "p", (-0.5, 0.5)), "torus")
    assert torus.coefficients == {"angle": pytest.approx(np.pi / 2)}
    assert "strong resonance" in torus.sentence


def test_words_without_coefficients():
    at = "p = 1, period 2"
    assert "two cycles meet; they exist for p above it" in describe_fold({}, 1.0, 0, at, "above")
    assert "quadratic coefficient vanishes" in describe_fold({"a": 0.0, "a01": 1.0}, 1.0, 0, at, "above")
    assert describe_doubling({}, 1.0, 0, at).startswith("Period doubling at p = 1")
    assert describe_doubling({"c": 0.0, "speed": 1.0}, 1.0, 0, at).startswith("Degenerate period doubling")
    form = {"angle": 1.0, "c1": 0.5 + 1j, "speed": -2.0}
    found = describe_torus(form, 1.0, 1, at, 1.0)
    assert found.startswith("Subcritical torus")
    assert "for p above it (unstable directions besides: 1)" in found
