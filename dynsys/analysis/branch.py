"""A branch: fixed points along a parameter, with stability and special points, as a result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynsys.analysis.special_point import table
from tasks.errors import Status
from tasks.results import keep_arrays


@dataclass(frozen=True, eq=False, repr=False)
class Branch:
    """A curve of fixed points (parameter, kappa), in order of its arclength.

    Parameters
    ----------
    parameter : str
        Name of the parameter or input that varies along it.
    values : ndarray (M,)
        The parameter along the branch; it turns back at folds.
    kappa : ndarray (M, R)
        The fixed point.
    eigenvalues : ndarray (M, R)
        Eigenvalues of the Jacobian, complex, by decreasing real part.
    stable : ndarray (M,) of bool
        Whether all real parts are negative.
    special_points : tuple of SpecialPoint
        Folds, branch points and so on, in order along the branch.
    ends : tuple of two Status
        How the branch ended at its first and at its last point.
    message : str
        The ends in words.
    tangents : ndarray (M, R + 1)
        Unit tangents (kappa, parameter).
    outputs : ndarray (M, O)
        Output z along the branch.
    inputs : mapping of str to float
        Inputs that were held.
    state : tuple of str
        Names of the coordinates of kappa.
    source : mapping
        Plain values that say which field it was.

    Examples
    --------
    >>> from tasks.errors import Status
    >>> ends = (Status.REACHED_SPAN, Status.REACHED_SPAN)
    >>> p, k = np.linspace(0, 1, 3), np.linspace(0, 2, 3)[:, None]
    >>> branch = Branch("mu", p, k, -np.ones((3, 1)), np.ones(3, bool), (), ends)
    >>> branch.at(0.25)
    array([[0.5]])
    """

    parameter: str
    values: np.ndarray
    kappa: np.ndarray
    eigenvalues: np.ndarray
    stable: np.ndarray
    special_points: tuple
    ends: tuple
    message: str = ""
    tangents: np.ndarray = None
    outputs: np.ndarray = None
    inputs: Mapping = field(default_factory=dict)
    state: tuple = ("kappa",)
    source: Mapping = field(default_factory=dict)

    def __post_init__(self):
        count = len(self.values)
        if self.tangents is None:
            object.__setattr__(self, "tangents", _secants(self.values, self.kappa))
        if self.outputs is None:
            object.__setattr__(self, "outputs", np.zeros((count, 0)))
        keep_arrays(
            self, values=float, kappa=float, eigenvalues=complex, stable=bool, tangents=float, outputs=float
        )
        for name in ("inputs", "source"):
            object.__setattr__(self, name, dict(getattr(self, name)))
        object.__setattr__(self, "special_points", tuple(self.special_points))

    @property
    def status(self):
        """Status : the first of the two ends that is not a success, or the last end."""
        return next((end for end in self.ends if not end.ok), self.ends[1])

    def at(self, value):
        """States of the branch at one value of the parameter.

        Cubic interpolation along the branch; a branch that folds back has several states there.

        Parameters
        ----------
        value : float
            Value of the parameter.

        Returns
        -------
        ndarray (K, R)
            One row each time the branch passes the value; no row outside the branch.
        """
        rows = []
        for i in range(len(self.values) - 1):
            low, high = self.values[i], self.values[i + 1]
            if (low - value) * (high - value) < 0 or low == value:
                rows.append(self._interpolate(i, value))
        if len(self.values) and self.values[-1] == value:
            rows.append(self.kappa[-1])
        if len(rows) > 1 and self.ends[0] is Status.CLOSED_LOOP:  # it ends where it began, which counts once
            first, last = np.abs(rows[0] - self.kappa[0]).max(), np.abs(rows[-1] - self.kappa[0]).max()
            rows = rows[:-1] if max(first, last) <= 1e-9 * (1 + np.abs(self.kappa[0]).max()) else rows
        return np.array(rows).reshape(len(rows), self.kappa.shape[1])

    def to_arrays(self):
        """Return everything that is drawn or saved as a dictionary of plain arrays.

        Returns
        -------
        dict of str to ndarray
            ``values, kappa, eigenvalues, stable, outputs, special_values, special_kappa, special_kinds``.
        """
        special = [point.kappa for point in self.special_points]
        return {
            "values": self.values, "kappa": self.kappa, "eigenvalues": self.eigenvalues,
            "stable": self.stable, "outputs": self.outputs,
            "special_values": np.array([point.value for point in self.special_points]),
            "special_kappa": np.array(special).reshape(-1, self.kappa.shape[1]),
            "special_kinds": np.array([point.kind for point in self.special_points], dtype=str),
        }  # fmt: skip

    def __len__(self):
        return len(self.values)

    def __repr__(self):
        span = f"{self.values.min():.6g} to {self.values.max():.6g}" if len(self.values) else "empty"
        lines = [f"Branch of {len(self.values)} points along {self.parameter}, {span}: {self.message}"]
        return "\n".join(lines + [f"  {point}" for point in self.special_points])

    def _repr_html_(self):
        return table(self.special_points, repr(self).partition("\n")[0])

    def _interpolate(self, i, value):
        low, high = self.values[i], self.values[i + 1]
        step = np.append(self.kappa[i + 1] - self.kappa[i], high - low)
        length = np.linalg.norm(step)
        first, last = length * self.tangents[i], length * self.tangents[i + 1]
        a, b = 0.0, 1.0
        for _ in range(60):  # bisection: the parameter is monotone enough between two steps
            s = 0.5 * (a + b)
            moved = low + hermite(s, step, first, last)[-1]
            a, b = (s, b) if (moved - value) * (low - value) > 0 else (a, s)
        return self.kappa[i] + hermite(0.5 * (a + b), step, first, last)[:-1]


def hermite(s, step, first, last):
    """Cubic from 0 to ``step`` at s in (0, 1), with the derivatives ``first`` and ``last`` at its ends.

    Examples
    --------
    >>> hermite(0.5, 1.0, 1.0, 1.0)
    0.5
    """
    return s * s * (3 - 2 * s) * step + s * (1 - s) ** 2 * first - s * s * (1 - s) * last


def _secants(values, kappa):
    points = np.column_stack([kappa, values])
    slopes = np.gradient(points, axis=0) if len(points) > 1 else np.ones_like(points)
    return slopes / np.linalg.norm(slopes, axis=1, keepdims=True)
