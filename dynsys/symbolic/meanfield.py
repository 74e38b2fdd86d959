r"""From Gaussian populations to equations: the mean field of a low-rank network (THEORY 3).

    tau dkappa_r/dt = -kappa_r + g sum_p alpha_p E_p[n_r phi],     tau dv_s/dt = -v_s + u_s
    z_o = sum_p alpha_p E_p[w_o phi],      E_p[q phi] = a^p_q <phi>_p + (sum_y Sigma^p_{q y} y) <phi'>_p
    mu_p = sum_y a^p_y y,    Delta_p = sum_{y y'} Sigma^p_{y y'} y y' + Delta_noise,     y = (kappa, v)

Every cross term is kept; the parameters are those moments that enter.
"""

from dataclasses import dataclass

import sympy

from dynsys.populations.fit import Populations
from dynsys.symbolic.box import TrappingBox
from dynsys.symbolic.expectations import expectation
from dynsys.symbolic.moments import generic, moment_symbols, pair
from dynsys.symbolic.names import symbol
from dynsys.symbolic.notation import Definition, Notation
from dynsys.symbolic.system import System
from dynsys.symbolic.typeset import aligned_lines
from tasks.checks import check_number
from tasks.errors import InputError

BOUNDS = {"tanh": 1.0, "erf": 1.0}  # max|phi|, where there is one


def mean_field(populations, noise=0.0):
    """Derive the mean-field equations of Gaussian populations.

    Parameters
    ----------
    populations : Populations
        Fitted or given by hand.
    noise : float, default 0.0
        Delta_noise, the variance of the private noise of each unit; ``populations.noise_variance`` is the
        network's own.

    Returns
    -------
    System
        State kappa (kappa1, ...), inputs v, outputs z, right-hand sides in units of tau; parameters ``gain``,
        ``noise``, weights ``alpha_p1``, means ``a_n``, covariances ``sigma_mn``, ... with their values. Weights
        are independent parameters: changing one does not change the others.

    Raises
    ------
    InputError
        Not a `Populations`, or a negative noise variance.

    Examples
    --------
    >>> import numpy as np
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1, means_kind="zero")
    >>> mean_field(one).parameter_names
    ('gain', 'noise', 'sigma_mm', 'sigma_mn', 'sigma_mI', 'sigma_mw', 'sigma_nI', 'sigma_II', 'sigma_Iw')
    """
    if not isinstance(populations, Populations):
        raise InputError(
            f"populations: expected Populations, got {type(populations).__name__}; see fit_populations"
        )
    moments = moment_symbols(populations, check_number("noise", noise, minimum=0.0))
    arguments = [(_mean(moments, p), _variance(moments, p)) for p in range(moments.count)]
    kappas = tuple(moments.y[a] for a in moments.m)

    def right(kappa, drive):
        return -kappa + moments.gain * drive

    drives = {q: _drive(moments, q, arguments, populations.phi) for q in (*moments.n, *moments.w)}
    outputs = tuple(symbol("z" + q[1:]) for q in moments.w)
    notation, brief = _notation(moments, arguments, populations.phi)
    return System(
        equations=tuple(right(kappa, drives[q]) for kappa, q in zip(kappas, moments.n)),
        state=kappas,
        inputs=tuple(moments.y[a] for a in moments.I),
        parameters=moments.values,
        outputs=tuple(drives[q] for q in moments.w),
        output_names=outputs,
        time_constant="tau",
        filtered_inputs=True,
        latex={**moments.latex, **{f"z{q[1:]}": f"z_{{{q[1:]}}}" for q in moments.w if q[1:]}},
        errors=moments.errors,
        neutral={"gain": 1.0, "noise": 0.0},
        notation=Notation(
            tuple(right(kappa, brief[q]) for kappa, q in zip(kappas, moments.n)),
            tuple(brief[q] for q in moments.w),
            *notation,
        ),
        box=_box(moments) if populations.phi in BOUNDS else None,
        phi=populations.phi,
        alpha=populations.alpha,
        source={**populations.source, "populations": moments.count, "noise": float(noise)},
    )


@dataclass(frozen=True, eq=False, repr=False)
class Couplings:
    """Effective couplings sigma~_ab: the covariances times the gain <phi'> of the populations.

    Parameters
    ----------
    expressions : dict
        (a, b), a receiving loading (n or w) and a sending one (m or I) -> sympy expression in the state, the
        inputs and the parameters.
    lines : tuple of (str, str)
        The same as LaTeX, left and right of the equality sign.

    Examples
    --------
    >>> Couplings({("n", "m"): sympy.Symbol("s")}, ((r"\\tilde\\sigma_{nm}", "s"),))
    Couplings(n <- m)
    """

    expressions: dict
    lines: tuple

    def __getitem__(self, names):
        return self.expressions[names]

    def __repr__(self):
        return f"Couplings({', '.join(f'{a} <- {b}' for a, b in self.expressions)})"

    def _repr_latex_(self):
        body = r" \\ ".join(f"{left} &= {right}" for left, right in self.lines)
        return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def effective_couplings(populations, noise=0.0):
    """The effective couplings sigma~_ab = sum_p alpha_p Sigma^p_ab <phi'>_p of a mean field (THEORY 3).

    They depend on the state through the gain <phi'>, and are what a circuit diagram shows on its arrows.

    Parameters
    ----------
    populations : Populations
        As for `mean_field`.
    noise : float, default 0.0
        As for `mean_field`.

    Returns
    -------
    Couplings

    Examples
    --------
    >>> import numpy as np
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1, means_kind="zero")
    >>> effective_couplings(one)["n", "m"].func
    <class 'sympy.core.mul.Mul'>
    """
    system = mean_field(populations, noise)
    couplings = [d for d in system.notation.definitions if d.family == "coupling"]
    moments = moment_symbols(populations, noise)
    pairs = [(q, a) for q in (*moments.n, *moments.w) for a in moments.y]
    return Couplings(
        {names: system.notation.expand(d.expression) for names, d in zip(pairs, couplings)},
        tuple(aligned_lines(system, couplings)),
    )


def _mean(moments, p):
    return sympy.Add(*(moments.means[p][a] * variable for a, variable in moments.y.items()))


def _variance(moments, p):
    covariance, loadings = moments.covariances[p], list(moments.y)
    terms = [moments.noise]
    for i, a in enumerate(loadings):
        for b in loadings[i:]:
            terms.append((1 if a == b else 2) * covariance[a, b] * moments.y[a] * moments.y[b])
    return sympy.Add(*terms)


def _drive(moments, q, arguments, phi):
    """sum_p alpha_p E_p[q phi] for a loading q."""
    total = []
    for p, (mu, Delta) in enumerate(arguments):
        field = sympy.Add(*(moments.covariances[p][q, a] * variable for a, variable in moments.y.items()))
        shift = moments.means[p][q] * expectation(phi, 0, mu, Delta)
        total.append(moments.weights[p] * (shift + field * expectation(phi, 1, mu, Delta)))
    return sympy.Add(*total)


def _notation(moments, arguments, phi):
    """(definitions, generic, latex, labels) of a `Notation`, and the abbreviated drives by loading."""
    several = moments.count > 1
    definitions, latex, labels, brackets = [], {}, {}, []
    for p, (mu, Delta) in enumerate(arguments):
        suffix = f"_p{p + 1}" if several else ""
        pieces = []
        for name, tex, expression, family in (
            ("mu", r"\mu", mu, "mean"),
            ("Delta", r"\Delta", Delta, "variance"),
        ):
            if expression == 0:  # zero means
                pieces.append(expression)
                continue
            short = symbol(name + suffix)
            latex[short.name] = tex + (f"^{{({p + 1})}}" if several else "")
            definitions.append(Definition(short, expression, family))
            pieces.append(short)
        brackets.append(tuple(pieces))
        labels[tuple(pieces)] = str(p + 1) if several else ""
    definitions.sort(key=lambda d: d.family)
    brief, couplings = {}, []
    for q in (*moments.n, *moments.w):
        terms = []
        for a, variable in moments.y.items():
            short = symbol(f"sigmatilde_{q}{a}")
            latex[short.name] = rf"\tilde{{\sigma}}_{{{pair(q, a)}}}"
            gains = (expectation(phi, 1, *at) for at in brackets)
            expression = sympy.Add(
                *(w * s[q, a] * f for w, s, f in zip(moments.weights, moments.covariances, gains))
            )
            couplings.append(Definition(short, expression, "coupling"))
            terms.append(short * variable)
        for p, at in enumerate(brackets):
            terms.append(moments.weights[p] * moments.means[p][q] * expectation(phi, 0, *at))
        brief[q] = sympy.Add(*terms)
    lines = _generic_lines(moments, definitions, brackets, phi, latex, labels) if couplings else {}
    return (tuple(couplings + definitions), lines, latex, labels), brief


def _generic_lines(moments, definitions, brackets, phi, latex, labels):
    several = moments.count > 1
    lines = {}
    if several:
        for family in ("mean", "variance"):
            first = [d for d in definitions if d.family == family][:1]
            for d in first:
                lines[family] = Definition(
                    generic(moments, d.symbol, latex), generic(moments, d.expression, latex), family
                )
        place = tuple(generic(moments, argument, latex) for argument in brackets[0])
        labels[place] = "p"
        entry = symbol("sigma_ab_p")
        latex[entry.name] = r"\sum_p \alpha_p \sigma_{ab}^{(p)}"
    else:
        place = brackets[0]
        entry = symbol("sigma_ab")
        latex[entry.name] = r"\sigma_{ab}"
    short = symbol("sigmatilde_ab")
    latex[short.name] = r"\tilde{\sigma}_{ab}"
    lines["coupling"] = Definition(short, entry * expectation(phi, 1, *place), "coupling")
    return lines


def _box(moments):
    loadings = list(moments.y)
    named = [{key: entry.name for key, entry in covariance.items()} for covariance in moments.covariances]
    free = moments.means[0] and moments.means[0][moments.n[0]] != 0
    return TrappingBox(
        limit=1.0,
        drive=tuple(tuple(tuple(s[q, a] for a in loadings) for q in moments.n) for s in named),
        spread=tuple(tuple(tuple(s[a, b] for b in loadings) for a in loadings) for s in named),
        means=tuple(tuple(mean[q].name for q in moments.n) for mean in moments.means) if free else None,
        weights=tuple(w.name for w in moments.weights) if moments.count > 1 else None,
        gain=moments.gain.name,
    )
