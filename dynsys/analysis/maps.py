"""Fields as maps: kappa -> kappa + step F(kappa), which is what a network in discrete time obeys.

Fixed points are those of the flow. Their stability is not: with eigenvalues lambda of F_x the multipliers are
mu = 1 + step lambda, stable inside the unit circle. An orbit of period k is a zero of

    G_i = F(x_i) + (x_i - x_{i+1}) / step,    i modulo k,

a field of k R states; the orbit's multipliers are the eigenvalues of M_k .. M_1, M_i = 1 + step F_x(x_i).
"""

import functools
from dataclasses import replace

import numpy as np

from dynsys.analysis.vector_field import FieldFunctions, check_field
from dynsys.numerics.signatures import DIRECTIONAL, FIELD, TAYLOR
from rnn.jit import jit
from tasks.checks import check_number
from tasks.errors import InputError


def as_map(field, step=None):
    """The map kappa -> kappa + step F(kappa, v) of a field, for fixed points, branches and diagrams.

    Parameters
    ----------
    field : Field
        The flow. A map x -> f(x) of your own is the field f(x) - x with step 1.
    step : float, optional
        The Euler step dt / tau that it was trained with if left out; 1 for a vanilla recurrent network, which
        forgets its state in every step.

    Returns
    -------
    Field
        The same equations; stability and bifurcations are those of the map, inputs are held constant.

    Raises
    ------
    InputError
        No step is known, or it is not positive; a mean field with a random bulk.

    Examples
    --------
    >>> from dynsys.analysis import bifurcation_diagram, compile_field
    >>> from dynsys.symbolic import System
    >>> logistic = as_map(compile_field(System.from_text("x' = r x (1 - x) - x; r = 2")), 1.0)
    >>> flip = bifurcation_diagram(logistic, "r", (0.5, 3.2)).special_points[-1]
    >>> print(flip.sentence)
    Supercritical flip at r = 3: a multiplier is -1; a stable orbit of period 2 exists for r above it.
    """
    check_field(field)
    if field.bulk_radius is not None:
        raise InputError("field: with a random bulk it holds at stationary states only, and is no map")
    step = field.alpha if step is None else step
    if step is None:
        raise InputError("step: this field has no Euler step of its own; give one: as_map(field, step=1.0)")
    step = check_number("step", step, above=0.0)
    return replace(field, step=step, source={**field.source, "step": step})


def as_run(field):
    """The field as its network runs: a map where a step forgets the whole state (alpha = 1), else the flow.

    Parameters
    ----------
    field : Field
        Of a network or a mean field.

    Returns
    -------
    Field

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> vanilla = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4), alpha=1.0)
    >>> as_run(reduced_field(vanilla)).clock
    'map'
    """
    return as_map(field) if field.alpha is not None and field.alpha >= 1.0 else field


def orbit_of_two(field):
    """The field G of a map's orbits of period 2, each of them twice: (x_1, x_2) and (x_2, x_1).

    Parameters
    ----------
    field : Field
        A map.

    Returns
    -------
    Field
        Twice as many states; ``period`` is 2, outputs are those at x_1.

    Examples
    --------
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> twice = orbit_of_two(as_map(compile_field(System.from_text("x' = -2 x")), 1.0))  # x -> -x
    >>> twice.rhs([0.5, -0.5])
    array([0., 0.])
    """
    state = tuple(f"{name}_at_{i}" for i in (1, 2) for name in field.state)
    functions = _doubled(field.functions, field.dimension, len(field.continuable), field.step)
    return replace(
        field,
        functions=functions,
        state=state,
        box=None,
        enclose=None,
        period=2,
        label=f"{field.label}, twice",
    )


@functools.lru_cache(maxsize=64)
def _doubled(functions, n, columns, step):
    """The functions of G from those of F; compiled once for each field."""
    one_rhs, one_jacobian, one_slopes, one_directional, one_outputs, one_taylor = functions

    @jit(FIELD, cache=False)
    def rhs(x, u, p, out):
        one_rhs(x[:n], u, p, out[:n])
        one_rhs(x[n:], u, p, out[n:])
        for i in range(n):
            out[i] += (x[i] - x[n + i]) / step
            out[n + i] += (x[n + i] - x[i]) / step

    @jit(FIELD, cache=False)
    def jacobian(x, u, p, out):
        block = np.empty(n * n)
        for i in range(4 * n * n):
            out[i] = 0.0
        for k in range(2):
            one_jacobian(x[k * n : (k + 1) * n], u, p, block)
            for i in range(n):
                row = 2 * n * (k * n + i)
                for j in range(n):
                    out[row + k * n + j] = block[i * n + j]
                out[row + k * n + i] += 1.0 / step
                out[row + (1 - k) * n + i] = -1.0 / step

    @jit(FIELD, cache=False)
    def parameter_jacobian(x, u, p, out):
        one_slopes(x[:n], u, p, out[: n * columns])
        one_slopes(x[n:], u, p, out[n * columns :])

    @jit(DIRECTIONAL, cache=False)
    def directional(x, u, p, q, out):
        block = np.empty(2 * n)
        for k in range(2):
            one_directional(x[k * n : (k + 1) * n], u, p, q[k * n : (k + 1) * n], block)
            for i in range(n):
                out[k * n + i], out[2 * n + k * n + i] = block[i], block[n + i]

    @jit(FIELD, cache=False)
    def outputs(x, u, p, out):
        one_outputs(x[:n], u, p, out)

    if one_taylor is None:
        return FieldFunctions(rhs, jacobian, parameter_jacobian, directional, outputs)

    @jit(TAYLOR, cache=False)
    def taylor(x, u, p, direction, program, out):
        top = out.size // (2 * n)
        block, along = np.empty(top * n), np.empty(n + columns)
        for j in range(columns):
            along[n + j] = direction[2 * n + j]
        for k in range(2):
            for i in range(n):
                along[i] = direction[k * n + i]
            one_taylor(x[k * n : (k + 1) * n], u, p, along, program, block)
            for order in range(top):
                for i in range(n):
                    out[order * 2 * n + k * n + i] = block[order * n + i]
        for i in range(n):
            apart = (direction[i] - direction[n + i]) / step
            out[i] += apart
            out[n + i] -= apart

    return FieldFunctions(rhs, jacobian, parameter_jacobian, directional, outputs, taylor)
