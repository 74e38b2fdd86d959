"""Follow a fixed point along a parameter through its folds and branch points.

Pseudo-arclength steps in one compiled loop; events are bracketed on their test functions, solved to rounding
on the equations that define them, and named by their normal form.
"""

import functools

import numpy as np

from dynsys.analysis.branch import Branch
from dynsys.analysis.branch_starts import on_curve, tangent_at
from dynsys.analysis.curve import LONGEST_STEP, make_curve
from dynsys.analysis.eigenvalues import growth, spectrum
from dynsys.analysis.equilibria import HYPERBOLIC_TOLERANCE, FixedPoint
from dynsys.analysis.events import points_between
from dynsys.analysis.special_points import special_points
from dynsys.analysis.state_sizes import in_larger_units, state_sizes, with_rate
from dynsys.analysis.user_events import check_events, find_user_events
from dynsys.numerics.pseudo_arclength import (
    CLOSED_LOOP,
    FAILED,
    LEFT_BOX,
    LEFT_SPAN,
    MAX_STEPS,
    MIN_STEP,
    insert,
)
from rnn.interrupts import interrupts_held
from tasks.checks import as_array, check_count, check_number
from tasks.errors import InputError, Status

__all__ = ["Branch", "continue_branch", "trace_branch"]

MAX_POINTS = 2000

_OUTCOMES = {
    LEFT_SPAN: Status.REACHED_SPAN, CLOSED_LOOP: Status.CLOSED_LOOP, MAX_STEPS: Status.MAX_STEPS,
    MIN_STEP: Status.MIN_STEP, FAILED: Status.MIN_STEP, LEFT_BOX: Status.LEFT_BOX,
}  # fmt: skip
_ENDS = {
    Status.REACHED_SPAN: "the end of the span", Status.CLOSED_LOOP: "a closed loop",
    Status.MAX_STEPS: "the limit on points", Status.MIN_STEP: "the shortest step", Status.LEFT_BOX: "the box",
}  # fmt: skip


def continue_branch(
    field, start, parameter, span, inputs=None, max_points=MAX_POINTS, strict=False, events=None,
    max_step=LONGEST_STEP,
):  # fmt: skip
    """Follow a fixed point along a parameter or input, in both directions.

    Parameters
    ----------
    field : Field
        The field; its own value of the parameter (or that of ``inputs``) is where the start belongs.
    start : FixedPoint or array_like (R,)
        A fixed point there, or a state near one.
    parameter : str
        Name of a parameter or an input.
    span : (float, float)
        Where to stop.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    max_points : int, default 2000
        Limit on the points in each direction.
    strict : bool, default False
        Raise `OutcomeError` if the branch did not end well.
    events : mapping of str to callable or float, optional
        Events of your own: functions ``f(kappa, value, z)`` of state, parameter and outputs, whose zeros are
        looked for, or the value that a coordinate or an output takes, such as ``{"z": 0.5}``.
    max_step : float, default 0.02
        Longest step along the branch, where 1 is the span and the size of the states. Steps are shorter
        wherever the branch bends. Longer ones are faster, shorter ones part events that are close together.

    Returns
    -------
    Branch
        Whatever was followed, with a status for each end; also after Ctrl-C.

    Raises
    ------
    InputError
        An unknown parameter, a bad span, a start of the wrong shape or outside the span.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> branch = continue_branch(field.with_values(gain=0.5), [0.0], "gain", (0, 2))
    >>> print(branch.special_points[0].sentence)
    Supercritical pitchfork at gain = 1: the fixed point that goes through is unstable for gain above ...
    """
    max_points = check_count("max_points", max_points, 2)
    max_step = check_number("max_step", max_step, minimum=1e-6, maximum=0.5)
    curve = make_curve(field, parameter, span, inputs)
    kappa = start.kappa if isinstance(start, FixedPoint) else start
    x = as_array("start", np.atleast_1d(kappa), (field.dimension,), "(R,)")
    p, (low, high) = curve.value, curve.span[0]
    if not low <= p <= high:
        raise InputError(
            f"start: belongs to {parameter} = {p:g}, outside the span ({low:g}, {high:g}); set it with "
            f"field.with_values({parameter}=...) or inputs, or widen the span"
        )
    events = check_events(field, events)
    if field.box is None:
        zero = not x.any()  # nothing to measure it by
        curve.scale[:-1] = 1.0 if zero else state_sizes(curve, np.append(x, p)[None])
    trace = functools.partial(
        trace_branch, curve, x, p, max_points=max_points, events=events, max_step=max_step
    )
    branch = trace() if field.box is not None else in_larger_units(curve, trace)
    branch.status.check(strict, branch.message)
    return branch


def trace_branch(curve, x, p, direction=None, max_points=MAX_POINTS, events=None, max_step=LONGEST_STEP):
    """Follow a curve both ways from a point near it.

    Parameters
    ----------
    curve : Curve
        The equations.
    x : ndarray (n,)
        State.
    p : float
        Parameter.
    direction : ndarray (n + 1,), optional
        Tangent there in natural units; the null vector of (F_x, F_p) if left out.
    max_points : int
        Limit in each direction.
    events : dict of str to callable, optional
        From `dynsys.analysis.user_events.check_events`.
    max_step : float
        As in `continue_branch`.

    Returns
    -------
    Branch

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> len(trace_branch(make_curve(field, "gain", (0.5, 2)), np.zeros(1), 1.5).special_points)
    1
    """
    start, residual = (x, 0.0) if direction is not None else on_curve(curve, x, p)
    if start is None:
        message = (
            f"The start is not a fixed point at {curve.parameter} = {p:g}: the largest entry of F is "
            f"{residual:.3g} and Newton found none near it; start from one of find_fixed_points."
        )
        return _empty(curve, Status.NOT_ON_BRANCH, message)
    y = np.append(start, p) / curve.scale
    if direction is None:
        tangent = tangent_at(curve, y)
    else:
        tangent = direction / curve.scale
        tangent /= np.linalg.norm(tangent)
    if tangent is None:
        message = f"F has a kink at the start, {curve.parameter} = {p:g}: no curve can be followed there."
        return _empty(curve, Status.MIN_STEP, message)
    found, interrupted, notes = ([], [], 0), False, []
    with interrupts_held() as raise_if_asked:  # what was followed is kept
        walk, ends = curve.walk(y, tangent, max_points, max_step=max_step)
        if walk is None:
            message = (
                f"Newton's method failed at the start, {curve.parameter} = {p:g}, near a singular point."
            )
            return _empty(curve, Status.MIN_STEP, message)
        modes = spectrum(curve.field, curve.jacobians(walk.points * curve.scale))
        curve = with_rate(curve, modes)
        try:
            raise_if_asked()
            found = special_points(curve, walk, modes)
            for pair in find_user_events(curve, walk, events or {}, notes):
                found = _inserted(found, pair)
                raise_if_asked()
        except KeyboardInterrupt:
            interrupted = True
        whole = points_between(curve, walk, found[1])
        modes = modes if whole is walk else spectrum(curve.field, curve.jacobians(whole.points * curve.scale))
    return _assemble(curve, whole, modes, ends, *found, interrupted, notes)


def _inserted(found, pair):
    """Special points with one more, in order along the curve."""
    specials, events, lost = found
    together = sorted([*zip(specials, events), pair], key=lambda each: each[1].arc)
    return [special for special, _ in together], [event for _, event in together], lost


def _assemble(curve, walk, modes, ends, specials, events, lost, interrupted, notes):
    """The branch, with its special points among its points."""
    field, n = curve.field, curve.n
    arcs = np.array([event.arc for event in events])
    spots = np.array([(*special.kappa.tolist(), special.value) for special in specials]).reshape(-1, n + 1)
    own = [_own_tangent(curve, walk, *each) for each in zip(specials, events)]
    places = np.empty(len(arcs) + len(walk.arcs), dtype=int)
    natural, tangents = np.empty((2, len(places), n + 1))
    insert(
        walk.points, walk.tangents, walk.arcs, curve.scale, spots, np.array(own).reshape(-1, n + 1), arcs,
        places, natural, tangents,
    )  # fmt: skip
    if specials:
        modes = np.concatenate([modes, [special.eigenvalues for special in specials]])[places]
    for end in (0, -1):  # exactly, not to rounding of the scale
        for limit in curve.span[0].tolist():
            if abs(natural[end, -1] - limit) <= 1e-12 * curve.scale[-1]:
                natural[end, -1] = limit
    x, p = natural[:, :n], natural[:, n]
    largest = np.maximum(np.abs(modes).max(axis=1), curve.rate)
    stable = growth(field, modes[:, 0]) < -HYPERBOLIC_TOLERANCE * largest  # the first is the fastest
    statuses = tuple(_OUTCOMES[end] for end in ends)
    message = " ".join([_message(curve, p, statuses, specials, lost), *notes])
    if np.abs(tangents[:, :n]).max() < 1e-9 and _is_dead(curve, x):
        statuses, message = (Status.DEAD_PARAMETER,) * 2, Status.DEAD_PARAMETER.value
    if interrupted:
        statuses, message = (Status.INTERRUPTED,) * 2, f"{message} {Status.INTERRUPTED.value}"
    outputs = curve.outputs(natural)
    if field.bulk_radius is not None:
        stable &= outputs[:, field.output_names.index(field.bulk_radius)] < 1.0
    return Branch(
        curve.parameter, p, x, modes, stable, specials, statuses, message, tangents, outputs, _held(curve),
        field.state, field.source,
    )  # fmt: skip


def _own_tangent(curve, walk, special, event):
    """The branch's tangent at a special point; where branches cross, the one of theirs that goes on."""
    if not len(special.directions):
        return event.tangent
    before = walk.tangents[max(walk.arcs.searchsorted(event.arc), 1) - 1]
    choices = special.directions / curve.scale
    choices = choices / np.linalg.norm(choices, axis=1, keepdims=True)
    own = choices[np.abs(choices @ before).argmax()]
    return own if own @ before >= 0 else -own


def _is_dead(curve, x):
    """Whether F_p vanishes on the branch and at states off it."""
    low, high = curve.span[0]
    values = (low, 0.4 * low + 0.6 * high)
    if any(curve.slope(state, p).any() for state in x[:: max(len(x) // 10, 1)] for p in values):
        return False
    aside = np.cos(1.0 + np.arange(x.shape[1]))  # no simple sum of its entries is zero
    off = x[:1] + np.linspace(0.1, 0.9, 5)[:, None] * aside * curve.scale[:-1]
    return not any(curve.slope(state, p).any() for state in off for p in values)


def outcomes_of(ends):
    """Statuses and a sentence for the two ends of a walk.

    Examples
    --------
    >>> outcomes_of((LEFT_SPAN, MAX_STEPS))[1]
    'followed to the end of the span and the limit on points'
    """
    statuses = tuple(_OUTCOMES[end] for end in ends)
    if statuses[0] is Status.CLOSED_LOOP:
        return statuses, "a closed loop"
    return statuses, "followed to " + " and ".join(_ENDS[status] for status in statuses)


def _message(curve, p, statuses, specials, lost):
    ends = " and ".join(f"{curve.parameter} = {p[i]:.6g} ({_ENDS[s]})" for i, s in zip((0, -1), statuses))
    if statuses[0] is Status.CLOSED_LOOP:
        ends = f"its start again: a closed loop, {curve.parameter} from {p.min():.6g} to {p.max():.6g}"
    text = f"Followed to {ends}; {len(specials)} special point{'s' * (len(specials) != 1)}."
    if lost:
        text += f" In {lost} step{'s' * (lost != 1)} the stability changes for a reason that was not found."
    return text


def _held(curve):
    names = curve.field.inputs
    return {name: float(curve.inputs[i]) for i, name in enumerate(names) if i not in curve.columns}


def _empty(curve, status, message):
    n = curve.field.dimension
    return Branch(
        curve.parameter, np.zeros(0), np.zeros((0, n)), np.zeros((0, n)), np.zeros(0, bool), (),
        (status, status), message, np.zeros((0, n + 1)), np.zeros((0, len(curve.field.output_names))),
        _held(curve), curve.field.state, curve.field.source,
    )  # fmt: skip
