"""Events that a user defines on a branch: where a function, a coordinate or an output takes a value."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.events import Event
from dynsys.analysis.naming import describe_event
from tasks.checks import check_number
from tasks.errors import InputError

# A change of sign is a zero where the function becomes this much smaller than beside it.
JUMP = 1e-3
# A function whose values are below this share of the largest coordinate is zero everywhere.
NOTHING = 1e-13
# What `Event.test` says of an event of this kind.
USER = -1


def check_events(field, events):
    """Turn a user's events into functions of (kappa, parameter, outputs).

    Parameters
    ----------
    field : Field
        The field.
    events : mapping of str to callable or float, optional
        A function ``f(kappa, value, z)`` of the state (R,), the parameter's value and the outputs (O,), whose
        zeros are the events; or, under the name of a coordinate or an output, the value it takes there.

    Returns
    -------
    dict of str to callable

    Raises
    ------
    InputError
        No mapping, or a number under a name that the field does not have.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> float(check_events(field, {"z": 0.5})["z = 0.5"](np.zeros(1), 1.0, np.array([0.75])))
    0.25
    """
    if events is None:
        return {}
    if not isinstance(events, Mapping):
        raise InputError(f"events: expected a mapping from names, got {type(events).__name__}")
    found = {}
    for name, event in events.items():
        if isinstance(event, Callable):
            found[str(name)] = event
        else:
            level = check_number(f"events[{name}]", event)
            found[f"{name} = {level:g}"] = _crossing(field, name, level)
    return found


def find_user_events(curve, walk, events, notes):
    """Locate every zero of a user's functions on a walk, to rounding along the arclength.

    Parameters
    ----------
    curve, walk
        As in `dynsys.analysis.events.find_events`.
    events : dict of str to callable
        From `check_events`.
    notes : list of str
        Sentences about what could not be looked at are added: points at which a function is not finite,
        changes of sign that are jumps or poles.

    Yields
    ------
    SpecialPoint, Event
        Of the kind "event".

    Raises
    ------
    InputError
        A function fails, or returns something else than one real number.
    """
    natural = walk.points * curve.scale
    outputs = curve.outputs(natural) if events else ()
    for name, function in events.items():

        def value(y, name=name, function=function):
            return _value(name, function, curve.parameter, y, curve.outputs(y[None])[0])

        values = np.array([_value(name, function, curve.parameter, *each) for each in zip(natural, outputs)])
        finite, jumps = np.isfinite(values), []
        if not finite.all():
            where = curve.parameter + " = " + f"{natural[~finite][0, -1]:g}"
            notes.append(
                f"Event {name} is not finite at {(~finite).sum()} of {finite.size} points, the first at "
                f"{where}: no zero was looked for beside those."
            )
        if np.abs(values[finite]).max(initial=0.0) <= NOTHING * np.abs(natural).max(initial=0.0):
            notes += [f"Event {name} is zero all along."] * bool(finite.any())
            continue
        for k in _changes(values):
            place = (
                locate_zero(curve, walk, k, value) if values[k] else (0.0, walk.points[k], walk.tangents[k])
            )
            around = np.abs(values[k : k + 2]).max()
            if place is None or not abs(value(place[1] * curve.scale)) <= JUMP * around:
                jumps.append(float(natural[k, -1]))
                continue
            s, point, direction = place
            special = describe_event(curve, curve.expand((point * curve.scale)[None])[0], name)
            yield special, Event(USER, False, walk.arcs[k] + s, point, direction)
        if jumps:
            notes.append(
                f"Event {name} changes its sign without a zero (a jump, a pole, or not finite in between) "
                f"{len(jumps)} time{'s' * (len(jumps) != 1)}, first beside {curve.parameter} = {jumps[0]:g}."
            )


def _changes(values):
    """First points of the steps with a zero: of other sign at their ends, or zero at the first alone."""
    with np.errstate(invalid="ignore"):
        changes = np.sign(values[:-1]) * np.sign(values[1:]) < 0
    padded = np.concatenate([[np.nan], values, [np.nan]])
    alone = (values == 0) & ~((padded[:-2] == 0) | (padded[2:] == 0))
    return np.flatnonzero(np.append(changes, False) | alone)


def locate_zero(curve, walk, k, function):
    """The zero of a function between two points of a walk, to rounding along the arclength.

    Parameters
    ----------
    curve, walk
        As in `find_user_events`.
    k : int
        The first of the two points.
    function : callable
        Of a point (n + 1,) in natural units.

    Returns
    -------
    tuple of (distance from the first, point, tangent), scaled, or None
        None where the function has one sign, or Newton's method fails.
    """
    base, tangent = walk.points[k], walk.tangents[k]
    place = {}

    def value(s):
        found = curve.step(base, tangent, s)
        if found is None:
            return np.nan
        place["at"] = found
        return function(found[0] * curve.scale)

    length = float(tangent @ (walk.points[k + 1] - base))
    ends = value(0.0), value(length)
    if not np.isfinite(ends).all() or ends[0] * ends[1] > 0:
        return None
    s = brentq(value, 0.0, length, xtol=1e-15, rtol=1e-14)
    return (s, *place["at"][:2]) if np.isfinite(value(s)) else None


def _value(name, function, parameter, y, outputs):
    """What a user's function returns at a point, as a number."""
    try:
        value = function(y[:-1], y[-1], outputs)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"events[{name}]: the function fails at {parameter} = {y[-1]:g}: {what}") from error
    if isinstance(value, (bool, np.bool_)):
        raise InputError(
            f"events[{name}]: the function must return a number that goes through zero, got a truth value; "
            "return a difference, such as kappa[0] - 0.5"
        )
    if np.ndim(value) == 0 and isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf":
        return float(value)
    given = f"shape {np.shape(value)}" if np.ndim(value) else type(value).__name__
    raise InputError(f"events[{name}]: the function must return one real number, got {given}; use kappa[0]")


def _crossing(field, name, level):
    if name in field.state:
        index = field.state.index(name)
        return lambda kappa, value, z: kappa[index] - level
    if name in field.output_names:
        index = field.output_names.index(name)
        return lambda kappa, value, z: z[index] - level
    have = ", ".join((*field.state, *field.output_names))
    raise InputError(f"events: {name!r} is no coordinate or output ({have}); give a function instead")
