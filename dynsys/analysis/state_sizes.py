"""Sizes of the state: from its trapping box, else from the states themselves and from how F bends.

Equations may be in any units. A coordinate that is about 1 keeps the size 1; one whose values are all tiny is
measured by the distance over which F stops being a straight line,

    b_i = min_k min( |F_k,i / F_k,ii|, |F_k,i / F_k,iii|^(1/2) )

which a change of units multiplies as it does the state.
"""

from dataclasses import replace

import numpy as np

from tasks.errors import Status

# Values below this, or a bend outside these, say that a coordinate is not in units of about 1.
SMALL, LARGE = 1e-2, 1e2
# Most states at which F's bend is measured.
MOST = 24
# How often a branch may outgrow the size of its start, each time as far as its box reaches; how far the state
# may run, in units of its size, while the parameter runs through its span: beside a pole it runs farther.
LARGER, STEEPEST = 4, 4e3


def state_sizes(curve, points):
    """Sizes of the coordinates of a field without a trapping box.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    points : ndarray (K, n + 1)
        States and the values of the parameter that they belong to.

    Returns
    -------
    ndarray (n,)

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> curve = make_curve(compile_field(System.from_text("x' = p x - 6e12 x^3; p = 1")), "p", (0, 1))
    >>> bool(abs(state_sizes(curve, np.array([[0.0, 1.0]]))[0] * 6e6 - 1) < 1e-9)
    True
    """
    n = curve.n
    reach = np.abs(points[:, :n]).max(axis=0, initial=0.0)
    sizes = np.maximum(reach, 1.0)
    if len(points) == 0 or (reach >= SMALL).all():
        return sizes
    bends = _bends(curve, points[:: -(-len(points) // MOST)])
    for i in np.flatnonzero(reach < SMALL):
        if bends[i] < SMALL or (bends[i] > LARGE and reach[i] == 0.0):
            sizes[i] = max(bends[i], reach[i])
    return sizes


def box_sizes(field, parameter, ends):
    """Half-width of the largest trapping box on a parameter's span, (n,); 1 where none is known.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> box_sizes(field, "gain", np.array([0.0, 2.0]))
    array([2.])
    """
    if field.box is None:
        return np.ones(field.dimension)
    at = (*ends, ends.mean()) if parameter in field.parameters else ()
    boxes = [entry.trapping_box() for entry in [field.with_values(**{parameter: p}) for p in at] or [field]]
    if any(box is None for box in boxes):
        return np.ones(field.dimension)
    bounds = np.max([box[:, 1] for box in boxes], axis=0)
    # A latent that hardly moves is measured by the others; one that cannot move has no size of its own.
    return np.maximum(bounds, 1e-3 * bounds.max() or 1.0)


def in_larger_units(curve, trace):
    """Follow a branch, and again with more room while it outgrows the size of its start.

    Parameters
    ----------
    curve : Curve
        The equations; the sizes of its state grow.
    trace : callable
        Follows the branch.

    Returns
    -------
    Branch
        The first one if more room brings it to no better end, or loses a special point.

    Examples
    --------
    >>> from dynsys.analysis import compile_field, continue_branch
    >>> from dynsys.symbolic import System
    >>> field = compile_field(System.from_text("x' = p - x; p = 1"))
    >>> float(continue_branch(field, [1.0], "p", (0, 1000)).kappa.max().round(9))
    1000.0
    """
    branch = first = trace()
    for _ in range(LARGER):
        if not _outgrows(curve, branch):
            return first if Status.LEFT_BOX in branch.ends else branch
        curve.scale[:-1] = np.maximum(curve.scale[:-1], np.abs(branch.kappa).max(axis=0))
        branch = trace()
        if len(branch.special_points) < len(first.special_points):
            return first
    return first if Status.LEFT_BOX in branch.ends else branch


def with_rate(curve, modes):
    """The curve with the size of its fastest eigenvalues where all are small: time in units that are short.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> curve = make_curve(compile_field(System.from_text("x' = p - x; p = 1")), "p", (0, 1))
    >>> with_rate(curve, np.array([[-1e-6]])).rate, with_rate(curve, np.array([[-0.1]])).rate
    (1e-06, 1.0)
    """
    fastest = float(np.abs(modes).max(initial=0.0)) if curve.field.step is None else 1.0
    return replace(curve, rate=fastest) if 0.0 < fastest < SMALL else curve


def _outgrows(curve, branch):
    """Whether an end left the box while the parameter still moved on."""
    outside = [k for k, end in zip((0, -1), branch.ends) if end is Status.LEFT_BOX]
    if not outside:
        return False
    steps = np.abs(branch.tangents[outside]) / curve.scale
    return bool((STEEPEST * steps[:, -1] > steps[:, :-1].max(axis=1, initial=0.0)).any())


def _bends(curve, points):
    """Over which change of each coordinate F stops being linear in it: the largest of several, (n,)."""
    n, found = curve.n, np.zeros(curve.n)
    own = np.arange(n)
    smooth = np.isfinite(curve.jacobians(points)).all(axis=(1, 2))
    for at in curve.expand(points[smooth]) if smooth.any() else ():
        slope = np.abs(at.jacobian)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = (
                slope / np.abs(at.second[:, own, own]),
                np.sqrt(slope / np.abs(at.third[:, own, own, own])),
            )
        lengths = np.concatenate(ratios)
        lengths[~(lengths > 0)] = np.inf
        shortest = lengths.min(axis=0)
        found = np.maximum(found, np.where(np.isfinite(shortest), shortest, 0.0))
    return np.where(found > 0, found, 1.0)
