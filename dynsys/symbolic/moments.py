r"""The moments of Gaussian populations as symbols: names, values, standard errors, LaTeX.

Names follow the columns of the loadings: ``sigma_mn``, ``sigma_m1n2``, ``a_n``; ``_p1``, ``_p2``, ... are added
and weights ``alpha_p1`` appear when there are several populations.
"""

import re
from dataclasses import dataclass

import sympy

from dynsys.symbolic.names import symbol


@dataclass(frozen=True)
class Moments:
    """Symbols of everything that the mean field is made of.

    Parameters
    ----------
    m, n, I, w : tuple of str
        Names of the loadings, as in `Populations.names`.
    y : dict
        Name of a loading among m and I -> its variable, kappa_r or v_s.
    weights : tuple (P,) of sympy expression
        alpha_p; 1 for one population.
    means : tuple (P,) of dict
        Loading -> a^p; 0 where means are held at zero.
    covariances : tuple (P,) of dict
        Pair of loadings, in either order -> Sigma^p.
    gain, noise : sympy.Symbol
        g and Delta_noise.
    values, errors, latex : dict
        By name, in the order of the parameters.

    Examples
    --------
    >>> Moments((), (), (), (), {}, (), (), (), None, None, {}, {}, {}).count
    0
    """

    m: tuple
    n: tuple
    I: tuple
    w: tuple
    y: dict
    weights: tuple
    means: tuple
    covariances: tuple
    gain: sympy.Symbol
    noise: sympy.Symbol
    values: dict
    errors: dict
    latex: dict

    @property
    def count(self):
        """int : number of populations P."""
        return len(self.weights)


def moment_symbols(populations, noise):
    """Name every moment of the populations that enters the mean field.

    Parameters
    ----------
    populations : Populations
        The populations.
    noise : float
        Value of Delta_noise.

    Returns
    -------
    Moments

    Examples
    --------
    >>> import numpy as np
    >>> from dynsys.populations.fit import Populations
    >>> one = Populations([1.0], np.zeros((1, 3)), np.eye(3)[None], rank=1, inputs=1, outputs=0)
    >>> moment_symbols(one, 0.0).covariances[0]["n", "m"]
    sigma_mn
    """
    names, R, S = populations.names, populations.rank, populations.inputs
    m, n, I, w = names[:R], names[R : 2 * R], names[2 * R : 2 * R + S], names[2 * R + S :]
    y = {a: symbol("kappa" + a[1:]) for a in m} | {a: symbol("v" + a[1:]) for a in I}
    latex = {f"{letter}{a[1:]}": f"{tex}_{{{a[1:]}}}" for a, letter, tex in
             [(a, "kappa", r"\kappa") for a in m] + [(a, "v", "v") for a in I] if a[1:]}  # fmt: skip
    values, errors = {"gain": 1.0, "noise": noise}, {}
    latex |= {"gain": "g", "noise": r"\Delta_{\mathrm{noise}}"}
    several = len(populations.weights) > 1
    weights, means, covariances = [], [], []
    for p in range(len(populations.weights)):
        suffix, over = (f"_p{p + 1}", f"^{{({p + 1})}}") if several else ("", "")
        weights.append(symbol("alpha" + suffix) if several else sympy.S.One)
        if several:
            values["alpha" + suffix] = float(populations.weights[p])
            latex["alpha" + suffix] = rf"\alpha_{{{p + 1}}}"
        mean, covariance = {}, {}
        for i, a in enumerate(names):
            mean[a] = symbol(f"a_{a}{suffix}") if populations.means_kind == "free" else sympy.S.Zero
            if mean[a] != 0:
                values[mean[a].name] = float(populations.means[p, i])
                latex[mean[a].name] = f"a_{{{indexed(a)}}}{over}"
                if populations.mean_errors is not None:
                    errors[mean[a].name] = float(populations.mean_errors[p, i])
        for i, a in enumerate(names):
            for j, b in enumerate(names[i:], start=i):
                if a not in y and b not in y:
                    continue
                entry = symbol(f"sigma_{a}{b}{suffix}")
                covariance[a, b] = covariance[b, a] = entry
                values[entry.name] = float(populations.covariances[p, i, j])
                latex[entry.name] = rf"\sigma_{{{pair(a, b)}}}{over}"
                if populations.covariance_errors is not None:
                    errors[entry.name] = float(populations.covariance_errors[p, i, j])
        means.append(mean)
        covariances.append(covariance)
    return Moments(
        m, n, I, w, y, tuple(weights), tuple(means), tuple(covariances), symbol("gain"), symbol("noise"),
        values, errors, latex,
    )  # fmt: skip


def generic(moments, expression, latex):
    """An expression of the first population's moments, rewritten for a population p that is not named.

    Parameters
    ----------
    moments : Moments
        Of several populations.
    expression : sympy expression
        In symbols of the first population.
    latex : dict
        Takes the LaTeX of the new symbols, by name.

    Returns
    -------
    sympy expression
    """
    replaced = {}
    for old in expression.free_symbols:
        if old.name.endswith("_p1"):
            replaced[old] = symbol(old.name[:-1])
            known = moments.latex.get(old.name) or latex[old.name]
            latex[replaced[old].name] = re.sub(
                r"\(1\)|(?<=\\alpha_\{)1(?=\}$)", lambda f: f.group().replace("1", "p"), known
            )
    return expression.xreplace(replaced)


def indexed(loading):
    """LaTeX of a loading's name.

    Examples
    --------
    >>> indexed("m"), indexed("m2"), indexed("I12")
    ('m', 'm_2', 'I_{12}')
    """
    index = loading[1:]
    return (
        loading if not index else f"{loading[0]}_{index}" if len(index) == 1 else f"{loading[0]}_{{{index}}}"
    )


def pair(a, b):
    """LaTeX of a pair of loadings, with a space only where an index separates them.

    Examples
    --------
    >>> pair("m", "n"), pair("m1", "n2")
    ('mn', 'm_1 n_2')
    """
    return indexed(a) + (" " if a[1:] or b[1:] else "") + indexed(b)
