"""Normal forms of cycles where they turn, double or grow a second frequency.

With the cycle u(t) of period T, F = u', A = F_x along it, B and C the second and third derivatives,

    fold             v' = A v - alpha F,  v(T) = v(0),   dxi/dt = a01 dp + a xi^2
    period doubling  w' = A w,  w(T) = -w(0),               dxi/dt = speed dp xi + c xi^3
    torus            w' = A w,  w(T) = e^(i angle) w(0),    dxi/dt = (speed dp + ..) xi + c1 xi |xi|^2

and < > the mean over the turn of a product with the null vector of the adjoint equations, <v> = <w> = 1:

    a  = < B(v, v) / 2 - alpha A v >,                                     a01 = < F_p >
    c  = < C(w, w, w) / 6 + B(w, h) / 2 - beta A w >,                     h' = A h + B(w, w) - 2 beta F
    c1 = < C(w, w, w*) / 2 + B(w*, g) / 2 + B(w, k) - gamma A w >,        g' = A g + B(w, w)
                                                                          k' = A k + B(w, w*) - gamma F

where the mean squares of v and w over the turn are 1 and v points outwards (Kuznetsov, Govaerts, Doedel &
Dhooge 2005). All of it is solved on the collocation mesh of the cycle. Times T the coefficients are those of
the return map.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from dynsys.numerics.collocation_basis import DEGREE, GAUSS_WEIGHTS, SLOPES, VALUES

# Step, in units of the parameter's span, of differences of the exact Jacobian in the parameter.
STEP = 1e-3
# Multipliers whose first four powers come this close to 1 have no cubic normal form of their own.
RESONANT = 1e-3


def normal_form(cycles, kind, mesh, y, angle=np.pi):
    """Coefficients of a cycle with one critical multiplier or one critical pair.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    kind : {"fold", "doubling", "torus"}
        Which.
    mesh : ndarray (N + 1,)
        Ends of the intervals.
    y : ndarray
        Orbit, period and parameter, as `dynsys.numerics.collocation_basis` has them.
    angle : float
        Of the pair of a torus point, in (0, pi).

    Returns
    -------
    dict of str to float or complex
        ``a, a01``; ``c, speed``; or ``angle, c1, speed``, the angle alone at a strong resonance. Empty where
        the equations cannot be solved.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.analysis.curve import make_curve
    >>> from dynsys.analysis.cycle_curve import CycleCurve
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.symbolic import System
    >>> x, y, p = sympy.symbols("x y p")
    >>> s = x**2 + y**2  # r' = r (p + r^2 - r^4) has a fold at r^2 = 1/2, where f''(r) / 2 = -sqrt(2)
    >>> flow = System([x * (p + s - s**2) - y, y * (p + s - s**2) + x], [x, y], parameters={"p": -0.25})
    >>> curve = make_curve(compile_field(flow), "p", (-0.5, 0))
    >>> mesh, turn = np.linspace(0, 1, 21), 2 * np.pi * np.linspace(0, 1, 81)
    >>> orbit = np.sqrt(0.5) * np.column_stack([np.cos(turn), np.sin(turn)])
    >>> cycles = CycleCurve(curve, curve.scale)
    >>> form = normal_form(cycles, "fold", mesh, np.append(orbit, [2 * np.pi, -0.25]))
    >>> round(form["a"], 5), round(form["a01"], 5)
    (-1.41421, 0.70711)
    """
    form = {}
    if kind == "torus":
        form["angle"] = float(angle)
        if min(abs(np.exp(1j * k * angle) - 1) for k in (1, 2, 3, 4)) < RESONANT:
            return form
    try:
        at = Along(cycles.curve, mesh, y)
        form |= _torus(at, angle) if kind == "torus" else {"fold": _fold, "doubling": _doubling}[kind](at)
    except RuntimeError:  # a singular matrix
        return {}
    return form if np.isfinite(list(form.values())).all() else {}


def _fold(at):
    null, left = _null_pair(at.periodic())
    alpha, v = null[-1], null[:-1].reshape(-1, at.n)
    size = at.size(v) * at.outward(v)
    alpha, v = alpha / size, at.inside(v / size)
    left = left[: at.count] / (left[: at.count] @ v.ravel())
    a = left @ (0.5 * at.second(v, v) - alpha * at.turned(v)).ravel()
    return {"a": float(a), "a01": float(left @ at.slopes().ravel())}


def _doubling(at):
    null, left = _null_pair(at.operator(-1.0))
    w = null.reshape(-1, at.n)
    w = at.inside(w / at.size(w))
    left = left[: at.count] / (left[: at.count] @ w.ravel())
    solve = at.periodic_solver()
    h, twice_beta = solve(at.second(w, w))
    cubic = at.third(w) / 6 + at.second(w, h) / 2 - 0.5 * twice_beta * at.turned(w)
    return {"c": float(left @ cubic.ravel()), "speed": float(left @ _crossing(at, solve, w))}


def _torus(at, angle):
    turn = np.exp(1j * angle)
    null, left = _null_pair(at.operator(turn))
    w = null.reshape(-1, at.n)
    w = at.inside(w / at.size(w))
    left = (left[: at.count] / np.vdot(w.ravel(), left[: at.count])).conj()
    re, im = w.real.copy(), w.imag.copy()
    along, beside = at.second(re, re), at.second(im, im)
    squared = at.padded(along - beside + 2j * at.second(re, im))
    g = at.inside(splu(at.operator(turn**2)).solve(squared).reshape(-1, at.n))
    solve = at.periodic_solver()
    k, gamma = solve(along + beside)
    cubic = 0.5 * (at.third_of_pair(re, im) + at.second(w.conj(), g)) + at.second(w, k) - gamma * at.turned(w)
    speed = left @ _crossing(at, solve, w)
    return {"c1": complex(left @ cubic.ravel()), "speed": float(speed.real)}


def _crossing(at, solve, w):
    """A_p w + B(w, du/dp) - change A w: how the equation of w changes with the parameter."""
    drift, change = solve(at.slopes())
    return (at.mixed(w) + at.second(w, drift) - change * at.turned(w)).ravel()


class Along:
    """Derivatives of a field at the Gauss points of a cycle, and the linear equations on its mesh.

    Parameters
    ----------
    curve : Curve
        The field and its parameter.
    mesh, y : ndarray
        The cycle.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> zeros = lambda name, points, size: np.zeros((len(points), size))
    >>> curve = SimpleNamespace(n=1, scale=np.ones(2), many=zeros, inputs=np.zeros(0), columns=(0,))
    >>> curve.field = SimpleNamespace(values=np.zeros(1))
    >>> Along(curve, np.array([0.0, 1.0]), np.append(np.arange(5.0), [1.0, 0.0])).states.ravel().round(3)
    array([0.278, 1.32 , 2.68 , 3.722])
    """

    def __init__(self, curve, mesh, y):
        self.curve, self.n, self.scale = curve, curve.n, curve.scale[: curve.n]
        self.period, self.value = float(y[-2]), float(y[-1])
        self.widths = np.diff(mesh)
        self.count = self.widths.size * DEGREE * self.n
        self.orbit = y[:-2].reshape(-1, self.n)
        self.states = self.inside(self.orbit)
        self.inputs, self.params = curve.inputs.copy(), np.array(curve.field.values)
        column = curve.columns[0]
        vector, place = (self.inputs, column) if column < self.inputs.size else (
            self.params, column - self.inputs.size
        )  # fmt: skip
        vector[place] = self.value
        self.jacobians = self._many("jacobian", self.value, self.n**2).reshape(-1, self.n, self.n)
        self.speeds = self._many("rhs", self.value, self.n)

    def inside(self, h):
        """Values (4 N, n) at the Gauss points of what is given at the nodes (4 N + 1, n)."""
        N, n = (len(h) - 1) // DEGREE, h.shape[1]
        five = np.stack([h[i : i + DEGREE * N : DEGREE] for i in range(DEGREE + 1)], axis=1)
        return np.einsum("il,jla->jia", VALUES, five).reshape(N * DEGREE, n)

    def size(self, h):
        """Root of the mean square over the turn of what is given at the nodes."""
        weights = np.outer(self.widths, GAUSS_WEIGHTS).ravel()
        return np.sqrt(weights @ (np.abs(self.inside(h)) ** 2).sum(axis=1))

    def outward(self, h):
        """1 if h points away from the cycle's middle where it is greatest, else -1."""
        place = np.abs(h / self.scale).max(axis=1).argmax()
        away = (self.orbit[place] - self.orbit[:-1].mean(axis=0)) / self.scale**2
        return 1.0 if h[place] @ away > 0 else -1.0

    def operator(self, turn):
        """The matrix of h' - A h at the Gauss points, with h(T) - turn h(0) below."""
        N, n, nodes = self.widths.size, self.n, DEGREE + 1
        jacobians = self.jacobians.reshape(N, DEGREE, 1, n, n)
        rates = SLOPES[None] / (self.widths[:, None, None] * self.period)
        blocks = rates[..., None, None] * np.eye(n) - VALUES[None, :, :, None, None] * jacobians
        j, i, k, a, b = np.indices((N, DEGREE, nodes, n, n))
        rows, columns = ((j * DEGREE + i) * n + a).ravel(), ((j * DEGREE + k) * n + b).ravel()
        ends, ones = np.arange(n), np.ones(n)
        rows = np.concatenate([rows, self.count + ends, self.count + ends])
        columns = np.concatenate([columns, self.count + ends, ends])
        data = np.concatenate([blocks.ravel(), ones, -turn * ones])
        return sparse.csc_matrix((data, (rows, columns)), shape=(self.count + n,) * 2)

    def periodic(self):
        """The same for h(T) = h(0), with beta F added to it as an unknown and no shift along the cycle."""
        phase = self.orbit_rates().ravel()
        column = self.padded(self.speeds)[:, None]
        return sparse.bmat([[self.operator(1.0), column], [phase[None] / np.linalg.norm(phase), None]], "csc")

    def periodic_solver(self):
        """A function that solves h' - A h + beta F = f and returns h at the Gauss points, and beta."""
        factors = splu(self.periodic())

        def solve(f):
            found = factors.solve(np.append(self.padded(f), 0.0))
            return self.inside(found[:-1].reshape(-1, self.n)), found[-1]

        return solve

    def orbit_rates(self):
        """F at the nodes, (4 N + 1, n), with the weights of an integral over the turn."""
        points = np.column_stack([self.orbit, np.full(len(self.orbit), self.value)])
        weights = np.zeros(len(self.orbit))
        np.add.at(weights, np.arange(self.widths.size * DEGREE), np.repeat(self.widths, DEGREE))
        weights[-1] = 0.0
        return self.curve.many("rhs", points, self.n) * weights[:, None]

    def padded(self, f):
        """A right-hand side at the Gauss points, with nothing at the ends."""
        return np.append(f.ravel(), np.zeros(self.n))

    def turned(self, h):
        """A h at the Gauss points."""
        return np.einsum("mab,mb->ma", self.jacobians, h)

    def slopes(self):
        """F_p at the Gauss points."""
        total = self.n * len(self.curve.field.continuable)
        out = self._many("parameter_jacobian", self.value, total)
        return out.reshape(len(self.states), self.n, -1)[:, :, self.curve.columns[0]].copy()

    def mixed(self, h):
        """A_p h at the Gauss points, by differences of the exact A."""
        width, change = STEP * self.curve.scale[self.n], 0.0
        for times, weight in ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12)):
            change = change + weight / width * self._many("jacobian", self.value + times * width, self.n**2)
        return np.einsum("mab,mb->ma", change.reshape(self.jacobians.shape), h)

    def second(self, h, k):
        """B(h, k) at the Gauss points, of real or complex vectors."""
        if np.iscomplexobj(h) or np.iscomplexobj(k):
            h, k = h.astype(complex), k.astype(complex)
            (a, b), (c, d) = ((x.real.copy(), x.imag.copy()) for x in (h, k))
            return self.second(a, c) - self.second(b, d) + 1j * (self.second(a, d) + self.second(b, c))
        sizes = [max(np.abs(x).max(), 1e-300) for x in (h, k)]
        h, k = h / sizes[0], k / sizes[1]
        return 0.25 * sizes[0] * sizes[1] * (self._directional(h + k)[0] - self._directional(h - k)[0])

    def third(self, h):
        """C(h, h, h) at the Gauss points."""
        return self._directional(h)[1]

    def third_of_pair(self, re, im):
        """C(w, w, w*) = C(re, re, re) + C(re, im, im) + i (C(re, re, im) + C(im, im, im))."""
        a, b, plus, minus = (self.third(h) for h in (re, im, re + im, re - im))
        return a + (plus + minus - 2 * a) / 6 + 1j * (b + (plus - minus - 2 * b) / 6)

    def _many(self, name, value, size):
        points = np.column_stack([self.states, np.full(len(self.states), value)])
        return self.curve.many(name, points, size)

    def _directional(self, h):
        out, function = np.empty((len(h), 2 * self.n)), self.curve.field.functions.directional
        for state, direction, row in zip(self.states, np.ascontiguousarray(h), out):
            function(state, self.inputs, self.params, direction, row)
        return out[:, : self.n], out[:, self.n :]


def _null_pair(matrix):
    """Right and left null vectors of a matrix of rank one less than its size, by a border made of them."""
    size = matrix.shape[0]
    right = left = 1.0 / (1.7 + np.arange(size) % 7)  # anything that is not orthogonal to them
    for _ in range(2):
        border = left[:, None] / np.linalg.norm(left)
        row = right[None].conj() / np.linalg.norm(right)
        factors = splu(sparse.bmat([[matrix, border], [row, None]], "csc"))
        one = np.zeros(size + 1, dtype=matrix.dtype)
        one[-1] = 1.0
        right, left = factors.solve(one)[:-1], factors.solve(one, trans="H")[:-1]
    return right, left
