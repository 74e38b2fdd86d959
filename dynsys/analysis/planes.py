"""Planes through a state space of more than two dimensions: what a slice of it shows.

A plane is a point and two orthonormal directions, x = origin + s_1 b_1 + s_2 b_2. In it lives the part of the
flow along the plane,

    G_c(s_1, s_2) = b_c . F(x),        dG_c / ds_d = b_c . DF(x) b_d,

whose zeros are not fixed points unless F itself lies in the plane there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynsys.analysis.equilibria import FixedPoint
from dynsys.analysis.flow import values_at
from tasks.checks import as_array, check_number
from tasks.errors import InputError
from tasks.results import keep_arrays

# Vectors whose angle has a smaller sine span no plane.
PARALLEL = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Plane:
    """A plane in a state space.

    Parameters
    ----------
    origin : ndarray (R,)
        The point where both coordinates are 0.
    basis : ndarray (2, R)
        Orthonormal directions.
    state : tuple of str
        Names of the coordinates of the space.
    axes : tuple of int, optional
        The two coordinates of the space that are those of the plane, if it lies along the axes.

    Examples
    --------
    >>> plane = Plane(np.array([0.0, 0.0, 2.0]), np.eye(3)[:2], ("x", "y", "z"), (0, 1))
    >>> plane
    Plane(x, y at z = 2)
    >>> plane.distances([[1.0, 1.0, 5.0]])
    array([3.])
    """

    origin: np.ndarray
    basis: np.ndarray
    state: tuple
    axes: tuple | None = None

    def __post_init__(self):
        keep_arrays(self, origin=float, basis=float)

    @property
    def labels(self):
        """tuple of str : names of the two coordinates; those of a tilted plane are "s1" and "s2"."""
        return ("s1", "s2") if self.axes is None else tuple(self.state[k] for k in self.axes)

    @property
    def place(self):
        """str : where the plane lies: what is held, or the point and the directions."""
        if self.axes is not None:
            held = [k for k in range(len(self.state)) if k not in self.axes]
            return ", ".join(f"{self.state[k]} = {self.origin[k]:.4g}" for k in held)
        directions = " and ".join(_vector(direction) for direction in self.basis)
        return f"{_vector(self.origin)} along {directions}"

    def states(self, places):
        """States (..., R) at places (..., 2) of the plane."""
        return self.origin + np.asarray(places, dtype=float) @ self.basis

    def project(self, vectors):
        """Components along the plane (..., 2) of vectors (..., R)."""
        vectors = np.asarray(vectors, dtype=float)
        return vectors @ self.basis.T if self.axes is None else vectors[..., list(self.axes)]

    def coordinates(self, states):
        """Places (..., 2) of the plane under states (..., R)."""
        states = np.asarray(states, dtype=float)
        return self.project(states - self.origin if self.axes is None else states)

    def offsets(self, states):
        """What leads from the plane to states (..., R), at right angles to it."""
        away = np.asarray(states, dtype=float) - self.origin
        return away - self.project(away) @ self.basis

    def distances(self, states):
        """Euclidean distances (...,) of states (..., R) from the plane."""
        return np.linalg.norm(self.offsets(states), axis=-1)

    def __repr__(self):
        return f"Plane({', '.join(self.labels)} at {self.place})"


def make_plane(field, plane, at=None):
    """The plane that a user means.

    Parameters
    ----------
    field : Field
        A field with three or more state variables.
    plane : sequence
        Two coordinates, by name or number, or two vectors (R,) that span the plane; they are made
        orthonormal, the first keeps its direction.
    at : mapping of str to float, FixedPoint or array_like (R,), optional
        Where the plane lies: values of the other coordinates by name, or a state that it passes through; zero
        if left out.

    Returns
    -------
    Plane

    Raises
    ------
    InputError
        A field on a line or already planar, unknown or repeated names, a point of another dimension, vectors
        that are parallel.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.ones((2, 4, 3)), np.zeros(4), np.ones(4)))
    >>> make_plane(field, ("kappa1", "kappa3"), {"kappa2": 0.5})
    Plane(kappa1, kappa3 at kappa2 = 0.5)
    >>> make_plane(field, ([1, 1, 0], [0, 0, 1]))
    Plane(s1, s2 at (0, 0, 0) along (0.707, 0.707, 0) and (0, 0, 1))
    """
    R = field.dimension
    have = ", ".join(field.state)
    if R == 1:
        raise InputError(
            f"plane: the field has one coordinate ({have}) and a plane needs two; leave plane out and draw "
            "the portrait with plot_flow"
        )
    if R == 2:
        raise InputError(
            f"plane: the field is planar already ({have}); leave plane out (plot_portrait(..., plane=(1, 0)) "
            "swaps the axes)"
        )
    expected = f"plane: expected two of the coordinates {have}, or two vectors of {R} numbers, got {plane!r}"
    if not isinstance(plane, (tuple, list, np.ndarray)) or len(plane) != 2:
        raise InputError(expected)
    if all(isinstance(entry, (str, int, np.integer)) and not isinstance(entry, bool) for entry in plane):
        axes = tuple(_coordinate(field, entry, expected) for entry in plane)
        if axes[0] == axes[1]:
            raise InputError(f"plane: {field.state[axes[0]]} twice; name two different ones of {have}")
        origin = _point(field, at, axes)
        origin[list(axes)] = 0.0
        return Plane(origin, np.eye(R)[list(axes)], field.state, axes)
    if any(np.ndim(entry) != 1 or isinstance(entry, str) for entry in plane):
        raise InputError(expected)
    first, second = (as_array(f"plane[{k}]", entry, (R,), "(R,)") for k, entry in enumerate(plane))
    sizes = np.abs(first).max(), np.abs(second).max()
    if min(sizes) == 0.0:
        raise InputError(f"plane: vector {int(sizes[0] > 0)} is zero and has no direction")
    first, second = first / sizes[0], second / sizes[1]
    first = first / np.linalg.norm(first)
    rest = second - (first @ second) * first
    if np.linalg.norm(rest) < PARALLEL * np.linalg.norm(second):
        raise InputError("plane: the two vectors are parallel and span a line; give another second one")
    return Plane(_point(field, at, ()), np.array([first, rest / np.linalg.norm(rest)]), field.state)


def whole_plane(state):
    """The plane that a planar field's own coordinates make.

    Examples
    --------
    >>> whole_plane(("x", "y")).labels
    ('x', 'y')
    """
    return Plane(np.zeros(2), np.eye(2), tuple(state), (0, 1))


def flow_along(field, u, plane, places, what="rhs"):
    """G (K, 2) at places (K, 2) of a plane, or its derivatives (K, 2, 2).

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    plane : Plane
        The plane.
    places : ndarray (K, 2)
        Where.
    what : {"rhs", "jacobian"}
        Which of both.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(*np.zeros((2, 4, 3)), np.zeros(4), np.ones(4)))  # F = -kappa
    >>> flow_along(field, np.zeros(1), make_plane(field, (0, 1)), np.array([[1.0, 2.0]]))
    array([[-1., -2.]])
    """
    values = values_at(field, plane.states(places), u, what)
    if what == "rhs":
        return plane.project(values)
    # First index of DF: which equation; second: which direction.
    return np.swapaxes(plane.project(np.swapaxes(plane.project(values), 1, 2)), 1, 2).copy()


def _coordinate(field, entry, expected):
    names = field.state
    if isinstance(entry, str):
        if entry not in names:
            raise InputError(f"plane: there is no coordinate {entry!r}; there are {', '.join(names)}")
        return names.index(entry)
    if not 0 <= entry < len(names):
        raise InputError(f"{expected}; numbers go from 0 to {len(names) - 1}")
    return int(entry)


def _point(field, at, axes):
    """The state that a user means by ``at``, (R,)."""
    R, names = field.dimension, field.state
    if at is None:
        return np.zeros(R)
    if isinstance(at, Mapping):
        state = np.zeros(R)
        free = [name for k, name in enumerate(names) if k not in axes]
        for name, value in at.items():
            if name not in free:
                why = "an axis of the plane" if name in names else "unknown"
                raise InputError(f"at: {name!r} is {why}; give values of {', '.join(free)}")
            state[names.index(name)] = check_number(f"at[{name!r}]", value)
        return state
    return np.array(as_array("at", at.kappa if isinstance(at, FixedPoint) else at, (R,), "(R,)"))


def _vector(values):
    return f"({', '.join(f'{value + 0.0:.3g}' for value in values)})"
