"""The branches of a diagram: followed from a start with all that cross them, each of them once."""

import numpy as np
from scipy.spatial import cKDTree

from dynsys.analysis.branch import hermite
from dynsys.analysis.branch_starts import step_off
from dynsys.analysis.continuation import trace_branch
from dynsys.analysis.period_two import orbits_from_flip
from dynsys.analysis.special_points import CROSSINGS
from tasks.errors import Status

MAX_BRANCHES = 500
# Longest step on a branch that is followed again; what a branch says of a change of stability without reason.
SHORTER, LOST = 2.5e-3, "for a reason that was not found"
# Distance (scaled) to a branch that counts as none.
SAME = 1e-5
# The same for points where several eigenvalues vanish, whose place follows from the sum of those.
SAME_MULTIPLE = 1e-4
# Pieces of branches to try for a point, those with the nearest middles; a point farther from all points of a
# branch than this (scaled) is not on it.
NEAREST, FAR = 6, 0.05
# Points (scaled) through which one branch goes at most are one if no farther apart.
ONE = 1e-7
# Closed branches are one if no farther apart than this share of their size.
LOOP = 0.1


def follow(curve, branches, branch, ask):
    """Add a branch, and those that cross it, and those that cross them.

    Parameters
    ----------
    curve : Curve
        The equations.
    branches : list of Branch
        Those that are known; grows.
    branch : Branch
        A new one.
    ask : callable
        Raises KeyboardInterrupt where the user wants to end.

    Examples
    --------
    >>> follow(None, [], [], None) is None  # a branch of no points
    True
    """
    waiting = [branch]
    while waiting and len(branches) < MAX_BRANCHES:
        branch = waiting.pop()
        if len(branch) < 2 or any(same_branch(curve, branch, other) for other in branches):
            continue
        branches.append(branch)
        starts = [(s, sign * d) for s in branch.special_points for d in s.directions for sign in (1.0, -1.0)]
        for special, direction in starts:
            try:
                ask()
            except KeyboardInterrupt:
                branches += [other for other in waiting if len(other) > 1]
                raise
            start = step_off(curve, special, direction)
            if start is not None and not any(passes(curve, b, *start[:2]) for b in [*branches, *waiting]):
                waiting.append(trace_branch(curve, *start))


def orbits_of_two(curve, branches):
    """The orbits of period 2 from every flip, two branches each; one that joins two flips once.

    Examples
    --------
    >>> orbits_of_two(None, [])
    []
    """
    found = []
    for special in [point for branch in branches for point in branch.special_points if point.kind == "flip"]:
        pair = orbits_from_flip(curve, special)
        if pair is None:
            continue
        middle = len(pair[0]) // 2
        x, p = pair[0].kappa[middle], pair[0].values[middle]
        if not any(passes(curve, branch, x, p) for branch in found):
            found += pair
    return found


def passes(curve, branch, x, p):
    """Whether a branch goes through a point: its distance from the cubic between two points of the branch.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> one = np.ones(4)
    >>> curve = make_curve(reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2))
    >>> silence = trace_branch(curve, np.zeros(1), 0.5)
    >>> passes(curve, silence, np.zeros(1), 1.234), passes(curve, silence, np.ones(1), 1.234)
    (True, False)
    """
    if len(branch) < 2:
        return False
    points, tangents = _scaled(curve, branch)
    start, step = points[:-1], np.diff(points, axis=0)
    return bool(_on_pieces(np.append(x, p) / curve.scale, start, step, tangents[:-1], tangents[1:]).any())


def same_branch(curve, branch, other):
    """Whether two branches are one: they share a point, such as a fold or an end, where none cross.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> one = np.ones(4)
    >>> curve = make_curve(reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2))
    >>> same_branch(curve, *(trace_branch(curve, np.zeros(1), gain) for gain in (0.5, 1.5)))
    True
    """
    if _same_loop(branch, other):
        return True
    ours, theirs = _own_points(curve, branch), _own_points(curve, other)
    return any(
        kind == known and np.abs(place - spot).max() < ONE for kind, place in ours for known, spot in theirs
    )


def early_ends(branches):
    """Which branches end inside the span, and how, as the end of a sentence.

    Examples
    --------
    >>> early_ends([])
    ''
    """
    ends = [(k, b) for b in branches for k in (0, 1) if not b.ends[k].ok]
    if not ends:
        return ""
    k, branch = ends[0]
    count = len({id(b) for _, b in ends})
    why = branch.ends[k].value.rstrip(".")
    return (
        f"; {count} of {len(branches)} branches end{'s' * (count == 1)} before the span does, the first at "
        f"{branch.parameter} = {branch.values[-k]:.6g}: {why[0].lower()}{why[1:]}"
    )


def off_branches(curve, branches, points):
    """Which points of the curve (K, n + 1), scaled, lie on none of the branches; an array of bool (K,).

    Examples
    --------
    >>> off_branches(None, [], np.zeros((2, 3)))
    array([ True,  True])
    """
    pieces = [(*_scaled(curve, branch), branch) for branch in branches if len(branch) > 1]
    off = np.ones(len(points), dtype=bool)
    if not pieces or not len(points):
        return off
    start = np.concatenate([each[:-1] for each, *_ in pieces])
    step = np.concatenate([np.diff(each, axis=0) for each, *_ in pieces])
    before = np.concatenate([each[:-1] for _, each, _ in pieces])
    after = np.concatenate([each[1:] for _, each, _ in pieces])
    # The pieces that begin or end near a point: first their middles, which never lie far from it.
    tree = cKDTree(start + 0.5 * step)
    _, near = tree.query(points, min(NEAREST, len(start)))
    for rows in near.reshape(len(points), -1).T:
        todo = np.flatnonzero(off)
        rows = rows[todo]
        off[todo] = ~_on_pieces(points[todo], start[rows], step[rows], before[rows], after[rows])
    for k in np.flatnonzero(off):
        off[k] = not any(_reaches(curve, branch, *each, points[k]) for *each, branch in pieces)
    return off


def mend(curve, branches, ask):
    """Follow branches anew, in shorter steps, on which special points were passed over.

    Two branch points in one step leave no sign in any test, but the branches that cross there know of them.
    A change of stability for no reason that was found is another sign.

    Parameters
    ----------
    curve : Curve
        The equations.
    branches : list of Branch
        Those that are known; some are replaced.
    ask : callable
        Raises KeyboardInterrupt where the user wants to end.

    Examples
    --------
    >>> mend(None, [], None) is None
    True
    """
    crossings = [s for s in merged_points(curve, branches) if s.kind in CROSSINGS]
    for k, branch in enumerate(branches):
        known = [special for special in branch.special_points if special.kind in CROSSINGS]
        unknown = [s for s in crossings if not any(_one_place(curve, s, other) for other in known)]
        lost = LOST in branch.message or any(passes(curve, branch, s.kappa, s.value) for s in unknown)
        if not lost:
            continue
        ask()
        middle = len(branch) // 2
        again = trace_branch(
            curve, branch.kappa[middle], branch.values[middle], branch.tangents[middle], max_step=SHORTER
        )
        if len(again.special_points) > len(branch.special_points) or (
            again.status.ok and LOST in branch.message and LOST not in again.message
        ):
            branches[k] = again


def merged_points(curve, branches):
    """Special points of all branches, each once, by parameter value.

    Examples
    --------
    >>> merged_points(None, [])
    []
    """
    kept = []
    specials = sorted((s for branch in branches for s in branch.special_points), key=lambda s: s.value)
    for special in sorted(specials, key=_off_zero):
        place = np.append(special.kappa, special.value)
        others = (np.append(o.kappa, o.value) for o in kept if o.kind == special.kind)
        same = SAME_MULTIPLE if "multiplicity" in special.coefficients else SAME
        if not any(np.abs((place - other) / curve.scale).max() < same for other in others):
            kept.append(special)
    return sorted(kept, key=lambda s: s.value)


def _scaled(curve, branch):
    points = np.column_stack([branch.kappa, branch.values]) / curve.scale
    tangents = branch.tangents / curve.scale
    return points, tangents / np.linalg.norm(tangents, axis=1, keepdims=True)


def _same_loop(branch, other):
    """Whether two closed branches lie on each other, in units of their size: sharp folds may not be known."""
    if not branch.ends[0] is other.ends[0] is Status.CLOSED_LOOP:
        return False
    ours, theirs = (np.column_stack([each.kappa, each.values]) for each in (branch, other))
    size = np.maximum(np.ptp(theirs, axis=0), 1e-9)
    if (
        np.abs(ours.min(axis=0) - theirs.min(axis=0)) + np.abs(np.ptp(ours, axis=0) - size) > LOOP * size
    ).any():
        return False
    sample = ours[:: max(len(ours) // 16, 1)]
    return bool((np.abs((sample[:, None] - theirs) / size).max(axis=2).min(axis=1) < LOOP).all())


def _one_place(curve, one, two):
    apart = np.append(one.kappa, one.value) - np.append(two.kappa, two.value)
    return np.abs(apart / curve.scale).max() < SAME_MULTIPLE


def _own_points(curve, branch):
    """Kinds and places (scaled) of points that belong to one branch only."""
    found = [
        (special.kind, np.append(special.kappa, special.value) / curve.scale)
        for special in branch.special_points
        if not len(special.directions) and "multiplicity" not in special.coefficients
    ]
    points = (special for special in branch.special_points if len(special.directions))
    crossings = [np.append(special.kappa, special.value) / curve.scale for special in points]
    for end, status in zip((0, -1), branch.ends):
        place = np.append(branch.kappa[end], branch.values[end]) / curve.scale
        shared = any(np.abs(place - crossing).max() < SAME for crossing in crossings)
        if status is Status.REACHED_SPAN and np.isin(branch.values[end], curve.span[0]) and not shared:
            found.append(("end", place))
    return found


def _on_pieces(points, start, step, before, after):
    """Whether points lie on the cubics between two points of a branch each, (K,)."""
    length = np.linalg.norm(step, axis=1, keepdims=True)
    share = ((points - start) * step).sum(axis=1, keepdims=True) / np.maximum(length, 1e-150) ** 2
    share = np.clip(share, 0, 1)
    apart = points - start - hermite(share, step, length * before, length * after)
    along = step / np.maximum(length, 1e-150)
    aside = apart - (apart * along).sum(axis=1, keepdims=True) * along
    near = np.linalg.norm(aside, axis=1) < SAME
    return near & (np.linalg.norm(apart, axis=1) < 0.1 * length[:, 0] + SAME)


def _reaches(curve, branch, points, tangents, point):
    """Whether the curve through the branch's nearest point goes through a point: Newton's method decides."""
    if passes(curve, branch, *np.split(point * curve.scale, [-1])):
        return True
    apart = np.linalg.norm(points - point, axis=1)
    k = int(apart.argmin())
    if apart[k] > FAR:
        return False
    found = curve.step(points[k], tangents[k], float(tangents[k] @ (point - points[k])))
    return found is not None and np.abs(found[0] - point).max() < SAME


def _off_zero(special):
    """How far from zero the eigenvalues are that should vanish at a point where several do."""
    return np.sort(np.abs(special.eigenvalues))[: special.coefficients.get("multiplicity", 0)].sum()
