"""Which attractor leads to which: pulses of input between attractors at rest, and ends of unstable manifolds.

A pulse starts at an attractor of the field at rest, holds another input for a while, then rests again until
an attractor captures the state. A network moves in its own Euler steps, its inputs filtered as in the trials;
other fields move by their differential equation.
"""

from typing import NamedTuple

import numpy as np

from dynsys.analysis.attractors import attractor_of
from dynsys.analysis.flow import MAX_STEPS, integrate, system_of
from dynsys.numerics.euler import hold_input

# A pulse without a duration is held so long, in the field's unit of time.
LONG = 200.0
# After a pulse the filtered input has decayed to exp(-DECAY).
DECAY = 25.0


class Transition(NamedTuple):
    """What a pulse of input does to an attractor.

    Parameters
    ----------
    start : str
        Name of the attractor at rest where it starts.
    input : str
        Name of the input.
    end : str
        Name of the attractor at rest where the state goes after the pulse.
    state : ndarray (R,)
        State at the end of the pulse.

    Examples
    --------
    >>> Transition("A", "cue", "B", np.zeros(1)).end
    'B'
    """

    start: str
    input: str
    end: str
    state: np.ndarray


def pulse_transitions(field, attractors, pulses, durations=None):
    """What each pulse of input does to each attractor.

    Parameters
    ----------
    field : Field
        The field.
    attractors : Attractors
        At rest, from `find_attractors`.
    pulses : mapping of str to inputs
        Inputs of each pulse, as `Field.input_vector` takes them.
    durations : mapping of str to float, optional
        How long each is held, in the field's unit of time (tau); 200 if left out.

    Returns
    -------
    tuple of Transition

    Examples
    --------
    >>> from dynsys.analysis.attractors import find_attractors
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> found = pulse_transitions(field, find_attractors(field), {"up": 2.0, "nudge": 0.1})
    >>> [(t.start, t.input, t.end) for t in found]
    [('A', 'up', 'B'), ('B', 'up', 'B'), ('A', 'nudge', 'A'), ('B', 'nudge', 'B')]
    """
    rest = field.input_vector(attractors.inputs)
    starts = np.array([place[0] for place in attractors.places]).reshape(len(attractors), field.dimension)
    found = []
    for name, inputs in pulses.items():
        held = LONG if durations is None or name not in durations else float(durations[name])
        ends = _after(field, starts, rest, field.input_vector(inputs), held)
        resting = _after(field, ends[1], ends[0], rest, DECAY)[1] if field.filtered_inputs else ends[1]
        labels = np.full(len(starts), -3)
        finite = np.isfinite(resting).all(axis=1)
        if finite.any():
            labels[finite] = attractor_of(field, resting[finite], attractors)[0]
        found += [
            Transition(start, name, attractors.name(label), state)
            for start, label, state in zip(attractors.names, labels, ends[1])
        ]
    return tuple(found)


def saddle_connections(attractors, manifolds):
    """Where the unstable manifold of each saddle goes.

    Parameters
    ----------
    attractors : Attractors
        From `find_attractors`.
    manifolds : sequence of Manifold
        From `invariant_manifolds`.

    Returns
    -------
    dict of (int, str) to int
        For a saddle's number among the fixed points and where branches of its unstable manifold end (the name
        of an attractor, "fixed point 3", "box" or "open"): how many of them do.

    Examples
    --------
    >>> saddle_connections(None, ())
    {}
    """
    found = {}
    for line in manifolds:
        if not line.stable:
            end = line.end
            if line.end == "attractor":
                end = attractors.names[line.target]
            elif line.target is not None:
                end = f"fixed point {line.target}"
            found[line.saddle, end] = found.get((line.saddle, end), 0) + 1
    return found


def _after(field, starts, before, inputs, duration):
    """Filtered inputs and states after holding inputs for a while."""
    if field.alpha is None:
        states = integrate(field, starts, [0.0, duration], inputs, rtol=1e-8).kappa[:, -1]
        return inputs, states
    rhs, _, _, params = system_of(field, inputs)
    states, v = np.array(starts, order="C"), np.array(before)
    steps = min(max(round(duration / field.alpha), 1), MAX_STEPS)
    hold_input(rhs, params, field.alpha, field.filtered_inputs, inputs, states, v, steps)
    return v, states
