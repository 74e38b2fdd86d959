"""Points at which a curve of bifurcations changes, as results: where, coefficients, what it means."""

from dataclasses import dataclass, field, replace

import numpy as np

from dynsys.analysis import codimension_two as forms
from dynsys.analysis import naming
from dynsys.analysis.eigenvalues import sorted_eigenvalues
from dynsys.analysis.normal_forms import bordered_solve, imaginary_pair, null_vectors
from dynsys.analysis.special_point import table
from tasks.errors import InputError
from tasks.results import keep_arrays

# How far an eigenvalue may be from what it should be at the point, next to the largest.
CLOSE = 1e-5


@dataclass(frozen=True, eq=False, repr=False)
class CodimensionTwoPoint:
    """A point where two conditions hold at once, which takes two parameters.

    Parameters
    ----------
    kind : str
        "cusp", "Bogdanov-Takens", "Bautin", "zero-Hopf", "Hopf-Hopf", "pitchfork" (b20 vanishes on a curve of
        branch points) or "degenerate pitchfork" (b30 vanishes on it).
    parameters : tuple of two str
        Names.
    values : ndarray (2,)
        Where.
    kappa : ndarray (R,)
        The fixed point.
    coefficients : dict
        Of the normal form, `dynsys.analysis.codimension_two`.
    sentence : str
        What it means.
    eigenvalues : ndarray (R,)
        At the point.
    residual : float
        Largest entry of F.

    Examples
    --------
    >>> CodimensionTwoPoint("cusp", ("mu", "lam"), [0.0, 0.0], [0.0], {"c": -1.0})
    CodimensionTwoPoint(cusp at mu = 0, lam = 0, kappa = [0.])
    """

    kind: str
    parameters: tuple
    values: np.ndarray
    kappa: np.ndarray
    coefficients: dict = field(default_factory=dict)
    sentence: str = ""
    eigenvalues: np.ndarray = None
    residual: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "eigenvalues", [] if self.eigenvalues is None else self.eigenvalues)
        keep_arrays(self, values=float, kappa=float, eigenvalues=complex)
        object.__setattr__(self, "coefficients", dict(self.coefficients))

    def turned(self):
        """The same point with its parameters in the other order."""
        return replace(self, parameters=self.parameters[::-1], values=self.values[::-1])

    @property
    def parameter(self):
        """str : the first parameter; with `value` it lets tables show points of either kind."""
        return self.parameters[0]

    @property
    def value(self):
        """float : the first parameter's value."""
        return float(self.values[0])

    def __repr__(self):
        place = ", ".join(f"{name} = {value:.10g}" for name, value in zip(self.parameters, self.values))
        state = np.array2string(self.kappa, precision=10, suppress_small=True)
        return f"CodimensionTwoPoint({self.kind} at {place}, kappa = {state})"

    def _repr_html_(self):
        return table([self])


def describe(curve, kind, x, p, vectors):
    """Coefficients and meaning of a point on a curve of bifurcations.

    Parameters
    ----------
    curve : Curve
        With two free parameters.
    kind : str
        Whose test vanishes.
    x, p : ndarray (n,), (2,)
        Where.
    vectors : ndarray (2 size,)
        Null vectors of the singular matrix there, scaled.

    Returns
    -------
    CodimensionTwoPoint or None
        None where the eigenvalues show that the test vanishes for another reason.
    """
    jacobian = curve.jacobian(x, p)
    eigenvalues = sorted_eigenvalues(jacobian[None])[0]
    size = max(1.0, np.abs(eigenvalues).max())
    pairs = eigenvalues[eigenvalues.imag > CLOSE * size]
    oscillating = int((np.abs(pairs.real) <= CLOSE * size).sum())
    zeros = int((np.abs(eigenvalues) <= np.sqrt(CLOSE) * size).sum())
    needed = {"zero-Hopf": oscillating >= 1 and zeros >= 1, "Hopf-Hopf": oscillating >= 2}
    if not needed.get(kind, True):
        return None
    try:
        coefficients, meaning = _FORMS[kind](curve, x, p, jacobian)
    except InputError as error:
        coefficients, meaning = {}, f"its coefficients are not known: {error}"
    n = x.size
    p = np.where(np.abs(p) < naming.SNAP * curve.scale[n : n + 2], 0.0, p)  # what is below rounding is zero
    place = ", ".join(f"{name} = {value:.10g}" for name, value in zip(curve.names, p))
    sentence = f"{kind[0].upper()}{kind[1:]} point at {place}: {meaning}."
    residual = float(np.abs(curve.rhs(x, p)).max())
    return CodimensionTwoPoint(kind, curve.names, p, x, coefficients, sentence, eigenvalues, residual)


def _cusp(curve, x, p, jacobian):
    q, psi = null_vectors(jacobian)
    psi = psi / (psi @ q)
    hessian = curve.tensor(x, p, 2)
    second = hessian @ q @ q
    h = bordered_solve(jacobian, q, psi, -second)
    c = float(psi @ (curve.tensor(x, p, 3) @ q @ q @ q + 3 * hessian @ h @ q) / 6)
    inside = "two stable points and one unstable" if c < 0 else "one stable point and two unstable"
    return {"c": c}, f"two folds meet; between them there are three fixed points, {inside} in their direction"


def _pitchfork(curve, x, p, jacobian):
    found, _ = _cusp(curve, x, p, jacobian)
    return {"b30": 6 * found["c"]}, "b20 vanishes: the transcritical point is a pitchfork here"


def _degenerate(curve, x, p, jacobian):
    what = "b30 vanishes: the pitchfork changes from supercritical to subcritical, and folds begin here"
    return {"b30": 6 * _cusp(curve, x, p, jacobian)[0]["c"]}, what


def _bogdanov_takens(curve, x, p, jacobian):
    found = forms.bogdanov_takens(jacobian, curve.tensor(x, p, 2))
    cycle = "stable" if found["a"] * found["b"] < 0 else "unstable"
    what = f"a curve of folds and one of Hopf points meet; {cycle} cycles end in a homoclinic orbit beside it"
    return found, what


def _bautin(curve, x, p, jacobian):
    omega, q, psi = imaginary_pair(jacobian)
    tensors = [jacobian, *(curve.tensor(x, p, order) for order in (2, 3, 4, 5))]
    found = {"omega": omega, **forms.second_coefficient(tensors, omega, q, psi)}
    outer = "stable" if found["l2"] < 0 else "unstable"
    what = "Hopf points change from super- to subcritical; beside it is a fold of cycles"
    return found, f"{what}, the outer ones {outer}"


def _zero_hopf(curve, x, p, jacobian):
    found = forms.zero_hopf(jacobian, curve.tensor(x, p, 2))
    what = "a fold (or a branch point) of an oscillating system"
    torus = found["s"] * found["theta"] < 0
    return found, f"{what}; {'tori may appear' if torus else 'no tori appear'} near it"


def _hopf_hopf(curve, x, p, jacobian):
    found = forms.hopf_hopf(jacobian, curve.tensor(x, p, 2), curve.tensor(x, p, 3))
    both = f"{found['omega1']:.6g} and {found['omega2']:.6g}"
    return found, f"two oscillations, of angular frequencies {both}, begin at once"


_FORMS = {
    "cusp": _cusp, "pitchfork": _pitchfork, "degenerate pitchfork": _degenerate,
    "Bogdanov-Takens": _bogdanov_takens, "Bautin": _bautin, "zero-Hopf": _zero_hopf, "Hopf-Hopf": _hopf_hopf,
}  # fmt: skip
