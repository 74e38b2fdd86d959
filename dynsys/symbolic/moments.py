r"""The moments of Gaussian populations as symbols: names, values, standard errors, LaTeX.

Names follow the columns of the loadings: ``sigma_mn``, ``sigma_m1n2``, ``a_n``; ``_p1``, ``_p2``, ... are
added and weights ``alpha_p1`` appear when there are several populations.
"""

from dataclasses import dataclass

import sympy

from dynsys.symbolic.expectations import expectation
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
    values, errors = {"gain": 1.0, "noise": noise}, {}
    latex = {"gain": "g", "noise": r"\Delta_{\mathrm{noise}}"}
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


def mean(moments, p):
    """mu_p, the mean of x in population p, as a sympy expression."""
    return sympy.Add(*(moments.means[p][a] * variable for a, variable in moments.y.items()))


def variance(moments, p):
    """Delta_p, the variance of x in population p, as a sympy expression."""
    covariance, loadings = moments.covariances[p], list(moments.y)
    terms = [moments.noise]
    for i, a in enumerate(loadings):
        for b in loadings[i:]:
            terms.append((1 if a == b else 2) * covariance[a, b] * moments.y[a] * moments.y[b])
    return sympy.Add(*terms)


def drive(moments, q, arguments, phi):
    """sum_p alpha_p E_p[q phi] for a loading q, given (mu_p, Delta_p) for each population."""
    total = []
    for p, (mu, Delta) in enumerate(arguments):
        field = sympy.Add(*(moments.covariances[p][q, a] * variable for a, variable in moments.y.items()))
        shift = moments.means[p][q] * expectation(phi, 0, mu, Delta)
        total.append(moments.weights[p] * (shift + field * expectation(phi, 1, mu, Delta)))
    return sympy.Add(*total)


def motion(moments, drives):
    """Right-hand sides and readouts from the drive of each loading n and w.

    Parameters
    ----------
    moments : Moments
        The symbols.
    drives : dict
        Loading -> sympy expression.

    Returns
    -------
    equations, outputs : tuple of sympy expression
    """
    equations = (-moments.y[m] + moments.gain * drives[n] for m, n in zip(moments.m, moments.n))
    return tuple(equations), tuple(drives[w] for w in moments.w)


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
