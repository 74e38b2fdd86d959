"""All second and third derivatives of a field along a curve, against sympy and against sums over units."""

import itertools

import numpy as np
import pytest
import sympy

from dynsys.analysis import compile_field, reduced_field
from dynsys.analysis.curve import make_curve
from dynsys.symbolic import System
from rnn import LowRankRNN

UNITS = 1e-6, 1.0, 1e6


@pytest.fixture(scope="module")
def mixed():
    """Three unknowns in units from 1e-6 to 1e6, two parameters and an input."""
    x, others = sympy.symbols("x y z", real=True), sympy.symbols("a b u", real=True)
    (one, two, three), (a, b, u) = (v / sympy.Float(unit, 17) for v, unit in zip(x, UNITS)), others
    right = [
        sympy.tanh(a / 1000 * one + two * three * b + u) - one,
        one * two * three * (1 + u**2) + sympy.exp(b * two + u * one) - two,
        (a / 1000) ** 2 * three * one + three**3 * b**2 / (2 + two**2) + u * b * three,
    ]
    right = [sympy.Float(unit, 17) * f for unit, f in zip(UNITS, right)]
    return compile_field(System(right, x, inputs=[u], parameters={"a": 700.0, "b": -0.4})), right, x, others


@pytest.mark.parametrize("parameter, unit", [("a", 1e3), ("b", 1e-3), ("u", 1.0)])
def test_against_sympy(mixed, parameter, unit):
    """Entries of three different variables, and of a state and a parameter, in units of the scale."""
    field, right, x, others = mixed
    curve = make_curve(field, parameter, (-unit, unit), None if parameter == "u" else [0.2])
    curve.scale[:3] = UNITS
    (free,) = (v for v in others if v.name == parameter)
    place = dict(zip(others, (700.0, -0.4, 0.2))) | dict(
        zip((*x, free), np.array([0.3, -0.8, 0.5, 0.6]) * curve.scale)
    )
    (at,) = curve.expand(np.array([[float(place[v]) for v in (*x, free)]]))
    for order, found in ((1, at.jacobian), (2, at.second), (3, at.third)):
        along = (*x, free) if order == 2 else x
        exact = np.empty_like(found)
        for index in itertools.combinations_with_replacement(range(len(along)), order):
            values = [float(sympy.diff(f, *(along[i] for i in index)).subs(place)) for f in right]
            for turned in itertools.permutations(index):
                exact[(slice(None), *turned)] = values
        for axis in range(1, order + 1):
            sizes = np.expand_dims(curve.scale[: len(along)], [k for k in range(order) if k != axis - 1])
            found, exact = found * sizes, exact * sizes
        largest = np.abs(exact).reshape(3, -1).max(axis=1)
        assert (np.abs(found - exact).reshape(3, -1).max(axis=1) <= 2e-14 * largest).all()
    np.testing.assert_allclose(at.slope, [float(sympy.diff(f, free).subs(place)) for f in right], rtol=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 4, 6])
def test_against_sums_over_units(rng, rank):
    """kappa' = -kappa + n^T tanh(m kappa + I v) / N along v."""
    units = 30
    m, n, I = (rng.normal(size=(units, k)) for k in (rank, rank, 1))
    curve = make_curve(reduced_field(LowRankRNN(m, n, I, np.ones((units, 1)))), "v", (-1, 1))
    kappa = rng.normal(size=rank) / rank
    (at,) = curve.expand(np.append(kappa, 0.4)[None])
    both, phi, n = np.column_stack([m, I]), np.tanh(m @ kappa + 0.4 * I[:, 0]), n / units
    one, two = 1 - phi**2, -2 * phi * (1 - phi**2)
    first = np.einsum("ur,u,ui->ri", n, one, both)
    np.testing.assert_allclose(np.column_stack([at.jacobian + np.eye(rank), at.slope]), first, atol=1e-14)
    np.testing.assert_allclose(at.second, np.einsum("ur,u,ui,uj->rij", n, two, both, both), atol=1e-14)
    third = np.einsum("ur,u,ui,uj,uk->rijk", n, -2 * one * (1 - 3 * phi**2), m, m, m)
    np.testing.assert_allclose(at.third, third, atol=1e-13)
