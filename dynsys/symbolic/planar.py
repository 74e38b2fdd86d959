r"""Normal forms of a planar system in closed form, from the entries of its derivatives.

No eigenvector is written down. With A = F_x, B and C the second and third derivatives:

    det A = 0    q psi^T = P = adj(A) / tr A,                  q q^T = P P^T / tr(P P^T)
    tr A = 0     q p^* = P = (A + i omega) / (2 i omega),      q q^* = P P^* / tr(P P^*),   omega^2 = det A

so that a coefficient that holds as many q as conj(q) is a sum over entries (conventions of
`dynsys.analysis.normal_forms`). For B = 0

    Re c1 = (1/4) sum_rjk C_rrjk S_jk,     S = (omega^2 + A A^T) / (2 omega^2 + |A|^2).
"""

import itertools

import sympy

PAIRS = tuple(itertools.product(range(2), repeat=2))


def derivatives_at(equations, state, place):
    """First to third derivatives of planar equations at a place.

    Parameters
    ----------
    equations, state : sequence (2,)
        The right-hand sides and their variables.
    place : dict
        Symbol -> value.

    Returns
    -------
    A : sympy.Matrix (2, 2)
    B, C : dict
        (r, i, j) and (r, i, j, k) -> sympy expression.

    Examples
    --------
    >>> x, y = sympy.symbols("x y")
    >>> derivatives_at([y, x**3], [x, y], {x: 0, y: 0})[2][1, 0, 0, 0]
    6
    """
    entries = {}
    for r, equation in enumerate(equations):
        known = {(): equation}
        for order in (1, 2, 3):
            for where in itertools.combinations_with_replacement(range(2), order):
                known[where] = known[where[:-1]].diff(state[where[-1]])
                value = known[where].xreplace(place)
                entries |= {(r, *each): value for each in itertools.permutations(where)}
    A = sympy.Matrix(2, 2, lambda r, i: entries[r, i])
    B, C = ({key: entry for key, entry in entries.items() if len(key) == size} for size in (3, 4))
    return A, B, C


def branch_coefficients(A, slope, B, C):
    """b11, b20 and b30 where det A = 0, for a point that stays fixed along the parameter.

    Parameters
    ----------
    A, B, C
        As from `derivatives_at`, det A = 0.
    slope : sympy.Matrix (2, 2)
        Derivative of A in the parameter.

    Returns
    -------
    dict
        "b11", "b20", "b30"; the sign of b20 follows that of q, whose first entry is positive.

    Examples
    --------
    >>> x, y, p = sympy.symbols("x y p")
    >>> A, B, C = derivatives_at([p * x - x**3, -y], [x, y], {x: 0, y: 0})
    >>> branch_coefficients(A.subs(p, 0), A.diff(p), B, C)
    {'b11': 1, 'b20': 0, 'b30': -6}
    """
    P = A.adjugate() / A.trace()
    Q = P * P.T / (P * P.T).trace()
    b11 = (P * slope).trace()
    cubic = sympy.Add(*(C[r, i, j, k] * P[i, r] * Q[j, k] for r, i in PAIRS for j, k in PAIRS))
    if not any(B.values()):
        return {"b11": b11, "b20": sympy.S.Zero, "b30": cubic}
    q = Q[:, 0] / sympy.sqrt(Q[0, 0])
    second = sympy.Matrix([sympy.Add(*(B[s, j, k] * Q[j, k] for j, k in PAIRS)) for s in range(2)])
    h = (P * second - second) / A.trace()
    b20 = sympy.Add(*(B[r, i, j] * P[i, r] * q[j] for r, i in PAIRS for j in range(2)))
    cubic += 3 * sympy.Add(*(B[r, i, j] * P[i, r] * h[j] for r, i in PAIRS for j in range(2)))
    return {"b11": b11, "b20": b20, "b30": cubic}


def lyapunov_coefficient(A, omega, B, C):
    """First Lyapunov coefficient, the real part of c1, where tr A = 0 and det A = omega^2.

    Parameters
    ----------
    A, B, C
        As from `derivatives_at`, tr A = 0.
    omega : sympy expression
        The frequency.

    Returns
    -------
    sympy expression

    Examples
    --------
    >>> x, y = sympy.symbols("x y")
    >>> A, B, C = derivatives_at([-y - x * (x**2 + y**2), x - y * (x**2 + y**2)], [x, y], {x: 0, y: 0})
    >>> lyapunov_coefficient(A, 1, B, C)
    -2
    """
    # Real and imaginary parts of Q = q q^*; those of P are 1/2 and -A / (2 omega).
    size = 2 * omega**2 + sympy.Add(*(entry**2 for entry in A))
    S = (omega**2 * sympy.eye(2) + A * A.T) / size
    total = sympy.Add(*(C[r, r, j, k] * S[j, k] for r in range(2) for j, k in PAIRS)) / 4
    if not any(B.values()):
        return total
    T = omega * (A.T - A) / size
    mean = sympy.Matrix([sympy.Add(*(B[s, j, k] * S[j, k] for j, k in PAIRS)) for s in range(2)])
    shift = A * mean / omega**2  # minus the inverse of A
    total += sympy.Add(*(B[r, r, j] * shift[j] for r, j in PAIRS)) / 2
    inverse = -A / (3 * omega**2), -2 * sympy.eye(2) / (3 * omega)  # of 2 i omega - A
    P = sympy.eye(2) / 2, -A / (2 * omega)
    for (r, i), (m, s), (j, k) in itertools.product(PAIRS, repeat=3):
        parts = inverse[0][m, s], inverse[1][m, s]
        for other in ((P[0][j, r], P[1][j, r]), (S[k, i], T[k, i])):
            parts = parts[0] * other[0] - parts[1] * other[1], parts[0] * other[1] + parts[1] * other[0]
        total += B[r, i, m] * B[s, j, k] * parts[0] / 2
    return total
