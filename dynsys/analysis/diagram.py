"""Bifurcation diagrams: every branch that starts from any fixed point, and those that cross it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tasks.errors import Status


@dataclass(frozen=True, eq=False, repr=False)
class BifurcationDiagram:
    """Branches of fixed points over a span of one parameter, without duplicates.

    Parameters
    ----------
    parameter : str
        Name of the parameter or input.
    span : tuple of float
        Lowest and highest value.
    branches : tuple of Branch
        Each curve once.
    special_points : tuple of SpecialPoint
        Each point once, by increasing parameter value.
    status : Status
        COMPLETED when every branch ended well, else the first other status.
    message : str
        What was followed and how the index sums came out.
    inputs : mapping of str to float
        Inputs that were held.
    state : tuple of str
        Names of the coordinates.
    source : mapping
        Plain values that say which field it was.

    Examples
    --------
    >>> BifurcationDiagram("gain", (0.0, 2.0), (), (), Status.COMPLETED)
    BifurcationDiagram along gain from 0 to 2: 0 branches
    """

    parameter: str
    span: tuple
    branches: tuple
    special_points: tuple
    status: Status
    message: str = ""
    inputs: Mapping = field(default_factory=dict)
    state: tuple = ("kappa",)
    source: Mapping = field(default_factory=dict)

    def __post_init__(self):
        for name in ("branches", "special_points"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("inputs", "source"):
            object.__setattr__(self, name, dict(getattr(self, name)))

    def at(self, value):
        """States of all branches at one value of the parameter, (K, R)."""
        rows = [branch.at(value) for branch in self.branches]
        return np.concatenate(rows) if rows else np.zeros((0, len(self.state)))

    def __repr__(self):
        low, high = self.span
        count = len(self.branches)
        lines = [f"BifurcationDiagram along {self.parameter} from {low:g} to {high:g}: {count} branches"]
        lines[0] += f"; {self.message}" if self.message else ""
        return "\n".join(lines + [f"  {point}" for point in self.special_points])
