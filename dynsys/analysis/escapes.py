"""How fast noise drives the state out of an attractor, by simulation.

Of any field, with white noise on the state,

    dkappa = F dt + noise dW,      noise in units of the state per square root of time;

of a finite network, in its own Euler steps and with its own noise: the private noise of every unit, which
reaches kappa through n and wears the gain down besides, and noise on its inputs. Copies start at the
attractor, their noise as it is when it has lasted for long, and run until another attractor's region of
capture has them; the rate is escapes over time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from dynsys.analysis.attractors import Attractors
from dynsys.analysis.field import reduced_field
from dynsys.analysis.flow import system_of
from dynsys.analysis.vector_field import check_flow
from dynsys.numerics import lowrank_field
from dynsys.numerics.network_noise import noisy_network_steps
from dynsys.numerics.paths import UNDECIDED, noisy_steps
from rnn.networks import LowRankRNN
from tasks.checks import check_count, check_kind, check_number, check_rng
from tasks.errors import InputError

BLOCK = 500
# Step of Euler and Maruyama's scheme of a field that is no network, in its unit of time.
STEP = 0.02


@dataclass(frozen=True, eq=False)
class EscapeRate:
    """Rate at which noise drives the state out of an attractor.

    Parameters
    ----------
    rate : float
        Escapes per unit of time.
    error : float
        Standard error, rate / sqrt(escapes); the rate at one escape where there were none.
    escapes : int
        Escapes that were seen.
    time : float
        Time that all copies spent before escape.
    targets : dict of str to int
        Where they went.

    Examples
    --------
    >>> EscapeRate(0.1, 0.01, 100, 1000.0, {"B": 100}).rate
    0.1
    """

    rate: float
    error: float
    escapes: int
    time: float
    targets: dict

    def interval(self, level=0.95):
        """Confidence interval of the rate: exact for a Poisson process (Garwood 1936).

        Examples
        --------
        >>> low, high = EscapeRate(0.0, 0.001, 0, 1000.0, {}).interval()
        >>> low, round(high, 6)
        (0.0, 0.003689)
        """
        tail = 0.5 * (1 - check_number("level", level, above=0.0, below=1.0))
        low = gammaincinv(self.escapes, tail) / self.time if self.escapes else 0.0
        return float(low), float(gammaincinv(self.escapes + 1, 1 - tail) / self.time)


def escape_rate(
    field,
    attractors,
    name,
    noise=0.0,
    copies=64,
    duration=1000.0,
    step=None,
    rng=None,
    private=None,
    input_noise=0.0,
):
    """Rate of noise-driven escape from one attractor, by simulation.

    Parameters
    ----------
    field : Field or LowRankRNN
        The field; or the network itself, which brings its private noise.
    attractors : Attractors
        From `find_attractors` of the field, or of the network's `reduced_field`.
    name : str
        Name of the attractor, such as "A".
    noise : float, default 0
        Strength of white noise on every coordinate, per square root of the field's unit of time.
    copies : int, default 64
        Independent runs.
    duration : float, default 1000
        Longest time of each.
    step : float, optional
        Step of Euler and Maruyama's scheme, 0.02 if left out; a network goes in its own steps.
    rng : numpy.random.Generator or int
        Source of the noise.
    private : float, optional
        Standard deviation of each unit's private noise per Euler step, of a network or its `reduced_field`;
        by default a network's own ``noise_std``, and none of a field.
    input_noise : float, default 0
        Standard deviation of the noise on each input per Euler step, of the same.

    Returns
    -------
    EscapeRate

    Raises
    ------
    InputError
        A name that there is not, no noise, no rng, numbers out of range; private or input noise of a field
        that has no units.

    Examples
    --------
    >>> from dynsys.analysis.attractors import find_attractors
    >>> m = np.tile([1.0, -1.0], 20)
    >>> net = LowRankRNN(m, 1.4 * m, np.zeros(40), m, noise_std=0.4)
    >>> attractors = find_attractors(reduced_field(net))
    >>> rate = escape_rate(net, attractors, "A", copies=8, duration=400.0, rng=0)
    >>> rate.escapes > 0 and set(rate.targets) == {"B"}
    True
    """
    check_kind("attractors", attractors, Attractors, "see find_attractors")
    if isinstance(field, LowRankRNN):
        private = field.noise_std if private is None else private
        field = reduced_field(field)
    check_flow(field)
    if name not in attractors.names:
        raise InputError(f"name: there is no attractor {name!r}; there are {', '.join(attractors.names)}")
    if attractors.room.shape[0] != field.dimension:
        raise InputError(
            f"attractors: of {attractors.room.shape[0]} coordinates, the field has {field.dimension}"
        )
    noise, rng = check_number("noise", noise, minimum=0.0), check_rng(rng)
    units = private is not None or input_noise != 0.0
    private = check_number("private", 0.0 if private is None else private, minimum=0.0)
    input_noise = check_number("input_noise", input_noise, minimum=0.0)
    if not max(noise, private, input_noise) > 0.0:
        raise InputError(
            "noise: all noise is 0, and nothing escapes without; give noise, private or input_noise"
        )
    if units and field.functions.rhs is not lowrank_field.rhs:
        raise InputError(
            "private: private and input noise are those of a network's units and steps, which this field does"
            " not have (in a mean field the units' noise is its parameter noise); give a network or its "
            "reduced_field, or noise on the state"
        )
    if units and step is not None and abs(step - field.alpha) > 1e-9:
        raise InputError(f"step: a network goes in its own steps, alpha = {field.alpha:g}; leave step out")
    step = field.alpha if units else check_number("step", STEP if step is None else step, above=0.0)
    steps = max(int(check_number("duration", duration, above=0.0) / step), 1)
    copies = check_count("copies", copies)
    own = attractors.names.index(name)
    run = _network if units else _state
    labels, spent = run(field, attractors, own, copies, steps, step, rng, noise, private, input_noise)
    gone = labels[labels != UNDECIDED]
    targets = {attractors.name(k): int((gone == k).sum()) for k in np.unique(gone)}
    total = float(spent.sum())
    rate = len(gone) / total
    error = max(rate, 1 / total) / np.sqrt(max(len(gone), 1))
    return EscapeRate(rate, float(error), len(gone), total, targets)


def _state(field, attractors, own, copies, steps, step, rng, noise, _private, _input_noise):
    """White noise on the state: labels and times of all copies."""
    states, labels, spent = _begin(attractors, own, copies)
    rhs, _, inputs, params = system_of(field, field.input_vector(attractors.inputs))
    regions = _others(attractors, own)
    for first in range(0, steps, BLOCK):
        shape = copies, min(BLOCK, steps - first), states.shape[1]
        kicks = noise * np.sqrt(step) * rng.standard_normal(shape)
        noisy_steps(rhs, inputs, params, states, step, kicks, attractors.room, *regions, labels, spent)
        if (labels != UNDECIDED).all():
            break
    return labels, spent


def _network(field, attractors, own, copies, steps, alpha, rng, noise, private, input_noise):
    """A network's own noise, and white noise on kappa."""
    even = copies + copies % 2  # the generator of the private noise makes two copies at a time
    states, labels, spent = _begin(attractors, own, even)
    labels[copies:] = own
    u, params = field.input_vector(attractors.inputs), np.array(field.values)
    spread = np.sqrt(alpha / (2 - alpha))  # of what alpha filters; x_perp is not multiplied by alpha
    units, inputs, rank = int(params[2]), u.size, states.shape[1]
    filtered = u + spread * input_noise * rng.standard_normal((even, inputs))
    xi = spread / alpha * private * rng.standard_normal((even, units))
    seed, regions = np.uint64(rng.integers(2**63)), _others(attractors, own)
    for first in range(0, steps, BLOCK):
        count = min(BLOCK, steps - first)
        shown = u + input_noise * rng.standard_normal((even, count, inputs))
        kicks = noise * np.sqrt(alpha) * rng.standard_normal((even, count, rank))
        noisy_network_steps(
            params, alpha, private, seed, first, states, filtered, xi, shown, kicks, attractors.room,
            *regions, labels, spent,
        )  # fmt: skip
        if (labels != UNDECIDED).all():
            break
    return labels[:copies], spent[:copies]


def _begin(attractors, own, copies):
    states = np.repeat(attractors.places[own][:1], copies, axis=0)
    return states, np.full(copies, UNDECIDED), np.zeros(copies)


def _others(attractors, own):
    """Regions of capture of all other attractors."""
    others = attractors.regions.owners != own
    return [np.ascontiguousarray(array[others]) for array in attractors.regions]
