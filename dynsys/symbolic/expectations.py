r"""The Gaussian expectation as a symbolic function (THEORY 4).

    Phi_k(mu, Delta) = E phi^(k)(mu + sqrt(Delta) xi),    xi ~ N(0, 1)
    d Phi_k / d mu = Phi_(k+1),     d Phi_k / d Delta = Phi_(k+2) / 2

One sympy Function per activation, closed under differentiation, so every Jacobian and every tensor of a mean
field is exact. ``closed_form`` writes them out in elementary functions, ``rewrite(sympy.Integral)`` as the
integral, ``evalf`` evaluates to any number of digits.
"""

import mpmath
import sympy
from sympy.core.function import ArgumentIndexError

from dynsys.numerics.gaussian import sech2_mixture
from dynsys.symbolic.precision import tanh_expectation
from tasks.checks import check_count, choose
from tasks.errors import InputError

# Five-term mixture for print: sech^2(x) = sum_j 2 w_j N(x; 0, v_j) within 4.3e-6.
PRINTED_VARIANCES = (0.184545485652, 0.350345003538, 0.666353007701, 1.29784402272, 2.60450339503)
PRINTED_WEIGHTS = (0.0299818727545, 0.239894769124, 0.426405890866, 0.262126834622, 0.0415850491831)


class GaussianExpectation(sympy.Function):
    """Base of the family: ``f(order, mu, Delta)``; use `expectation` to make one.

    Subclasses name their activation (`phi`) and give it as a sympy expression (`activation`).

    Parameters
    ----------
    order : int
        k, the number of derivatives of phi.
    mu, Delta : sympy expression
        Mean and variance of the argument of phi.

    Examples
    --------
    >>> mu, Delta = sympy.symbols("mu Delta")
    >>> f = expectation("tanh", 1, mu, Delta)
    >>> f.diff(Delta)
    TanhExpectation(3, mu, Delta)/2
    """

    nargs = 3
    phi = None
    odd = True  # phi(-x) = -phi(x): every even order vanishes at mu = 0

    @classmethod
    def eval(cls, order, mu, Delta):
        """Simplify on construction where that is exact and cheap: parity at mu = 0."""
        if not (order.is_Integer and order >= 0):
            raise InputError(f"order: expected a whole number >= 0, got {order}")
        if cls.odd and mu.is_zero and order % 2 == 0:
            return sympy.S.Zero
        return None

    def fdiff(self, argindex=1):
        """Derivative in the mean (argument 2) or the variance (argument 3)."""
        order, mu, Delta = self.args
        if argindex == 2:
            return self.func(order + 1, mu, Delta)
        if argindex == 3:
            return self.func(order + 2, mu, Delta) / 2
        raise ArgumentIndexError(self, argindex)

    def doit(self, **hints):
        """Write out what has an exact closed form: erf, relu, linear, and every phi where Delta = 0."""
        order, mu, Delta = self.args
        if hints.get("deep", True):
            mu, Delta = mu.doit(**hints), Delta.doit(**hints)
        if Delta.is_zero:
            return self._without_noise(order, mu)
        exact = self._closed_form(order, mu, Delta)
        return self.func(order, mu, Delta) if exact is None else exact

    @classmethod
    def activation(cls, x):
        """phi(x) as a sympy expression."""
        return {"tanh": sympy.tanh, "erf": _scaled_erf, "linear": lambda y: y}[cls.phi](x)

    @classmethod
    def _without_noise(cls, order, mu):
        x = sympy.Dummy("x", real=True)
        return sympy.diff(cls.activation(x), x, int(order)).subs(x, mu)

    def _closed_form(self, order, mu, Delta):
        return None

    def _eval_is_extended_real(self):
        return True if self.args[1].is_extended_real and self.args[2].is_extended_real else None

    def _eval_rewrite_as_Integral(self, order, mu, Delta, **kwargs):
        xi = sympy.Symbol("xi", real=True)
        x = sympy.Dummy("x", real=True)
        integrand = sympy.diff(self.activation(x), x, int(order)).subs(x, mu + sympy.sqrt(Delta) * xi)
        weight = sympy.exp(-(xi**2) / 2) / sympy.sqrt(2 * sympy.pi)
        return sympy.Integral(integrand * weight, (xi, -sympy.oo, sympy.oo))

    def _eval_evalf(self, prec):
        order, mu, Delta = (argument._eval_evalf(prec + 10) for argument in self.args)
        if not (mu.is_Number and Delta.is_Number):
            return None
        exact = self.func(self.args[0], mu, Delta).doit()
        if not isinstance(exact, GaussianExpectation):
            return exact._eval_evalf(prec)
        with mpmath.workprec(prec):
            value = tanh_expectation(int(self.args[0]), mu._to_mpmath(prec), Delta._to_mpmath(prec), prec)
            return sympy.Float._new(value._mpf_, prec)

    def _latex(self, printer, exp=None):
        order, mu, Delta = self.args
        place = printer.population_label(mu, Delta) if hasattr(printer, "population_label") else None
        if place is None:
            place = f"{printer._print(mu)}, {printer._print(Delta)}"
        text = bracket(int(order), place)
        return text if exp is None else rf"{{{text}}}^{{{exp}}}"


class TanhExpectation(GaussianExpectation):
    """Phi_k for phi = tanh; its closed form is a mixture of 27 (or, for print, 5) Gaussians.

    Examples
    --------
    >>> round(float(TanhExpectation(1, 0, 1)), 12)
    0.605705509602
    """

    phi = "tanh"


class ErfExpectation(GaussianExpectation):
    """Phi_k for phi(x) = erf(sqrt(pi) x / 2), whose slope at 0 is 1.

    Examples
    --------
    >>> ErfExpectation(1, 0, sympy.Symbol("Delta", positive=True)).doit()
    1/sqrt(pi*Delta/2 + 1)
    """

    phi = "erf"

    def _closed_form(self, order, mu, Delta):
        scale = 1 + sympy.pi * Delta / 2
        if order == 0:
            return sympy.erf(sympy.sqrt(sympy.pi) * mu / (2 * sympy.sqrt(scale)))
        base = sympy.exp(-sympy.pi * mu**2 / (4 * scale)) / sympy.sqrt(scale)
        return base * _gaussian_factor(order - 1, mu, scale * 2 / sympy.pi)


class ReluExpectation(GaussianExpectation):
    """Phi_k for phi(x) = max(x, 0); orders 2 and above are singular at mu = Delta = 0.

    Examples
    --------
    >>> ReluExpectation(1, 0, sympy.Symbol("Delta", positive=True)).doit()
    1/2
    """

    phi = "relu"
    odd = False

    @classmethod
    def activation(cls, x):
        """max(x, 0)."""
        return x * sympy.Heaviside(x, sympy.Rational(1, 2))

    @classmethod
    def _without_noise(cls, order, mu):
        if order == 0:
            return sympy.Max(mu, 0)
        if order == 1:
            return sympy.Heaviside(mu, sympy.Rational(1, 2))
        return sympy.DiracDelta(mu, int(order) - 2)

    def _closed_form(self, order, mu, Delta):
        density = sympy.exp(-(mu**2) / (2 * Delta)) / sympy.sqrt(2 * sympy.pi * Delta)
        below = sympy.erfc(-mu / sympy.sqrt(2 * Delta)) / 2
        if order == 0:
            return mu * below + Delta * density
        if order == 1:
            return below
        return density * _gaussian_factor(order - 2, mu, Delta)


class LinearExpectation(GaussianExpectation):
    """Phi_k for phi(x) = x: mu, 1, 0, 0, ...

    Examples
    --------
    >>> LinearExpectation(0, sympy.Symbol("mu"), sympy.Symbol("Delta"))
    mu
    """

    phi = "linear"

    @classmethod
    def eval(cls, order, mu, Delta):
        """Nothing is left to evaluate later: mu, 1, 0, 0, ..."""
        super().eval(order, mu, Delta)
        return mu if order == 0 else sympy.S.One if order == 1 else sympy.S.Zero


FAMILY = {cls.phi: cls for cls in (TanhExpectation, ErfExpectation, ReluExpectation, LinearExpectation)}


def expectation(phi, order, mu, Delta):
    """Phi_k(mu, Delta) for a named activation.

    Parameters
    ----------
    phi : {"tanh", "erf", "relu", "linear"}
        The activation.
    order : int
        k >= 0.
    mu, Delta : sympy expression or number
        Mean and variance.

    Returns
    -------
    sympy expression

    Examples
    --------
    >>> mu, Delta = sympy.symbols("mu Delta")
    >>> expectation("tanh", 0, mu, Delta).diff(mu, 2)
    TanhExpectation(2, mu, Delta)
    """
    return FAMILY[choose("phi", phi, tuple(FAMILY))](order, mu, Delta)


def closed_form(expression, terms=27):
    """Write every Gaussian expectation in an expression in elementary functions.

    Parameters
    ----------
    expression : sympy expression or Matrix
        May hold expectations of any activation.
    terms : {27, 5}, default 27
        For tanh: 27 Gaussians (error of Phi_1 1e-15) or the printed formula with 5 (4.3e-6).

    Returns
    -------
    sympy expression or Matrix

    Examples
    --------
    >>> f = closed_form(expectation("tanh", 1, 0, 1), terms=5)
    >>> round(float(f), 4)
    0.6057
    """
    if check_count("terms", terms) not in (5, 27):
        raise InputError(f"terms: choose 27 or 5, got {terms}")
    found = expression.atoms(GaussianExpectation)
    for f in sorted(found, key=lambda f: f.count(GaussianExpectation)):
        order, mu, Delta = f.args
        exact = f._closed_form(order, mu, Delta)
        exact = _tanh_mixture(order, mu, Delta, terms) if exact is None else exact
        expression = expression.xreplace({f: exact})
    return expression


def bracket(order, place=""):
    r"""LaTeX of an expectation as an angle bracket, with a subscript when a place is given.

    Examples
    --------
    >>> bracket(1), bracket(4, "p")
    ("\\langle\\phi'\\rangle", '\\langle\\phi^{(4)}\\rangle_{p}')
    """
    mark = "'" * order if order <= 3 else f"^{{({order})}}"
    return rf"\langle\phi{mark}\rangle" + (f"_{{{place}}}" if place else "")


def _scaled_erf(x):
    return sympy.erf(sympy.sqrt(sympy.pi) * x / 2)


def _gaussian_factor(n, mu, variance):
    """(d/dmu)^n N(mu; 0, variance) / N(mu; 0, variance), a polynomial by the recursion of Hermite's."""
    before, now = sympy.S.Zero, sympy.S.One
    for k in range(int(n)):
        before, now = now, -(mu * now + k * before) / variance
    return now


def _tanh_mixture(order, mu, Delta, terms):
    if terms == 5:
        variances, weights = PRINTED_VARIANCES, PRINTED_WEIGHTS
    else:
        variances, weights = (values.tolist() for values in sech2_mixture(0.12, -13, 13))
    parts = []
    for v, w in zip(variances, weights):
        s2 = sympy.Float(v) + Delta
        if order == 0:
            parts.append(sympy.Float(w) * sympy.erf(mu / sympy.sqrt(2 * s2)))
        else:
            density = sympy.exp(-(mu**2) / (2 * s2)) / sympy.sqrt(2 * sympy.pi * s2)
            parts.append(2 * sympy.Float(w) * density * _gaussian_factor(order - 1, mu, s2))
    return sympy.Add(*parts)
