r"""The random bulk of a network, J = g_chi chi + (1/N) m n^T with chi_ij ~ N(0, 1/N) (THEORY 7).

At a stationary state every unit gets a frozen random input of variance

    Delta_0 = (g g_chi)^2 sum_p alpha_p <phi^2>_p

on top of Delta_p, itself in all the brackets: an unknown beside kappa. Linearising the network there, chi
gives a disk of eigenvalues of squared radius (g g_chi)^2 sum_p alpha_p <phi'^2>_p around -1, and what stands
out of it are eigenvalues of the Jacobian of (-kappa + drive, -Delta_0 + right-hand side) in (kappa, Delta_0):
a perturbation that grows as exp(lambda t) shifts kappa and the variance alike (Mastrogiuseppe and Ostojic).
Squares are in the family of the expectations: tanh^2 = 1 - tanh', tanh'^2 = (4 tanh' - tanh''') / 6.
"""

import mpmath
import sympy

from dynsys.symbolic.expectations import GaussianExpectation, expectation
from dynsys.symbolic.names import symbol

DELTA = "Delta_0"
STRENGTH = "bulk"
RADIUS = "radius2"
LATEX = {DELTA: r"\Delta_{0}", STRENGTH: r"g_{\chi}", RADIUS: r"\rho^{2}"}


class ErfSquared(GaussianExpectation):
    """E f^(k) for f = phi^2, phi(x) = erf(sqrt(pi) x / 2).

    Order 0 is 1 - 8 T(h, c) with Owen's T, h = mu / sqrt(Delta + 2/pi), c = 1 / sqrt(1 + pi Delta).

    Examples
    --------
    >>> ErfSquared(0, 0, 0), ErfSquared(1, 0, symbol("Delta"))
    (0, 0)
    >>> round(float(ErfSquared(0, 0, 1)), 12)  # (2 / pi) asin(pi / (2 + pi))
    0.418477381712
    """

    phi = "erf_squared"
    odd = False

    @classmethod
    def eval(cls, order, mu, Delta):
        """At mu = 0 everything is elementary."""
        super().eval(order, mu, Delta)
        return cls._elementary(order, mu, Delta) if mu.is_zero else None

    @classmethod
    def activation(cls, x):
        """phi(x)^2."""
        return sympy.erf(sympy.sqrt(sympy.pi) * x / 2) ** 2

    @classmethod
    def _elementary(cls, order, mu, Delta):
        both = 1 + sympy.pi * Delta
        if order == 0:
            return 1 - 4 * sympy.atan(1 / sympy.sqrt(both)) / sympy.pi
        m, scale = sympy.Dummy("m", real=True), 1 + sympy.pi * Delta / 2
        slope = 2 * sympy.exp(-sympy.pi * m**2 / (4 * scale)) / sympy.sqrt(scale)
        slope *= sympy.erf(sympy.sqrt(sympy.pi) * m / (2 * sympy.sqrt(scale * both)))
        return slope.diff(m, int(order) - 1).xreplace({m: mu})

    def _closed_form(self, order, mu, Delta):
        if order > 0:
            return self._elementary(order, mu, Delta)
        both = 1 + sympy.pi * Delta
        h2, t = sympy.pi * mu**2 / (2 + sympy.pi * Delta), sympy.Symbol("t", real=True)
        owen = sympy.exp(-h2 * (1 + t**2) / 2) / (1 + t**2)
        return 1 - 4 * sympy.Integral(owen, (t, 0, 1 / sympy.sqrt(both))) / sympy.pi

    def _eval_evalf(self, prec):
        order, mu, Delta = (argument._eval_evalf(prec + 10) for argument in self.args)
        if order > 0 or not (mu.is_Number and Delta.is_Number):
            return super()._eval_evalf(prec)
        with mpmath.workprec(prec + 10):
            m, both = mu._to_mpmath(prec + 10), 1 + mpmath.pi * Delta._to_mpmath(prec + 10)
            h2 = mpmath.pi * m**2 / (1 + both)
            owen = mpmath.quad(
                lambda t: mpmath.exp(-h2 * (1 + t**2) / 2) / (1 + t**2), [0, 1 / mpmath.sqrt(both)]
            )
            return sympy.Float._new((1 - 4 * owen / mpmath.pi)._mpf_, prec)


def mean_square(phi, mu, Delta):
    """<phi^2>, the expectation of phi squared, in expectations of phi or in elementary functions.

    Parameters
    ----------
    phi : {"tanh", "erf", "relu", "linear"}
        The activation.
    mu, Delta : sympy expression or number
        Mean and variance of the argument.

    Returns
    -------
    sympy expression

    Examples
    --------
    >>> mean_square("tanh", 0, symbol("Delta"))
    1 - TanhExpectation(1, 0, Delta)
    """
    if phi == "tanh":
        return 1 - expectation(phi, 1, mu, Delta)
    if phi == "linear":
        return mu**2 + Delta
    if phi == "relu":  # x phi(x), by Stein's lemma
        return mu * expectation(phi, 0, mu, Delta) + Delta * expectation(phi, 1, mu, Delta)
    return ErfSquared(0, mu, Delta)


def mean_square_slope(phi, mu, Delta):
    """<phi'^2>, the expectation of the squared slope; parameters as in `mean_square`.

    Examples
    --------
    >>> mean_square_slope("relu", 0, 1)
    ReluExpectation(1, 0, 1)
    """
    if phi == "tanh":
        return (4 * expectation(phi, 1, mu, Delta) - expectation(phi, 3, mu, Delta)) / 6
    if phi == "erf":
        both = 1 + sympy.pi * Delta
        return sympy.exp(-sympy.pi * mu**2 / (2 * both)) / sympy.sqrt(both)
    return expectation(phi, 1, mu, Delta)


def bulk_equations(moments, arguments, phi):
    """Right-hand side of Delta_0, and the squared radius of the bulk's spectrum.

    Parameters
    ----------
    moments : Moments
        The symbols.
    arguments : sequence of (sympy expression, sympy expression)
        (mu_p, Delta_p) of each population, Delta_0 included.
    phi : str
        The activation.

    Returns
    -------
    equation, radius : sympy expression

    Examples
    --------
    >>> from dynsys.symbolic.moments import Moments
    >>> one = Moments((), (), (), (), {}, (1,), (), (), symbol("gain"), symbol("noise"), {}, {}, {})
    >>> bulk_equations(one, [(0, symbol("Delta_0"))], "linear")
    (Delta_0*bulk**2*gain**2 - Delta_0, bulk**2*gain**2)
    """
    squares, slopes = (
        sympy.Add(*(weight * f(phi, *at) for weight, at in zip(moments.weights, arguments)))
        for f in (mean_square, mean_square_slope)
    )
    strength = (moments.gain * symbol(STRENGTH)) ** 2
    return strength * squares - symbol(DELTA), strength * slopes
