"""Prove that a diagram's branches are all there are, by the number of fixed points on parameter intervals.

Branch and prune with the parameter as an interval (`dynsys.numerics.branch_and_prune`): a proved number holds
for every value in it. Intervals about which nothing is proved are cut, down to a limit; those that stay open
hold folds and other singular points, near which no number can be proved.
"""

import itertools
from typing import NamedTuple

import numpy as np

from dynsys import numerics
from dynsys.analysis.continuation import trace_branch
from dynsys.analysis.diagram_branches import follow, passes
from dynsys.analysis.fixed_points import find_fixed_points
from tasks.errors import InputError

# Pieces of the span at first, and how often one may be halved; boxes examined in an interval.
PIECES, HALVINGS, BUDGET = 16, 10, 1500
# Where the parameter cannot be an interval: values at which numbers are proved, and boxes examined at each.
VALUES, BUDGET_OF_VALUE = 65, 20_000
# A box of states is left open where F varies with the parameter more than this share.
SHARE = 0.1
# Room around trapping boxes, relative and absolute.
ROOM, MARGIN = 1e-3, 1e-6
MAX_ROOTS, MAX_WAITING = 512, 2048
UNKNOWN = -1
# How often branches are added where more fixed points are proved than lie on branches.
ROUNDS = 4
# Where F_x is singular: no number of fixed points holds on both sides.
SINGULAR = (
    "fold", "pitchfork", "transcritical", "branch point", "cusp", "Bogdanov-Takens", "1:1 resonance",
)  # fmt: skip


class Stretch(NamedTuple):
    """An interval of the parameter, the proved number of fixed points on it (or -1), and that of branches."""

    low: float
    high: float
    proved: int
    there: int


def prove_branches(curve, branches, box, field_at, ask):
    """Prove how many fixed points there are, and follow those that the branches lack.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    branches : list of Branch
        Of the diagram; grows where a proof finds more.
    box : ndarray (R, 2)
        Where they are counted, if no trapping box is known.
    field_at : callable
        From a value of the parameter to the field and its inputs there.
    ask : callable
        Raises KeyboardInterrupt where the user wants to end.

    Returns
    -------
    list of Stretch

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> field, branches = compile_field(System.from_text("x' = p - x; p = 0")), []
    >>> curve, box = make_curve(field, "p", (-1, 1)), np.array([[-2.0, 2.0]])
    >>> found = prove_branches(curve, branches, box, lambda p: (field.with_values(p=p), None), lambda: None)
    >>> len(branches), {stretch.there for stretch in found}
    (1, {1})
    """
    proved = prove_counts(curve, box)
    everywhere = np.array([[-np.inf, np.inf]] * curve.n) if is_trapped(curve) else box
    for _ in range(ROUNDS):
        stretches = compare_counts(proved, branches, everywhere)
        known = len(branches)
        for each in stretches:
            if each.proved > each.there:
                ask()
                p = 0.5 * (each.low + each.high)
                given = None if is_trapped(curve) else box
                for point in find_fixed_points(*field_at(p), box=given, certify=True):
                    if not any(passes(curve, branch, point.kappa, p) for branch in branches):
                        follow(curve, branches, trace_branch(curve, point.kappa, p), ask)
        if len(branches) == known:
            break
    return compare_counts(proved, branches, everywhere)


def prove_counts(curve, box):
    """Prove how many fixed points there are along a parameter.

    Parameters
    ----------
    curve : Curve
        The equations, along one parameter.
    box : ndarray (R, 2)
        Where they are counted, if no trapping box is known.

    Returns
    -------
    list of (float, float, int)
        Intervals that cover the span, in order, and the number in each; -1 where none is proved. Where the
        field takes no interval for its parameter the intervals are single values, and cover nothing.

    Raises
    ------
    InputError
        A field without interval functions.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> field = compile_field(System.from_text("x' = p - x^2; p = 0"))
    >>> found = prove_counts(make_curve(field, "p", (-1, 1)), np.array([[-2.0, 2.0]]))
    >>> found[0], found[-1]
    ((-1.0, -0.875, 0), (0.875, 1.0, 2))
    """
    field = curve.field
    if field.enclose is None:
        raise InputError(
            "certify: a proof needs F over intervals, as compile_field and reduced_field give it"
        )
    low, high = curve.span[0].tolist()
    functions = field.enclose(wide=True)
    if functions is None:
        functions, values = field.enclose(), np.linspace(low, high, VALUES).tolist()
        return [(p, p, _proved(curve, functions, p, None, box)) for p in values]
    edges = np.linspace(low, high, PIECES + 1).tolist()
    waiting, found = [(a, b, 0) for a, b in itertools.pairwise(edges)][::-1], []
    while waiting:
        a, b, depth = waiting.pop()
        number = _proved(curve, functions, a, b, box)
        if number == UNKNOWN and depth < HALVINGS:
            middle = 0.5 * (a + b)
            waiting += [(middle, b, depth + 1), (a, middle, depth + 1)]
        else:
            found.append((a, b, number))
    return found


def compare_counts(proved, branches, box):
    """Beside each proved number how many states the branches have in the middle of its interval.

    Parameters
    ----------
    proved : list
        From `prove_counts`.
    branches : sequence of Branch
        Of the diagram.
    box : ndarray (R, 2)
        Where states are counted.

    Returns
    -------
    list of Stretch

    Examples
    --------
    >>> compare_counts([(0.0, 1.0, 0)], [], np.array([[-1.0, 1.0]]))
    [Stretch(low=0.0, high=1.0, proved=0, there=0)]
    """
    return [Stretch(a, b, number, _there(branches, 0.5 * (a + b), box)) for a, b, number in proved]


def sentence_of(stretches, specials, parameter, box=None):
    """What is proved, in words.

    Parameters
    ----------
    stretches : sequence of Stretch
        From `compare_counts`.
    specials : sequence of SpecialPoint
        Of the diagram.
    parameter : str
        Its name.
    box : ndarray (R, 2), optional
        Where states were counted, unless they all were.

    Returns
    -------
    str

    Examples
    --------
    >>> sentence_of([Stretch(0.0, 1.0, 1, 1)], [], "p")
    'proved: no other fixed points for p from 0 to 1'
    """
    wrong = [each for each in stretches if each.proved not in (UNKNOWN, each.there)]
    if wrong:
        first = wrong[0]
        return (
            f"not complete: for {parameter} from {first.low:g} to {first.high:g} {first.proved} fixed points "
            f"are proved, {first.there} lie on branches"
        )
    undecided = [each for each in stretches if each.proved == UNKNOWN]
    where = "" if box is None else " in " + " x ".join(f"[{low:.3g}, {high:.3g}]" for low, high in box)
    if all(each.low == each.high for each in stretches):
        there = len(stretches) - len(undecided)
        return f"proved: no other fixed points{where} at {there} of {len(stretches)} values of {parameter}"
    places = [special.value for special in specials if special.kind in SINGULAR]
    groups = _joined(undecided)
    near = [group for group in groups if any(group[0] <= p <= group[1] for p in places)]
    ends = f"{stretches[0].low:g} to {stretches[-1].high:g}"
    text = f"proved: no other fixed points{where} for {parameter} from {ends}"
    if near:
        count = sum(any(low <= p <= high for low, high in near) for p in places)
        width = max(high - low for low, high in near)
        text += f", but for {width:.1g} around {count} special point{'s' * (count != 1)}"
    if len(near) < len(groups):
        rest = sum(high - low for low, high in groups if (low, high) not in near)
        text += f", and {rest:.1g} in all that could not be decided"
    return text


def is_trapped(curve):
    """Whether a box is known that holds every fixed point, for all values of the parameter.

    Examples
    --------
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> one = np.ones(4)
    >>> is_trapped(make_curve(reduced_field(LowRankRNN(one, one, 0 * one, one)), "gain", (0, 2)))
    True
    """
    moves, field = curve.parameter in curve.field.parameters, curve.field
    at = [field.with_values(**{curve.parameter: p}) for p in curve.span[0]] if moves else [field]
    return all(each.trapping_box() is not None for each in at)


def _joined(stretches):
    """Ends of the intervals that neighbours make together."""
    groups = []
    for each in stretches:
        if groups and groups[-1][1] == each.low:
            groups[-1] = (groups[-1][0], each.high)
        else:
            groups.append((each.low, each.high))
    return groups


def _there(branches, p, box):
    states = [state for branch in branches for state in branch.at(p)]
    return sum(bool(((state >= box[:, 0]) & (state <= box[:, 1])).all()) for state in states)


def _proved(curve, functions, low, high, box):
    """The number of fixed points for every value from low to high (at low, if that is None), or -1."""
    field, kernel, wide = curve.field, numerics.branch_and_prune, high is not None
    ends = (low, high if wide else low)
    search = _search_box(curve, ends, box).ravel()
    u, params = curve.inputs.copy(), np.array(field.values)
    column = curve.columns[0]
    vector, place = (u, column) if column < u.size else (params, column - u.size)
    vector[place] = low
    if wide:
        u, params = np.repeat(u, 2), np.repeat(params, 2)
        (u if column < u.size // 2 else params)[2 * place + 1] = high
    width = 2 * field.dimension
    alone, tight = np.empty((MAX_ROOTS, width)), np.empty((MAX_ROOTS, width))
    queue, undecided = np.empty((MAX_WAITING, width)), np.empty((MAX_WAITING + 1, width))
    counts = np.zeros(5, dtype=np.int64)
    queue[0] = search
    kernel.prove(
        functions.values, functions.slopes, u, params, search, np.zeros((0, field.dimension)), 0, 1,
        BUDGET if wide else BUDGET_OF_VALUE, SHARE if wide else np.inf, wide, alone, tight, queue, undecided,
        counts,
    )  # fmt: skip
    if counts[kernel.UNDECIDED]:
        return UNKNOWN
    low_ends, high_ends = tight[: counts[kernel.ROOTS], ::2], tight[: counts[kernel.ROOTS], 1::2]
    inside = ((low_ends >= search[::2]) & (high_ends <= search[1::2])).all(axis=1)
    outside = ((high_ends < search[::2]) | (low_ends > search[1::2])).any(axis=1)
    return int(inside.sum()) if (inside | outside).all() else UNKNOWN


def _search_box(curve, ends, box):
    field = curve.field
    moves = curve.parameter in field.parameters
    at = [field.with_values(**{curve.parameter: p}) for p in ends] if moves else [field]
    if not is_trapped(curve):
        return np.ascontiguousarray(box)
    traps = [each.trapping_box() for each in at]
    found = np.column_stack([np.min(traps, axis=0)[:, 0], np.max(traps, axis=0)[:, 1]])
    return np.ascontiguousarray(found * (1 + ROOM) + np.array([-MARGIN, MARGIN]))
