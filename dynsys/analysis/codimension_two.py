"""Normal forms of the points on curves of folds, Hopf points and branch points where these change.

With A q = 0 or A q = i omega q, adjoint vectors p with p . q = 1 (conjugated), |q| = 1, and B .. E the second
to fifth derivatives of F (Kuznetsov 2004, sections 8.2 to 8.7; Kuznetsov 1999 for the expressions):

    cusp              x' = .. + c x^3,     c = (1/6) p . (C(q,q,q) + 3 B(q,h)),   A h = -B(q,q)
    Bogdanov-Takens   y' = .. + a x^2 + b x y,   a = p1 . B(q0,q0) / 2,   b = p1 . B(q0,q1) + p0 . B(q0,q0)
    Bautin            z' = .. + c2 z |z|^4,    l2 = Re c2 / omega
    zero-Hopf         x' = .. + (g200 / 2) x^2 + g011 |z|^2,   z' = .. + h110 x z,   theta = Re h110 / g200
    Hopf-Hopf         z_i' = .. + z_i (c_i1 |z_1|^2 + c_i2 |z_2|^2)
"""

import numpy as np

from dynsys.analysis.normal_forms import bordered_solve


def bogdanov_takens(jacobian, hessian):
    """Coefficients a and b of a double zero eigenvalue with one eigenvector.

    Parameters
    ----------
    jacobian, hessian : ndarray (n, n), (n, n, n)
        Derivatives of F in the state.

    Returns
    -------
    dict of str to float
        ``a``, ``b``; their signs follow that of q0, whose largest entry is positive.

    Examples
    --------
    >>> hessian = np.zeros((2, 2, 2))
    >>> hessian[1, 0, 0], hessian[1, 0, 1], hessian[1, 1, 0] = -2.0, 1.0, 1.0  # y' = -x^2 + x y
    >>> bogdanov_takens(np.array([[0.0, 1.0], [0.0, 0.0]]), hessian)
    {'a': -1.0, 'b': 1.0}
    """
    left, _, right = np.linalg.svd(jacobian)
    q0, p1 = right[-1] * np.sign(right[-1][np.abs(right[-1]).argmax()]), left[:, -1]
    q1 = bordered_solve(jacobian, p1, q0, q0)
    p1 = p1 / (p1 @ q1)
    p0 = bordered_solve(jacobian.T, q0, q1, p1)
    b = p1 @ (hessian @ q1 @ q0) + p0 @ (hessian @ q0 @ q0)
    return {"a": float(0.5 * p1 @ (hessian @ q0 @ q0)), "b": float(b)}


def second_coefficient(tensors, omega, q, p):
    """c2 and l2 of a Hopf point whose first coefficient vanishes.

    Parameters
    ----------
    tensors : sequence of ndarray
        Derivatives of F in the state, orders 1 to 5.
    omega, q, p
        Of `dynsys.analysis.normal_forms.imaginary_pair`.

    Returns
    -------
    dict of str to float or complex
        ``c1``, ``c2``, ``l2``.

    Examples
    --------
    >>> zero = [np.zeros((2,) * k) for k in (3, 4, 5, 6)]
    >>> zero[3][0, 0, 0, 0, 0, 0] = 120.0  # x' = -y + x^5, y' = x: mean of cos^6 is 5/16, |q| = 1: 4 times it
    >>> turn, q = np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([1.0, -1j]) / np.sqrt(2)
    >>> round(second_coefficient([turn, *zero], 1.0, q, q)["l2"], 12)
    1.25
    """
    A, B, C, D, E = tensors
    unit, bar = np.eye(q.size), q.conj()

    def solve(times, vector):
        return np.linalg.solve(1j * times * omega * unit - A, vector)

    h11 = solve(0, B @ bar @ q)
    h20 = solve(2, B @ q @ q)
    cubic = C @ bar @ q @ q + B @ h20 @ bar + 2 * B @ h11 @ q
    c1 = 0.5 * np.vdot(p, cubic)
    h30 = solve(3, C @ q @ q @ q + 3 * B @ h20 @ q)
    h21 = bordered_solve(1j * omega * unit - A, q, p.conj(), cubic - 2 * c1 * q)
    b20, b21 = h20.conj(), h21.conj()
    h31 = solve(2, D @ bar @ q @ q @ q + 3 * C @ h11 @ q @ q + 3 * C @ h20 @ bar @ q + 3 * B @ h11 @ h20
                + B @ h30 @ bar + 3 * B @ h21 @ q - 6 * c1 * h20)  # fmt: skip
    h22 = solve(0, D @ bar @ bar @ q @ q + 4 * C @ h11 @ bar @ q + C @ h20 @ bar @ bar + C @ b20 @ q @ q
                + 2 * B @ h11 @ h11 + 2 * B @ b21 @ q + 2 * B @ h21 @ bar + B @ h20 @ b20
                - 8 * c1.real * h11)  # fmt: skip
    quintic = E @ bar @ bar @ q @ q @ q + D @ b20 @ q @ q @ q + 3 * D @ h20 @ bar @ bar @ q
    quintic = quintic + 6 * D @ h11 @ bar @ q @ q + C @ h30 @ bar @ bar + 3 * C @ b21 @ q @ q
    quintic = quintic + 6 * C @ h21 @ bar @ q + 3 * C @ h20 @ b20 @ q + 6 * C @ h11 @ h11 @ q
    quintic = quintic + 6 * C @ h11 @ h20 @ bar + 2 * B @ h31 @ bar + 3 * B @ h22 @ q + B @ h30 @ b20
    quintic = quintic + 3 * B @ b21 @ h20 + 6 * B @ h21 @ h11
    c2 = np.vdot(p, quintic) / 12
    return {"c1": complex(c1), "c2": complex(c2), "l2": float(c2.real / omega)}


def zero_hopf(jacobian, hessian):
    """Quadratic coefficients of a zero eigenvalue beside an imaginary pair; arguments as above.

    Returns
    -------
    dict of str to float or complex
        ``omega``, ``g200``, ``g011``, ``h110``, ``s`` (sign of g200 g011) and ``theta``.

    Examples
    --------
    >>> A = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -2.0], [0.0, 2.0, 0.0]])
    >>> B = np.zeros((3, 3, 3))
    >>> B[0, 0, 0] = B[0, 1, 1] = B[0, 2, 2] = 2.0  # x' = x^2 + |z|^2, z' = 2 i z + 3 x z
    >>> for i in (1, 2):
    ...     B[i, 0, i] = B[i, i, 0] = 3.0
    >>> found = zero_hopf(A, B)
    >>> round(found["omega"], 12), round(found["theta"], 12), found["s"]
    (2.0, 1.5, 1)
    """
    values, vectors = np.linalg.eig(jacobian)
    zero, pair = np.abs(values).argmin(), _pairs(values)[0]
    inverse = np.linalg.inv(vectors)
    q0, q1 = vectors[:, zero].real, vectors[:, pair]
    q0 = q0 / np.linalg.norm(q0)
    p0 = inverse[zero].real / (inverse[zero].real @ q0)
    g200, g011 = p0 @ (hessian @ q0 @ q0), (p0 @ (hessian @ q1.conj() @ q1)).real
    h110 = inverse[pair] @ (hessian @ q1 @ q0)
    return {
        "omega": float(values[pair].imag), "g200": float(g200), "g011": float(g011), "h110": complex(h110),
        "s": int(np.sign(g200 * g011)), "theta": float(h110.real / g200) if g200 else np.inf,
    }  # fmt: skip


def hopf_hopf(jacobian, hessian, third):
    """Cubic coefficients of two imaginary pairs; arguments as above, with the third derivatives.

    Returns
    -------
    dict of str to float or complex
        ``omega1`` > ``omega2``, ``c11``, ``c12``, ``c21``, ``c22``, ``theta`` = Re c12 / Re c22 and
        ``delta`` = Re c21 / Re c11.

    Examples
    --------
    >>> A = np.zeros((4, 4))
    >>> A[1, 0], A[0, 1], A[3, 2], A[2, 3] = 3.0, -3.0, 1.0, -1.0
    >>> C = np.zeros((4, 4, 4, 4))
    >>> C[0, 0, 0, 0] = -6.0  # x1' = -3 y1 - x1^3
    >>> found = hopf_hopf(A, np.zeros((4, 4, 4)), C)
    >>> round(found["c11"].real, 12), abs(found["c22"]), found["omega1"].__round__(12)
    (-0.75, 0.0, 3.0)
    """
    values, vectors = np.linalg.eig(jacobian)
    inverse, unit = np.linalg.inv(vectors), np.eye(len(values))
    first, second = sorted(_pairs(values)[:2], key=lambda k: -values[k].imag)
    w1, w2 = values[first].imag, values[second].imag
    (q1, p1), (q2, p2) = ((vectors[:, k], inverse[k]) for k in (first, second))
    r1, r2 = q1.conj(), q2.conj()

    def solve(frequency, vector):
        return np.linalg.solve(1j * frequency * unit - jacobian, vector)

    B, C = hessian, third
    h1100, h0011 = solve(0, B @ r1 @ q1), solve(0, B @ r2 @ q2)
    h2000, h0020 = solve(2 * w1, B @ q1 @ q1), solve(2 * w2, B @ q2 @ q2)
    h1010, h1001 = solve(w1 + w2, B @ q2 @ q1), solve(w1 - w2, B @ r2 @ q1)
    c11 = p1 @ (C @ r1 @ q1 @ q1 + B @ h2000 @ r1 + 2 * B @ h1100 @ q1) / 2
    c12 = p1 @ (C @ r2 @ q2 @ q1 + B @ h1010 @ r2 + B @ h1001 @ q2 + B @ h0011 @ q1)
    c21 = p2 @ (C @ r1 @ q1 @ q2 + B @ h1100 @ q2 + B @ h1010 @ r1 + B @ h1001.conj() @ q1)
    c22 = p2 @ (C @ r2 @ q2 @ q2 + B @ h0020 @ r2 + 2 * B @ h0011 @ q2) / 2
    found = {name: complex(c) for name, c in (("c11", c11), ("c12", c12), ("c21", c21), ("c22", c22))}
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = {"theta": float(c12.real / c22.real), "delta": float(c21.real / c11.real)}
    return {"omega1": float(w1), "omega2": float(w2), **found, **ratios}


def _pairs(values):
    """Indices of the eigenvalues with positive imaginary part, those next to the axis first."""
    upper = np.flatnonzero(values.imag > 0)
    return upper[np.argsort(np.abs(values[upper].real))]
