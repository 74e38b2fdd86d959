"""A field along one or two of its parameters: F(x, p) with everything that continuation needs of it.

Points y = (x, p) are kept in units of ``scale`` by `walk` and `search`; derivatives are in natural units.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dynsys.analysis.curve_parts import Expansion, TwoWalks, addresses
from dynsys.analysis.differences import tensor_by_differences
from dynsys.analysis.eigenvalues import sorted_eigenvalues, spectrum
from dynsys.analysis.state_sizes import box_sizes
from dynsys.analysis.vector_field import Field, check_field
from dynsys.numerics import locate, pseudo_arclength
from dynsys.numerics.extended import BRANCH_CURVE, EQUILIBRIUM, TESTS, advance
from dynsys.numerics.signatures import FUNCTION_NAMES
from dynsys.numerics.tensors import evaluate, expansions, symmetric_tensor
from tasks.checks import as_array
from tasks.errors import InputError

# Steps in units of the span and of the box: longest unless told, shortest; first, next to the longest.
LONGEST_STEP, SHORTEST_STEP, FIRST_STEP = 2e-2, 1e-9, 0.25
# How far the state may go, in units of its scale.
REACH = 20.0


@dataclass(frozen=True, eq=False)
class Curve:
    """The equations F(x, p) = 0 of a field with one or two free parameters, or those of its bifurcations.

    Parameters
    ----------
    field : Field
        The field.
    inputs : ndarray (S,)
        Inputs that are held.
    columns : tuple of int (k,)
        The free ones: indices into the field's ``continuable``; the last may be -1 for one that does nothing.
    span : ndarray (k, 2)
        Ends of each parameter.
    scale : ndarray (n + k,)
        Units of state and parameters.
    mode : int
        What the curve consists of, from `dynsys.numerics.extended`.
    rate : float
        Size of the fastest eigenvalues, where all are far below 1; else 1.

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
    columns: tuple
    span: np.ndarray
    scale: np.ndarray
    mode: int = EQUILIBRIUM
    rate: float = 1.0

    @cached_property
    def parameter(self):
        """str : name of the first free parameter."""
        return self.field.continuable[self.columns[0]]

    @property
    def names(self):
        """tuple of str : names of the free parameters."""
        return tuple(self.field.continuable[c] for c in self.columns)

    @property
    def value(self):
        """float : the field's own value of the first free parameter."""
        return self.own(self.columns[0])

    @cached_property
    def n(self):
        """int : number of state variables."""
        return self.field.dimension

    def own(self, column):
        """float : the field's own value of an input or parameter."""
        size = self.inputs.size
        return float(self.inputs[column] if column < size else self.field.values[column - size])

    def rhs(self, x, p):
        """F, (n,)."""
        return self._call("rhs", x, p, self.n)

    def jacobian(self, x, p):
        """F_x, (n, n)."""
        return self._call("jacobian", x, p, self.n**2).reshape(self.n, self.n)

    def slopes(self, x, p):
        """Derivatives of F in all inputs and parameters, (n, S + P)."""
        columns = len(self.field.continuable)
        return self._call("parameter_jacobian", x, p, self.n * columns).reshape(self.n, columns)

    def slope(self, x, p):
        """F_p of the first free parameter, (n,)."""
        return self.slopes(x, p)[:, self.columns[0]].copy()

    def outputs(self, points):
        """z at points (M, n + k) in natural units, (M, O)."""
        size = len(self.field.output_names)
        return self.many("outputs", points, size) if size else np.empty((len(points), 0))

    def jacobians(self, points):
        """F_x at points (M, n + k) in natural units, (M, n, n)."""
        return self.many("jacobian", points, self.n**2).reshape(-1, self.n, self.n)

    def eigenvalues(self, points):
        """Eigenvalues of F_x at points (M, n + k) in natural units, by decreasing real part, (M, n)."""
        return sorted_eigenvalues(self.jacobians(points))

    def tensor(self, x, p, order, columns=()):
        """All derivatives of one order in the state, and in some inputs and parameters.

        Parameters
        ----------
        x, p : ndarray, float or ndarray
            Where.
        order : int
            2 to 5; a field without ``taylor`` has orders 2 and 3, the latter in the state only.
        columns : sequence of int
            Indices into the field's ``continuable`` that come after the state.

        Returns
        -------
        ndarray (n, d, .., d)
            d = n + number of columns.
        """
        n = self.n
        places = [*range(n), *(n + c for c in columns)]
        size = np.ones(len(places))
        size[:n] = self.scale[:n]
        for k, c in enumerate(columns):
            if c in self.columns:
                size[n + k] = self.scale[n + self.columns.index(c)]
        if self.field.functions.taylor is None:
            return tensor_by_differences(self.field, x, self._values(p), order, columns, size)
        state, program, total = np.array(x, dtype=float), self._data[2], len(self.field.continuable)
        functions = addresses(self.field.functions)
        return symmetric_tensor(functions, state, *self._values(p), program, total, places, size, order)

    def expand(self, points):
        """Derivatives at points (E, n + k) in natural units, a list of `Expansion`."""
        n, c = self.n, self.columns[0]
        if self.field.functions.taylor is None:
            jacobians = self.jacobians(points)
            slopes = [self.slope(y[:n], y[n:]) for y in points]
            second = [self.tensor(y[:n], y[n:], 2, [c]) for y in points]
            third = [self.tensor(y[:n], y[n:], 3) for y in points]
        else:
            jacobians, slopes, second, third = expansions(
                addresses(self.field.functions), np.ascontiguousarray(points), *self._data, self.scale
            )
        states, values = points[:, :n], points[:, n].tolist()
        modes = spectrum(self.field, jacobians)
        return [*map(Expansion, states, values, jacobians, slopes, second, third, modes)]

    def walk(self, y, tangent, max_points=2000, borders=None, max_step=LONGEST_STEP):
        """Follow the curve both ways from a scaled point; see `dynsys.numerics.pseudo_arclength.walk`.

        Returns
        -------
        walk : Walk or None
            In the direction of the tangent; None where Newton's method fails at the start.
        ends : tuple of int
            How it ended at its first and at its last point.
        """
        borders = np.zeros((4, 1)) if borders is None else borders
        settings = np.array([FIRST_STEP * max_step, max_step, SHORTEST_STEP] + [REACH] * self.n)
        width = 0 if self.mode == EQUILIBRIUM else 2 * borders.shape[1]
        both = TwoWalks.from_start(y, tangent, max_points, width)
        pseudo_arclength.walk(*self._common(borders), settings, *both)
        return both.joined(), tuple(both.outcomes[::-1].tolist())

    def tangent(self, y):
        """The scaled (F_x, F_p) at a scaled point, and its unit null vector; None if there may be several."""
        functions, inputs, values, _, scale, numbers, *_ = self._common(None)
        matrix, found = np.empty((self.n, self.n + 1)), np.empty(self.n + 1)
        sure = pseudo_arclength.null_vector(functions, inputs, values, scale, numbers, y, matrix, found)
        return matrix, found if sure else None

    def scan(self, walk):
        """Where to search on a walk: rows (E, 6) of `dynsys.numerics.locate.scan`, how many change sign."""
        rows, counts = np.empty((2 * TESTS * max(len(walk.arcs), 1), 6)), np.zeros(2, dtype=int)
        locate.scan(walk.points, walk.tangents, walk.tests, walk.arcs, rows, counts)
        crossings, near = counts.tolist()
        return rows[: crossings + near], crossings

    def search(self, bases, directions, wanted, borders=None):
        """Find zeros of tests (see `dynsys.numerics.locate.search`): points, tangents, tests."""
        bases, directions = np.ascontiguousarray(bases), np.ascontiguousarray(directions)
        points, tangents, tests = np.empty_like(bases), np.empty_like(bases), np.empty((len(bases), TESTS))
        borders = np.zeros((4, 1)) if borders is None else borders
        locate.search(*self._common(borders), bases, directions, wanted, points, tangents, tests)
        return points, tangents, tests

    def step(self, y, tangent, length=0.0, borders=None):
        """The curve's point in the plane at this distance from y; None where Newton's method fails.

        Returns
        -------
        tuple of (point, tangent, tests) or None
        """
        direction = np.array(tangent)
        point, found, tests = y + length * direction, np.empty_like(y), np.empty(TESTS)
        borders = np.zeros((4, 1)) if borders is None else borders
        done = advance(*self._common(borders), np.array(y), direction, float(length), point, found, tests)
        return None if done < 0 else (point, found, tests)

    def polish(self, points, modes):
        """Solve for special points near points (E, n + 1), scaled, with p2 held; NaN where that fails.

        Returns
        -------
        points, moves : ndarray (E, n + 3)
            The solutions, and how each moves with p2.
        residuals : ndarray (E,)
            The largest entry of F at each.
        """
        n = self.n
        starts, tangents = np.zeros((2, len(points), n + 3))
        starts[:, : n + 1] = points
        borders = np.zeros((4, max(n, n * (n - 1) // 2)))
        residuals = np.empty(len(points))
        system = self._common(borders)
        if len(self.columns) == 1:  # the second parameter is one that does nothing
            functions, inputs, values, program, scale, _, _, *rest = system
            scale = np.array([*scale.tolist(), 1.0, 1.0])
            system = functions, inputs, values, program, scale, *self._held, *rest
        locate.polish(*system, starts, np.array(modes, dtype=int), tangents, residuals)
        return starts, tangents, residuals

    def with_second(self, column, span=(0.0, 1.0), mode=EQUILIBRIUM):
        """The curve with a second free parameter."""
        low, high = span
        return replace(
            self,
            columns=(self.columns[0], column),
            span=np.array([self.span[0], [low, high]]),
            scale=np.append(self.scale[: self.n + 1], high - low),
            mode=mode,
        )

    @cached_property
    def _data(self):
        """What kernels take: inputs, values, program, and which of them are free; they overwrite those."""
        program = np.array(self.field.program if self.field.functions.taylor else np.zeros((0, 0)))
        numbers = np.array([len(self.field.continuable), *self.columns])
        return self.inputs.copy(), np.array(self.field.values), program, numbers

    @cached_property
    def _system(self):
        """What kernels take between the functions and the borders, but for the units of the state."""
        n, k = self.n, len(self.columns)
        return *self._data, (self.span / self.scale[n : n + k, None]).ravel()

    @cached_property
    def _held(self):
        """Columns and span with a second parameter that does nothing."""
        *_, numbers, span = self._system
        return np.array([*numbers.tolist(), -1]), np.array([*span.tolist(), 0.0, 1.0])

    def _common(self, borders):
        inputs, values, program, numbers, span = self._system
        two = self.mode == BRANCH_CURVE or len(self.columns) == 2
        scale = np.append(self.scale, 1.0) if two else self.scale
        functions = addresses(self.field.functions)
        return functions, inputs, values, program, scale, numbers, span, borders, self.mode

    def many(self, name, points, size):
        """One of the field's functions at points (M, n + k) in natural units, (M, size)."""
        if size is None:
            size = self.n * len(self.field.continuable)
        which = FUNCTION_NAMES.index(name)
        out = np.empty((len(points), size))
        inputs, values, _, numbers = self._data
        evaluate(
            addresses(self.field.functions), which, np.ascontiguousarray(points), inputs, values, numbers, out
        )
        return out

    def _values(self, p):
        u, params = self.inputs.copy(), np.array(self.field.values)
        for column, value in zip(self.columns, p if np.ndim(p) else (p,)):
            if column < u.size:
                u[column] = value
            else:
                params[column - u.size] = value
        return u, params

    def _call(self, name, x, p, size):
        out = np.empty(size)
        getattr(self.field.functions, name)(np.array(x, dtype=float), *self._values(p), out)
        return out


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
        With one free parameter.

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
    low, high = ends.tolist()
    if not low < high:
        raise InputError(f"span: needs low < high, got ({low:g}, {high:g})")
    u = field.input_vector(inputs)
    scale = np.append(box_sizes(field, parameter, ends), high - low)
    return Curve(field, u, (field.continuable.index(parameter),), np.array([[low, high]]), scale)
