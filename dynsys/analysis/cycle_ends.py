"""How a branch of cycles ends other than by leaving the span: what a walk along it is looked at for.

Half a turn apart, D(t) = u(t + 1/2) - u(t) goes through zero where cycles shrink to a fixed point (Hopf) or
come back to cycles of half the period; beyond, the walk would only repeat the branch with another phase.
"""

import numpy as np

from dynsys.analysis.cycle_branch import as_cycle
from dynsys.analysis.cycle_curve import Rows
from dynsys.analysis.cycle_point import CyclePoint
from dynsys.numerics.collocation_basis import sample
from dynsys.numerics.extended import HOPF_CURVE
from tasks.errors import Status

# Times at which cycles are compared.
TIMES = np.arange(64) / 64
# A period that grows without bound: least speed next to the greatest; d p / d log T next to the span; least
# distance from the saddle next to the size of the cycle.
SLOW, STALLED, CLOSE = 1e-6, 1e-3, 1e-2
# The same where the walk stopped by itself.
SLOW_AT_STOP, CLOSE_AT_STOP = 1e-2, 1e-1
# Least speed where a saddle-node is about to appear on the cycle: its period grows slowly.
SLOW_FOLD = 1e-4
# A loop: distance from the start as a share of the step that passes it; cosine of the directions.
PASSED, COSINE = 0.1, 0.9
# How far from 1 no multiplier of a cycle may be: what a coarse mesh solves for need not be an orbit of F.
LOST = 0.5
# A last cycle smaller than this share of the one before it is left out.
TINY = 0.3


class Watch:
    """Looks at a walk while it goes on.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    degenerate : bool
        Whether the first row has D = 0 itself.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> Watch(SimpleNamespace(n=2, scale=np.ones(3)), True).seen
    0
    """

    def __init__(self, cycles, degenerate):
        self.cycles, self.degenerate = cycles, degenerate
        self.samples, self.seen = np.zeros((0, TIMES.size, cycles.n)), 0

    def end_of(self, rows):
        """The row at which the walk ended, and how; None while it has not.

        Parameters
        ----------
        rows : Rows
            All rows so far.

        Returns
        -------
        tuple of (int, Status) or None
            Number of rows to keep, and why.
        """
        fresh = np.empty((len(rows) - self.seen, TIMES.size, self.cycles.n))
        for k, states in zip(range(self.seen, len(rows)), fresh):
            sample(rows.meshes[k], rows.points[k : k + 1], TIMES, states[None])
        self.samples = np.concatenate([self.samples, fresh])
        before, self.seen = max(self.seen, 1), len(rows)
        scale = self.cycles.scale[:-1]
        half = TIMES.size // 2
        apart = (self.samples[:, half:] - self.samples[:, :half]) / scale
        for k in range(before, len(rows)):
            if np.abs(rows.multipliers[k] - 1.0).min() > LOST:
                near = k > 2 and nears_homoclinic(self.cycles, rows, k - 1, SLOW_AT_STOP) is not None
                return k, Status.NEAR_HOMOCLINIC if near else Status.UNRESOLVED
            if (k > 1 or not self.degenerate) and (apart[k] * apart[k - 1]).sum() < 0:
                around = (self.samples[k - 1] - self.samples[k - 1].mean(axis=0)) / scale
                shrunk = (apart[k - 1] ** 2).sum() > 0.5 * (around**2).sum()
                return k, Status.HOPF_POINT if shrunk else Status.PERIOD_HALVED
            if k > 8 and self._closes(rows, k):
                return k, Status.CLOSED_LOOP
            if nears_homoclinic(self.cycles, rows, k, SLOW) is not None:
                return k + 1, Status.NEAR_HOMOCLINIC
        return None

    def _closes(self, rows, k):
        marks = [self._mark(rows, i) for i in (0, 1, k - 1, k)]
        step, first = marks[3] - marks[2], marks[1] - marks[0]
        size = np.linalg.norm(step)
        if not size > 0 or step @ first < COSINE * size * np.linalg.norm(first):
            return False
        share = np.clip((marks[0] - marks[2]) @ step / size**2, 0, 1)
        return np.linalg.norm(marks[2] + share * step - marks[0]) < PASSED * size

    def _mark(self, rows, i):
        scale = self.cycles.scale
        y, states = rows.points[i], self.samples[i] / scale[:-1]
        ends = np.append(states.min(axis=0), states.max(axis=0))
        return np.append(ends, [y[-2] / rows.points[0][-2], y[-1] / scale[-1]])


def nears_homoclinic(cycles, rows, k, slow):
    """The state at which a cycle of growing period lingers, and what is there; None where there is none.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    rows : Rows
        A walk.
    k : int
        Which row.
    slow : float
        Least speed, as a share of the greatest, that counts as lingering.

    Returns
    -------
    tuple of (ndarray (n,), str) or None

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.cycle_curve import CycleCurve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> one = np.ones((4, 2))
    >>> curve = make_curve(reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2))
    >>> y = np.append(np.tile([1.0, 2.0], 5), [1.0, 1.0])
    >>> rows = Rows(np.array([[0.0, 1.0]]), y[None], np.ones((1, 12)), *np.ones((3, 1)))
    >>> nears_homoclinic(CycleCurve(curve, curve.scale), rows, 0, 1e-4) is None  # it does not move at all
    True
    """
    curve, scale = cycles.curve, cycles.scale
    y, tangent = rows.points[k], rows.tangents[k]
    longer = tangent[-2] / y[-2]  # relative change of the period along the walk
    if not abs(longer) > 0 or abs(tangent[-1]) / scale[-1] > STALLED * abs(longer):
        return None
    states, p = cycles.orbit(y), y[-1]
    points = np.column_stack([states, np.full(len(states), p)])
    speeds = np.linalg.norm(curve.many("rhs", points, cycles.n) / scale[:-1], axis=1)
    lingers = speeds.min() / max(speeds.max(), 1e-300)
    if longer < 0 or not lingers < max(slow, SLOW_FOLD):
        return None
    at = states[speeds.argmin()].copy()
    size = np.ptp(states, axis=0).max()
    place = at.copy()
    for _ in range(20):
        step = np.linalg.lstsq(curve.jacobian(place, p), -curve.rhs(place, p), rcond=1e-12)[0]
        if not np.isfinite(step).all() or np.abs(place - at).max() > size:
            break
        place = place + step
    reals = np.linalg.eigvals(curve.jacobian(at, p)).real
    solved = np.abs(curve.rhs(place, p)).max() <= 1e-9 * (1 + np.abs(place).max())
    near = np.abs(place - at).max() < (CLOSE if slow < SLOW_AT_STOP else CLOSE_AT_STOP) * size
    if solved and near and lingers < slow and reals.max() > 0 > reals.min():
        return place, "saddle"
    if not solved and np.abs(reals).min() < 0.1 * np.abs(reals).max():
        return at, "saddle-node"
    return None


def last_point(cycles, rows, count, status):
    """The special point at which a walk ends, and the rows with it.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    rows : Rows
        The walk, with one row beyond the end.
    count : int
        Rows to keep.
    status : Status
        HOPF_POINT, NEAR_HOMOCLINIC or PERIOD_HALVED.

    Returns
    -------
    tuple of (Rows, CyclePoint or None)

    Examples
    --------
    >>> rows = Rows(*np.zeros((6, 3)))
    >>> len(last_point(None, rows, 2, Status.CLOSED_LOOP)[0])
    2
    """
    if status is Status.NEAR_HOMOCLINIC:
        return rows.first(count), _homoclinic(cycles, rows, count - 1)
    if status is not Status.HOPF_POINT:
        return rows.first(count), None
    curve, n = cycles.curve, cycles.n
    sizes, means = [], []
    for k in (count - 2, count - 1, count):
        states = cycles.orbit(rows.points[max(k, 0)])
        sizes.append(np.ptp(states / cycles.scale[:-1], axis=0).max())
        means.append(np.append(states.mean(axis=0), rows.points[k][-1]))
    if sizes[1] < TINY * sizes[0] and count > 2:  # as good as the Hopf point itself
        count, sizes, means = count - 1, sizes[:2], means[:2]
    kept, sizes, means = rows.first(count), sizes[-2:], means[-2:]
    share = sizes[0] / (sizes[0] + sizes[1])
    guess = (1 - share) * means[0] + share * means[1]
    solved = curve.polish((guess / curve.scale)[None], [HOPF_CURVE])[0][0, : n + 1] * curve.scale
    if not np.isfinite(solved).all() or np.abs((solved - guess) / cycles.scale).max() > 0.1:
        return kept, None
    values = np.linalg.eigvals(curve.jacobian(solved[:n], solved[n]))
    omega = float(values[np.argmin(np.where(values.imag > 0, np.abs(values.real), np.inf))].imag)
    if not omega > 0:
        return kept, None
    period = 2 * np.pi / omega
    mesh = rows.meshes[count - 1]
    y = np.append(np.tile(solved[:n], 4 * (mesh.size - 1) + 1), [period, solved[n]])
    multipliers = np.exp(values * period)
    multipliers = multipliers[np.argsort(-np.abs(multipliers))]
    cycle = as_cycle(mesh, cycles.orbit(y), period, multipliers)
    sentence = f"Hopf point at {curve.parameter} = {solved[n]:.6g}: the cycles shrink to a fixed point."
    point = CyclePoint("Hopf", curve.parameter, float(solved[n]), cycle, sentence)
    more = (mesh, y, rows.tangents[count - 1], multipliers, rows.determinants[count - 1], rows.lengths[count])
    names = ("meshes", "points", "tangents", "multipliers", "determinants", "lengths")
    joined = (np.concatenate([getattr(kept, a), np.asarray(b)[None]]) for a, b in zip(names, more))
    return Rows(*joined, rows.seed), point


def _homoclinic(cycles, rows, k):
    """The last cycle beside a homoclinic orbit of a saddle, as a special point; None beside a saddle-node."""
    found = nears_homoclinic(cycles, rows, k, SLOW_AT_STOP)
    if found is None or found[1] != "saddle":
        return None
    y, name = rows.points[k], cycles.curve.parameter
    cycle = as_cycle(rows.meshes[k], cycles.orbit(y), float(y[-2]), rows.multipliers[k])
    sentence = f"Homoclinic orbit at {name} = {y[-1]:.8g}: the period goes to infinity."
    return CyclePoint("homoclinic", name, float(y[-1]), cycle, sentence)
