"""A field along one of its parameters: F(x, p) with everything that continuation needs of it.

Points y = (x, p) are kept in units of ``scale`` by `walk` and `search`; derivatives are in natural units.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynsys.analysis.vector_field import Field, check_field
from dynsys.numerics import pseudo_arclength
from dynsys.numerics.pseudo_arclength import TESTS
from tasks.checks import as_array, check_number
from tasks.errors import InputError

# Steps in units of the span and of the box: first, longest, shortest.
FIRST_STEP, LONGEST_STEP, SHORTEST_STEP = 5e-3, 2e-2, 1e-9
# How far the state may go, in units of its scale.
REACH = 20.0
# Extrapolated central differences, in the parameter, of exact derivatives: step in units of the span.
PARAMETER_STEP = 1e-3


class Walk(NamedTuple):
    """Points along a curve in scaled units, with tangents (M, n + 1), tests (M, 5) and how it ended."""

    points: np.ndarray
    tangents: np.ndarray
    tests: np.ndarray
    outcome: int


@dataclass(frozen=True, eq=False)
class Curve:
    """The equations F(x, p) = 0 of a field with one free parameter.

    Parameters
    ----------
    field : Field
        The field.
    inputs : ndarray (S,)
        Inputs that are held.
    column : int
        The free one: an index into the field's ``continuable``.
    span : ndarray (2,)
        Ends of the parameter.
    scale : ndarray (n + 1,)
        Units of state and parameter.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> curve = make_curve(reduced_field(net), "gain", (0, 2))
    >>> curve.rhs([0.5], 2.0)
    array([0.42423431])
    """

    field: Field
    inputs: np.ndarray
    column: int
    span: np.ndarray
    scale: np.ndarray

    @property
    def parameter(self):
        """str : name of the free parameter."""
        return self.field.continuable[self.column]

    @property
    def value(self):
        """float : the field's own value of the free parameter."""
        own = np.concatenate([self.inputs, self.field.values])
        return float(own[self.column])

    def rhs(self, x, p):
        """F, (n,)."""
        return self._call("rhs", x, p, self.field.dimension)

    def jacobian(self, x, p):
        """F_x, (n, n)."""
        n = self.field.dimension
        return self._call("jacobian", x, p, n * n).reshape(n, n)

    def slope(self, x, p):
        """F_p, (n,)."""
        n, columns = self.field.dimension, len(self.field.continuable)
        return self._call("parameter_jacobian", x, p, n * columns).reshape(n, columns)[:, self.column].copy()

    def outputs(self, points):
        """z at points (M, n + 1) in natural units, (M, O)."""
        return self._many("outputs", points, len(self.field.output_names))

    def eigenvalues(self, points):
        """Eigenvalues of F_x at points (M, n + 1) in natural units, by decreasing real part, (M, n)."""
        n = self.field.dimension
        values = np.linalg.eigvals(self._many("jacobian", points, n * n).reshape(-1, n, n))
        return np.take_along_axis(values, np.lexsort((-values.imag, -values.real)), axis=1)

    def along(self, x, p, q):
        """B(q, q) and C(q, q, q), (2, n)."""
        out = np.empty(2 * self.field.dimension)
        q = np.array(q, dtype=float)
        self.field.functions.directional(np.array(x, dtype=float), *self._values(p), q, out)
        return out.reshape(2, -1)

    def hessian(self, x, p):
        """All second derivatives F_xx, (n, n, n), by polarisation of B(q, q)."""
        n = self.field.dimension
        unit = np.eye(n)
        tensor = np.empty((n, n, n))
        for i in range(n):
            tensor[:, i, i] = self.along(x, p, unit[i])[0]
        for i in range(n):
            for j in range(i):
                both = self.along(x, p, unit[i] + unit[j])[0]
                tensor[:, i, j] = tensor[:, j, i] = 0.5 * (both - tensor[:, i, i] - tensor[:, j, j])
        return tensor

    def cubic(self, x, p, q, r):
        """C(q, q, r), (n,), by polarisation of C(q, q, q)."""
        q, r = np.asarray(q), np.asarray(r)
        return (self.along(x, p, q + r)[1] - self.along(x, p, q - r)[1]) / 6 - self.along(x, p, r)[1] / 3

    def jacobian_slope(self, x, p):
        """F_xp, (n, n)."""
        return self._differences(self.jacobian, x, p)

    def slope_slope(self, x, p):
        """F_pp, (n,)."""
        return self._differences(self.slope, x, p)

    def walk(self, y, tangent, longest=LONGEST_STEP, max_points=2000):
        """Follow the curve one way; see `dynsys.numerics.pseudo_arclength.walk`."""
        n = self.field.dimension
        points, tangents = np.empty((max_points, n + 1)), np.empty((max_points, n + 1))
        tests = np.empty((max_points, TESTS))
        points[0], tangents[0] = y, tangent
        settings = np.concatenate([[min(FIRST_STEP, longest), longest, SHORTEST_STEP], np.full(n, REACH)])
        outcome, count = pseudo_arclength.walk(*self._common(), settings, points, tangents, tests)
        return Walk(points[:count], tangents[:count], tests[:count], outcome)

    def search(self, bases, directions, wanted):
        """Find zeros of tests (see `dynsys.numerics.pseudo_arclength.search`): points, tangents, tests."""
        bases, directions = np.ascontiguousarray(bases), np.ascontiguousarray(directions)
        points, tangents, tests = np.empty_like(bases), np.empty_like(bases), np.empty((len(bases), TESTS))
        pseudo_arclength.search(*self._common(), bases, directions, wanted, points, tangents, tests)
        return points, tangents, tests

    def _common(self):
        functions, n = self.field.functions, self.field.dimension
        return (
            functions.rhs, functions.jacobian, functions.parameter_jacobian, self.inputs.copy(),
            np.array(self.field.values), self.scale, self.column, len(self.field.continuable),
            self.span / self.scale[n],
        )  # fmt: skip

    def _values(self, p):
        u, params = self.inputs.copy(), np.array(self.field.values)
        if self.column < u.size:
            u[self.column] = p
        else:
            params[self.column - u.size] = p
        return u, params

    def _many(self, name, points, size):
        function, (u, params) = getattr(self.field.functions, name), self._values(0.0)
        varied, column = (u, self.column) if self.column < u.size else (params, self.column - u.size)
        states, out = np.ascontiguousarray(points[:, :-1]), np.empty((len(points), size))
        for state, p, row in zip(states, points[:, -1], out):
            varied[column] = p
            function(state, u, params, row)
        return out

    def _call(self, name, x, p, size):
        out = np.empty(size)
        getattr(self.field.functions, name)(np.array(x, dtype=float), *self._values(p), out)
        return out

    def _differences(self, function, x, p):
        h = PARAMETER_STEP * self.scale[-1]
        near, far = ((function(x, p + k * h) - function(x, p - k * h)) / (2 * k * h) for k in (1, 2))
        return (4 * near - far) / 3


def make_curve(field, parameter, span, inputs=None):
    """Check the arguments of a continuation and return its `Curve`.

    Parameters
    ----------
    field : Field
        The field.
    parameter : str
        A parameter or an input.
    span : (float, float)
        Its ends.
    inputs : optional
        As in `find_fixed_points`.

    Returns
    -------
    Curve

    Raises
    ------
    InputError
        An unknown name, or a span that is reversed or empty.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> make_curve(field, "v", (-1, 1)).value
    0.0
    """
    check_field(field)
    if parameter not in field.continuable:
        listed = ", ".join(field.continuable)
        raise InputError(f"parameter: this field has no {parameter!r}; it has {listed}")
    ends = as_array("span", span, (2,), "(low, high)")
    low, high = (check_number("span", end) for end in ends)
    if not low < high:
        raise InputError(f"span: needs low < high, got ({low:g}, {high:g})")
    u = field.input_vector(inputs)
    scale = np.append(_state_scale(field, parameter, ends), high - low)
    return Curve(field, u, field.continuable.index(parameter), ends, scale)


def _state_scale(field, parameter, ends):
    """Half-width of the largest trapping box on the span; 1 where none is known."""
    at = (*ends, ends.mean()) if parameter in field.parameters else ()
    boxes = [entry.trapping_box() for entry in [field.with_values(**{parameter: p}) for p in at] or [field]]
    if any(box is None for box in boxes):
        return np.ones(field.dimension)
    bounds = np.max([box[:, 1] for box in boxes], axis=0)
    # A latent that hardly moves is measured by the others; one that cannot move has no size of its own.
    return np.maximum(bounds, 1e-3 * bounds.max() or 1.0)
