"""All families of cycles of a diagram: from Hopf points, from other cycles, and those that begin on them."""

import numpy as np

from dynsys.analysis.cycle_continuation import trace_cycles
from dynsys.analysis.special_point import SpecialPoint
from rnn.interrupts import interrupts_held
from tasks.errors import InputError, Status

# Intervals of the meshes, limits on the cycles of a branch and on the branches.
INTERVALS, MAX_POINTS, MAX_FAMILIES = 30, 200, 24
# Cycles are the same within this share of the scale.
SAME = 1e-3
# A family begins or ends at a Hopf point if it comes this close to it.
TOUCHES = 0.02


def cycle_families(curve, hopf_points, others=None):
    """Follow the cycles of each Hopf point, and those that begin at their period doublings and branch points.

    Then those of other cycles, each with what begins on it.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    hopf_points : sequence of SpecialPoint
        Those of the fixed points.
    others : callable, optional
        From the list of families to pairs of a Curve and a Cycle of its field; the list grows meanwhile.

    Yields
    ------
    CycleBranch
        Each family once; those that could not be followed are left out. After one that Ctrl-C has ended,
        KeyboardInterrupt is raised.

    Examples
    --------
    >>> list(cycle_families(None, []))
    []
    """
    families = []
    yield from _followed(
        curve, [(curve, p, True) for p in hopf_points if "omega" in p.coefficients], families
    )
    for here, cycle in others(families) if others else ():
        if not any(_has(family, cycle, here) for family in families):
            yield from _followed(curve, [(here, cycle, True)], families)


def _followed(curve, waiting, families):
    """Follow the families of some starts and add them; those known are left out."""
    while waiting and len(families) < MAX_FAMILIES:
        here, start, first = waiting.pop(0)
        hopf = isinstance(start, SpecialPoint)
        if hopf and any(_ends_at(family, start, curve.scale) for family in families):
            continue
        try:
            family = trace_cycles(here, start, INTERVALS, MAX_POINTS)
        except InputError:  # no simple pair of imaginary eigenvalues
            continue
        with interrupts_held():  # Ctrl-C in the middle of a compiled function would be an error of its own
            known = len(family) < 3 or any(_same(family, other, curve.scale) for other in families)
        if family.status is Status.INTERRUPTED:
            if len(family):
                yield family
            raise KeyboardInterrupt
        if known:
            continue
        families.append(family)
        if first:
            waiting += [(curve, point, False) for point in family.special_points if point.onward is not None]
        yield family


def not_followed(curve, hopf_points, families):
    """Which Hopf points no family begins or ends at, as the end of a sentence.

    Parameters
    ----------
    curve, hopf_points
        As in `cycle_families`.
    families : sequence of CycleBranch
        What came of them.

    Examples
    --------
    >>> not_followed(None, [], [])
    ''
    """
    missed = [
        f"{point.value:.6g}"
        for point in hopf_points
        if "omega" in point.coefficients
        and not any(_reaches(family, point, curve.scale) for family in families)
    ]
    if not missed:
        return ""
    where = f"{'s' * (len(missed) != 1)} at {curve.parameter} = {', '.join(missed)}"
    return f"; inside the span no cycles could be followed from the Hopf point{where}"


def _reaches(family, hopf, scale):
    """Whether the first or the last cycle of a family is as good as this Hopf point."""
    for k in (0, -1):
        place = np.concatenate([family.low[k] - hopf.kappa, family.high[k] - hopf.kappa])
        near = (np.abs(place) < TOUCHES * np.tile(scale[:-1], 2)).all()
        if near and abs(family.values[k] - hopf.value) < TOUCHES * scale[-1]:
            return True
    return False


def _ends_at(family, hopf, scale):
    """Whether a family ends at this Hopf point."""
    place = np.append(hopf.kappa, hopf.value)
    ends = [point for point in family.special_points if point.kind == "Hopf"]
    return any(
        (np.abs(np.append(point.cycle.points[0], point.value) - place) < SAME * scale).all() for point in ends
    )


def _same(family, other, scale):
    """Whether a cycle of one family, away from where it began, lies on the other, by extremes and period."""
    part = len(family) // 4
    ours = family.periods[part], family.low[part], family.high[part]
    return any(_alike(cycle, *ours, scale) for cycle in other.at(family.values[part]))


def _has(family, cycle, curve):
    """Whether a family has this cycle at the curve's own value of the parameter."""
    ours = cycle.period, cycle.points.min(axis=0), cycle.points.max(axis=0)
    return any(_alike(other, *ours, curve.scale) for other in family.at(curve.value))


def _alike(cycle, period, low, high, scale):
    apart = np.maximum(np.abs(cycle.points.min(axis=0) - low), np.abs(cycle.points.max(axis=0) - high))
    return abs(cycle.period / period - 1) < 10 * SAME and bool((apart < 10 * SAME * scale[:-1]).all())
