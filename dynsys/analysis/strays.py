"""Branches that no fixed point at the sampled values lies on: closed curves between those, such as isolas.

Starts that cover states and parameter together run onto the curves of fixed points by steps of least length;
what they reach and no known branch goes through begins a new one.
"""

import numpy as np

from dynsys.analysis.continuation import trace_branch
from dynsys.analysis.cover import cover
from dynsys.analysis.diagram_branches import follow, off_branches
from dynsys.numerics.onto_curve import onto_curve
from dynsys.numerics.signatures import FIELD_TYPE, address

# Starts; of a field whose functions read many numbers as many as keep the work within bounds.
STARTS, FEWEST, WORK = 2048, 384, 3_000_000
# Where no trapping box is known: room around the fixed points that were found, relative and absolute.
ROOM = 1.0
# Most new branches to try.
MOST = 64
# F where the iteration ended, in units of F around there.
RESIDUAL = 1e-9


def add_strays(curve, searches, branches, ask):
    """Look for branches between the sampled values, and follow them.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    searches : list of FixedPoints
        What was found at the sampled values.
    branches : list of Branch
        Those that are known; grows.
    ask : callable
        Raises KeyboardInterrupt where the user wants to end.

    Returns
    -------
    starts, added : int
        How many starts, and branches that only they led to.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> field = compile_field(System.from_text("x' = 0.01 - x^2 - 9 (p - 0.3)^2; p = 0"))
    >>> branches = []
    >>> add_strays(make_curve(field, "p", (-1, 1)), [], branches, lambda: None)[1], branches[0].ends[0].name
    (1, 'CLOSED_LOOP')
    """
    box = np.concatenate([room_of(curve, searches), curve.span]) / curve.scale[:, None]
    size = max(curve.field.values.size * curve.n, 1)
    count = int(np.clip(WORK / size, FEWEST, STARTS))
    ask()
    points = _reached(curve, cover(box, count), box)
    off = off_branches(curve, branches, points)
    added = 0
    for _ in range(MOST):
        if not off.any():
            break
        ask()
        k = int(off.argmax())
        off[k] = False
        branch = trace_branch(
            curve, points[k, :-1] * curve.scale[:-1], float(points[k, -1] * curve.scale[-1])
        )
        if len(branch) < 2:
            continue
        known = len(branches)
        follow(curve, branches, branch, ask)
        added += len(branches) - known
        off[off] = off_branches(curve, branches[known:], points[off])
    return count, added


def room_of(curve, searches):
    """Where to start, (R, 2): the boxes of the searches, or room around what they found where none is known.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> room_of(make_curve(compile_field(System.from_text("x' = p - x; p = 0")), "p", (-1, 1)), [])
    array([[-1.,  1.]])
    """
    limits = [found.box for found in searches]
    if curve.field.box is None or not limits:
        states = np.concatenate([np.zeros((1, curve.n)), *(found.kappa for found in searches)])
        low, high = states.min(axis=0), states.max(axis=0)
        room = ROOM * (curve.scale[:-1] + high - low)
        return np.column_stack([low - room, high + room])
    return np.column_stack([np.min(limits, axis=0)[:, 0], np.max(limits, axis=0)[:, 1]])


def _reached(curve, points, box):
    """Points of the curve that the starts lead to, inside the box and the span."""
    field, steps = curve.field, np.empty(len(points))
    points = np.ascontiguousarray(points)
    columns = np.array([len(curve.field.continuable), curve.columns[0]])
    onto_curve(
        *(address(each, FIELD_TYPE) for each in field.functions[:3]), curve.inputs.copy(),
        np.array(field.values), curve.span[0] / curve.scale[-1], columns, curve.scale, points, steps,
    )  # fmt: skip
    found = points[np.isfinite(steps)]
    found = found[((found >= box[:, 0]) & (found <= box[:, 1])).all(axis=1)]
    natural = found * curve.scale
    sizes = np.abs(curve.many("rhs", natural, curve.n)).max(axis=1, initial=0.0)
    slopes = np.abs(curve.jacobians(natural) * curve.scale[:-1]).max(axis=(1, 2), initial=0.0)
    return found[sizes <= RESIDUAL * np.maximum(slopes, 1e-300) + 1e-14]
