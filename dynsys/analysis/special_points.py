"""Turn the events of a walk into special points: solve the equations of each, and name it.

Between events the number of unstable eigenvalues must not change. Where it does, an even number of them has
crossed zero, at once or in one step, which leaves no sign in any determinant: the step is bisected on that
number.
"""

import numpy as np

from dynsys.analysis import naming
from dynsys.analysis.eigenvalues import growth, sorted_eigenvalues, spectrum
from dynsys.analysis.events import Event, find_events
from dynsys.analysis.extended_systems import polish, polish_cusp
from dynsys.analysis.map_events import find_map_events
from dynsys.analysis.normal_forms import null_vectors
from dynsys.numerics.extended import BRANCH, BRANCH_CURVE, FOLD, FOLD_CURVE, HOPF_CURVE, PAIR

# Events closer than this along the curve (scaled) are looked at together.
TOGETHER = 1e-5
# A fold or cusp this close to a branch point is that point itself, seen by another test: a side branch of a
# pitchfork turns there.
COINCIDE = 1e-6
# Points of one kind that are closer than this are one.
SAME = 1e-8
# An eigenvalue at an event that is below this is meant to be zero.
NEARLY_ZERO = 1e-5
# The real part of one at an end of a branch that is below this is meant to be zero.
AT_END = 1e-9
# Bisections of a step in which the number of unstable eigenvalues changes without an event.
BISECTIONS = 40
CROSSINGS = ("pitchfork", "transcritical", "branch point")
# How many eigenvalues cross the imaginary axis at most; any number at other kinds.
_CHANGES = {"fold": 1, "pitchfork": 1, "transcritical": 1, "Hopf": 2, "neutral saddle": 0}
_MODES = ((BRANCH, BRANCH_CURVE), (FOLD, FOLD_CURVE))


def special_points(curve, walk, modes):
    """Solve for and name every special point of a walk.

    Parameters
    ----------
    curve : Curve
        The equations.
    walk : Walk
        Points along it.
    modes : ndarray (M, n)
        What `dynsys.analysis.eigenvalues.spectrum` finds there.

    Returns
    -------
    specials : list of SpecialPoint
        In order along the walk.
    events : list of Event
        Where each was found.
    lost : int
        Steps in which the number of unstable eigenvalues changes for no reason that was found.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> curve = make_curve(reduced_field(net), "gain", (0.0, 2.0))
    >>> walk, _ = curve.walk(np.array([0.0, 0.25]), np.array([0.0, 1.0]), 500)
    >>> modes = spectrum(curve.field, curve.jacobians(walk.points * curve.scale))
    >>> special_points(curve, walk, modes)[0]
    [SpecialPoint(pitchfork at gain = 1, kappa = [0.])]
    """
    field = curve.field
    events = find_events(curve, walk)
    if field.step is not None:  # pairs of eigenvalues that sum to zero mean nothing to a map
        events = [event for event in events if event.test != PAIR]
    else:
        events = _with_ends(curve, walk, modes, events)
    groups, found = [], []
    for event in events:
        if groups and event.arc - groups[-1][0].arc <= TOGETHER:
            groups[-1].append(event)
        else:
            groups.append([event])
    for group, specials in zip(groups, _resolved(curve, groups)):
        for special in specials:
            if not any(_same(curve, special, other) for other, _ in found[-4:]):
                found.append((special, group[0]))
    crossings = [special for special, _ in found if special.kind in CROSSINGS]
    found = [pair for pair in found if not any(_turns_at(curve, pair[0], other) for other in crossings)]
    if field.step is not None:
        found += find_map_events(curve, walk)
    counts = (growth(field, modes) > 0).sum(axis=1)
    places = walk.arcs
    lost = 0
    for k in np.flatnonzero(counts[1:] != counts[:-1]).tolist():
        low, high = float(places[k]) - TOGETHER, float(places[k + 1]) + TOGETHER
        here = [special.kind for special, event in found if low <= event.arc <= high]
        if abs(int(counts[k + 1]) - int(counts[k])) <= sum(_CHANGES.get(kind, curve.n) for kind in here):
            continue
        for special, event in _where_count_changes(curve, walk, counts, k):
            if special is None:
                lost += 1
            elif not any(_same(curve, special, other) for other, _ in found):
                found.append((special, event))
    found.sort(key=lambda pair: pair[1].arc)
    return [special for special, _ in found], [event for _, event in found], lost


def _with_ends(curve, walk, modes, events):
    """The events, and those exactly at an end of the walk, where no test changes its sign."""
    for k, row in ((0, modes[0].tolist()), (-1, modes[-1].tolist())):
        nearest = min(row, key=lambda value: abs(value.real))
        if not abs(nearest.real) <= AT_END * max(curve.rate, *map(abs, row)):  # a kink has NaN
            continue
        arc = float(walk.arcs[k])
        if any(abs(event.arc - arc) <= TOGETHER for event in events):
            continue
        test = PAIR if nearest.imag else _zero_at(curve, walk.points[k])
        fresh = Event(test, False, arc, walk.points[k], walk.tangents[k])
        events = [fresh, *events] if k == 0 else [*events, fresh]
    return events


def _zero_at(curve, point):
    """Whether branches cross at a point with a zero eigenvalue, or one turns."""
    y = point * curve.scale
    _, psi = null_vectors(curve.jacobian(y[:-1], y[-1]))
    slope = curve.slope(y[:-1], y[-1]) * curve.scale[-1]
    return BRANCH if abs(psi @ slope) <= NEARLY_ZERO * max(curve.rate, np.abs(slope).max()) else FOLD


def _resolved(curve, groups):
    """Solve for and name what happens at each of several places: a list of special points for each."""
    if not groups:
        return []
    starts = np.array([group[0].point for group in groups])
    eigenvalues = sorted_eigenvalues(curve.jacobians(starts * curve.scale))
    sizes = [[*map(abs, row)] for row in eigenvalues.tolist()]
    zeros = [sum(size <= NEARLY_ZERO * max(curve.rate, *row) for size in row) for row in sizes]
    wanted = []
    for k, group in enumerate(groups):
        here = {event.test for event in group}
        if zeros[k] <= 2:  # two may be those of a Bogdanov-Takens point
            wanted += [(k, mode) for test, mode in _MODES if test in here]
        if PAIR in here and not zeros[k]:
            wanted.append((k, HOPF_CURVE))
    solutions = _solutions(curve, starts, wanted)
    found = []
    for k, group in enumerate(groups):
        both = (naming.describe_double_zero(curve, *solutions[k][m]) for _, m in _MODES if m in solutions[k])
        double = next(filter(None, both), None)
        if double is not None:
            found.append([double])
        elif zeros[k] > 1:
            found.append([_multiple(curve, group[0], zeros[k])])
        else:
            found.append(_named(curve, group, solutions[k], eigenvalues[k], zeros[k] > 0))
    return found


def _solutions(curve, starts, wanted):
    """For each place what was wanted and found there: mode to (derivatives, residual)."""
    solutions = [{} for _ in starts]
    found = polish(curve, starts[[k for k, _ in wanted]], [mode for _, mode in wanted]) if wanted else []
    found = [(*key, *solution) for key, solution in zip(wanted, found) if solution is not None]
    if found:
        for (k, mode, _, residual), at in zip(found, curve.expand(np.array([y for _, _, y, _ in found]))):
            solutions[k][mode] = at, residual
    return solutions


def _named(curve, group, solutions, eigenvalues, singular):
    found, tests = [], {event.test for event in group}
    y = group[0].point * curve.scale
    if BRANCH_CURVE in solutions:
        found.append(naming.describe_branch_point(curve, *solutions[BRANCH_CURVE]))
    elif FOLD in tests:
        fold = solutions.get(FOLD_CURVE)
        if sum(event.test == FOLD for event in group) > 1 or any(event.touch for event in group):
            cusp = polish_cusp(curve, y)
            if cusp is not None:
                fold = curve.expand(cusp[0][None])[0], cusp[1]
        if fold is not None:
            special = naming.describe_fold(curve, *fold)
            found += [] if special is None else [special]
    if PAIR in tests and not singular:
        at, residual = solutions.get(HOPF_CURVE, (None, None))
        if _is_oscillation(eigenvalues):
            found += [] if at is None else [naming.describe_hopf(curve, at, residual)]
        elif _is_neutral(eigenvalues, curve.rate):
            at = curve.expand(y[None])[0] if at is None else at
            found.append(naming.describe_neutral_saddle(curve, at))
    return found


def _is_oscillation(eigenvalues):
    """Whether it is a complex pair that sums to zero, and not two real eigenvalues."""
    values = eigenvalues.tolist()
    flat = 1e-12 * min(1.0, max(map(abs, values)))
    real = [value.real for value in values if abs(value.imag) <= flat]
    opposite = min((abs(first + second) for first in real for second in real), default=np.inf)
    return min((abs(value.real) for value in values if abs(value.imag) > flat), default=np.inf) < opposite


def _is_neutral(eigenvalues, rate):
    """Whether two real eigenvalues are opposite."""
    opposite = np.abs(eigenvalues[:, None] + eigenvalues).min(initial=np.inf)
    return not _is_oscillation(eigenvalues) and opposite <= NEARLY_ZERO * max(rate, abs(eigenvalues).max())


def _multiple(curve, event, multiplicity):
    """Place a point where several eigenvalues vanish: their sum is smooth on the curve, unlike each."""
    y, tangent = event.point, event.tangent
    for reach in (1e-3, 1e-5):
        sides = [curve.step(y, tangent, s) for s in (-reach, reach)]
        if any(side is None for side in sides):
            break
        ends = np.array([side[0] for side in sides])
        eigenvalues = curve.eigenvalues(ends * curve.scale)
        order = np.argsort(np.abs(eigenvalues), axis=1)[:, :multiplicity]
        low, high = np.take_along_axis(eigenvalues, order, axis=1).real.sum(axis=1)
        if low * high >= 0:
            break
        y = ends[0] + low / (low - high) * (ends[1] - ends[0])
    at = curve.expand((y * curve.scale)[None])[0]
    return naming.describe_multiple(curve, at, multiplicity)


def _unstable(curve, points):
    """How many modes grow at each of some points, scaled."""
    return (growth(curve.field, spectrum(curve.field, curve.jacobians(points * curve.scale))) > 0).sum(axis=1)


def _same(curve, first, second):
    if first.kind != second.kind or abs(first.value - second.value) >= SAME * curve.scale[curve.n]:
        return False
    return _apart(curve, first, second) < SAME


def _turns_at(curve, special, crossing):
    return special.kind in ("fold", "cusp") and _apart(curve, special, crossing) < COINCIDE


def _apart(curve, first, second):
    return np.abs(np.append(first.kappa - second.kappa, first.value - second.value) / curve.scale).max()


def _where_count_changes(curve, walk, counts, k):
    """Bisect a step in which the number of unstable eigenvalues changes; name what vanishes there.

    One of two that have crossed zero in one step may be found this way: no determinant tells of both.
    """
    base, tangent = walk.points[k], walk.tangents[k]
    start, end = 0.0, float(tangent @ (walk.points[k + 1] - base))
    found, count = [], counts[k]
    for _ in range(curve.n):
        low, high = start, end
        for _ in range(BISECTIONS):
            s = 0.5 * (low + high)
            place = curve.step(base, tangent, s)
            if place is None:
                return [*found, (None, None)]
            same = _unstable(curve, place[0][None])[0] == count
            low, high = (s, high) if same else (low, s)
        found.append(_named_there(curve, walk.arcs[k] + s, place))
        start = high + TOGETHER
        after = curve.step(base, tangent, start) if start < end else None
        if after is None:
            break
        count = _unstable(curve, after[0][None])[0]
        if count == counts[k + 1]:
            break
    return found


def _named_there(curve, arc, place):
    """The special point where the number of unstable eigenvalues changes, and its event; or None twice."""
    y = place[0] * curve.scale
    eigenvalues = np.linalg.eigvals(curve.jacobian(y[:-1], y[-1]))
    limit = NEARLY_ZERO * max(curve.rate, np.abs(eigenvalues).max())
    zeros = int((np.abs(eigenvalues) <= limit).sum())
    if zeros > 1:
        event = Event(BRANCH, True, arc, *place[:2])
        return _multiple(curve, event, zeros), event
    if zeros == 0 and (curve.field.step is not None or np.abs(eigenvalues.real).min() > limit):
        return None, None
    event = Event(_zero_at(curve, place[0]) if zeros else PAIR, False, arc, *place[:2])
    specials = _resolved(curve, [[event]])[0]
    return (specials[0], event) if specials else (None, None)
