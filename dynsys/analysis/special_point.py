"""A special point of a branch, as a result: where it is, what happens there, and how that is known."""

from dataclasses import dataclass, field

import numpy as np

from tasks.results import html_table, keep_arrays


@dataclass(frozen=True, eq=False, repr=False)
class SpecialPoint:
    """A point of a branch where the dynamics changes its character.

    Parameters
    ----------
    kind : str
        "fold", "pitchfork", "transcritical", "branch point" (more than two branches, or degenerate
        coefficients), "cusp", "Hopf", "neutral saddle", "Bogdanov-Takens" (a double zero met by chance), or
        "event" (a user's).
    parameter : str
        Name of the parameter that was varied.
    value : float
        Its value at the point.
    kappa : ndarray (R,)
        State at the point.
    coefficients : mapping of str to float or complex
        Normal-form coefficients: ``a`` for a fold; ``a01, b11, b20, b30`` for a branch point; ``c`` for a
        cusp; ``omega`` and ``c1`` for a Hopf point.
    sentence : str
        What happens there, in words.
    eigenvalues : ndarray (R,)
        Eigenvalues of the Jacobian at the point, by decreasing real part.
    directions : ndarray (K, R + 1)
        Unit tangents (state, parameter) of the branches that meet in a branch point; no rows otherwise.
    residual : float
        Largest entry of the equations that define the point.

    Examples
    --------
    >>> SpecialPoint("fold", "gain", 1.1, np.array([0.3]), {"a": -1.7}, "Two points meet and vanish.")
    SpecialPoint(fold at gain = 1.1, kappa = [0.3])
    """

    kind: str
    parameter: str
    value: float
    kappa: np.ndarray
    coefficients: dict = field(default_factory=dict)
    sentence: str = ""
    eigenvalues: np.ndarray = None
    directions: np.ndarray = None
    residual: float = 0.0

    def __post_init__(self):
        for name in ("eigenvalues", "directions"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, ())
        keep_arrays(self, kappa=float, eigenvalues=complex, directions=float)
        if self.directions.ndim == 1:
            object.__setattr__(self, "directions", self.directions.reshape(-1, self.kappa.size + 1))
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "coefficients", dict(self.coefficients))

    def __repr__(self):
        place = np.array2string(self.kappa, precision=10, suppress_small=True)
        what = self.kind
        if what == "event" and self.sentence:  # which one: the sentence names it
            what = f"event {self.sentence.removeprefix('Event ').rpartition(' at ')[0]}"
        return f"SpecialPoint({what} at {self.parameter} = {self.value:.10g}, kappa = {place})"

    def _repr_html_(self):
        return table([self])


def table(points, caption=""):
    """HTML table of special points.

    Parameters
    ----------
    points : sequence of SpecialPoint
        Its rows.
    caption : str
        Plain text above it.

    Returns
    -------
    str

    Examples
    --------
    >>> table([], "1 < 2").partition("<tr>")[0]
    '<table><caption>1 &lt; 2</caption>'
    """
    rows = [
        (point.kind, f"{point.parameter} = {point.value:.10g}",
         np.array2string(point.kappa, precision=6, suppress_small=True), point.sentence)
        for point in points
    ]  # fmt: skip
    return html_table(rows, ("kind", "value", "kappa", "what happens"), caption)
