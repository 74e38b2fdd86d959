"""Where a branch of cycles can begin: a Hopf point, a cycle, or a special point of another branch of cycles.

Near a Hopf point x_0 at p_0, with A q = i omega q and c1 the coefficient of its normal form,

    u(t) = x_0 + 2 a Re(q e^{i omega t}) + O(a^2),     p = p_0 - (Re c1 / Re lambda'(p_0)) a^2 + O(a^4).
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from dynsys.analysis.cycle_branch import node_times
from dynsys.analysis.cycle_curve import FIRST_STEP, SHORTEST_STEP
from tasks.errors import InputError

# Intervals of the mesh on which a simulated cycle is first put; share of the span that a first step may take.
FINE, SMALL_CHANGE = 240, 2e-3
# Step of the difference that gives how the eigenvalues move.
DIFFERENCE = 1e-5


class Start(NamedTuple):
    """Where and which way.

    Mesh, y, unit tangent, multipliers; 1 for a fixed point; whether the other way is another branch; first
    step; a sentence; whether it lies on another branch.
    """

    mesh: np.ndarray
    y: np.ndarray
    tangent: np.ndarray
    multipliers: np.ndarray
    seed: int
    two_sided: bool
    first: float
    sentence: str = ""
    switched: bool = False


def hopf_start(cycles, point, intervals):
    """Start at a Hopf point.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    point : SpecialPoint
        Of kind "Hopf".
    intervals : int
        N.

    Returns
    -------
    Start

    Raises
    ------
    InputError
        A state at which the Jacobian has no imaginary pair.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.cycle_curve import CycleCurve
    >>> from dynsys.analysis.field import reduced_field
    >>> from dynsys.analysis.special_point import SpecialPoint
    >>> from rnn import LowRankRNN
    >>> one = np.ones(4)
    >>> curve = make_curve(reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2))
    >>> hopf_start(CycleCurve(curve, curve.scale), SpecialPoint("Hopf", "gain", 1.0, [0.0]), 20)
    Traceback (most recent call last):
    tasks.errors.InputError: start: the Jacobian has no imaginary pair at gain = 1
    """
    curve, n = cycles.curve, cycles.n
    x, p = np.array(point.kappa), float(point.value)
    values, vectors = np.linalg.eig(curve.jacobian(x, p))
    pair = int(np.argmin(np.where(values.imag > 0, np.abs(values.real), np.inf)))
    omega = float(values[pair].imag)
    if not (omega > 0 and abs(values[pair].real) < 1e-4 * omega):
        raise InputError(f"start: the Jacobian has no imaginary pair at {curve.parameter} = {p:g}")
    mesh = np.linspace(0.0, 1.0, intervals + 1)
    turn = np.exp(2j * np.pi * node_times(mesh))
    period = 2 * np.pi / omega
    y = np.append(np.tile(x, turn.size), [period, p])
    wave = (turn[:, None] * vectors[:, pair]).real
    tangent = cycles.unit(mesh, y, np.append(wave.ravel(), [0.0, 0.0]))
    first, sentence = FIRST_STEP, ""
    c1 = point.coefficients.get("c1")
    if c1 is not None:
        speed = _crossing_speed(cycles, x, p, omega)
        bend = -c1.real / speed if speed else 0.0  # dp / d a^2, u = x + 2 a Re(q e^{..})
        per_step = 0.5 * tangent[:n] / np.where(wave[0] == 0, np.inf, wave[0])
        size = np.abs(per_step).max() ** 2 * abs(bend) / cycles.scale[n]
        first = float(np.clip(np.sqrt(SMALL_CHANGE / max(size, 1e-300)), 100 * SHORTEST_STEP, FIRST_STEP))
        side = "above" if bend > 0 else "below"
        sentence = f"From the Hopf point at {p:.6g} cycles go to {curve.parameter} {side} it."
    return Start(mesh, y, tangent, np.exp(values * period), 1, False, first, sentence)


def cycle_start(cycles, cycle, intervals):
    """Start at a cycle of the field at its own value of the parameter; None where Newton's method fails.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.cycle_curve import CycleCurve
    >>> from dynsys.analysis.cycles import Cycle
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> one = np.ones((4, 2))
    >>> curve = make_curve(reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2))
    >>> turn = np.exp(2j * np.pi * np.linspace(0, 1, 41))  # no cycle of this field
    >>> circle, time = np.column_stack([turn.real, turn.imag]), np.linspace(0, 1, 41)
    >>> ring = Cycle(circle, time, 1.0, [1, 1], "unstable cycle")
    >>> cycle_start(CycleCurve(curve, curve.scale), ring, 20) is None
    True
    """
    share, keep = np.unique(cycle.time / cycle.period, return_index=True)
    points = np.array(cycle.points[keep])
    points[-1] = points[0]
    curve = CubicSpline(share / share[-1], points, bc_type="periodic")
    fine = np.linspace(0.0, 1.0, FINE + 1)
    guess = np.append(curve(node_times(fine)).ravel(), [cycle.period, cycles.curve.value])
    mesh, y = cycles.remesh(fine, guess, intervals)
    found = None
    for _ in range(3):  # the mesh follows the orbit that was found
        solved = cycles.at_parameter(mesh, y)
        if solved is None:
            break
        found = mesh, solved
        mesh, y = cycles.remesh(mesh, solved.y, intervals)
    if found is None:
        return None
    mesh, solved = found
    return Start(mesh, solved.y, solved.tangent, solved.multipliers, 0, True, FIRST_STEP)


def switched_start(cycles, point):
    """Start at a period doubling or a branch point of cycles, on the branch that leaves there.

    Examples
    --------
    >>> from dynsys.analysis.cycle_point import CyclePoint
    >>> from dynsys.analysis.cycles import Cycle
    >>> turn = Cycle(np.zeros((3, 2)), np.arange(3.0), 2.0, [1.0, 1.0], "non-hyperbolic cycle")
    >>> switched_start(None, CyclePoint("fold of cycles", "I", 88.3, turn))
    Traceback (most recent call last):
    tasks.errors.InputError: start: no other branch of cycles begins at a fold of cycles; it goes on by itself
    """
    if point.onward is None:
        raise InputError(f"start: no other branch of cycles begins at a {point.kind}; it goes on by itself")
    mesh, y, direction = point.onward
    doubled = point.kind == "period doubling"
    multipliers = point.multipliers**2 if doubled else point.multipliers
    tangent = cycles.unit(mesh, y, direction)
    return Start(mesh, np.array(y), tangent, multipliers, 0, not doubled, FIRST_STEP, "", True)


def _crossing_speed(cycles, x, p, omega):
    """d Re lambda / dp of the pair i omega along the fixed points."""
    curve = cycles.curve
    move = np.linalg.solve(curve.jacobian(x, p), -curve.slope(x, p))
    h = DIFFERENCE * cycles.scale[-1]
    reals = []
    for sign in (1.0, -1.0):
        values = np.linalg.eigvals(curve.jacobian(x + sign * h * move, p + sign * h))
        reals.append(float(values[np.argmin(np.abs(values - 1j * omega))].real))
    return (reals[0] - reals[1]) / (2 * h)
