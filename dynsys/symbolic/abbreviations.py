r"""A mean field as one prints it: effective couplings, mu, Delta and angle brackets.

With symbols, rank one and zero means: tau dkappa/dt = -kappa + sigma~_mn kappa + sigma~_nI v and one
definition of each sigma~. With numbers the couplings are spelled out:
tau dkappa/dt = -kappa + (1.2 kappa + 0.3 v) <phi'>.
"""

import re

import sympy

from dynsys.symbolic.bulk import DELTA, STRENGTH, mean_square, mean_square_slope
from dynsys.symbolic.expectations import GaussianExpectation, expectation
from dynsys.symbolic.moments import drive, motion, pair
from dynsys.symbolic.names import symbol
from dynsys.symbolic.notation import HIDDEN, Abbreviated, Definition, Notation


def abbreviate(moments, arguments, phi, bulk=False):
    """The printed form of a mean field.

    Parameters
    ----------
    moments : Moments
        The symbols.
    arguments : sequence of (sympy expression, sympy expression)
        (mu_p, Delta_p) of each population.
    phi : str
        The activation.
    bulk : bool, default False
        Whether the variance of a random bulk is one more state variable.

    Returns
    -------
    Notation

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.populations.fit import Populations
    >>> from dynsys.symbolic.meanfield import mean_field
    >>> one = Populations([1.0], np.zeros((1, 3)), np.eye(3)[None], 1, 1, 0, means_kind="zero")
    >>> mean_field(one).notation.equations
    (gain*(kappa*sigmatilde_mn + sigmatilde_nI*v) - kappa,)
    """
    several, latex = moments.count > 1, {}
    arguments_defined, brackets = _arguments(arguments, several, latex)
    labels = {at: str(p + 1) if several else "" for p, at in enumerate(brackets)}
    couplings, drives = _couplings(moments, brackets, phi, latex)
    explicit = {q: drive(moments, q, brackets, phi) for q in (*moments.n, *moments.w)}
    equations, outputs = motion(moments, drives)
    equations_in_numbers, outputs_in_numbers = motion(moments, explicit)
    if bulk:
        (equation, radius), squares = _bulk(moments, brackets, phi, latex)
        arguments_defined = (*squares, *arguments_defined)
        equations, outputs = (*equations, equation), (*outputs, radius)
        equations_in_numbers, outputs_in_numbers = (
            (*equations_in_numbers, equation),
            (*outputs_in_numbers, radius),
        )
    return Notation(
        equations,
        outputs,
        (*couplings, *arguments_defined),
        in_numbers=Abbreviated(equations_in_numbers, outputs_in_numbers, arguments_defined),
        generic=_generic_lines(moments, arguments_defined, brackets, phi, latex, labels),
        latex=latex,
        labels=labels,
    )


def _arguments(arguments, several, latex):
    """Definitions of mu and Delta, and the pair of symbols for each population."""
    definitions, brackets = [], []
    for p, pair_of_expressions in enumerate(arguments):
        place = []
        for name, tex, family, expression in zip(
            ("mu", "Delta"), (r"\mu", r"\Delta"), ("mean", "variance"), pair_of_expressions
        ):
            if expression == 0:  # zero means
                place.append(expression)
                continue
            short = symbol(f"{name}_p{p + 1}" if several else name)
            latex[short.name] = tex + (f"^{{({p + 1})}}" if several else "")
            definitions.append(Definition(short, expression, family))
            place.append(short)
        brackets.append(tuple(place))
    return tuple(sorted(definitions, key=lambda d: d.family)), brackets


def _couplings(moments, brackets, phi, latex):
    """Definitions of the effective couplings, and the drive of each loading in terms of them."""
    definitions, drives = [], {}
    for q in (*moments.n, *moments.w):
        terms = []
        for a, variable in moments.y.items():
            ordered = (q, a) if q in moments.n and a in moments.I else (a, q)  # as in the columns
            short = symbol("sigmatilde_" + "".join(ordered))
            latex[short.name] = rf"\tilde{{\sigma}}_{{{pair(*ordered)}}}"
            gains = (expectation(phi, 1, *at) for at in brackets)
            weighted = (w * s[q, a] * f for w, s, f in zip(moments.weights, moments.covariances, gains))
            definitions.append(Definition(short, sympy.Add(*weighted), "coupling"))
            terms.append(short * variable)
        for weight, mean, at in zip(moments.weights, moments.means, brackets):
            terms.append(weight * mean[q] * expectation(phi, 0, *at))
        drives[q] = sympy.Add(*terms)
    return tuple(definitions), drives


def _bulk(moments, brackets, phi, latex):
    """Equation of Delta_0 and radius of the bulk in terms of <phi^2> and <phi'^2>, and their definitions."""
    definitions, sums = [], []
    for name, tex, f in (("phi2", r"\phi^2", mean_square), ("slope2", r"\phi'^2", mean_square_slope)):
        terms = []
        for p, (weight, at) in enumerate(zip(moments.weights, brackets)):
            short = symbol(f"{name}_p{p + 1}")
            latex[short.name] = rf"\langle{tex}\rangle" + (f"_{{{p + 1}}}" if moments.count > 1 else "")
            square = f(phi, *at)
            family = HIDDEN if square.atoms(GaussianExpectation) else name
            definitions.append(Definition(short, square, family))
            terms.append(weight * short)
        sums.append((moments.gain * symbol(STRENGTH)) ** 2 * sympy.Add(*terms))
    return (sums[0] - symbol(DELTA), sums[1]), tuple(definitions)


def _generic_lines(moments, definitions, brackets, phi, latex, labels):
    """One definition for all couplings, one for the mu and one for the Delta of all populations."""
    lines, place, entry = {}, brackets[0], symbol("sigma_ab")
    latex[entry.name] = r"\sigma_{ab}"
    if moments.count > 1:
        for d in [d for d in definitions if d.family in ("mean", "variance")][:: moments.count]:
            lines[d.family] = Definition(
                *(_unnamed(moments, e, latex) for e in (d.symbol, d.expression)), d.family
            )
        place = tuple(_unnamed(moments, argument, latex) for argument in place)
        labels[place] = "p"
        latex[entry.name] = r"\sum_p \alpha_p \sigma_{ab}^{(p)}"
    short = symbol("sigmatilde_ab")
    latex[short.name] = r"\tilde{\sigma}_{ab}"
    lines["coupling"] = Definition(short, entry * expectation(phi, 1, *place), "coupling")
    return lines


def _unnamed(moments, expression, latex):
    """An expression of the first population's symbols, rewritten for a population p."""
    replaced = {}
    for old in expression.free_symbols:
        if old.name.endswith("_p1"):
            replaced[old] = symbol(old.name[:-1])
            known = moments.latex.get(old.name) or latex[old.name]
            latex[replaced[old].name] = re.sub(r"\(1\)$|\(1\)(?=\}$)", "(p)", known)
    return expression.xreplace(replaced)
