"""All families of cycles that begin at the Hopf points of a diagram, and those that begin on them."""

import numpy as np

from dynsys.analysis.cycle_continuation import trace_cycles
from rnn.interrupts import interrupts_held
from tasks.errors import InputError, Status

# Intervals of the meshes, limits on the cycles of a branch and on the branches.
INTERVALS, MAX_POINTS, MAX_FAMILIES = 30, 200, 24
# Cycles are the same within this share of the scale.
SAME = 1e-3


def cycle_families(curve, hopf_points):
    """Follow the cycles of each Hopf point, and those that begin at their period doublings and branch points.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    hopf_points : sequence of SpecialPoint
        Those of the fixed points.

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
    waiting = [(point, True) for point in hopf_points if "omega" in point.coefficients]
    while waiting and len(families) < MAX_FAMILIES:
        start, first = waiting.pop(0)
        if first and any(_ends_at(family, start, curve.scale) for family in families):
            continue
        try:
            family = trace_cycles(curve, start, INTERVALS, MAX_POINTS)
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
            waiting += [(point, False) for point in family.special_points if point.onward is not None]
        yield family


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
    for cycle in other.at(family.values[part]):
        if abs(cycle.period / family.periods[part] - 1) < 10 * SAME:
            low, high = cycle.points.min(axis=0), cycle.points.max(axis=0)
            apart = np.maximum(np.abs(low - family.low[part]), np.abs(high - family.high[part]))
            if (apart < 10 * SAME * scale[:-1]).all():
                return True
    return False
