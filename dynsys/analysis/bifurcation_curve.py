"""Curves of bifurcations in two parameters: folds, Hopf points, branch points, and those of cycles.

The same loop as for branches of fixed points follows the equations of the bifurcation
(`dynsys.numerics.extended`) with a second free parameter. Where a normal-form coefficient or another
eigenvalue vanishes on the curve, its zero is located along the arclength to rounding.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.codimension_two_point import describe
from dynsys.analysis.continuation import outcomes_of
from dynsys.analysis.curve import make_curve
from dynsys.analysis.cycle_event_curve import INTERVALS, follow_cycle_events
from dynsys.analysis.cycle_point import CyclePoint
from dynsys.analysis.eigenvalues import sorted_eigenvalues
from dynsys.analysis.homoclinic_curve import follow_homoclinics
from dynsys.analysis.map_curve import MAP_KINDS, as_map_curve, follow_map_curve
from dynsys.analysis.normal_forms import hopf_form
from dynsys.analysis.state_sizes import state_sizes
from dynsys.analysis.two_parameter_curve import BifurcationCurve
from dynsys.analysis.vector_field import check_flow
from dynsys.numerics.extended import BRANCH_CURVE, FOLD_CURVE, HOPF_CURVE
from rnn.interrupts import interrupts_held
from tasks.checks import check_count
from tasks.errors import InputError, Status

MODES = {
    "fold": FOLD_CURVE, "cusp": FOLD_CURVE, "Hopf": HOPF_CURVE, "pitchfork": BRANCH_CURVE,
    "transcritical": BRANCH_CURVE, "branch point": BRANCH_CURVE,
}  # fmt: skip
_KINDS = {FOLD_CURVE: "fold", HOPF_CURVE: "Hopf", BRANCH_CURVE: "branch point"}
MAX_POINTS, MOST_CYCLES, MAX_INTERVALS = 2000, 400, 160
# A test whose largest value is below this share of the others vanishes for a reason, not at points.
ALWAYS_ZERO = 1e-7
SINGULAR = 1e14  # condition number
# beta of the equations of a branch point, in units of F: beyond this two branches no longer cross.
UNFOLDED = 1e-7


def continue_curve(
    field, point, parameter, span, own_span=None, inputs=None, max_points=None, intervals=INTERVALS
):  # fmt: skip
    """Follow a special point of fixed points, of cycles or of a map as a second parameter moves.

    Of fixed points a fold, a Hopf point or a branch point; of cycles a fold, a period doubling, a torus point
    or a homoclinic orbit; of a map also a flip or a Neimark-Sacker point.

    Parameters
    ----------
    field : Field
        The field, with the value of the second parameter that the point was found at.
    point : SpecialPoint or CyclePoint
        From a branch (of cycles: `continue_cycles`) or a diagram.
    parameter : str
        The second parameter or input.
    span : (float, float)
        Its ends.
    own_span : (float, float), optional
        Ends of the point's own parameter; left out, twice its value (at least 1) to both sides of it.
    inputs : optional
        As in `continue_branch`.
    max_points : int, optional
        Limit in each direction; 2000 of fixed points, 400 of cycles if left out.
    intervals : int, default 40
        Intervals of the mesh, of cycles.

    Returns
    -------
    BifurcationCurve
        Whatever was followed, with a status for each end; also after Ctrl-C.

    Raises
    ------
    InputError
        A point that cannot be followed, an unknown or repeated parameter, a bad span, or a curve of branch
        points that the second parameter unfolds into folds.

    Examples
    --------
    >>> from dynsys.analysis.continuation import continue_branch
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> fold = continue_branch(field, [-2.4], "v", (-2, 1), inputs=0.4).special_points[0]
    >>> curve = continue_curve(field, fold, "gain", (0.2, 2))
    >>> [p.kind for p in curve.special_points], abs(curve.special_points[0].values).round(9)
    (['cusp'], array([0. , 0.5]))
    """
    kind, is_map = getattr(point, "kind", None), field.step is not None
    intervals = min(check_count("intervals", intervals, 4), MAX_INTERVALS)
    if isinstance(point, CyclePoint):
        return _of_cycles(field, point, parameter, span, own_span, inputs, max_points, intervals)
    if (kind not in MODES and not (is_map and kind in MAP_KINDS)) or (is_map and kind == "Hopf"):
        known = "fold, flip, Neimark-Sacker point or branch point" if is_map else (
            "fold, Hopf or branch point, or a fold, period doubling, torus or homoclinic point of cycles,"
        )  # fmt: skip
        raise InputError(f"point: a {known} of a {field.clock} can be followed, got {kind or point}")
    if is_map and field.period > 1:
        raise InputError(
            "point: of a map's orbits of period 2 no curves are followed, only of its fixed points"
        )
    single, other = _checked(field, point, parameter, span, own_span, inputs)
    max_points = check_count("max_points", MAX_POINTS if max_points is None else max_points, 2)
    (low, high), at = other.span[0], other.value
    if field.box is None:
        single.scale[:-1] = state_sizes(single, np.append(point.kappa, point.value)[None])
    else:
        single.scale[:-1] = np.maximum(single.scale[:-1], other.scale[:-1])
    if is_map and kind in MAP_KINDS:
        curve = single.with_second(other.columns[0], (low, high))
        place = np.array([point.value, at])
        return follow_map_curve(curve, MAP_KINDS[kind], point.kappa, place, max_points)
    if is_map:  # branches cross where those of the flow do
        single = replace(single, field=replace(field, step=None))
    mode = MODES[point.kind]
    curve = single.with_second(other.columns[0], (low, high), mode)
    start, tangent, borders = _start(curve, point, at)
    found = _followed(curve, start, tangent, borders, max_points)
    return as_map_curve(found, field.step) if is_map else found


def _checked(field, point, parameter, span, own_span, inputs):
    """The curves along the point's own parameter and along the second."""
    if parameter == point.parameter:
        raise InputError(f"parameter: {parameter!r} is the point's own; name a second one")
    reach = max(2.0 * abs(point.value), 1.0)
    own = (point.value - reach, point.value + reach) if own_span is None else own_span
    single = make_curve(field, point.parameter, own, inputs)
    other = make_curve(field, parameter, span, inputs)
    (low, high), at = other.span[0], other.value
    if not low <= at <= high:
        raise InputError(f"span: the point belongs to {parameter} = {at:g}, outside ({low:g}, {high:g})")
    left, right = single.span[0]
    if max(left - point.value, point.value - right) > 1e-9 * (right - left):
        raise InputError(f"own_span: the point is at {point.value:g}, outside ({left:g}, {right:g})")
    return single, other


def _of_cycles(field, point, parameter, span, own_span, inputs, max_points, intervals):
    """`continue_curve` from a special point of cycles."""
    check_flow(field)
    single, other = _checked(field, point, parameter, span, own_span, inputs)
    low, high = other.span[0]
    max_points = check_count("max_points", MOST_CYCLES if max_points is None else max_points, 2)
    curve = single.with_second(other.columns[0], (low, high))
    follow = follow_homoclinics if point.kind == "homoclinic" else follow_cycle_events
    return follow(curve, point, other.value, max_points, intervals)


def _start(curve, point, at):
    """Start, tangent and borders: solve with the second parameter held."""
    n, mode = curve.n, curve.mode
    y = np.concatenate([point.kappa, [point.value, at]]) / curve.scale
    if mode == BRANCH_CURVE:
        y = np.append(y, 0.0)
    size = n * (n - 1) // 2 if mode == HOPF_CURVE else n
    borders = np.zeros((4, size))
    borders[0], borders[1] = 1.0 / (1.7 + np.arange(size)), 1.0 / (2.0 + np.arange(size))
    held = np.zeros(y.size)
    held[n + 1] = 1.0
    for _ in range(4):  # the null vectors that are found become the borders
        found = curve.step(y, held, borders=borders)
        if found is None:
            where = f"{curve.names[1]} = {at:g}"
            raise InputError(f"point: no {point.kind} is there at {where}; was it found there?")
        borders[:2] = borders[2:] / np.linalg.norm(borders[2:], axis=1, keepdims=True)
    if np.abs(found[0][: n + 1] - y[: n + 1]).max() > 1e-3:
        raise InputError(
            f"point: it does not solve the field's equations at {curve.names[1]} = {at:g}; set the field's "
            f"values and inputs to those at which it was found"
        )
    return found[0], found[1], borders


def _followed(curve, y, tangent, borders, max_points):
    n = curve.n
    walk, ends = curve.walk(y, tangent, max_points, borders)
    if walk is None:
        raise InputError("point: Newton's method fails there; it may be a double point already")
    ends, message = outcomes_of(ends)
    scale = np.append(curve.scale, 1.0)[: walk.points.shape[1]]
    natural = walk.points * scale
    kept = np.ones(len(natural), dtype=bool)
    if curve.mode == BRANCH_CURVE:
        kept = np.abs(natural[:, n + 2]) <= UNFOLDED * max(1.0, np.abs(natural[:, :n]).max())
        if kept.sum() < 3:
            raise InputError(
                f"parameter: {curve.names[1]} unfolds the branch point, so no curve goes through it; "
                f"continue a fold beside it instead"
            )
    rows, specials = [], []
    try:
        with interrupts_held() as ask:  # what was looked at is kept
            for point, vector in zip(walk.points, walk.vectors):
                ask()
                rows.append(Tests(curve, point, vector))
            specials = _special(curve, walk, rows) if kept.all() else []
    except KeyboardInterrupt:
        ends, message = (Status.INTERRUPTED,) * 2, Status.INTERRUPTED.value
        natural, kept = natural[: len(rows)], kept[: len(rows)]
    eigenvalues = sorted_eigenvalues(curve.jacobians(natural[:, : n + 2]))
    valid = np.array([row.oscillates for row in rows], dtype=bool) if curve.mode == HOPF_CURVE else kept
    held = {name: float(v) for i, (name, v) in enumerate(zip(curve.field.inputs, curve.inputs))
            if i not in curve.columns}  # fmt: skip
    return BifurcationCurve(
        _KINDS[curve.mode], curve.names, natural[:, n : n + 2], natural[:, :n], eigenvalues, valid, specials,
        ends, f"{message}; {len(specials)} special points", held, curve.field.state,
    )  # fmt: skip


class Tests:
    """Test functions of one point of a curve: name -> value, smooth along it."""

    def __init__(self, curve, point, vectors):
        n = curve.n
        self.point, self.vectors = point, vectors
        self.x, self.p = point[:n] * curve.scale[:n], point[n : n + 2] * curve.scale[n:]
        self.jacobian = curve.jacobian(self.x, self.p)
        values = np.linalg.eigvals(self.jacobian)
        self.values, self.oscillates = {}, True
        if curve.mode == HOPF_CURVE:
            self._hopf(curve, values)
        else:
            self._fold(curve, values)

    def _fold(self, curve, values):
        n = curve.n
        w, q = self.vectors[:n], self.vectors[n:] * curve.scale[:n]
        w, q = w / np.linalg.norm(w), q / np.linalg.norm(q)
        hessian = curve.tensor(self.x, self.p, 2)
        second = hessian @ q @ q
        if curve.mode == FOLD_CURVE:
            self.values["cusp"] = w @ second / 2
        else:
            self.values["pitchfork"] = w @ second / 2
            bordered = np.block([[self.jacobian, w[:, None]], [q[None], np.zeros((1, 1))]])
            self.values["degenerate pitchfork"] = np.nan
            if np.linalg.cond(bordered) < SINGULAR:  # not where a second eigenvalue is zero all along
                h = np.linalg.solve(bordered, np.append(-second, 0.0))[:n]
                third = curve.tensor(self.x, self.p, 3) @ q @ q @ q
                self.values["degenerate pitchfork"] = w @ (third + 3 * hessian @ h @ q) / 6
        if n > 1:
            self.values["Bogdanov-Takens"] = w @ q
        if n > 2:
            rest = np.delete(values, np.abs(values).argmin())
            self.values["zero-Hopf"] = _pair_product(rest)

    def _hopf(self, curve, values):
        n = curve.n
        i, j = np.triu_indices(n, 1)
        k = np.abs(values[i] + values[j]).argmin()
        square = (values[i[k]] * values[j[k]]).real
        rest = np.delete(values, [i[k], j[k]])
        self.oscillates = bool(square > 0)
        self.values["Bogdanov-Takens"] = square
        if n > 2:
            self.values["zero-Hopf"] = np.prod(rest).real
        if n > 3:
            self.values["Hopf-Hopf"] = _pair_product(rest)
        self.values["Bautin"] = np.nan
        if self.oscillates and np.linalg.cond(self.jacobian) < SINGULAR:  # not at a Bogdanov-Takens point
            at = curve.expand(np.append(self.x, self.p)[None])[0]
            # Times omega^2: it stays finite where the frequency vanishes.
            self.values["Bautin"] = hopf_form(at).c1.real * square


def _pair_product(values):
    i, j = np.triu_indices(len(values), 1)
    return np.prod(values[i] + values[j]).real


def _special(curve, walk, rows):
    """Locate and describe the zeros of every test, in order along the curve."""
    found = []
    for name in rows[0].values:
        values = np.array([row.values[name] for row in rows])
        finite = np.abs(values[np.isfinite(values)])
        if finite.size == 0 or finite.max() <= ALWAYS_ZERO:
            continue
        for k in np.flatnonzero((values[:-1] > 0) != (values[1:] > 0)):
            if np.isfinite(values[k : k + 2]).all():
                point = _located(curve, walk, rows, name, k)
                if point is not None:
                    found.append((k, point))
        for k in np.flatnonzero(values == 0.0):
            found.append((k, describe(curve, name, rows[k].x, rows[k].p, rows[k].vectors)))
    found = [(k, point) for k, point in sorted(found, key=lambda pair: pair[0]) if point is not None]
    kept = []
    for _, point in found:
        if not any(_same(point, other) for other in kept):
            kept.append(point)
    return kept


def _same(first, second):
    near = np.abs(np.append(first.values - second.values, first.kappa - second.kappa)).max() < 1e-7
    return near and first.kind == second.kind


def _located(curve, walk, rows, name, k):
    base, tangent = walk.points[k], walk.tangents[k]
    length = float(tangent @ (walk.points[k + 1] - base))
    size = rows[k].vectors.size // 2
    at = {}

    def value(s):
        borders = np.zeros((4, size))
        borders[:2] = rows[k].vectors.reshape(2, size)
        borders[:2] /= np.linalg.norm(borders[:2], axis=1, keepdims=True)
        found = curve.step(base, tangent, s, borders)
        if found is None:
            return np.nan
        at["row"] = Tests(curve, found[0], borders[2:].ravel())
        return at["row"].values[name]

    first, last = rows[k].values[name], rows[k + 1].values[name]
    if not np.isfinite([value(length)]).all() or (first > 0) == (value(length) > 0) or last == 0.0:
        return None
    try:
        value(brentq(value, 0.0, length, xtol=1e-15, rtol=1e-14) if first != 0.0 else 0.0)
    except ValueError:  # a pole of the test, where A is singular
        return None
    return describe(curve, name, at["row"].x, at["row"].p, at["row"].vectors)
