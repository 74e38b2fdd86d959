"""A branch of cycles: periodic orbits along a parameter, with multipliers and special points, as a result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynsys.analysis.cycle_point import cycle_table
from dynsys.analysis.cycles import Cycle, cycle_kind
from dynsys.numerics.collocation_basis import DEGREE, extremes, sample
from tasks.results import keep_arrays


@dataclass(frozen=True, eq=False, repr=False)
class CycleBranch:
    """Cycles along one parameter, in order of arclength.

    Parameters
    ----------
    parameter : str
        Name of the parameter or input that varies along it.
    values : ndarray (M,)
        The parameter; it turns back at folds.
    periods : ndarray (M,)
        Periods.
    multipliers : ndarray of complex (M, R)
        Floquet multipliers by decreasing modulus, the trivial one, 1, among them.
    stable : ndarray (M,) of bool
        Whether all nontrivial ones lie inside the unit circle.
    meshes : ndarray (M, N + 1)
        Ends of the collocation intervals, in parts of the period.
    orbits : ndarray (M, 4 N + 1, R)
        States at five equidistant times of each interval.
    special_points : tuple of CyclePoint
        Folds of cycles, period doublings and so on, in order along the branch.
    ends : tuple of two Status
        How it ended at its first and at its last cycle.
    message : str
        The ends in words.
    inputs : mapping of str to float
        Inputs that were held.
    state : tuple of str
        Names of the coordinates.
    source : mapping
        Plain values that say which field it was.
    output_low, output_high : ndarray (M, O)
        Least and greatest value of each output on each cycle.

    Notes
    -----
    ``low`` and ``high``, (M, R), are the least and greatest value of each coordinate on each cycle.

    Examples
    --------
    >>> from tasks.errors import Status
    >>> ends = (Status.REACHED_SPAN, Status.REACHED_SPAN)
    >>> turn = np.exp(2j * np.pi * np.linspace(0, 1, 81))
    >>> orbits = np.array([r * np.column_stack([turn.real, turn.imag]) for r in (1.0, 2.0)])
    >>> mesh, size = np.tile(np.linspace(0, 1, 21), (2, 1)), ([0.0, 1.0], [6.0, 6.0])
    >>> branch = CycleBranch("r", *size, [[1.0, 0.5]] * 2, [True, True], mesh, orbits, (), ends)
    >>> branch.high[1].round(6), branch.cycle(0).kind
    (array([2., 2.]), 'stable cycle')
    """

    parameter: str
    values: np.ndarray
    periods: np.ndarray
    multipliers: np.ndarray
    stable: np.ndarray
    meshes: np.ndarray
    orbits: np.ndarray
    special_points: tuple
    ends: tuple
    message: str = ""
    inputs: Mapping = field(default_factory=dict)
    state: tuple = ("kappa",)
    source: Mapping = field(default_factory=dict)
    output_low: np.ndarray = None
    output_high: np.ndarray = None
    low: np.ndarray = field(init=False)
    high: np.ndarray = field(init=False)

    def __post_init__(self):
        orbits = np.array(self.orbits, dtype=float)
        low, high = np.empty((2, len(orbits), len(self.orbits[0][0]) if len(orbits) else len(self.state)))
        for orbit, least, greatest in zip(orbits, low, high):
            extremes(np.append(orbit, [0.0, 0.0]), orbit.shape[1], least, greatest)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        for name in ("output_low", "output_high"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros((len(orbits), 0)))
        keep_arrays(
            self, values=float, periods=float, multipliers=complex, stable=bool, meshes=float, orbits=float,
            low=float, high=float, output_low=float, output_high=float,
        )  # fmt: skip
        for name in ("inputs", "source"):
            object.__setattr__(self, name, dict(getattr(self, name)))
        object.__setattr__(self, "special_points", tuple(self.special_points))

    @property
    def status(self):
        """Status : the first of the two ends that is not a success, or the last end."""
        return next((end for end in self.ends if not end.ok), self.ends[1])

    def cycle(self, index):
        """The branch's cycle of one index.

        Parameters
        ----------
        index : int
            Which.

        Returns
        -------
        Cycle
        """
        return as_cycle(self.meshes[index], self.orbits[index], self.periods[index], self.multipliers[index])

    def at(self, value):
        """Cycles of the branch at one value of the parameter, interpolated between two of its own.

        Parameters
        ----------
        value : float
            Value of the parameter.

        Returns
        -------
        tuple of Cycle
            One each time the branch passes the value. `continue_cycles` with ``marks`` has them exactly.
        """
        found = []
        for i in range(len(self.values) - 1):
            low, high = self.values[i], self.values[i + 1]
            if (low - value) * (high - value) < 0 or low == value:
                share = (value - low) / (high - low) if high != low else 0.0
                ends = [self._on_mesh(k, self.meshes[i]) for k in (i, i + 1)]
                period = (1 - share) * self.periods[i] + share * self.periods[i + 1]
                near = self.multipliers[i if share < 0.5 else i + 1]
                found.append(as_cycle(self.meshes[i], (1 - share) * ends[0] + share * ends[1], period, near))
        if len(self.values) and self.values[-1] == value:
            found.append(self.cycle(-1))
        return tuple(found)

    def to_arrays(self):
        """Return everything that is drawn as a dictionary of plain arrays.

        Returns
        -------
        dict of str to ndarray
            ``values, periods, multipliers, stable, low, high, special_values, special_kinds``.
        """
        names = ("values", "periods", "multipliers", "stable", "low", "high")
        return {name: getattr(self, name) for name in names} | {
            "special_values": np.array([point.value for point in self.special_points]),
            "special_kinds": np.array([point.kind for point in self.special_points], dtype=str),
        }

    def __len__(self):
        return len(self.values)

    def __repr__(self):
        span = f"{self.values.min():.6g} to {self.values.max():.6g}" if len(self.values) else "empty"
        lines = [f"CycleBranch of {len(self.values)} cycles along {self.parameter}, {span}: {self.message}"]
        return "\n".join(lines + [f"  {point}" for point in self.special_points])

    def _repr_html_(self):
        return cycle_table(self.special_points, repr(self).partition("\n")[0])

    def _on_mesh(self, index, mesh):
        states = np.empty((1, self.orbits.shape[1], self.orbits.shape[2]))
        row = np.append(self.orbits[index], [0.0, 0.0])[None]
        sample(self.meshes[index].copy(), row, node_times(mesh), states)
        return states[0]


def node_times(mesh):
    """Times (4 N + 1,) of the five points of each interval of a mesh (N + 1,).

    Examples
    --------
    >>> node_times(np.array([0.0, 1.0]))
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    inner = mesh[:-1, None] + np.diff(mesh)[:, None] * np.arange(DEGREE) / DEGREE
    return np.append(inner.ravel(), mesh[-1])


def as_cycle(mesh, orbit, period, multipliers):
    """A `Cycle` from an orbit (4 N + 1, R) on a mesh.

    Examples
    --------
    >>> as_cycle(np.array([0.0, 1.0]), np.zeros((5, 2)), 2.0, [1.0, 0.5]).time
    array([0. , 0.5, 1. , 1.5, 2. ])
    """
    return Cycle(orbit, period * node_times(mesh), float(period), multipliers, cycle_kind(multipliers))
