"""Cycles as results: the periodic orbit, its period and Floquet multipliers, and the set of those found.

`dynsys.analysis.cycle_search` finds them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tasks.results import html_table, keep_arrays

# A multiplier this close to the unit circle says nothing about stability.
NEUTRAL = 1e-6
# The distance, as a share of its size, below which two cycles are one.
SAME = 1e-4


@dataclass(frozen=True, eq=False, repr=False)
class Cycle:
    """A periodic orbit.

    Parameters
    ----------
    points : ndarray (M, R)
        States along it, the first again at the end (for a map: the states of one turn).
    time : ndarray (M,)
        Times from 0 to the period, in the field's unit.
    period : float
        Period; for a map the mean time of a turn.
    multipliers : ndarray of complex (R,)
        Floquet multipliers by decreasing modulus, the trivial one, 1, among them; for a map, whose orbit may
        never close, exp(Lyapunov exponent times period).
    kind : str
        "stable cycle", "unstable cycle" (every nontrivial multiplier outside the unit circle), "saddle
        cycle" or "non-hyperbolic cycle".
    residual : float
        Largest jump left, as a share of the cycle's size.
    clock : {"flow", "map"}
        Whether it is a cycle of the differential equation or of the network's Euler steps.

    Examples
    --------
    >>> circle = Cycle(np.zeros((3, 2)), np.arange(3.0), 2.0, [1.0, 0.5], "stable cycle")
    >>> circle.stable, circle.nontrivial
    (True, array([0.5+0.j]))
    """

    points: np.ndarray
    time: np.ndarray
    period: float
    multipliers: np.ndarray
    kind: str
    residual: float = 0.0
    clock: str = "flow"

    def __post_init__(self):
        keep_arrays(self, points=float, time=float, multipliers=complex)

    @property
    def stable(self):
        """bool : whether every nontrivial multiplier lies inside the unit circle."""
        return self.kind == "stable cycle"

    @property
    def nontrivial(self):
        """ndarray of complex (R - 1,) : the multipliers without the one nearest to 1."""
        return np.delete(self.multipliers, np.argmin(np.abs(self.multipliers - 1)))

    @property
    def amplitude(self):
        """ndarray (R,) : half the distance between the extremes of each coordinate."""
        return 0.5 * np.ptp(self.points, axis=0)

    def __repr__(self):
        shown = np.array2string(self.nontrivial, precision=6, separator=", ")
        return f"Cycle({self.kind} of the {self.clock}, period {self.period:.10g}, multipliers {shown})"


@dataclass(frozen=True, eq=False, repr=False)
class LimitCycles:
    """The cycles that were found at one constant input; iterates over `Cycle`.

    Parameters
    ----------
    cycles : tuple of Cycle
        By period.
    inputs : mapping of str to float
        The inputs.
    counts : mapping of str to int
        ``starts``, ``returned`` (that came back to where they were), ``undecided`` (that neither settled nor
        came back).
    message : str
        The search in a sentence.
    state : tuple of str
        Names of the coordinates.
    source : mapping
        Plain values that say which field it was.

    Examples
    --------
    >>> LimitCycles(())
    0 cycles at no input:
    """

    cycles: tuple
    inputs: Mapping = dataclasses.field(default_factory=dict)
    counts: Mapping = dataclasses.field(default_factory=dict)
    message: str = ""
    state: tuple = ()
    source: Mapping = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "cycles", tuple(self.cycles))
        for name in ("inputs", "counts", "source"):
            object.__setattr__(self, name, dict(getattr(self, name)))

    @property
    def stable(self):
        """tuple of Cycle : the stable ones."""
        return tuple(cycle for cycle in self.cycles if cycle.stable)

    def __iter__(self):
        return iter(self.cycles)

    def __len__(self):
        return len(self.cycles)

    def __getitem__(self, index):
        return self.cycles[index]

    def __repr__(self):
        given = ", ".join(f"{name} = {value:g}" for name, value in self.inputs.items()) or "no input"
        count = len(self.cycles)
        head = f"{count} cycle{'s' * (count != 1)} at {given}: {self.message}".rstrip()
        return "\n".join([head, *(f"  {cycle!r}" for cycle in self.cycles)])

    def _repr_html_(self):
        rows = [
            (c.kind, c.clock, f"{c.period:.10g}", np.array2string(c.nontrivial, precision=6, separator=", "))
            for c in self.cycles
        ]
        return html_table(rows, ("kind", "of the", "period", "multipliers"), self.message)


def cycle_kind(multipliers):
    """Kind of a cycle with these Floquet multipliers, the trivial one included.

    Examples
    --------
    >>> cycle_kind([1.0, 0.3]), cycle_kind([7.0, 1.0, 0.3])
    ('stable cycle', 'saddle cycle')
    """
    multipliers = np.asarray(multipliers, dtype=complex)
    sizes = np.abs(np.delete(multipliers, np.argmin(np.abs(multipliers - 1))))
    if (np.abs(sizes - 1) <= NEUTRAL).any():
        return "non-hyperbolic cycle"
    outside = (sizes > 1).sum()
    return "stable cycle" if not outside else "saddle cycle" if outside < sizes.size else "unstable cycle"


def near_cycle(cycle, state, period):
    """Whether a guess (state, period) lies on a cycle that is already there.

    Examples
    --------
    >>> turn = 2 * np.pi * np.linspace(0, 1, 41)
    >>> circle = Cycle(np.column_stack([np.cos(turn), np.sin(turn)]), turn, turn[-1], [1, 0], "stable cycle")
    >>> near_cycle(circle, np.array([0.0, 1.0]), 6.28), near_cycle(circle, np.zeros(2), 6.28)
    (True, False)
    """
    if abs(abs(period) / cycle.period - 1) > 0.02:
        return False
    size = np.ptp(cycle.points, axis=0).clip(1e-300)
    return bool((np.abs(cycle.points - state) / size).max(axis=1).min() < 0.02 and _ratio(cycle) < 1e3)


def same_cycle(cycle, other):
    """Whether a cycle is another one, or several turns of it.

    Examples
    --------
    >>> turn = 2 * np.pi * np.linspace(0, 1, 41)
    >>> circle = Cycle(np.column_stack([np.cos(turn), np.sin(turn)]), turn, turn[-1], [1, 0], "stable cycle")
    >>> twice = Cycle(circle.points, turn, 2 * circle.period, [1, 0], "stable cycle")
    >>> same_cycle(twice, circle), same_cycle(circle, twice)
    (True, False)
    """
    # The median, since the points of a relaxation cycle are far apart in its jumps.
    return _turns(cycle.period, other) and bool(np.median(_away(other, cycle.points[::8])) < 10 * SAME)


def on_cycle(cycle, state, period):
    """Whether a closed orbit through a state, known to many digits, is a cycle or several turns of it.

    Examples
    --------
    >>> turn = 2 * np.pi * np.linspace(0, 1, 241)
    >>> circle = Cycle(np.column_stack([np.cos(turn), np.sin(turn)]), turn, turn[-1], [1, 0], "stable cycle")
    >>> on_cycle(circle, np.array([0.6, 0.8]), 4 * np.pi), on_cycle(circle, np.array([0.6, 0.81]), 2 * np.pi)
    (True, False)
    """
    return _turns(period, cycle) and bool(_away(cycle, state[None])[0] < 10 * SAME)


def _turns(period, cycle):
    turns = max(round(period / cycle.period), 1)
    return bool(abs(period / cycle.period - turns) <= 1e-6 * turns)


def _away(cycle, states):
    """Distances of states from the segments between a cycle's points, so that phases do not matter."""
    size = np.ptp(cycle.points, axis=0).clip(1e-300)
    start, ends = cycle.points[:-1], np.diff(cycle.points, axis=0)
    away = states[:, None] - start
    share = ((away * ends).sum(axis=-1) / (ends**2).sum(axis=1).clip(1e-300)).clip(0, 1)
    return np.abs((away - share[..., None] * ends) / size).max(axis=-1).min(axis=1)


def _ratio(cycle):
    """How unevenly the points lie along a cycle: relaxation cycles have long steps."""
    steps = np.linalg.norm(np.diff(cycle.points, axis=0), axis=1)
    return steps.max() / max(np.median(steps), 1e-300)
