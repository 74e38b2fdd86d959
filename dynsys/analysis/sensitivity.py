"""How fixed points, eigenvalues and bifurcations move with every parameter, exactly, and how sure they are.

With A = F_x, psi . A = 0 or A q = i omega q, and derivatives in a parameter s:

    fixed point    dx/ds = -A^-1 F_s
    eigenvalue     dlambda/ds = psi . (A_s + B dx/ds) q / psi . q
    fold           dp/ds = -psi . F_s / psi . F_p
    Hopf point     dp/ds = -(dRe lambda/ds) / (dRe lambda/dp)
    flip, Neimark-Sacker point of a map   the same with d|mu|/ds, mu = 1 + step lambda
    branch point   from the equations F + beta psi = 0, psi . A = 0, psi . F_p = 0, |psi| = 1;
                   dbeta/ds says whether s parts the branches

and the error of a value is that of its linear dependence on the estimated moments.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynsys.analysis.curve import make_curve
from dynsys.analysis.normal_forms import imaginary_pair, null_vectors
from dynsys.populations.fit import Populations
from dynsys.populations.sampling import moment_errors
from tasks.checks import as_array, check_number
from tasks.errors import InputError

# A parameter that moves beta by more than this share of the largest slope parts the branches.
PARTS = 1e-8
# Largest entry of F at a fixed point that a special point is meant to be.
ON_POINT = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """Derivatives of a fixed point and its eigenvalues in every input and parameter.

    Parameters
    ----------
    names : tuple of str (K,)
        Inputs, then parameters.
    kappa : ndarray (R, K)
        dkappa / ds.
    eigenvalues : ndarray (R, K)
        dlambda / ds, complex, by decreasing real part of lambda; of a map dmu / ds, by decreasing abs(mu).

    Examples
    --------
    >>> Sensitivity(("gain",), np.ones((1, 1)), np.ones((1, 1)))
    Sensitivity(of 1 coordinate to gain)
    """

    names: tuple
    kappa: np.ndarray
    eigenvalues: np.ndarray

    def __repr__(self):
        count = len(self.kappa)
        listed = ", ".join(self.names[:6]) + (", ..." if len(self.names) > 6 else "")
        return f"Sensitivity(of {count} coordinate{'s' * (count != 1)} to {listed})"


@dataclass(frozen=True, eq=False, repr=False)
class BifurcationSensitivity:
    """How the value of a bifurcation depends on every other input and parameter, and its error bar.

    Parameters
    ----------
    kind, parameter : str
        What happens, along what.
    value : float
        Where.
    own : float
        The field's own value of that parameter.
    names : tuple of str (K,)
        Inputs and parameters.
    derivatives : ndarray (K,)
        d value / ds; 0 for the parameter itself.
    parts : tuple of str
        Those that part the branches of a branch point, which then is none.
    error : float or None
        Standard error of the value; None where no errors are known.

    Examples
    --------
    >>> BifurcationSensitivity("pitchfork", "gain", 0.9, 1.0, ("s",), [-0.9], (), 0.05)
    pitchfork at gain = 0.9 +- 0.05; gain = 1 is above it with probability 0.977
    """

    kind: str
    parameter: str
    value: float
    own: float
    names: tuple
    derivatives: np.ndarray
    parts: tuple = ()
    error: float | None = None

    @property
    def probability_above(self):
        """float or None : that the field's own value lies above the bifurcation, errors being normal."""
        if self.error is None:
            return None
        if self.error == 0.0:
            return float(self.own > self.value)
        return 0.5 * math.erfc((self.value - self.own) / self.error / math.sqrt(2.0))

    def __repr__(self):
        text = f"{self.kind} at {self.parameter} = {self.value:.6g}"
        if self.error is not None:
            text += f" +- {self.error:.2g}; {self.parameter} = {self.own:g} is above it with probability "
            text += f"{self.probability_above:.3g}"
        return text + (f"; parted by {', '.join(self.parts)}" if self.parts else "")


def fixed_point_sensitivity(field, point, inputs=None):
    """Derivatives of a fixed point and of its eigenvalues.

    Parameters
    ----------
    field : Field
        The field.
    point : FixedPoint or array_like (R,)
        A fixed point of it.
    inputs : optional
        As in `find_fixed_points`.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InputError
        A fixed point with an eigenvalue 0, which has no derivative.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.ones(4), np.ones(4)))
    >>> found = fixed_point_sensitivity(field.with_values(gain=0.5), [0.0])
    >>> found.names, found.kappa, found.eigenvalues.real  # kappa = g tanh(kappa + v): dkappa/dv = 1
    (('v', 'gain'), array([[1., 0.]]), array([[0., 1.]]))
    """
    curve = make_curve(field, field.continuable[0], (0.0, 1.0), inputs)
    x = as_array("point", np.atleast_1d(getattr(point, "kappa", point)), (field.dimension,), "(R,)")
    p, columns, n = curve.value, list(range(len(field.continuable))), field.dimension
    jacobian = curve.jacobian(x, p)
    if np.linalg.svd(jacobian, compute_uv=False)[-1] <= 1e-10 * max(1.0, np.abs(jacobian).max()):
        raise InputError("point: an eigenvalue is 0 there; see bifurcation_sensitivity")
    moved = -np.linalg.solve(jacobian, curve.slopes(x, p))
    second = curve.tensor(x, p, 2, columns)
    change = np.moveaxis(second[:, :n, n:] + second[:, :n, :n] @ moved, 2, 0)
    values, vectors = np.linalg.eig(jacobian)
    order = np.lexsort((-values.imag, -values.real))
    if field.step is not None:  # as in `dynsys.analysis.eigenvalues.spectrum`
        order = np.lexsort((-values.imag, -values.real, -np.round(np.abs(1.0 + field.step * values), 12)))
    left = np.linalg.inv(vectors)
    rates = np.array([[left[k] @ a @ vectors[:, k] for a in change] for k in order])
    return Sensitivity(field.continuable, moved, rates * (field.step or 1.0))


def bifurcation_sensitivity(field, special, inputs=None, errors=None):
    """Derivatives of the parameter value of a bifurcation, and its standard error.

    Parameters
    ----------
    field : Field
        The field it was found in.
    special : SpecialPoint
        A fold, Hopf point, pitchfork or transcritical point; of a map a flip or Neimark-Sacker point.
    inputs : optional
        Constant inputs at which it was found.
    errors : Populations, mapping of str to float, or (names, ndarray (K, K)), optional
        Standard errors of parameters: those of the populations (which are tied to each other), independent
        ones by name, or names and a covariance matrix. The field's own parameter counts as exact.

    Returns
    -------
    BifurcationSensitivity

    Raises
    ------
    InputError
        A kind that has no single value, a point of another field or of an orbit, errors of unknown
        parameters.

    Examples
    --------
    >>> from dynsys.analysis.continuation import continue_branch
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> point = continue_branch(field, [0.0], "gain", (0.2, 2)).special_points[0]
    >>> bifurcation_sensitivity(field, point)
    pitchfork at gain = 0.5; parted by v
    """
    kinds = {"fold": _fold, "Hopf": _hopf, "pitchfork": _branch_point, "transcritical": _branch_point}
    kinds |= {"flip": _of_map, "Neimark-Sacker": _of_map}
    if getattr(special, "kind", None) not in kinds:
        raise InputError(
            f"special: a fold, Hopf point, pitchfork, transcritical point, flip or Neimark-Sacker point "
            f"moves with the parameters; got {getattr(special, 'kind', special)}"
        )
    curve = make_curve(field, special.parameter, (special.value - 1.0, special.value + 1.0), inputs)
    columns = list(range(len(field.continuable)))
    x, p, own = np.array(special.kappa), special.value, curve.columns[0]
    if not np.abs(curve.rhs(x, p)).max() <= ON_POINT * (1 + np.abs(x).max()):
        raise InputError(
            "special: no fixed point of this field lies there; orbits of period 2 are not served"
        )
    derivatives, beta = kinds[special.kind](curve, x, p, columns, own)
    derivatives[own] = 0.0
    largest = max(1.0, np.abs(curve.slopes(x, p)).max())
    parts = tuple(name for name, b in zip(field.continuable, beta) if abs(b) > PARTS * largest)
    error = None if errors is None else _error(field.continuable, derivatives, errors)
    return BifurcationSensitivity(
        special.kind, special.parameter, p, curve.value, field.continuable, derivatives, parts, error
    )


def _fold(curve, x, p, columns, own):
    _, psi = null_vectors(curve.jacobian(x, p))
    slopes = psi @ curve.slopes(x, p)
    return -slopes / slopes[own], np.zeros(len(columns))


def _hopf(curve, x, p, columns, own):
    _, q, psi = imaginary_pair(curve.jacobian(x, p))
    return _crossing(curve, x, p, columns, own, q, psi)


def _of_map(curve, x, p, columns, own):
    """The multiplier on the unit circle, off 1; ``psi`` is turned so that Re psi . A_s q is d|mu|/ds."""
    values, vectors = np.linalg.eig(curve.jacobian(x, p))
    multipliers = 1.0 + curve.field.step * values
    away = np.abs(np.abs(multipliers) - 1.0) + (np.abs(multipliers - 1.0) < PARTS)
    k = away.argmin()
    turned = multipliers[k] * np.linalg.inv(vectors)[k].conj()
    return _crossing(curve, x, p, columns, own, vectors[:, k], turned)


def _crossing(curve, x, p, columns, own, q, psi):
    n, jacobian = curve.n, curve.jacobian(x, p)
    moved = -np.linalg.solve(jacobian, curve.slopes(x, p))
    second = curve.tensor(x, p, 2, columns)
    change = second[:, :n, n:] + second[:, :n, :n] @ moved
    rates = np.einsum("k,kis,i->s", psi.conj(), change, q).real
    return -rates / rates[own], np.zeros(len(columns))


def _branch_point(curve, x, p, columns, own):
    n, jacobian, slopes = curve.n, curve.jacobian(x, p), curve.slopes(x, p)
    _, psi = null_vectors(jacobian)
    second = curve.tensor(x, p, 2, columns)
    turned = np.einsum("k,kij->ij", psi, second)  # of psi . F
    matrix = np.zeros((2 * n + 2, 2 * n + 2))
    matrix[:n, :n], matrix[:n, n], matrix[:n, n + 1] = jacobian, slopes[:, own], psi
    matrix[n : 2 * n, :n], matrix[n : 2 * n, n] = turned[:n, :n], turned[:n, n + own]
    matrix[n : 2 * n, n + 2 :] = jacobian.T
    matrix[2 * n, :n], matrix[2 * n, n] = turned[n + own, :n], turned[n + own, n + own]
    matrix[2 * n, n + 2 :] = slopes[:, own]
    matrix[2 * n + 1, n + 2 :] = psi
    right = np.zeros((2 * n + 2, len(columns)))
    right[:n], right[n : 2 * n], right[2 * n] = slopes, turned[:n, n:], turned[n + own, n:]
    solution = -np.linalg.solve(matrix, right)
    return solution[n], solution[n + 1]


def _error(names, derivatives, errors):
    """Standard error of a value with these derivatives."""
    if isinstance(errors, Populations):
        given, covariance = moment_errors(errors)
        kept = [k for k, name in enumerate(given) if name in names]
        given, covariance = [given[k] for k in kept], covariance[np.ix_(kept, kept)]
    elif isinstance(errors, Mapping):
        given = list(errors)
        sizes = [check_number(f"errors[{name}]", errors[name], minimum=0.0) for name in given]
        covariance = np.diag(np.square(sizes))
    else:
        if not (isinstance(errors, tuple) and len(errors) == 2 and np.ndim(errors[0]) == 1):
            raise InputError(
                "errors: expected Populations, {name: standard error} or (names, covariance), got "
                f"{type(errors).__name__}"
            )
        given, covariance = errors
        covariance = as_array("errors", covariance, (len(given), len(given)), "(K, K)")
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(f"errors: {', '.join(unknown)}: not of this field; it has {', '.join(names)}")
    slope = derivatives[[names.index(name) for name in given]]
    return float(np.sqrt(max(slope @ covariance @ slope, 0.0)))
