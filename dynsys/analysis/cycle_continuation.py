"""Follow cycles along a parameter: from a Hopf point, a cycle, or where other cycles begin.

Orthogonal collocation with a mesh that moves along, pseudo-arclength steps in compiled kernels
(`dynsys.numerics.collocation_walk`); events are found on tests of the Floquet multipliers and of the tangent.
"""

from dataclasses import replace

import numpy as np

from dynsys.analysis.curve import make_curve
from dynsys.analysis.cycle_branch import CycleBranch
from dynsys.analysis.cycle_curve import CycleCurve, Rows, stable_rows
from dynsys.analysis.cycle_ends import SLOW_AT_STOP, Watch, last_point, nears_homoclinic
from dynsys.analysis.cycle_events import cycle_events
from dynsys.analysis.cycle_point import CyclePoint
from dynsys.analysis.cycle_starts import cycle_start, hopf_start, switched_start
from dynsys.analysis.cycles import NEUTRAL, Cycle
from dynsys.analysis.special_point import SpecialPoint
from dynsys.analysis.vector_field import check_flow
from dynsys.numerics.collocation_walk import GOING, LEFT_BOX, LEFT_SPAN, MIN_STEP
from rnn.interrupts import interrupts_held
from tasks.checks import as_array, check_count
from tasks.errors import InputError, Status

MAX_POINTS, INTERVALS, MAX_INTERVALS = 400, 40, 160
# How much finer a mesh is made that turns out too coarse.
FINER = 2.5
# What the last steps find closer to a Hopf point than this share of the span is the Hopf point.
NEAR_HOPF = 1e-3

_OUTCOMES = {
    GOING: Status.MAX_STEPS, LEFT_SPAN: Status.REACHED_SPAN, MIN_STEP: Status.MIN_STEP,
    LEFT_BOX: Status.LEFT_BOX,
}  # fmt: skip
_ENDS = {
    Status.REACHED_SPAN: "the end of the span", Status.MAX_STEPS: "the limit on points",
    Status.MIN_STEP: "the shortest step", Status.LEFT_BOX: "the box", Status.HOPF_POINT: "a Hopf point",
    Status.PERIOD_HALVED: "cycles of half the period", Status.INTERRUPTED: "an interruption",
    Status.NEAR_HOMOCLINIC: "a period without bound", Status.CLOSED_LOOP: "its start again",
    Status.COMPLETED: "where it begins", Status.UNRESOLVED: "a mesh that is too coarse",
}  # fmt: skip


def continue_cycles(
    field, start, parameter, span, inputs=None, intervals=INTERVALS, max_points=MAX_POINTS, marks=(),
    strict=False,
):  # fmt: skip
    """Follow cycles, stable or not, along a parameter or input.

    Parameters
    ----------
    field : Field
        The field; a `Cycle` belongs to the field's own value of the parameter (or that of ``inputs``).
    start : SpecialPoint, Cycle or CyclePoint
        A Hopf point; a cycle from `find_cycles`, followed both ways; or a period doubling or branch point of
        other cycles, whose new branch is followed.
    parameter : str
        Name of a parameter or an input.
    span : (float, float)
        Where to stop.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    intervals : int, default 40
        Intervals of the mesh; each holds a polynomial of degree 4.
    max_points : int, default 400
        Limit on the cycles in each direction.
    marks : sequence of float, optional
        Values of the parameter at which the branch's cycles are wanted exactly: special points "mark".
    strict : bool, default False
        Raise `OutcomeError` if the branch did not end well.

    Returns
    -------
    CycleBranch
        Whatever was followed, with a status for each end; also after Ctrl-C.

    Raises
    ------
    InputError
        An unknown parameter, a bad span, a start of another kind or outside the span.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis import compile_field, continue_branch
    >>> from dynsys.symbolic import System
    >>> x, y, r = sympy.symbols("x y r")
    >>> ring = r - x**2 - y**2
    >>> field = compile_field(System([x * ring - y, y * ring + x], [x, y], parameters={"r": -0.5}))
    >>> hopf, = continue_branch(field, [0, 0], "r", (-0.5, 1)).special_points
    >>> branch = continue_cycles(field, hopf, "r", (-0.5, 1))  # radius sqrt(r), period 2 pi
    >>> branch.status.name, branch.high[-1].round(9), round(float(branch.periods[-1]) / np.pi, 9)
    ('REACHED_SPAN', array([1., 1.]), 2.0)
    """
    check_flow(field)
    if field.dimension < 2:
        raise InputError("field: a flow on a line has no cycles")
    curve = make_curve(field, parameter, span, inputs)
    max_points, intervals = check_count("max_points", max_points, 3), check_count("intervals", intervals, 4)
    marks = as_array("marks", np.atleast_1d(np.asarray(marks, dtype=float)), (None,), "(K,)").tolist()
    branch = trace_cycles(curve, start, min(intervals, MAX_INTERVALS), max_points, marks)
    branch.status.check(strict, branch.message)
    return branch


def trace_cycles(curve, start, intervals, max_points=MAX_POINTS, marks=()):
    """Follow cycles along a curve's parameter; arguments and result as in `continue_cycles`.

    Parameters
    ----------
    curve : Curve
        The equations, with the units of the state.
    start : SpecialPoint, Cycle or CyclePoint
        Where they begin.
    intervals, max_points : int
        Intervals of the mesh, limit on the cycles.
    marks : sequence of float
        Where cycles are wanted exactly.

    Returns
    -------
    CycleBranch

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 2)), np.zeros(4), np.ones(4)))
    >>> trace_cycles(make_curve(field, "gain", (0, 2)), SpecialPoint("fold", "gain", 1.0, [0.0, 0.0]), 20)
    Traceback (most recent call last):
    tasks.errors.InputError: start: no cycles begin at a fold; give a Hopf point of this field
    """
    cycles = CycleCurve(curve, _scale(curve, start))
    begin = _begin(cycles, start, curve.parameter, intervals)
    if begin is None:
        message = f"No cycle of the field at {curve.parameter} = {curve.value:g} was found near the start."
        return _empty(cycles, intervals, Status.NOT_CONVERGED, message)
    finer = min(round(FINER * intervals), MAX_INTERVALS)
    branch = _followed(cycles, begin, max_points, marks, give_up=not begin.switched and intervals < finer)
    return trace_cycles(curve, start, finer, max_points, marks) if branch is None else branch


def _begin(cycles, start, parameter, intervals):
    low, high = cycles.curve.span[0]
    if isinstance(start, Cycle):
        value = cycles.curve.value
        if start.clock != "flow" or start.points.shape[1] != cycles.n:
            raise InputError(
                f"start: expected a cycle of the flow in {cycles.n} dimensions, got one of the {start.clock} "
                f"in {start.points.shape[1]}"
            )
        make = cycle_start
    elif isinstance(start, (SpecialPoint, CyclePoint)):
        value = start.value
        if start.parameter != parameter:
            raise InputError(f"start: a point along {start.parameter}, the branch is along {parameter}")
        make = hopf_start if isinstance(start, SpecialPoint) else switched_start
        if isinstance(start, SpecialPoint) and (start.kind != "Hopf" or start.kappa.size != cycles.n):
            raise InputError(f"start: no cycles begin at a {start.kind}; give a Hopf point of this field")
    else:
        raise InputError(
            f"start: expected a Hopf point, a Cycle or a CyclePoint, got {type(start).__name__}; "
            "see continue_branch and find_cycles"
        )
    if not low <= value <= high:
        raise InputError(f"start: belongs to {parameter} = {value:g}, outside the span ({low:g}, {high:g})")
    if make is switched_start:
        begin = switched_start(cycles, start)
        if begin.mesh.size - 1 > MAX_INTERVALS:
            mesh, y, tangent = cycles.remesh(begin.mesh, begin.y, MAX_INTERVALS, begin.tangent)
            begin = begin._replace(mesh=mesh, y=y, tangent=cycles.unit(mesh, y, tangent))
        return begin
    return make(cycles, start, intervals)


def _scale(curve, start):
    """Units of states and parameter."""
    scale = curve.scale.copy()
    if isinstance(start, SpecialPoint) and curve.field.box is None:
        scale[:-1] = np.maximum(scale[:-1], np.abs(start.kappa))
    elif isinstance(start, (Cycle, CyclePoint)):
        points = start.points if isinstance(start, Cycle) else start.cycle.points
        size = 0.5 * np.ptp(points, axis=0)
        if size.size == curve.n and size.max() > 0:
            scale[:-1] = np.maximum(size, 0.1 * size.max())  # a coordinate at rest may begin to move
    return scale


def _followed(cycles, begin, max_points, marks, give_up):
    """Both ways from a start, with events; None where the mesh is too coarse and that is to be given up."""
    ways, branch, interrupted = [], None, False
    try:
        with interrupts_held() as raise_if_asked:  # what was followed is kept
            for sign in (1.0, -1.0) if begin.two_sided else (1.0,):
                if interrupted or (ways and ways[0][1] is Status.CLOSED_LOOP):
                    break
                rows, status, last, interrupted = _one_way(cycles, begin, sign, max_points, raise_if_asked)
                if status is Status.UNRESOLVED and give_up:
                    return None
                found, asked = cycle_events(cycles, rows, marks, raise_if_asked)
                interrupted = interrupted or asked
                # A fold as good as at the Hopf point is the turn of its parabola.
                if last is not None and last.kind == "Hopf":
                    near, late = NEAR_HOPF * cycles.scale[-1], len(rows) - 4
                    found = [
                        (k, share, point)
                        for k, share, point in found
                        if point.kind == "mark" or k < late or abs(point.value - last.value) > near
                    ]
                ways.append((rows, status, last, found))
            branch = _assemble(cycles, begin, ways, interrupted)
    except KeyboardInterrupt:
        if branch is None:  # the second one
            raise
        branch = replace(branch, ends=(Status.INTERRUPTED,) * 2)
    return branch


def _one_way(cycles, begin, sign, max_points, ask):
    """Rows, how they ended, the special point there, and whether the user wanted to end."""
    tangent = sign * begin.tangent
    watch = Watch(cycles, bool(begin.seed) or begin.switched)
    start = (begin.mesh, begin.y, tangent, begin.multipliers)
    rows, status = None, Status.MIN_STEP
    try:
        for rows, outcome in cycles.walk(*start, max_points, begin.seed, begin.first):
            if begin.switched:
                rows.lengths[0] = -1.0
            ended = watch.end_of(rows)
            status = _OUTCOMES[outcome]
            if ended is not None:
                count, status = ended
                return *_cut(cycles, rows, count, status), False
            ask()
    except KeyboardInterrupt:
        return rows, Status.INTERRUPTED, None, True
    stopped = status in (Status.MIN_STEP, Status.MAX_STEPS) and len(rows) > 2
    if stopped and nears_homoclinic(cycles, rows, len(rows) - 1, SLOW_AT_STOP) is not None:
        status = Status.NEAR_HOMOCLINIC
        return *_cut(cycles, rows, len(rows), status), False
    return rows, status, None, False


def _cut(cycles, rows, count, status):
    kept, last = last_point(cycles, rows, count, status)
    return kept, status, last


def _assemble(cycles, begin, ways, interrupted):
    names = ("meshes", "points", "multipliers")
    parts, specials = [], []
    for number, (rows, _, last, found) in enumerate(ways):
        if number == 1:  # a mark at the start is there already
            found = [each for each in found if each[2].kind != "mark" or each[0] > 0 or each[1] > 0]
        at = [k + 1 for k, _, point in found]
        extra = [_as_row(cycles, point, rows.meshes.shape[1] - 1) for _, _, point in found]
        part = []
        for name, fresh in zip(names, zip(*extra) if extra else [()] * 3):
            array = getattr(rows, name)
            part.append(np.insert(array, at, np.array(fresh), axis=0) if extra else array)
        points = [point for _, _, point in found] + ([last] if last else [])
        stable = stable_rows(part[2], NEUTRAL)
        if len(stable) > 1 and (rows.seed or rows.lengths[0] < 0):
            stable[0] = stable[1]  # a multiplier that is not the trivial one lies on the circle
        part.append(stable)
        if number == 1:
            part, points = [each[:0:-1] for each in part], points[::-1]
            specials = points + specials
        else:
            specials = points
        parts.insert(0, part) if number == 1 else parts.append(part)
    meshes, points, multipliers, stable = (np.concatenate(each) for each in zip(*parts))
    first = Status.COMPLETED if len(ways) == 1 else ways[1][1]
    ends = (first, ways[0][1])
    if ways[0][1] is Status.CLOSED_LOOP:
        ends = (Status.CLOSED_LOOP,) * 2
    text = _message(cycles, points, ends, ways, specials, begin)
    if interrupted:
        ends, text = (Status.INTERRUPTED,) * 2, f"{text} {Status.INTERRUPTED.value}"
    orbits = points[:, :-2].reshape(len(points), -1, cycles.n)
    return _branch(
        cycles, points[:, -1], points[:, -2], multipliers, stable, meshes, orbits, specials, ends, text
    )


def _as_row(cycles, point, intervals):
    """Mesh, y and multipliers of a special point, which has more intervals than its branch."""
    cycle = point.cycle
    y = np.append(cycle.points.ravel(), [cycle.period, point.value])
    mesh = cycle.time[::4] / cycle.period
    if mesh.size != intervals + 1:
        mesh, y = cycles.remesh(mesh, y, intervals)
    return mesh, y, cycle.multipliers


def _message(cycles, points, ends, ways, specials, begin):
    name = cycles.curve.parameter
    order = (-1,) if len(ways) == 1 else (0, -1)
    text = " and ".join(f"{name} = {points[i, -1]:.6g} ({_ENDS[ends[i]]})" for i in order)
    text = f"{begin.sentence} Followed to {text}; {len(specials)} special point{'s' * (len(specials) != 1)}."
    for rows, status, *_ in ways:
        if status is Status.NEAR_HOMOCLINIC:
            state, what = nears_homoclinic(cycles, rows, len(rows) - 1, SLOW_AT_STOP) or (None, "saddle")
            at = "" if state is None else f" {np.array2string(state, precision=6, suppress_small=True)}"
            orbit = "a homoclinic orbit of the saddle" if what == "saddle" else "a saddle-node on the cycle,"
            text += (
                f" At {name} = {rows.points[-1][-1]:.8g} the period has grown to {rows.points[-1][-2]:.4g} "
                f"and goes to infinity: {orbit}{at}."
            )
    return text.strip()


def _branch(cycles, values, periods, multipliers, stable, meshes, orbits, specials, ends, message):
    curve = cycles.curve
    names = curve.field.inputs
    count = len(curve.field.output_names)
    states = orbits.reshape(-1, cycles.n)
    along = np.column_stack([states, np.repeat(values, orbits.shape[1])])
    outputs = curve.outputs(along).reshape(len(values), orbits.shape[1], count)
    ends_of = [
        getattr(outputs, name)(axis=1) if len(values) else np.zeros((0, count)) for name in ("min", "max")
    ]
    held = {name: float(curve.inputs[i]) for i, name in enumerate(names) if i not in curve.columns}
    return CycleBranch(
        curve.parameter, values, periods, multipliers, stable, meshes, orbits, specials, ends, message, held,
        curve.field.state, curve.field.source, *ends_of,
    )  # fmt: skip


def _empty(cycles, intervals, status, message):
    n = cycles.n
    rows = Rows(*(np.zeros((0, k)) for k in (intervals + 1, 0, 0, n, 2, 0)))
    return _branch(
        cycles, np.zeros(0), np.zeros(0), rows.multipliers, np.zeros(0, bool), rows.meshes,
        np.zeros((0, 4 * intervals + 1, n)), (), (status, status), message,
    )  # fmt: skip
