"""Cycles that begin at no Hopf point of a diagram: born in a fold of cycles, on a homoclinic orbit, a SNIC.

At the sampled values of the parameter a few starts are left to settle; where one of them settles on a cycle
that no known family has there, that cycle begins another family.
"""

import dataclasses

from dynsys.analysis.cycle_search import find_cycles
from rnn.interrupts import interrupts_held

# Starts at each value; more where a step costs little.
STARTS, STARTS_CHEAP, CHEAP = 8, 24, 200


def starts_of(field):
    """How many starts are left to settle at each value of the parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> starts_of(reduced_field(LowRankRNN(*np.ones((2, 400, 2)), np.zeros(400), np.ones(400))))
    8
    """
    return STARTS if field.values.size > CHEAP else STARTS_CHEAP


def stray_cycles(curve, places, box, families, unstable=False):
    """Cycles at some values of a parameter that no family has there.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    places : sequence of (float, Field, ndarray, FixedPoints)
        Values of the parameter, the field and its inputs there, and its fixed points.
    box : ndarray (R, 2) or None
        Where to start; that of the fixed points if None.
    families : list of CycleBranch
        Those that are known; it may grow while the cycles are taken.
    unstable : bool
        Whether to look for cycles that nothing settles on as well, which takes much longer.

    Yields
    ------
    Curve, Cycle
        The curve with the field at that value.

    Examples
    --------
    >>> list(stray_cycles(None, [], None, []))
    []
    """
    for value, field, inputs, found in places:
        known = [cycle for family in families for cycle in family.at(value)]
        starts = None if unstable else starts_of(field)
        with interrupts_held() as ask:
            ask()
            cycles = find_cycles(
                field, inputs, box, starts, fixed_points=found, unstable=unstable, known=known
            )
        here = dataclasses.replace(curve, field=field, inputs=inputs)
        for cycle in cycles:
            if cycle.stable or (unstable and cycle.kind != "non-hyperbolic cycle"):
                yield here, cycle
