"""A curve of bifurcations in two parameters, as a result."""

from dataclasses import dataclass, replace

import numpy as np

from dynsys.analysis.cycle_branch import as_cycle
from dynsys.analysis.special_point import table
from tasks.errors import InputError
from tasks.results import keep_arrays

# How much longer than its chord the piece of a curve between two points may be.
BENT = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class BifurcationCurve:
    """A curve of bifurcations in two parameters, in order of its arclength.

    Parameters
    ----------
    kind : str
        "fold", "Hopf" or "branch point"; of cycles "fold of cycles", "period doubling", "torus" or
        "homoclinic"; of a map "fold", "flip", "Neimark-Sacker" or "branch point".
    parameters : tuple of two str
        Names of the parameters.
    values : ndarray (M, 2)
        Their values.
    kappa : ndarray (M, R)
        The fixed point (of homoclinic orbits the saddle); of cycles a state on each.
    eigenvalues : ndarray (M, R)
        Eigenvalues of the Jacobian, by decreasing real part; of a map, and of cycles, the multipliers.
    valid : ndarray of bool (M,)
        False where a Hopf curve has gone on, past a Bogdanov-Takens point, as a curve of neutral saddles (of
        a map: where a Neimark-Sacker curve has, past a strong resonance).
    special_points : tuple of CodimensionTwoPoint
        In order along the curve.
    ends : tuple of two Status
        How it ended at its first and its last point.
    message : str
        The ends in words.
    inputs : dict
        Inputs that were held.
    state : tuple of str
        Names of the coordinates.
    periods : ndarray (M,), optional
        Of cycles: their periods; of homoclinic orbits the time that ``orbits`` take.
    meshes, orbits : ndarray (M, N + 1), (M, 4 N + 1, R), optional
        Of cycles: as in `CycleBranch`.
    images : ndarray (K, R, R), optional
        Symmetries of the field, each of which takes this curve's states to those of another curve at the same
        values of the parameters (kappa[i] to ``images[k] @ kappa[i]``); a diagram lists only this one.

    Examples
    --------
    >>> from tasks.errors import Status
    >>> both = (Status.REACHED_SPAN,) * 2
    >>> line = np.column_stack([np.zeros(3), np.arange(3.0)])
    >>> BifurcationCurve("fold", ("a", "b"), line, line, -line, np.ones(3, bool), (), both)
    BifurcationCurve(fold in a, b: 3 points)
    """

    kind: str
    parameters: tuple
    values: np.ndarray
    kappa: np.ndarray
    eigenvalues: np.ndarray
    valid: np.ndarray
    special_points: tuple
    ends: tuple
    message: str = ""
    inputs: dict = None
    state: tuple = ("kappa",)
    periods: np.ndarray = None
    meshes: np.ndarray = None
    orbits: np.ndarray = None
    images: np.ndarray = None

    def __post_init__(self):
        keep_arrays(self, values=float, kappa=float, eigenvalues=complex, valid=bool)
        keep_arrays(self, periods=float, meshes=float, orbits=float)
        images = () if self.images is None else self.images
        object.__setattr__(self, "images", np.reshape(images, (-1, *np.shape(self.kappa)[1:] * 2)))
        keep_arrays(self, images=float)
        object.__setattr__(self, "special_points", tuple(self.special_points))
        object.__setattr__(self, "inputs", dict(self.inputs or {}))

    @property
    def status(self):
        """Status : the first of the two ends that is not a success, or the last end."""
        return next((end for end in self.ends if not end.ok), self.ends[1])

    @property
    def drawn(self):
        """ndarray (K, 2) : values where they are valid, up to where they cease to be; NaN between pieces."""
        rows, size = [], np.maximum(np.ptp(self.values, axis=0), 1e-300)
        for k, (place, valid) in enumerate(zip(self.values, self.valid)):
            if k and valid != self.valid[k - 1]:
                ends = self.values[[k - 1, k]]
                whole = np.linalg.norm((ends[1] - ends[0]) / size)
                apart = [np.linalg.norm((p.values - ends) / size, axis=1).sum() for p in self.special_points]
                if apart and min(apart) <= (1 + BENT) * whole:
                    rows.append(self.special_points[int(np.argmin(apart))].values)
            rows.append(place if valid else np.full(2, np.nan))
        return np.array(rows)

    def cycle(self, index):
        """The cycle at one point of a curve of cycles.

        Parameters
        ----------
        index : int
            Which.

        Returns
        -------
        Cycle

        Raises
        ------
        InputError
            The curve is one of fixed points.
        """
        if self.orbits is None or self.kind == "homoclinic":
            raise InputError(f"cycle: a {self.kind} curve has no cycles; see kappa and orbits")
        return as_cycle(self.meshes[index], self.orbits[index], self.periods[index], self.eigenvalues[index])

    def turned(self):
        """The same curve with its parameters in the other order."""
        points = [point.turned() for point in self.special_points]
        order = {
            "parameters": self.parameters[::-1],
            "values": self.values[:, ::-1],
            "special_points": points,
        }
        return replace(self, **order)

    def __len__(self):
        return len(self.values)

    def __repr__(self):
        note = f"; {self.message}" if self.message else ""
        if len(self.images):
            note = f", one of {len(self.images) + 1} that are mirror images{note}"
        head = f"BifurcationCurve({self.kind} in {', '.join(self.parameters)}: {len(self)} points{note})"
        return "\n".join([head, *(f"  {point}" for point in self.special_points)])

    def _repr_html_(self):
        return table(self.special_points, repr(self).partition("\n")[0])
