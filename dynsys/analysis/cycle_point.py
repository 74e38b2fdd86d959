"""A special point of a branch of cycles, as a result."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynsys.analysis.cycles import Cycle
from dynsys.numerics.collocation_basis import DEGREE, extremes
from tasks.results import html_table


@dataclass(frozen=True, eq=False, repr=False)
class CyclePoint:
    """A cycle of a branch at which something changes.

    Parameters
    ----------
    kind : str
        "fold of cycles", "period doubling", "torus" (Neimark and Sacker), "branch point of cycles", "neutral
        saddle cycle", "Hopf", where the cycle is a fixed point, or "homoclinic", where its period goes to
        infinity: the last cycle.
    parameter : str
        Name of the parameter that was varied.
    value : float
        Its value there.
    cycle : Cycle
        The cycle; its multipliers are in ``cycle.multipliers``.
    sentence : str
        What happens there, in words.
    onward : tuple of ndarray, optional
        Where another branch of cycles begins: mesh (N + 1,), orbit with period and parameter, and direction,
        ((4 N + 1) R + 2,) each, as `dynsys.numerics.collocation_basis` has them.
    coefficients : mapping of str to number
        Of the normal form (`dynsys.analysis.cycle_forms`): ``a, a01`` of a fold, ``c, speed`` of a period
        doubling, ``angle, c1, speed`` of a torus point.

    Examples
    --------
    >>> turn = Cycle(np.zeros((3, 2)), np.arange(3.0), 2.0, [1.0, 1.0], "non-hyperbolic cycle")
    >>> CyclePoint("fold of cycles", "I", 88.3, turn)
    CyclePoint(fold of cycles at I = 88.3, period 2)
    """

    kind: str
    parameter: str
    value: float
    cycle: Cycle
    sentence: str = ""
    onward: tuple = None
    coefficients: Mapping = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "coefficients", dict(self.coefficients))

    @property
    def period(self):
        """float : period of the cycle."""
        return self.cycle.period

    @property
    def multipliers(self):
        """ndarray of complex (R,) : its Floquet multipliers."""
        return self.cycle.multipliers

    @property
    def low(self):
        """ndarray (R,) : least value of each coordinate on the cycle."""
        return self._ends()[0]

    @property
    def high(self):
        """ndarray (R,) : greatest value of each coordinate on the cycle."""
        return self._ends()[1]

    def _ends(self):
        points = self.cycle.points
        if len(points) % DEGREE != 1:
            return points.min(axis=0), points.max(axis=0)
        low, high = np.empty((2, points.shape[1]))
        extremes(np.append(points, [0.0, 0.0]), points.shape[1], low, high)
        return low, high

    def __repr__(self):
        return f"CyclePoint({self.kind} at {self.parameter} = {self.value:.10g}, period {self.period:.10g})"

    def _repr_html_(self):
        return cycle_table([self])


def cycle_table(points, caption=""):
    """HTML table of special points of cycles.

    Parameters
    ----------
    points : sequence of CyclePoint
        Its rows.
    caption : str
        Plain text above it.

    Returns
    -------
    str

    Examples
    --------
    >>> cycle_table([], "period > 2").partition("<tr>")[0]
    '<table><caption>period &gt; 2</caption>'
    """
    rows = [
        (point.kind, f"{point.parameter} = {point.value:.10g}", f"{point.period:.10g}", point.sentence)
        for point in points
    ]
    return html_table(rows, ("kind", "value", "period", "what happens"), caption)
