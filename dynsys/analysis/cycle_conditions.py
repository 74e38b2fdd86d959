"""The equations of folds, period doublings and torus points of cycles in two parameters.

Beside the cycle one more equation, real or complex, says that the chain of the flow's derivatives M_j
(`dynsys.analysis.orbit_chain`) is singular when it closes with the critical multiplier,

    fold of cycles     v_{j+1} = M_j v_j + alpha f_j,  v_N = v_0,   v orthogonal to F
    period doubling    v_{j+1} = M_j v_j,              v_N = -v_0
    torus              v_{j+1} = M_j v_j,              v_N = e^(i theta) v_0,   theta one more unknown

by the last unknown s of [[matrix, b], [c, 0]] [v; s] = [0; 1]. With the solution l of the transposed system
its derivative is l times the change of the chain along v: minimally augmented (Doedel, Govaerts & Kuznetsov
2003). F_x is exact, so s is; only its derivative uses differences of F_x.
"""

from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from dynsys.analysis.orbit_chain import Chain, orbit_weights, phase, remeshed
from dynsys.numerics.chain import solve_chain

# Newton's iterations; a step below the first is followed by one last, which must be below the second (or
# no shorter than this share of it: rounding); a step longer than the last leads elsewhere.
ITERATIONS, CLOSE, CONVERGED, STALLED, LONGEST = 10, 1e-5, 1e-9, 0.1, 1.0
# A mesh on which multipliers that should be 1 are off by more than this gets finer, up to so many intervals.
DOUBTFUL, FINER, MAX_INTERVALS = 1e-5, 1.5, 160
# The longest step along the curve, in units of the first cycle's size.
LONGEST_STEP = 0.2
# What is followed, by the kind of the point of a branch of cycles.
CYCLE_KINDS = MappingProxyType({"fold of cycles": "fold", "period doubling": "doubling", "torus": "torus"})


class Place(NamedTuple):
    """A point of the curve: mesh, y, unit tangent, borders (b, c, phase), null vector, chain.

    ``bend`` is the derivative of s along the null vector: where it vanishes two folds of cycles meet.
    """

    mesh: np.ndarray
    y: np.ndarray
    tangent: np.ndarray
    borders: tuple
    null: np.ndarray
    chain: Chain
    bend: float = np.nan

    @property
    def parameters(self):
        """ndarray (2,) : the parameters, scaled."""
        return self.y[self.chain.size + 1 : self.chain.size + 3]


class CycleConditions:
    """A cycle with one critical multiplier or pair, in unknowns y = (orbit, T, p1, p2) and theta of a torus.

    Parameters
    ----------
    curve : Curve
        With two free parameters.
    kind : {"fold of cycles", "period doubling", "torus"}
        What is singular.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> CycleConditions(SimpleNamespace(n=2), "torus").others
    3
    """

    def __init__(self, curve, kind):
        self.curve, self.kind, self.what = curve, kind, CYCLE_KINDS[kind]
        self.others = 3 if self.what == "torus" else 2

    def begin(self, mesh, y):
        """The place near a guess, with the second parameter held; None where Newton's method fails."""
        chain = Chain(self.curve, mesh, y)
        held = np.zeros(y.size)
        held[chain.size + 2] = 1.0
        size = chain.flows.shape[0] * chain.n
        b, c = (1.0 / (first + np.arange(size + (self.what == "fold")) % 7) for first in (1.7, 2.0))
        borders = b[:size], c, _speeds(chain)
        for _ in range(4):  # inverse iteration: the null vectors that are found become the borders
            _, _, null, adjoint = self._condition(chain, y, borders)
            if not (np.isfinite(adjoint).all() and np.isfinite(null[0]).all()):
                return None
            borders = self._borders(null, adjoint, borders)
        return self.solve(Place(mesh, y, held, borders, None, chain), held)

    def solve(self, place, direction, length=0.0, guess=None):
        """The place at an arclength from another along a unit direction; None where Newton's method fails."""
        mesh, base = place.mesh, place.y
        y = np.array(base + length * direction if guess is None else guess)
        size, n = place.chain.size, self.curve.n
        arc = orbit_weights(mesh, n, base[size], self.others) * direction
        conditions = 2 if self.what == "torus" else 1
        rows, target = np.zeros((conditions + 2, y.size)), np.zeros((conditions + 2, 2))
        rows[0, :size] = phase(base[:size].reshape(-1, n))
        rows[-1], target[-1, 1] = arc, 1.0
        final, before = False, np.inf
        try:
            for _ in range(ITERATIONS):
                chain = Chain(self.curve, mesh, y)
                values, gradient, null, adjoint = self._condition(chain, y, place.borders)
                rows[1:-1] = gradient
                target[:, 0] = -rows @ (y - base)
                target[1:-1, 0] = -values
                target[-1, 0] += length
                step = _newton(chain, rows, target)
                moved, along = (np.sqrt(orbit_weights(mesh, n, base[size], self.others) @ each**2)
                                for each in step.T)  # fmt: skip
                if not (moved < LONGEST and 0 < along < np.inf):
                    return None
                y = y + step[:, 0]
                if not y[size] > 0:
                    return None
                # Where cycles grow at all but one parameter (canards) rounding leaves their size open.
                if final and (moved < CONVERGED or STALLED * before < moved < CLOSE):
                    return self._place(
                        chain, mesh, y, step[:, 1] / along, place.borders, null, adjoint, gradient
                    )
                final, before = moved < CLOSE, moved
        except np.linalg.LinAlgError:
            return None
        return None

    def remesh(self, place):
        """The same place on a mesh that fits it, finer if need be, with tangent and borders carried over."""
        size, n, N = place.chain.size, self.curve.n, place.mesh.size - 1
        if self.doubt(place) > DOUBTFUL:
            N = min(int(FINER * N), max(MAX_INTERVALS, N))
        nodes, move = (each[:size].reshape(-1, n) for each in (place.y, place.tangent))
        null = place.null.astype(complex)
        mesh, nodes, move, re, im = remeshed(place.mesh, nodes, N, move, null.real, null.imag)
        y = np.concatenate([nodes.ravel(), place.y[size:]])
        tangent = np.concatenate([move.ravel(), place.tangent[size:]])
        tangent /= np.sqrt(orbit_weights(mesh, n, y[size], self.others) @ tangent**2)
        chain = Chain(self.curve, mesh, y)
        right = (re + 1j * im)[:-1:4].ravel()
        left = np.array([np.interp(mesh[1:], place.mesh[1:], each)
                         for each in place.borders[0].reshape(-1, n).T])  # fmt: skip
        b, c = left.T.ravel(), right.conj() if self.what == "torus" else right.real
        if self.what == "fold":
            c = np.append(c, place.borders[1][-1])
        borders = b / np.linalg.norm(b), c / np.linalg.norm(c), _speeds(chain)
        return Place(mesh, y, tangent, borders, re + 1j * im, chain, place.bend)

    def settled(self, place):
        """A place as it is kept."""
        return place

    def longest(self, place):
        """The longest step from a place: it may lead through a cycle that has shrunk to a point."""
        return LONGEST_STEP

    def doubt(self, place):
        """How far the multipliers that should be 1 are from it, which the mesh alone decides."""
        away = np.sort(np.abs(place.chain.multipliers() - 1))
        return float(away[0] * away[1] if self.what == "fold" else away[0])

    def _place(self, chain, mesh, y, tangent, borders, null, adjoint, gradient):
        """Name what was found; the null vectors become the borders."""
        size, (ends, alpha) = chain.size, null
        nodes = chain.spread(ends, np.array([alpha, 0.0, 0.0, 0.0]))
        bend = np.nan
        if self.what == "fold":
            along = gradient[0, :size] @ nodes.ravel() + gradient[0, size] * alpha
            bend = float(along / (np.linalg.norm(np.append(ends, alpha)) * np.linalg.norm(adjoint)))
        return Place(mesh, y, tangent, self._borders(null, adjoint, borders), nodes, chain, bend)

    def _borders(self, null, adjoint, before):
        """Borders (b, c, phase) from null vectors."""
        b, c = adjoint.ravel().conj(), null[0].ravel().conj()
        if self.what == "fold":
            c = np.append(c, null[1])
        return b / np.linalg.norm(b), c / np.linalg.norm(c), before[2]

    def _condition(self, chain, y, borders):
        """s as real numbers, its derivatives, the null vector (ends, alpha) and the left one's chain part."""
        flows, (N, n) = chain.flows, chain.flows.shape[:2]
        b, c, speeds = (each[: N * n].reshape(N, n) for each in borders)
        turn = {"fold": 1.0, "doubling": -1.0}.get(self.what) or complex(np.exp(1j * y[-1]))
        columns, rows, corner = -b[..., None], c[None], np.zeros((1, 1))
        if self.what == "fold":
            f, corner = chain.columns[:, :, :1], np.array([[0.0, 0.0], [borders[1][-1], 0.0]])
            columns, rows = np.concatenate([f, columns], axis=2), np.array([speeds, c])
        ends, q = _closed(flows, columns, rows, corner, turn)
        back = (
            np.swapaxes(flows, 1, 2)[::-1],
            -np.moveaxis(rows, 0, 2)[::-1],
            -np.moveaxis(columns, 2, 0)[:, ::-1],
        )
        adjoint = _closed(*back, corner.T, turn)[0][::-1]
        s, alpha = q[-1], float(q[0].real) if self.what == "fold" else 0.0
        row = self._gradient(chain, ends, alpha, adjoint)
        if self.what != "torus":
            return np.array([s]), row[None], (ends, alpha), adjoint
        row = np.append(row, -1j * turn * (adjoint[-1] @ ends[0]))
        return np.array([s.real, s.imag]), np.array([row.real, row.imag]), (ends, alpha), adjoint

    def _gradient(self, chain, ends, alpha, adjoint):
        null = chain.inside(chain.spread(ends, np.array([alpha, 0.0, 0.0, 0.0])))
        weights = chain.adjoint(adjoint) * chain.widths[:, None, None]
        bent = chain.bent(null.real)
        if np.iscomplexobj(null):
            bent = bent + 1j * chain.bent(null.imag)
        T = chain.period
        state = np.einsum("jca,jcab->jcb", weights, T * bent + alpha * chain.slopes)
        turned = np.einsum("jca,jcab,jcb->", weights, chain.slopes, null)
        mixed = T * np.einsum("jca,kjcab,jcb->k", weights, chain.mixed(), null)
        direct = alpha * np.einsum("jca,jcak->k", weights, chain.changes)
        return np.concatenate([chain.at_nodes(state), [turned], mixed + direct])


def _newton(chain, rows, target):
    """Newton's step and the tangent, (size + 3 + .., 2), from the rows that close the chain."""
    N, n = chain.flows.shape[:2]
    extra = rows.shape[1] - chain.size
    columns = np.zeros((N, n, extra + 2))
    columns[:, :, :3], columns[:, :, extra] = chain.columns[:, :, :3], chain.columns[:, :, 3]
    over, others = chain.condensed(rows)
    beside = np.column_stack([rows[:, chain.size :], target])
    beside[:, :3] += others[:, :3]
    beside[:, extra] -= others[:, 3]
    ends, q = _solved(chain.flows, columns, over.reshape(-1, N, n), beside, np.eye(n), 2)
    out = []
    for k, last in ((0, 1.0), (1, 0.0)):
        out.append(np.append(chain.spread(ends[:, :, k], np.append(q[:3, k], last)).ravel(), q[:, k]))
    return np.transpose(out)


def _closed(flows, columns, rows, corner, turn):
    """Solve x_{j+1} = M_j x_j + C_j q, x_N = turn x_0 rows . x + corner q = (0, .., 0, 1): x (N, n), q."""
    n, k = flows.shape[1], len(corner)
    last = np.append(np.zeros(k - 1), 1.0)[:, None]
    if not isinstance(turn, complex):
        columns = np.concatenate([columns, np.zeros((len(flows), n, 1))], axis=2)
        x, q = _solved(flows, columns, rows, np.column_stack([corner, last]), turn * np.eye(n), 1)
        return x[:, :, 0], q[:, 0]
    # Complex numbers as pairs of real ones.
    twice = np.zeros((len(flows), 2 * n, 2 * n))
    twice[:, :n, :n] = twice[:, n:, n:] = flows
    columns = np.concatenate([np.concatenate([columns.real, -columns.imag], axis=2),
                              np.concatenate([columns.imag, columns.real], axis=2)], axis=1)  # fmt: skip
    columns = np.concatenate([columns, np.zeros((len(flows), 2 * n, 1))], axis=2)
    rows = np.concatenate([np.concatenate([rows.real, -rows.imag], axis=2),
                           np.concatenate([rows.imag, rows.real], axis=2)])  # fmt: skip
    turned = np.kron(np.array([[turn.real, -turn.imag], [turn.imag, turn.real]]), np.eye(n))
    beside = np.column_stack([np.kron(np.eye(2), corner), np.append(last, np.zeros(k))])
    x, q = _solved(twice, columns, rows, beside, turned, 1)
    return x[:, :n, 0] + 1j * x[:, n:, 0], q[:k, 0] + 1j * q[k:, 0]


def _solved(flows, columns, rows, beside, turn, count):
    """`solve_chain` with x_N = turn x_0: x (N, n, count), q (k, count)."""
    N, n = flows.shape[:2]
    k = columns.shape[2] - count
    over, others = np.zeros((n + len(rows), N + 1, n)), np.zeros((n + len(rows), k + count))
    over[:n, 0], over[:n, N] = -turn, np.eye(n)
    over[n:, :N], others[n:] = rows, beside
    out = np.empty(((N + 1) * n + k, count))
    full = np.ascontiguousarray(flows), np.ascontiguousarray(columns)
    if not solve_chain(*full, over, others, out):
        raise np.linalg.LinAlgError("singular")
    return out[: N * n].reshape(N, n, count), out[(N + 1) * n :]


def _speeds(chain):
    """F near the ends of the intervals, a unit row (N n,)."""
    row = (chain.rates[:, 0] * chain.widths[:, None]).ravel()
    return row / np.linalg.norm(row)
