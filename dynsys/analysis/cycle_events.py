"""Special points of a branch of cycles: bracketed on a test function, solved to rounding, named."""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import lu_factor, lu_solve

from dynsys.analysis.cycle_branch import as_cycle
from dynsys.analysis.cycle_curve import nontrivial
from dynsys.analysis.cycle_forms import normal_form
from dynsys.analysis.cycle_kinds import describe_doubling, describe_fold, describe_torus, unstable_besides
from dynsys.analysis.cycle_locate import Step, locate, polished, tests_at
from dynsys.analysis.cycle_point import CyclePoint

# Halvings of a step in which more happens than one event explains.
SPLITS = 7
# A fold closer to a branch point than this share of the step is a pitchfork, seen from its side.
TOGETHER = 0.05
# Multipliers are believed where the trivial one is this close to 1.
TRIVIAL = 1e-2
# Folds closer than this share of the span are one, or none.
RIPPLE = 3e-6
OF_MULTIPLIERS = ("doubling", "torus")
ALL = (*OF_MULTIPLIERS, "fold", "branch")


def cycle_events(cycles, rows, marks=(), ask=None):
    """Find and name the special points of a walk.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    rows : Rows
        The walk.
    marks : sequence of float
        Values of the parameter at which cycles are wanted.
    ask : callable, optional
        Called now and then; raises KeyboardInterrupt if the user wants to end.

    Returns
    -------
    found : list of (int, float, CyclePoint)
        The row before each, the share of the step, the point.
    interrupted : bool
        Whether the user wanted to end before all of them were found.

    Examples
    --------
    >>> from dynsys.analysis.cycle_curve import Rows
    >>> cycle_events(None, Rows(*np.zeros((6, 0))))
    ([], False)
    """
    found, interrupted = [], False
    for k in range(len(rows) - 1):
        ends = [_row(rows, i) for i in (k, k + 1)]
        # Where the branch itself begins all tests vanish: only marks are looked for.
        begins = k == 0 and (rows.seed == 1 or rows.lengths[0] < 0)
        # Near a homoclinic orbit rounding has eaten the multipliers: nothing is asked of them.
        doubtful = max(float(np.abs(row[2] - 1).min()) for row in ends) > TRIVIAL
        left_out = ALL if begins else OF_MULTIPLIERS if doubtful else ()
        pieces = [(0.0, ends[0], 1.0, ends[1], SPLITS)]
        changes = _changes(cycles, *ends, marks, left_out)
        if not changes and (left_out or _outside(ends[0]) == _outside(ends[1])):
            continue
        try:
            if ask is not None:
                ask()
        except KeyboardInterrupt:  # the events that were found are kept
            interrupted = True
            break
        place = rows.meshes[k].copy(), rows.points[k].copy(), rows.tangents[k]
        step = Step(cycles, *place, rows.lengths[k + 1], rows.points[k + 1][-1])
        step.seed = rows.seed if begins else 0
        here = []
        while pieces:
            low, first, high, second, depth = pieces.pop()
            changes = _changes(cycles, first, second, marks, left_out)
            crossings = [name for name in changes if not name.startswith("mark")]
            if "branch" in crossings and "fold" in crossings:  # a pitchfork from its side branch
                crossings.remove("fold")
            unexplained = not left_out and not crossings and _outside(first) != _outside(second)
            if depth and (len(crossings) > 1 or unexplained):
                middle = step.at(0.5 * (low + high))
                if middle is not None:
                    pieces += [(low, first, 0.5 * (low + high), middle, depth - 1),
                               (0.5 * (low + high), middle, high, second, depth - 1)]  # fmt: skip
                    continue
            for name in changes:
                place = locate(step, name, low, first, high, second, marks)
                if place is None and name in crossings:  # the mesh has moved since: the nearer end will do
                    place = _nearer(step, name, low, first, high, second)
                if place is not None:
                    here.append((*place, name))
        at_branch = [share for share, _, name in here if name == "branch"]
        for share, solution, name in sorted(here, key=lambda each: each[0]):
            if name == "fold" and any(abs(share - other) < TOGETHER for other in at_branch):
                continue
            fine = polished(step, name, solution, marks)
            found.append((k, share, _named(step, name, solution, fine)))
    return _without_ripples(found, rows, cycles) if found else [], interrupted


def _nearer(step, name, low, first, high, second):
    """The end of a bracket at which a test is smaller, as `locate` has it; None if it is not found again."""
    sizes = [abs(tests_at(step.cycles, row)[name]) for row in (first, second)]
    share = low if sizes[0] < sizes[1] else high
    row = step.at(share)
    return None if row is None else (share, row)


def _without_ripples(found, rows, cycles):
    """Folds, without the pairs of them that errors of the mesh make where a branch is all but vertical."""
    kept, cluster = [], []
    for event in [*found, None]:
        fold = event is not None and event[2].kind == "fold of cycles"
        near = fold and cluster and abs(event[2].value - cluster[-1][2].value) < RIPPLE * cycles.scale[-1]
        if cluster and not near:
            if len(cluster) % 2:  # the outermost is the fold
                up = rows.points[max(cluster[0][0] - 5, 0)][-1] < cluster[0][2].value
                kept.append(sorted(cluster, key=lambda e: e[2].value)[-1 if up else 0])
            cluster = []
        if fold:
            cluster.append(event)
        elif event is not None:
            kept.append(event)
    return kept


def _row(rows, i):
    return rows.points[i], rows.tangents[i], rows.multipliers[i], rows.determinants[i]


def _outside(row):
    return int((np.abs(nontrivial(row[2][None])[0]) > 1).sum())


def _changes(cycles, first, second, marks, left_out):
    a, b = (tests_at(cycles, row, marks=marks) for row in (first, second))
    crossed = [n for n in a if not n.startswith("mark") and n not in left_out and a[n] * b[n] < 0]
    return [*crossed, *(n for n in a if n.startswith("mark") and a[n] * b[n] <= 0)]


def _named(step, name, coarse, polished):
    cycles, parameter = step.cycles, step.cycles.curve.parameter
    mesh, (y, _, multipliers, _, _) = polished
    solved = coarse[4]
    value, period = float(y[-1]), float(y[-2])
    cycle = as_cycle(mesh, cycles.orbit(y), period, multipliers)
    place = f"{parameter} = {value:.6g}, period {period:.6g}"
    mu = nontrivial(multipliers[None])[0]
    onward, form, critical = None, {}, 1
    if name == "torus":
        pair, critical = mu[np.argmin(np.abs(np.abs(mu) - 1))], 2
        if abs(pair.imag) <= 1e-9 * abs(pair) or abs(abs(pair) - 1) >= 1e-3:
            name = "neutral"
        angle = abs(np.angle(pair))
    if name in ("fold", "doubling", "torus"):
        form = normal_form(cycles, name, mesh, y, angle if name == "torus" else np.pi)
        others = unstable_besides(mu, critical)
        unit = period * np.linalg.norm(np.ptp(cycles.orbit(y), axis=0))
    if name == "fold":
        kind, side = "fold of cycles", "above" if step.after > value else "below"
        sentence = describe_fold(form, unit, others, place, side)
    elif name == "doubling":
        kind, onward = "period doubling", _doubled(step, solved)
        sentence = describe_doubling(form, unit, others, place)
    elif name == "torus":
        kind, sentence = "torus", describe_torus(form, unit, others, place, angle)
    elif name == "branch":
        kind, onward = "branch point of cycles", _crossing(step, solved)
        sentence = f"Branch point of cycles at {place}: another branch of cycles crosses."
    elif name == "neutral":
        kind = "neutral saddle cycle"
        sentence = f"Neutral saddle cycle at {place}: two multipliers with product 1; nothing changes."
    else:
        kind, sentence = "mark", f"The cycle at {place}."
    return CyclePoint(kind, parameter, value, cycle, sentence, onward, form)


def _doubled(step, solved):
    """Two turns of a cycle whose multiplier is -1, and the direction that alternates."""
    ends = _null_chain(step, solved, -1.0)[0]
    mesh = step.mesh
    twice = np.append(0.5 * mesh, 0.5 + 0.5 * mesh[1:])
    orbit, wave = step.cycles.orbit(solved.y), _between(mesh, ends, -1.0)
    y = np.append(np.concatenate([orbit, orbit[1:]]).ravel(), [2 * solved.y[-2], solved.y[-1]])
    direction = np.append(np.concatenate([wave, -wave[1:]]).ravel(), [0.0, 0.0])
    return twice, y, direction


def _crossing(step, solved):
    """The direction of the other branch, orthogonal to the branch's own."""
    ends, change = _null_chain(step, solved, 1.0)
    direction = np.append(_between(step.mesh, ends, 1.0).ravel(), [change * solved.y[-2], 0.0])
    weights = step.cycles.weights(step.mesh, solved.y)
    own = step.direction
    direction = direction - own * (weights @ (direction * own)) / (weights @ own**2)
    return step.mesh, solved.y, direction


def _null_chain(step, solved, sign):
    """Null vector of x_{j+1} = M_j x_j + (T_j F) s, x_N = sign x_0: states (N + 1, n), and s where sign = 1.

    s is the relative change of the period; x_0 is orthogonal to F there.
    """
    cycles, matrices = step.cycles, solved.matrices
    N, n = matrices.shape[:2]
    nodes = cycles.orbit(solved.y)[::4]
    speeds = np.array([cycles.curve.rhs(x, solved.y[-1]) for x in nodes]) * solved.y[-2]
    scale = cycles.scale[:n]
    extra = 1 if sign > 0 else 0
    system = np.zeros((N * n + extra, N * n + extra))
    for j in range(N):
        rows, ahead = slice(j * n, (j + 1) * n), ((j + 1) % N) * n
        system[rows, rows] -= matrices[j] * scale / scale[:, None]
        system[rows, ahead : ahead + n] += np.eye(n) * (sign if j == N - 1 else 1.0)
        if extra:
            system[rows, -1] = -speeds[j + 1] / scale * (step.mesh[j + 1] - step.mesh[j])
    if extra:
        for j in range(N):
            system[-1, j * n : (j + 1) * n] = speeds[j] / scale * (step.mesh[j + 1] - step.mesh[j])
        system[-1] /= np.linalg.norm(system[-1])
    vector = _null_vector(system)
    ends = vector[: N * n].reshape(N, n) * scale
    return np.concatenate([ends, sign * ends[:1]]), float(vector[-1]) if extra else 0.0


def _null_vector(matrix):
    """The vector that a nearly singular matrix shrinks most, by inverse iteration."""
    size = len(matrix)
    factors = lu_factor(matrix + 1e-14 * np.abs(matrix).max() * np.eye(size))
    vector = 1.0 / (1.7 + np.arange(size) % 7)  # anything that is not orthogonal to it
    for _ in range(3):
        vector = lu_solve(factors, lu_solve(factors, vector, trans=1))
        vector /= np.linalg.norm(vector)
    return vector


def _between(mesh, ends, sign):
    """States between the ends of the intervals by a cubic spline, (4 N + 1, n)."""
    inner = mesh[:-1, None] + np.diff(mesh)[:, None] * np.arange(4) / 4
    times = np.append(inner.ravel(), mesh[-1])
    long = np.concatenate([mesh[:-1] - 1, mesh, mesh[1:] + 1])
    values = np.concatenate([sign * ends[:-1], ends, sign * ends[1:]])
    return np.array(CubicSpline(long, values)(times))
