r"""Derivatives of a System by the chain rule through its Gaussian expectations.

Every distinct pair (mu_j, Delta_j) gets symbols e_jk for Phi_k(mu_j, Delta_j). With

    d e_jk = e_j(k+1) d mu_j + e_j(k+2) d Delta_j / 2

the right-hand sides are short expressions in x, u, p and e, and so is every derivative of theirs: nothing is
differentiated twice and sympy never sees the expanded form.
"""

from dataclasses import dataclass

import sympy

from dynsys.symbolic.expectations import GaussianExpectation
from dynsys.symbolic.names import symbol


@dataclass(frozen=True)
class Expectation:
    """A distinct pair of arguments of an activation's expectations.

    Parameters
    ----------
    index : int
        j.
    phi : str
        The activation.
    mu, Delta : sympy expression
        In x, u and p.

    Examples
    --------
    >>> Expectation(0, "tanh", sympy.S.Zero, symbol("x0")).order(3)
    e0_3
    """

    index: int
    phi: str
    mu: sympy.Expr
    Delta: sympy.Expr

    def order(self, k):
        """The symbol e_jk."""
        return 0 if self.mu == 0 and k % 2 == 0 and self.phi != "relu" else symbol(f"e{self.index}_{k}")


@dataclass(frozen=True)
class Plain:
    """A System in the symbols x0.., u0.., p0.. of generated code, its expectations set apart.

    Parameters
    ----------
    state, inputs, parameters : tuple of sympy.Symbol
        The new symbols.
    equations, outputs : tuple of sympy expression
        In these and in e_jk.
    expectations : tuple of Expectation
        One for each distinct pair of arguments.

    Examples
    --------
    >>> Plain((), (), (), (), (), ()).expectations
    ()
    """

    state: tuple
    inputs: tuple
    parameters: tuple
    equations: tuple
    outputs: tuple
    expectations: tuple

    def orders(self, expressions):
        """Highest and lowest order of each expectation that occurs in some expressions.

        Parameters
        ----------
        expressions : iterable of sympy expression

        Returns
        -------
        dict
            j -> (lowest, highest).
        """
        found = {}
        for expression in expressions:
            for free in expression.free_symbols:
                j, k = place(free)
                if j is not None:
                    low, high = found.get(j, (k, k))
                    found[j] = (min(low, k), max(high, k))
        return found


def plain(system):
    """Rewrite a system in the symbols of generated code.

    Parameters
    ----------
    system : System
        The system.

    Returns
    -------
    Plain

    Examples
    --------
    >>> from dynsys.symbolic.system import System
    >>> x, a = sympy.symbols("x a")
    >>> plain(System([a * x], [x], parameters=[a])).equations
    (p0*x0,)
    """
    groups = [(system.state, "x"), (system.inputs, "u"), (system.parameters, "p")]
    new = [tuple(symbol(f"{letter}{i}") for i in range(len(old))) for old, letter in groups]
    renamed = {o: n for (old, _), fresh in zip(groups, new) for o, n in zip(old, fresh)}
    expressions = [e.xreplace(renamed) for e in (*system.equations, *system.outputs)]
    pairs, replaced = {}, {}
    found = set().union(*(e.atoms(GaussianExpectation) for e in expressions))
    for f in sorted(found, key=sympy.default_sort_key):
        key = (f.phi, f.args[1], f.args[2])
        pair = pairs.setdefault(key, Expectation(len(pairs), *key))
        replaced[f] = pair.order(int(f.args[0]))
    expressions = [e.xreplace(replaced) for e in expressions]
    count = len(system.equations)
    return Plain(*new, tuple(expressions[:count]), tuple(expressions[count:]), tuple(pairs.values()))


def place(free):
    """(j, k) of a symbol e_jk, (None, None) of any other.

    Examples
    --------
    >>> place(symbol("e2_5")), place(symbol("x0"))
    ((2, 5), (None, None))
    """
    if not free.name.startswith("e"):
        return None, None
    j, k = free.name[1:].split("_")
    return int(j), int(k)


def gradients(expressions, variables, expectations):
    """Total derivatives of expressions in some variables.

    Parameters
    ----------
    expressions : sequence of sympy expression (R,)
        In x, u, p and e.
    variables : sequence of sympy.Symbol (V,)
        Among x, u and p.
    expectations : sequence of Expectation
        What the e stand for.

    Returns
    -------
    list of list of sympy expression (R, V)

    Examples
    --------
    >>> x, e = symbol("x0"), symbol("e0_0")
    >>> gradients([x * e], [x], [Expectation(0, "tanh", x, symbol("p0"))])
    [[e0_0 + e0_1*x0]]
    """
    inner = [[[part.diff(v) for v in variables] for part in (e.mu, e.Delta)] for e in expectations]
    return [_gradient(expression, variables, expectations, inner) for expression in expressions]


def _gradient(expression, variables, expectations, inner):
    free = expression.free_symbols
    total = [expression.diff(v) if v in free else sympy.S.Zero for v in variables]
    for e in sorted(free, key=lambda s: s.name):
        j, k = place(e)
        if j is None:
            continue
        outer = expression.diff(e)
        up, twice = outer * expectations[j].order(k + 1), outer * expectations[j].order(k + 2) / 2
        for i, (mean, variance) in enumerate(zip(*inner[j])):
            if mean != 0 or variance != 0:
                total[i] += up * mean + twice * variance
    return total


def directional(flat, direction, order):
    """Derivatives of the equations along a direction, as short steps.

    Parameters
    ----------
    flat : Plain
        The system.
    direction : sequence of sympy.Symbol (R,)
        q.
    order : int
        Highest derivative.

    Returns
    -------
    steps : list of (sympy.Symbol, sympy expression)
        Local variables to compute first, in order.
    derivatives : list of list of sympy expression (order, R)
        d^n/ds^n F(x + s q) at s = 0, n = 1..order, in x, u, p, e, q and the local variables.

    Examples
    --------
    >>> x, q = symbol("x0"), symbol("q0")
    >>> directional(Plain((x,), (), (), (x**3,), (), ()), [q], 2)
    ([], [[3*q0*x0**2], [6*q0**2*x0]])
    """
    along = dict(zip(flat.state, direction))  # symbol -> its derivative
    steps = []
    for j, (low, high) in sorted(flat.orders(flat.equations).items()):
        expectation = flat.expectations[j]
        mean = _climb(expectation.mu, f"m{j}_", order, along, steps)
        variance = _climb(expectation.Delta, f"d{j}_", order, along, steps)
        rule = dict(along)
        for k in range(low, high + 2 * order):
            if expectation.order(k) != 0:
                up, twice = expectation.order(k + 1), expectation.order(k + 2)
                rule[expectation.order(k)] = up * mean + twice * variance / 2
        for k in range(low, high + 1):
            e = expectation.order(k)
            if e != 0:
                along[e] = _climb(e, f"h{j}_{k}_", order, rule, steps, along)
    derivatives, current = [], list(flat.equations)
    for _ in range(order):
        current = [_derive(expression, along) for expression in current]
        derivatives.append(current)
    return steps, derivatives


def _climb(expression, name, order, rule, steps, along=None):
    """Give the derivatives of an expression their own symbols; return the first one's (0 if it vanishes)."""
    along = rule if along is None else along
    first = below = None
    for n in range(1, order + 1):
        expression = _derive(expression, rule)
        if expression == 0:
            break
        here = symbol(f"{name}{n}")
        steps.append((here, expression))
        if below is None:
            first = here
        else:
            along[below] = here
        below = here
    return sympy.S.Zero if first is None else first


def _derive(expression, along):
    free = sorted(expression.free_symbols, key=lambda s: s.name)
    return sympy.Add(*(expression.diff(s) * along[s] for s in free if s in along))
