"""Effective couplings: what a circuit diagram of a mean field shows on its arrows (THEORY 3)."""

from dataclasses import dataclass

from dynsys.symbolic.meanfield import mean_field
from dynsys.symbolic.moments import moment_symbols
from dynsys.symbolic.typeset import aligned_lines


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
    >>> Couplings({("n", "m"): "s"}, ((r"\\tilde\\sigma_{mn}", "s"),))
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
    >>> from dynsys.populations.fit import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], 1, 1, 1, means_kind="zero")
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
