"""Periodic orbits by multiple shooting, their Floquet multipliers by the product of short flows.

    phi_{T/S}(x_i) = x_{i+1},   i = 0..S-1,  x_S = M x_0,      (x_0 - x_ref) . F(x_ref) = 0

in the unknowns x_0..x_{S-1} and T, solved by Newton's method; M is the identity, or a symmetry of the field
for an orbit that is its own image after the time T. The derivative of each short flow comes from
the variational equation with the exact Jacobian. Unstable orbits are as easy as stable ones, since no piece
is long. The product of the pieces is never formed: orthogonal iteration (Q_i R_i = M_i Q_{i-1}, turn after
turn) leaves the multipliers, tiny ones to relative accuracy, on the diagonal of the product of the R_i.
"""

from itertools import pairwise

import numpy as np
from scipy.linalg import lstsq

from dynsys.analysis.flow import MAX_STEPS, system_of, values_at
from dynsys.numerics.dormand_prince import run_at
from dynsys.numerics.floquet import orthogonal_turn
from dynsys.numerics.order_eight import run_segments

# Short flows of a turn; tolerance of the integrator in the last rounds, and before.
SEGMENTS = 16
RTOL, COARSE = 1e-13, 1e-8
# Steps of a turn of a first guess; one that takes more hangs on a pole of F.
ONE_TURN = 20_000
ITERATIONS = 25
# There is nothing to find where the jumps, as shares of the orbit's size, are larger than this at an
# iteration, or where the orbit has shrunk to this share of itself: to a fixed point.
HOPELESS, SHRUNK = {0: 0.5, 4: 0.5, 10: 1e-2}, 1e-3
# What goes so many times as far away as it was is no cycle.
RUNAWAY = 1e8
# A jump between pieces below this share of the orbit's size counts as closed.
CLOSED = 1e-9
# Pieces whose derivatives are worse conditioned are cut, into at most so many parts.
MOST_CONDITION, MOST_PARTS = 1e4, 256
# Turns of the orthogonal iteration; moduli closer than this ratio stay together in one block.
TURNS, APART = 200, 0.9


def close_orbit(field, u, start, period, segments=SEGMENTS, image=None):
    """Turn a near return into a periodic orbit.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    start : ndarray (R,)
        A state near the orbit.
    period : float
        Guess of its period; negative where ``start`` was found backwards in time.
    segments : int, default 16
        Pieces of a turn.
    image : ndarray (R, R), optional
        M, a symmetry of the field; the identity if left out.

    Returns
    -------
    tuple or None
        States (S, R), period, derivatives (S, R, R) of the pieces, and the largest jump left as a share of
        the orbit's size; None where Newton's method does not converge.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> circle = System([x - y - x * (x**2 + y**2), x + y - y * (x**2 + y**2)], [x, y])
    >>> states, period, _, _ = close_orbit(compile_field(circle), np.zeros(0), np.array([1.1, 0.0]), 6.2)
    >>> round(period / np.pi, 9)
    2.0
    """
    nodes = _sample(field, u, start, period, segments)
    if nodes is None or np.abs(nodes).max() > RUNAWAY * (1 + np.abs(start).max()):
        return None
    T = abs(period)
    if period < 0:
        nodes = np.concatenate([nodes[:1], nodes[:0:-1]])
    scale = np.maximum(np.ptp(nodes, axis=0), 1e-6 * (1e-300 + np.ptp(nodes, axis=0).max()))
    if not np.ptp(nodes, axis=0).max() > 0:
        return None
    image = np.eye(start.size) if image is None else image
    rtol, before = COARSE, np.inf
    best = None
    for iteration in range(ITERATIONS):
        shot = _shoot(field, u, nodes, T, rtol, scale)
        if shot is None:
            return best
        ends, matrices = shot
        jumps = (ends - np.concatenate([nodes[1:], nodes[:1] @ image.T])) / scale
        size = np.abs(jumps).max()
        if rtol == RTOL and size <= CLOSED and (best is None or size < best[3]):
            best = nodes, T, matrices, float(size)
        if rtol == RTOL and (size < 1e-13 or (best is not None and size > 0.3 * before)):
            return best
        if rtol == COARSE and size < 1e-5:
            rtol = RTOL
        if size > HOPELESS.get(iteration, np.inf):
            return None
        step, change = _newton_step(field, u, nodes, T, ends, matrices, jumps, scale, image)
        limit = min(1.0, 0.5 / max(np.abs(step).max(), 1e-300), 0.3 * T / max(abs(change), 1e-300))
        nodes, T = nodes + limit * step * scale, T + limit * change
        before = size
        if not (np.isfinite(nodes).all() and T > 0):
            return best
        if (np.ptp(nodes, axis=0) / scale).max() < SHRUNK:
            return None
    return best


def finer(field, u, nodes, period, matrices):
    """Derivatives of shorter flows of a closed orbit, until none contracts too much to be multiplied.

    Parameters
    ----------
    field, u
        As in `close_orbit`.
    nodes, period, matrices
        As `close_orbit` returns them.

    Returns
    -------
    ndarray (S', R, R)

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> circle = compile_field(System([x - y - x * (x**2 + y**2), x + y - y * (x**2 + y**2)], [x, y]))
    >>> states, period, short, _ = close_orbit(circle, np.zeros(0), np.array([1.1, 0.0]), 6.2)
    >>> finer(circle, np.zeros(0), states, period, short) is short
    True
    """
    parts, scale = 1, np.maximum(np.ptp(nodes, axis=0), 1e-300)
    while np.linalg.cond(matrices * scale / scale[:, None]).max() > MOST_CONDITION and parts < MOST_PARTS:
        parts *= 4
        S, R = nodes.shape
        out, filled, ended = np.empty((S, parts + 1, R)), np.empty(S, dtype=np.int64), np.empty(S)
        times = np.linspace(0.0, period / S, parts + 1)
        starts = np.array(nodes, order="C")
        run_at(*system_of(field, u), starts, times, RTOL, scale, MAX_STEPS, out, filled, ended)
        if (filled <= parts).any():
            break
        shot = _shoot(field, u, out[:, :-1].reshape(-1, R), period, RTOL, scale)
        if shot is None:
            break
        matrices = shot[1]
    return matrices


def floquet(matrices):
    """Eigenvalues of M_S ... M_1, the small ones too.

    Parameters
    ----------
    matrices : ndarray (S, R, R)
        The factors, the first to act first.

    Returns
    -------
    ndarray of complex (R,)
        By decreasing modulus.

    Examples
    --------
    >>> tiny = np.tile(np.array([[1.0, 0.2], [0.0, 1e-3]]), (4, 1, 1))
    >>> floquet(tiny).real
    array([1.e+00, 1.e-12])
    """
    R = matrices.shape[1]
    basis, product, blocks = np.eye(R), np.empty((R, R)), None
    matrices = np.ascontiguousarray(matrices, dtype=float)
    for _ in range(TURNS):
        first = basis.copy()
        orthogonal_turn(matrices, basis, product)
        sizes = np.abs(np.diag(product))
        cuts = [r for r in range(1, R) if sizes[r] < APART * sizes[r - 1]]
        edges = [0, *cuts, R]
        turned = first.T @ basis  # first^T M first = turned @ product, block diagonal once settled
        off = max((np.abs(turned[cut:, :cut]).max() for cut in cuts), default=0.0)
        parts = [turned[a:b, a:b] @ product[a:b, a:b] for a, b in pairwise(edges)]
        found = np.concatenate([np.linalg.eigvals(part) for part in parts])
        settled = blocks == edges and off < 1e-14
        blocks = edges
        if settled:
            break
    return found[np.argsort(-np.abs(found), kind="stable")].astype(complex)


def _sample(field, u, start, period, segments):
    times = np.linspace(0.0, period, segments + 1)
    out = np.empty((1, segments + 1, start.size))
    filled, ended = np.empty(1, dtype=np.int64), np.empty(1)
    scale = np.maximum(np.abs(start), 1e-3)
    run_at(*system_of(field, u), start[None].copy(), times, COARSE, scale, ONE_TURN, out, filled, ended)
    return out[0, :-1] if filled[0] == segments + 1 else None


def _shoot(field, u, nodes, T, rtol, scale):
    S, R = nodes.shape
    ends, matrices = np.empty((S, R)), np.empty((S, R, R))
    durations = np.full(S, T / S)
    fine = run_segments(
        *system_of(field, u), np.ascontiguousarray(nodes), durations, rtol, scale, MAX_STEPS, ends, matrices
    )
    return (ends, matrices) if fine and np.isfinite(matrices).all() else None


def _newton_step(field, u, nodes, T, ends, matrices, jumps, scale, image):
    """Step of the nodes in units of ``scale``, and of the period."""
    S, R = nodes.shape
    system = np.zeros((S * R + 1, S * R + 1))
    speeds = values_at(field, np.concatenate([ends, nodes[:1]]), u) / scale
    for i in range(S):
        rows, following = slice(i * R, (i + 1) * R), ((i + 1) % S) * R
        system[rows, rows] += matrices[i] * scale / scale[:, None]
        system[rows, following : following + R] -= np.eye(R) if following else image * scale / scale[:, None]
        system[rows, -1] = speeds[i] / S * T
    across = speeds[S] / max(np.abs(speeds[S]).max(), 1e-300)
    system[-1, :R] = across / max(np.linalg.norm(across), 1e-300)
    wanted = -np.append(jumps.ravel(), 0.0)
    solution = lstsq(system, wanted, cond=1e-13, check_finite=False, lapack_driver="gelsy")[0]
    return solution[:-1].reshape(S, R), float(solution[-1] * T)
