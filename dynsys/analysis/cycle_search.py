"""Find the cycles of a field at constant inputs.

A cover of starts is left to settle, forward in time and backward; whatever comes back to where it is becomes
a first guess, which multiple shooting turns into a cycle. In three and more dimensions starts that have not
settled are watched too, which finds cycles of saddle type that a trajectory passes by, and so are the near
returns of the attractors, to themselves or to their mirror images, which finds the unstable cycles that they
stem from (`dynsys.analysis.recurrences`). None of it proves that there are no others.

A network moves in Euler steps, a map whose period is another one: ``clock="map"`` asks for that
(`dynsys.analysis.map_cycles`).
"""

import dataclasses
import itertools
from functools import partial

import numpy as np

from dynsys.analysis.capture import capture_regions
from dynsys.analysis.cover import cover
from dynsys.analysis.cycle_guess import refine_cycle
from dynsys.analysis.cycles import LimitCycles, near_cycle, on_cycle, same_cycle
from dynsys.analysis.equilibria import FixedPoints
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.flow import system_of, values_at
from dynsys.analysis.map_cycles import find_map_cycles
from dynsys.analysis.mirrors import mirrors
from dynsys.analysis.recurrences import closed_recurrences, open_recurrences
from dynsys.analysis.shooting import close_orbit
from dynsys.analysis.vector_field import check_flow
from dynsys.numerics.paths import UNDECIDED, find_returns
from tasks.checks import as_array, check_count, check_kind, check_rng, choose

# Starts of the cover by dimension; steps to settle and to watch; rounds, each so many times as long.
STARTS, STARTS_MORE = {2: 32}, 64
SETTLE, WATCH, ROUNDS, LONGER = 300, 400, 3, 4
SEARCH_RTOL = 1e-6
# A return this close, as a share of the box, counts at once; one this far off is still worth shooting.
CLOSE, WORTH, SLOW = 1e-4, 0.1, 1e-3
MAX_SHOTS, MAX_FAILURES, FEW_FAILURES = 40, 8, 3
# Above the plane so few wanderers, which come nowhere near to where they were, go into the last round for
# all (not those that SLOW may be settling), unless one is captured or half return.
WANDERERS, ENOUGH = 12, 6
# Near returns to shoot from of each stable cycle, and trajectories that do not settle to look at.
FEW, RESTLESS = 4, 2
# A focus is weak where the real part is below this share of the imaginary; share of the box of a smaller one,
# around it, and starts in that.
WEAK, LOCAL, LOCALLY = 0.05, 0.03, 6
# A start this far off an unstable point, as a share of the box, follows its unstable directions.
NUDGE = 1e-3
# Without a trapping box a trajectory is gone when it is beyond so many times the box; farther when all are.
ROOM, FAR = 4.0, 32.0


def find_cycles(
    field, inputs=None, box=None, starts=None, clock="flow", fixed_points=None, rng=None, unstable=True,
    known=(),
):  # fmt: skip
    """Find periodic orbits, stable and unstable, with periods and Floquet multipliers.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        Where to start; by default where the fixed points were searched.
    starts : int, optional
        Starts of the cover; 32 in the plane, 64 in more dimensions.
    clock : {"flow", "map"}, default "flow"
        Cycles of the differential equation, or of the network's Euler steps kappa + alpha F(kappa), whose
        turns take another time.
    fixed_points : FixedPoints, optional
        Those at the same inputs, if they are already known.
    rng : numpy.random.Generator or int, optional
        Shifts the starts; without it they are the same every time.
    unstable : bool, default True
        Whether cycles are wanted that no trajectory settles on; the others alone are found much faster.
    known : sequence of Cycle, optional
        Cycles of the flow at the same inputs, or close to them, that are not wanted again: a start that
        settles on a stable one of them ends there, which saves most of the time.

    Returns
    -------
    LimitCycles

    Raises
    ------
    InputError
        A box of the wrong shape; ``clock="map"`` of a field without Euler steps.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y = sympy.symbols("x y")
    >>> ring = x**2 + y**2
    >>> field = compile_field(System([x - y - x * ring, x + y - y * ring], [x, y]))
    >>> cycle, = find_cycles(field)  # radius 1, one turn in 2 pi, exp(-2 * 2 pi)
    >>> cycle.kind, round(cycle.period, 9), round(float(cycle.nontrivial[0].real) * 1e6, 5)
    ('stable cycle', 6.283185307, 3.48734)
    """
    check_flow(field)
    choose("clock", clock, ("flow", "map"))
    u = field.input_vector(inputs)
    if fixed_points is None:
        fixed_points = find_fixed_points(field, inputs, box)
    check_kind("fixed_points", fixed_points, FixedPoints, "see find_fixed_points")
    limits = fixed_points.box if box is None else as_array("box", box, (field.dimension, 2), "(R, 2)")
    count = STARTS.get(field.dimension, STARTS_MORE) if starts is None else check_count("starts", starts)
    shift = 0.5 if rng is None else check_rng(rng).random(field.dimension)
    given = dict(zip(field.inputs, u.tolist()))
    places = cover(limits, count, shift=shift)
    if clock == "map":
        cycles, counts, message = find_map_cycles(field, u, limits, places, fixed_points)
    elif field.dimension == 1:
        cycles, counts, message = [], {"starts": 0}, "A flow on a line has none."
    else:
        cycles, counts, message = _search(field, u, limits, places, fixed_points, unstable, known)
        cycles += _small_ones(field, u, limits, fixed_points, unstable, (*known, *cycles))
    cycles = sorted(cycles, key=lambda cycle: cycle.period)
    return LimitCycles(cycles, given, counts, message, field.state, field.source)


def _search(field, u, limits, places, fixed_points, unstable, known=(), reach=ROOM):
    widths = limits[:, 1] - limits[:, 0]
    guesses, restless, counts = [], [], {"starts": 0, "returned": 0, "undecided": 0}
    for direction in (1.0, -1.0) if unstable else (1.0,):
        sinks = [p.kappa for p in fixed_points if _attracts(p, direction)]
        others = [p.kappa for p in fixed_points if not _attracts(p, direction)]
        chains = [c.points for c in fixed_points.continua] if direction > 0 else []
        chains += [c.points for c in known if c.stable == (direction > 0) and not c.kind.startswith("saddle")]
        regions = capture_regions(field, u, sinks, chains, others, widths, direction)
        begin = np.concatenate([places, _nudged(fixed_points, direction, widths)])
        returned, moving = _returns(field, u, begin, direction, limits, regions, counts, reach)
        guesses += returned
        if field.dimension > 2 and direction > 0 and unstable:
            guesses += _passes(field, u, places, limits, regions, reach)
            restless = moving
    cycles, failures = [], 0
    for gap, state, period in sorted(guesses, key=lambda guess: guess[0])[:MAX_SHOTS]:
        there = any(near_cycle(c, state, period) for c in (*cycles, *known))
        if failures == (MAX_FAILURES if unstable else FEW_FAILURES) or gap > WORTH or there:
            continue
        cycle = refine_cycle(field, u, state, period, widths)
        failures += cycle is None
        if cycle is not None and not any(same_cycle(cycle, other) for other in cycles):
            cycles = [other for other in cycles if not same_cycle(other, cycle)] + [cycle]
    attracts = any(each.stable for each in (*cycles, *known, *fixed_points))
    if field.box is None and not attracts and not counts["undecided"] and reach < FAR:
        return _search(field, u, limits, places, fixed_points, unstable, known, FAR)
    more = unstable and field.dimension > 2
    passed_by = _passed_by(field, u, cycles, restless, limits) if more else []
    cycles += passed_by
    families = sum(cycle.kind.startswith("non-hyp") for cycle in cycles)
    times = "forward and backward" if unstable else "forward"
    message = f"{counts['returned']} of {counts['starts']} starts, {times} in time, came back."
    if counts["undecided"]:
        message += f" {counts['undecided']} neither settled nor came back: slow, or not periodic."
    if passed_by:
        message += f" {len(passed_by)} more by near returns of attractors, to themselves or mirror images."
    if passed_by and counts["undecided"]:
        message += " There may be others without end: those met first are listed."
    if families > 2:
        message += " Cycles fill a region: a family that depends on the start, of which some are listed."
    return cycles, counts, message


def _small_ones(field, u, limits, fixed_points, unstable, known):
    """Cycles next to a focus that hardly grows or decays, small beside the box and slow to settle on."""
    found = []
    for point in fixed_points:
        leading = point.eigenvalues[np.abs(point.eigenvalues.real).argmin()]
        if not 0 < abs(leading.real) < WEAK * abs(leading.imag):
            continue
        near = point.kappa[:, None] + LOCAL * 0.5 * (limits[:, 1:] - limits[:, :1]) * np.array([-1.0, 1.0])
        there = (*known, *found)
        cycles, *_ = _search(field, u, near, cover(near, LOCALLY), fixed_points, unstable, there, FAR)
        found += [cycle for cycle in cycles if not any(same_cycle(cycle, other) for other in there)]
    return found


def _attracts(point, direction):
    if np.isnan(point.eigenvalues).any():
        return False
    return point.stable if direction > 0 else point.kind.startswith("unstable")


def _nudged(fixed_points, direction, widths):
    """States beside the points that time drives away from, along the directions that grow."""
    states = [np.zeros((0, len(widths)))]
    for point in fixed_points:
        if np.isnan(point.eigenvalues).any():
            continue
        for value, vector in zip(point.eigenvalues, point.eigenvectors.T):
            if direction * value.real > 0:
                along = (vector.real if np.abs(vector.real).max() > 0 else vector.imag) / widths
                step = NUDGE * along / np.abs(along).max() * widths
                states.append([point.kappa + step, point.kappa - step])
    return np.concatenate(states)


def _returns(field, u, states, direction, limits, regions, counts, reach):
    """Guesses (gap, state, period) of the starts that settle on something that comes back; what moves on."""
    counts["starts"] += len(states)
    room = _room(field, limits, direction, reach)
    settle, watch, guesses, gaps = SETTLE, WATCH, [], np.zeros(len(states))
    for last in (*[False] * (ROUNDS - 1), True):
        look = partial(_watch, field, u, direction, settle, watch, limits, room, regions)
        found = _look_at_some(look, states, gaps) if last and field.dimension > 2 else look(states)
        periods, gaps, labels = found
        came = gaps <= CLOSE
        guesses += [(g, x, t) for g, x, t in zip(gaps[came], states[came], periods[came])]
        alive = ~came & (labels == UNDECIDED) & _moving(field, u, states, limits)
        if last:  # above the plane the shortest near returns are better guesses: see _passed_by
            most = WORTH if field.dimension == 2 else SLOW
            guesses += [
                (g, x, t) for g, x, t in zip(gaps[alive], states[alive], periods[alive]) if t and g < most
            ]
        states, gaps = np.ascontiguousarray(states[alive]), gaps[alive]
        settle, watch = settle * LONGER, watch * LONGER
        if len(states) == 0:
            break
    counts["returned"] += len([g for g in guesses if g[0] <= CLOSE])
    counts["undecided"] += len(states)
    return guesses, states


def _look_at_some(look, states, gaps):
    """Watch those that may be settling and a few that wander; all, once one of these few settles."""
    wander = np.flatnonzero(gaps > SLOW)
    few = wander[:: max(len(wander) // WANDERERS, 1)][:WANDERERS]
    chosen = gaps <= SLOW
    chosen[few] = True
    found = np.zeros(len(states)), np.full(len(states), np.inf), np.full(len(states), UNDECIDED)
    for part in (chosen, ~chosen):
        some = states[part]
        for whole, piece in zip(found, look(some)):
            whole[part] = piece
        states[part] = some
        if (found[1][few] <= CLOSE).sum() < ENOUGH and (found[2][few] == UNDECIDED).all():
            break  # some returns are chance
    return found


def _passes(field, u, states, limits, regions, reach):
    """Guesses from starts that have hardly settled: near returns to cycles that a trajectory only passes."""
    states = states.copy()
    room = _room(field, limits, 1.0, reach)
    periods, gaps, _ = _watch(field, u, 1.0, SETTLE // 6, WATCH // 2, limits, room, regions, states)
    return [(g, x, t) for g, x, t in zip(gaps, states, periods) if CLOSE < g <= WORTH]


def _passed_by(field, u, cycles, restless, limits):
    """Cycles that the stable ones, or trajectories that do not settle, stay close to or pass by."""
    known, widths = list(cycles), limits[:, 1] - limits[:, 0]
    maps = mirrors(field, u, limits) if len(cycles) + len(restless) else []
    near = [g for c in cycles if c.stable for g in closed_recurrences(c.points, c.period, maps)[:FEW]]
    some = restless[:: max(len(restless) // RESTLESS, 1)][:RESTLESS]
    far = [guess for state in some for guess in open_recurrences(field, u, state, maps)]
    for _, state, lag, image, order in near + far[:MAX_SHOTS]:
        if any(near_cycle(cycle, state, order * lag) for cycle in known):
            continue
        closed = close_orbit(field, u, state, lag, image=image)
        if closed is not None and any(on_cycle(cycle, closed[0][0], order * closed[1]) for cycle in known):
            continue
        cycle = closed and refine_cycle(field, u, closed[0][0], order * closed[1], widths)
        if cycle is not None and not any(same_cycle(cycle, other) for other in known):
            known.append(cycle)
    for cycle, (image, _) in itertools.product(tuple(known), maps):
        mirrored = dataclasses.replace(cycle, points=cycle.points @ image.T)
        if not any(same_cycle(mirrored, other) for other in known):
            known.append(mirrored)
    return known[len(cycles) :]


def _watch(field, u, direction, settle, watch, limits, room, regions, states):
    periods, gaps, labels = *np.empty((2, len(states))), np.empty(len(states), dtype=np.int64)
    widths = limits[:, 1] - limits[:, 0]
    find_returns(
        *system_of(field, u), states, direction, SEARCH_RTOL, widths, settle, watch, CLOSE, room,
        *regions, periods, gaps, labels,
    )  # fmt: skip
    return periods, gaps, labels


def _room(field, limits, direction, reach):
    """Beyond these bounds a trajectory is gone."""
    middle, half = limits.mean(axis=1), 0.5 * (limits[:, 1] - limits[:, 0])
    factor = 1.01 if field.box is not None and direction < 0 else reach
    return np.column_stack([middle - factor * half, middle + factor * half])


def _moving(field, u, states, limits):
    speed = np.abs(values_at(field, states, u) / (limits[:, 1] - limits[:, 0])).max(axis=1)
    return speed > 1e-10
