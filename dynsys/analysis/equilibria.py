"""Fixed points as results: position, eigenvalues, kind and index of each, and the whole set.

Kind by the eigenvalues of DF; index sign det(-DF), whose sum over all points is +1 whenever a box exists that
the flow never leaves (Brouwer degree).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tasks.errors import Status
from tasks.results import html_table, keep_arrays

# A real part (or an eigenvalue, for the index) below this share of the largest eigenvalue counts as zero.
HYPERBOLIC_TOLERANCE = 1e-7


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoint:
    """A fixed point and its stability.

    Parameters
    ----------
    kappa : ndarray (R,)
        Where it is.
    eigenvalues : ndarray (R,)
        Eigenvalues of the Jacobian, complex, by decreasing real part, in units of 1 / tau; NaN where F has a
        kink (a relu network at a state where units are about to be switched on).
    eigenvectors : ndarray (R, R)
        Unit eigenvectors, one a column, in the same order.
    kind : str
        "stable node", "stable focus", "saddle", "unstable node", "unstable focus" or "non-hyperbolic" (so
        are points at a kink).
    index : int
        sign det(-DF): +1, -1, or 0 where an eigenvalue vanishes or there is none.
    residual : float
        Largest entry of F there.
    euler_stable : bool or None
        Whether |1 + alpha lambda| < 1 for every eigenvalue, which is what the discrete network obeys; None
        where the field has no Euler step or no eigenvalues.
    outputs : ndarray (O,)
        Output z at the point.
    bulk_radius : float or None
        Radius of the disk of eigenvalues around -1 that a random bulk adds to those of the Jacobian; at 1 or
        above the state is unstable against chaos, a saddle of the whole network whatever `eigenvalues` say.
    clock : str
        "flow"; or "map", where `eigenvalues` are the multipliers, those of the map's own Jacobian.

    Examples
    --------
    >>> point = FixedPoint(np.zeros(1), np.array([0.5 + 0j]), np.eye(1), "unstable node", -1, 0.0, False)
    >>> point.stable, point.unstable_directions
    (False, 1)
    """

    kappa: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    kind: str
    index: int
    residual: float
    euler_stable: bool | None = None
    outputs: np.ndarray = None
    bulk_radius: float | None = None
    clock: str = "flow"

    def __post_init__(self):
        object.__setattr__(self, "outputs", [] if self.outputs is None else self.outputs)
        keep_arrays(self, kappa=float, eigenvalues=complex, eigenvectors=complex, outputs=float)

    @property
    def stable(self):
        """bool : whether every mode decays: real parts below 0, of a map multipliers in the unit circle."""
        return self.kind.startswith("stable")

    @property
    def unstable_directions(self):
        """int : number of modes that grow (beyond rounding)."""
        if self.clock == "map":
            return int((np.abs(self.eigenvalues) > 1.0 + HYPERBOLIC_TOLERANCE).sum())
        return int((self.eigenvalues.real > zero_below(self.eigenvalues)).sum())

    def __repr__(self):
        return f"FixedPoint({_line(self)})"

    def _repr_html_(self):
        return _table([self])


@dataclass(frozen=True, eq=False, repr=False)
class Continuum:
    """A connected set of fixed points: a line or a ring (or a piece of a surface).

    Parameters
    ----------
    points : ndarray (K, R)
        Fixed points that belong to it.
    tangents : ndarray (K, R)
        Unit vector along the set in each of them (the null vector of the Jacobian).
    dimension : int
        Number of null directions.

    Examples
    --------
    >>> Continuum(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [-1.0, 0.0]]), 1)
    Continuum(1-dimensional set of fixed points, 2 of them at hand)
    """

    points: np.ndarray
    tangents: np.ndarray
    dimension: int = 1

    def __post_init__(self):
        keep_arrays(self, points=float, tangents=float)

    def __repr__(self):
        size = f"{self.dimension}-dimensional set"
        return f"Continuum({size} of fixed points, {len(self.points)} of them at hand)"


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints:
    """The fixed points of a field at one constant input; iterates over `FixedPoint`.

    Parameters
    ----------
    points : tuple of FixedPoint
        Isolated fixed points, sorted by position.
    inputs : mapping of str to float
        Input values.
    status : Status
        How the search ended.
    counts : mapping of str to int
        ``starts``, ``converged`` (to a root in the box), ``dropped`` (all others).
    index_sum : int
        Sum of the indices; +1 when none is missing and a trapping box exists.
    box : ndarray (R, 2)
        Lower and upper bound of the search.
    message : str
        The search in one or two sentences.
    continua : tuple of Continuum
        Sets of fixed points that are not isolated.
    state : tuple of str
        Names of the coordinates.
    source : mapping
        Plain values that say which field it was.
    certificate : Certificate, optional
        What is proved, if that was asked for.

    Examples
    --------
    >>> found = FixedPoints((), {"v": 0.0}, Status.CONVERGED, {"starts": 9}, 0, np.array([[-1.0, 1.0]]))
    >>> len(found), found.stable
    (0, ())
    """

    points: tuple
    inputs: Mapping
    status: Status
    counts: Mapping
    index_sum: int
    box: np.ndarray
    message: str = ""
    continua: tuple = ()
    state: tuple = ("kappa",)
    source: Mapping = field(default_factory=dict)
    certificate: object = None

    def __post_init__(self):
        keep_arrays(self, box=float)
        for name in ("inputs", "counts", "source"):
            object.__setattr__(self, name, dict(getattr(self, name)))
        object.__setattr__(self, "points", tuple(self.points))

    @property
    def stable(self):
        """tuple of FixedPoint : the stable ones."""
        return tuple(point for point in self.points if point.stable)

    @property
    def kappa(self):
        """ndarray (K, R) : positions of all points."""
        return np.array([point.kappa for point in self.points]).reshape(len(self.points), len(self.box))

    def __iter__(self):
        return iter(self.points)

    def __len__(self):
        return len(self.points)

    def __getitem__(self, index):
        return self.points[index]

    def __repr__(self):
        count = len(self.points)
        lines = [f"{count} fixed point{'s' * (count != 1)} at {_settings(self.inputs)}: {self.message}"]
        lines += [f"  {_line(point)}" for point in self.points]
        return "\n".join(lines + [f"  {continuum}" for continuum in self.continua])

    def _repr_html_(self):
        caption = f"{_settings(self.inputs)}: {self.message}"
        return _table(self.points, caption)


def classify(eigenvalues, clock="flow"):
    """Kind of a fixed point with these eigenvalues, and its index.

    Parameters
    ----------
    eigenvalues : array_like (R,)
        Eigenvalues of the Jacobian; multipliers of a map.
    clock : str
        "flow" or "map".

    Returns
    -------
    kind : str
        As in `FixedPoint`.
    index : int
        sign det(-DF), 0 where an eigenvalue vanishes; of a map sign det(1 - multipliers).

    Examples
    --------
    >>> classify([-1.1, 0.5], "map")[0]
    'saddle'
    >>> classify([-1.0, -2.0]), classify([-1.0, 2.0]), classify([0.1 + 1j, 0.1 - 1j])
    (('stable node', 1), ('saddle', -1), ('unstable focus', 1))
    """
    eigenvalues = np.asarray(eigenvalues, dtype=complex)
    if np.isnan(eigenvalues).any():
        return "non-hyperbolic", 0
    distances = eigenvalues - 1.0 if clock == "map" else eigenvalues
    rates = np.abs(eigenvalues) - 1.0 if clock == "map" else eigenvalues.real
    zero = zero_below(distances)
    singular = (np.abs(distances) <= zero).any()
    index = 0 if singular else int(np.sign(np.prod(-distances).real))
    if (np.abs(rates) <= zero).any():
        return "non-hyperbolic", index
    unstable = (rates > 0).sum()
    if 0 < unstable < eigenvalues.size:
        return "saddle", index
    shape = "focus" if np.any(eigenvalues.imag) else "node"
    return ("unstable " if unstable else "stable ") + shape, index


def zero_below(eigenvalues):
    """Size below which an eigenvalue or real part counts as zero, next to these eigenvalues.

    Examples
    --------
    >>> zero_below([-0.5, 10.0])
    1e-06
    """
    return HYPERBOLIC_TOLERANCE * max(1.0, 0.0, *map(abs, np.asarray(eigenvalues).tolist()))


_EULER = {None: "", True: "yes", False: "no"}


def _settings(inputs):
    return ", ".join(f"{name} = {value:g}" for name, value in inputs.items()) or "no input"


def _line(point):
    what = "multipliers" if point.clock == "map" else "eigenvalues"
    text = f"{point.kind} at kappa = {_short(point.kappa)}, {what} {_short(point.eigenvalues)}"
    return text if point.bulk_radius is None else f"{text}, radius of the bulk {point.bulk_radius:.4g}"


def _short(values):
    real = np.asarray(values).real if not np.any(np.imag(values)) else np.asarray(values)
    return np.array2string(real, precision=6, separator=", ", threshold=12, edgeitems=2)


def _table(points, caption=""):
    map_ = any(point.clock == "map" for point in points)
    titles = ("kind", "kappa", "multipliers" if map_ else "eigenvalues", "index", "stable in Euler steps")
    rows = [
        (p.kind, _short(p.kappa), _short(p.eigenvalues), f"{p.index:+d}", _EULER[p.euler_stable])
        for p in points
    ]
    return html_table(rows, titles, caption)
