"""Turn the events of a walk into special points: solve the equations of each, and name it.

Between events the number of unstable eigenvalues must not change. Where it does, an even number of them may
have crossed zero at once, which leaves no sign in any determinant: the step is bisected on that number.
"""

import numpy as np

from dynsys.analysis import normal_forms
from dynsys.analysis.events import Event, arclengths, find_events
from dynsys.analysis.extended_systems import polish_branch_point, polish_cusp, polish_fold, polish_hopf
from dynsys.numerics.pseudo_arclength import BRANCH, FOLD, PAIR

# Events closer than this along the curve (scaled) are looked at together.
TOGETHER = 1e-5
# An eigenvalue at an event that is below this is meant to be zero.
NEARLY_ZERO = 1e-5
# Bisections of a step in which the number of unstable eigenvalues changes without an event.
BISECTIONS = 40


def special_points(curve, walk):
    """Solve for and name every special point of a walk.

    Parameters
    ----------
    curve : Curve
        The equations.
    walk : Walk
        Points along it.

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
    >>> from dynsys.analysis.events import walk_both_ways
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> curve = make_curve(reduced_field(net), "gain", (0.0, 2.0))
    >>> walk, _ = walk_both_ways(curve, np.array([0.0, 0.25]), np.array([0.0, 1.0]), 500)
    >>> special_points(curve, walk)[0]
    [SpecialPoint(pitchfork at gain = 1, kappa = [0.])]
    """
    events = find_events(curve, walk)
    found = []
    while events:
        together = [event for event in events if event.arc - events[0].arc <= TOGETHER]
        events = events[len(together) :]
        for special in _resolve(curve, together):
            if not any(_same(curve, special, other) for other, _ in found[-4:]):
                found.append((special, together[0]))
    counts = (curve.eigenvalues(walk.points * curve.scale).real > 0).sum(axis=1)
    places = arclengths(walk)
    lost = 0
    for k in np.flatnonzero(np.diff(counts)):
        if not any(places[k] - TOGETHER <= event.arc <= places[k + 1] + TOGETHER for _, event in found):
            special, event = _where_count_changes(curve, walk, counts, places, k)
            if special is None:
                lost += 1
            else:
                found.append((special, event))
    found.sort(key=lambda pair: pair[1].arc)
    return [special for special, _ in found], [event for _, event in found], lost


def _resolve(curve, events):
    """Solve for and name what happens at one place."""
    y = events[0].point * curve.scale
    x, p = y[:-1], float(y[-1])
    tests = {event.test for event in events}
    eigenvalues = np.linalg.eigvals(curve.jacobian(x, p))
    small = np.abs(eigenvalues) <= NEARLY_ZERO * max(1.0, np.abs(eigenvalues).max())
    if small.sum() > 1:
        return [_multiple(curve, events[0], int(small.sum()))]
    found = []
    solved = polish_branch_point(curve, x, p) if BRANCH in tests else None
    if solved is not None:
        found.append(normal_forms.describe_branch_point(curve, *solved))
    elif FOLD in tests:
        several = sum(event.test == FOLD for event in events) > 1 or any(event.touch for event in events)
        solved = (polish_cusp if several else polish_fold)(curve, x, p) or polish_fold(curve, x, p)
        if solved is not None and _is_singular(curve, *solved[:2]):
            found.append(normal_forms.describe_fold(curve, *solved))
    if PAIR in tests and not small.any():
        real = np.abs(eigenvalues.imag) <= 1e-12
        opposite = np.abs(eigenvalues[real][:, None] + eigenvalues[real]).min(initial=np.inf)
        crossing = np.abs(eigenvalues[~real].real).min(initial=np.inf)
        solved = polish_hopf(curve, x, p) if crossing < opposite else None
        if solved is not None:
            found.append(normal_forms.describe_hopf(curve, *solved))
        elif opposite <= NEARLY_ZERO * max(1.0, np.abs(eigenvalues).max()):
            found.append(normal_forms.describe_neutral_saddle(curve, x, p))
    return found


def _multiple(curve, event, multiplicity):
    """Place a point where several eigenvalues vanish: their sum is smooth on the curve, unlike each."""
    y, tangent = event.point, event.tangent
    for reach in (1e-3, 1e-5):
        sides = [curve.walk(y + s * tangent, tangent, max_points=1).points for s in (-reach, reach)]
        if any(len(side) == 0 for side in sides):
            break
        ends = np.concatenate(sides)
        eigenvalues = curve.eigenvalues(ends * curve.scale)
        order = np.argsort(np.abs(eigenvalues), axis=1)[:, :multiplicity]
        low, high = np.take_along_axis(eigenvalues, order, axis=1).real.sum(axis=1)
        if low * high >= 0:
            break
        y = ends[0] + low / (low - high) * (ends[1] - ends[0])
    y = y * curve.scale
    return normal_forms.describe_multiple(curve, y[:-1], float(y[-1]), multiplicity)


def _is_singular(curve, x, p):
    sizes = np.linalg.svd(curve.jacobian(x, p), compute_uv=False)
    return sizes[-1] <= 1e-7 * max(1.0, sizes[0])


def _same(curve, first, second):
    far = np.abs(np.append(first.kappa - second.kappa, first.value - second.value) / curve.scale).max()
    return first.kind == second.kind and far < 1e-8


def _where_count_changes(curve, walk, counts, places, k):
    """Bisect a step in which the number of unstable eigenvalues changes; name it if several vanish there."""
    base, tangent = walk.points[k], walk.tangents[k]
    low, high = 0.0, tangent @ (walk.points[k + 1] - base)
    place = None
    for _ in range(BISECTIONS):
        s = 0.5 * (low + high)
        place = curve.walk(base + s * tangent, tangent, max_points=1)
        if len(place.points) == 0:
            return None, None
        same = (curve.eigenvalues(place.points * curve.scale).real > 0).sum() == counts[k]
        low, high = (s, high) if same else (low, s)
    y = place.points[0] * curve.scale
    eigenvalues = np.linalg.eigvals(curve.jacobian(y[:-1], y[-1]))
    zero = np.abs(eigenvalues) <= NEARLY_ZERO * max(1.0, np.abs(eigenvalues).max())
    if zero.sum() < 2:
        return None, None
    event = Event(BRANCH, True, places[k] + s, place.points[0], place.tangents[0])
    return _multiple(curve, event, int(zero.sum())), event
