"""Events that a user defines on a branch: where a function, a coordinate or an output takes a value."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import brentq

from dynsys.analysis.events import Event
from dynsys.analysis.naming import describe_event
from tasks.checks import check_number
from tasks.errors import InputError

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


def find_user_events(curve, walk, events):
    """Locate every zero of a user's functions on a walk, to rounding along the arclength.

    Parameters
    ----------
    curve, walk
        As in `dynsys.analysis.events.find_events`.
    events : dict of str to callable
        From `check_events`.

    Yields
    ------
    SpecialPoint, Event
        Of the kind "event".
    """
    natural = walk.points * curve.scale
    outputs = curve.outputs(natural)
    for name, function in events.items():
        values = np.array([_number(name, function(y[:-1], y[-1], z)) for y, z in zip(natural, outputs)])
        finite = np.isfinite(values)
        for k in np.flatnonzero(((values[:-1] > 0) != (values[1:] > 0)) & finite[:-1] & finite[1:]):
            place = locate_zero(
                curve, walk, k,
                lambda y, function=function: float(function(y[:-1], y[-1], curve.outputs(y[None])[0])),
            )  # fmt: skip
            if place is None:
                continue
            s, point, direction = place
            special = describe_event(curve, curve.expand((point * curve.scale)[None])[0], name)
            yield special, Event(USER, False, walk.arcs[k] + s, point, direction)


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
    value(s)
    return (s, *place["at"][:2])


def _number(name, value):
    if np.ndim(value) == 0 and isinstance(value, (int, float, np.number, np.ndarray, np.bool_)):
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
