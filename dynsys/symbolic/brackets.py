r"""What the angle brackets of a mean field stand for: in words of LaTeX, as formulas or as integrals."""

from dynsys.symbolic.expectations import (
    PRINTED_VARIANCES,
    PRINTED_WEIGHTS,
    GaussianExpectation,
    bracket,
)
from dynsys.symbolic.notation import HIDDEN
from dynsys.symbolic.printer import Line, number

EXPECTATIONS = ("brackets", "formula", "integral")


def explanations(system, expectation):
    """Lines that say what the angle brackets of a mean field stand for.

    Parameters
    ----------
    system : System
        With a notation.
    expectation : {"brackets", "formula", "integral"}
        By what the angle brackets mean, by closed formulas, or by the integral of each.

    Returns
    -------
    list of Line

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.populations.fit import Populations
    >>> from dynsys.symbolic.meanfield import mean_field
    >>> one = Populations([1.0], np.zeros((1, 2)), np.eye(2)[None], 1, 0, 0, "erf", means_kind="zero")
    >>> explanations(mean_field(one), "formula")[0].text
    "\\\\langle\\\\phi'\\\\rangle = \\\\frac{1}{\\\\sqrt{1 + \\\\pi\\\\Delta/2}}"
    """
    notation = system.notation
    used = {f for e in (*notation.equations, *notation.outputs) for f in e.atoms(GaussianExpectation)}
    shown = [d.expression for d in notation.definitions if d.family != HIDDEN]
    used |= {f for e in shown for f in e.atoms(GaussianExpectation)}
    if not used:
        return []
    orders = sorted({int(f.args[0]) for f in used})
    several = len({f.args[1:] for f in used}) > 1
    free = any(f.args[1] != 0 for f in used)
    place, over = ("p", "^{(p)}") if several else ("", "")
    mean, variance = (rf"\mu{over}" if free else ""), rf"\Delta{over}"
    argument = f"{mean}{' + ' if free else ''}" + rf"\sqrt{{{variance}}}\,\xi"
    weight = r"\int_{-\infty}^{\infty} \frac{d\xi}{\sqrt{2\pi}}\, e^{-\xi^2/2}\,"
    left = r"\langle f\rangle" + (f"_{{{place}}}" if place else "")
    meaning = Line(
        left, (rf"{weight} f\bigl({argument}\bigr),", rf"\qquad \phi(x) = {_activation(system.phi)}")
    )
    if expectation == "brackets":
        return [meaning]
    last = [] if system.bulk_radius is None else [meaning]  # for the squares
    if expectation == "formula" and system.phi == "tanh":
        last = _mixture_numbers() + last
    return [
        line
        for k in orders
        for line in (
            [Line(bracket(k, place), (rf"{weight} {_derivative(system.phi, k, argument)}",))]
            if expectation == "integral"
            else _formula(system.phi, k, bracket(k, place), mean, variance)
        )
    ] + last


def _activation(phi):
    return {
        "tanh": r"\tanh x",
        "erf": r"\operatorname{erf}\bigl(\tfrac{\sqrt{\pi}}{2} x\bigr)",
        "relu": r"\max(0, x)",
        "linear": "x",
    }[phi]


def _derivative(phi, order, argument):
    inside = rf"\bigl({argument}\bigr)"
    return {
        ("tanh", 0): rf"\tanh{inside}",
        ("tanh", 1): rf"\bigl[1 - \tanh^2{inside}\bigr]",
        ("erf", 0): rf"\operatorname{{erf}}\bigl(\tfrac{{\sqrt{{\pi}}}}{{2}}({argument})\bigr)",
        ("erf", 1): rf"\exp\bigl(-\tfrac{{\pi}}{{4}}({argument})^2\bigr)",
        ("relu", 0): rf"\max\bigl(0, {argument}\bigr)",
        ("relu", 1): rf"\theta{inside}",
    }[phi, order]


def _formula(phi, order, left, mu, Delta):
    """The closed form of the orders 0 and 1; mu is empty when it is zero."""
    square = rf"({mu})^2" if "^" in mu else rf"{mu}^2"
    if phi == "tanh":
        below = rf"s_j + {Delta}"
        if order == 0:
            right = rf"\sum_{{j=1}}^{{5}} c_j \operatorname{{erf}}\frac{{{mu}}}{{\sqrt{{2({below})}}}}"
        else:
            decay = rf"\, e^{{-{square} / 2({below})}}" if mu else ""
            right = rf"\sum_{{j=1}}^{{5}} \frac{{2 c_j{decay}}}{{\sqrt{{2\pi({below})}}}}"
        return [Line(left, (right,), r"\approx")]
    if phi == "erf":
        root = rf"\sqrt{{1 + \pi{Delta}/2}}"
        if order == 0:
            return [Line(left, (rf"\operatorname{{erf}}\frac{{\sqrt{{\pi}}\,{mu}}}{{2{root}}}",))]
        decay = rf"e^{{-\pi{square} / (4 + 2\pi{Delta})}}" if mu else "1"
        return [Line(left, (rf"\frac{{{decay}}}{{{root}}}",))]
    ratio = rf"{mu or 0}/\sqrt{{2{Delta}}}"
    below = (
        rf"\tfrac{{1}}{{2}}\bigl[1 + \operatorname{{erf}}\bigl({ratio}\bigr)\bigr]" if mu else r"\tfrac{1}{2}"
    )
    if order == 1:
        return [Line(left, (below,))]
    density = rf"\sqrt{{\frac{{{Delta}}}{{2\pi}}}}" + (rf"\, e^{{-{square} / 2{Delta}}}" if mu else "")
    return [Line(left, (rf"{mu} {below}", rf"+ {density}") if mu else (density,))]


def _mixture_numbers():
    listed = (
        ", ".join(number(value, 6) for value in values) for values in (PRINTED_WEIGHTS, PRINTED_VARIANCES)
    )
    return [
        Line(name, (f"({text})",))
        for name, text in zip((r"(c_1, \ldots, c_5)", r"(s_1, \ldots, s_5)"), listed)
    ]
