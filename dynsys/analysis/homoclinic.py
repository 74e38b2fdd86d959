"""The equations of homoclinic orbits of a saddle in two parameters.

A part of the orbit that takes the time T is found by collocation (`dynsys.analysis.orbit_chain`) with the
saddle x_s, its ends on the linear approximations of the saddle's manifolds (Champneys, Kuznetsov & Sandstede
1996, as in HomCont):

    u' = T F(u, p),  F(x_s, p) = 0,  L_s (u(0) - x_s) = 0,  L_u (u(1) - x_s) = 0,  int (u - u_0) . u_0' dt = 0

with rows L_s, L_u that span the left invariant subspaces of F_x(x_s) for its stable and unstable eigenvalues.
T is such that the ends come to e^(-DEPTH) of the orbit's size from the saddle; the parameters are wrong by
the order of the square of that distance.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import schur

from dynsys.analysis.cycle_branch import node_times
from dynsys.analysis.cycle_conditions import CLOSE, CONVERGED, ITERATIONS, LONGEST
from dynsys.analysis.orbit_chain import Chain, orbit_weights, phase, remeshed, sampled
from dynsys.numerics.chain import solve_chain
from tasks.errors import Status

# How near, as the negative logarithm, the ends come to the saddle; what is left as it is; time that may be
# added at once, in units of T.
DEPTH, ENOUGH, MOST = 13.0, 1.0, 4.0
# The longest step along the curve, as a share of the orbit's size.
LONGEST_STEP = 0.25
# Step of differences of the projections, scaled.
DIFFERENCE = 1e-6
# Size of the orbit, and rate of the saddle, as shares of those at the start, that end the curve.
SMALL, SLOW = 0.02, 0.03


class Saddle(NamedTuple):
    """A homoclinic orbit: mesh, y = (orbit, T, p1, p2, x_s), tangent, chain, projections, eigenvalues."""

    mesh: np.ndarray
    y: np.ndarray
    tangent: np.ndarray
    chain: Chain
    bases: tuple
    eigenvalues: np.ndarray

    @property
    def parameters(self):
        """ndarray (2,) : the parameters, scaled."""
        return self.y[self.chain.size + 1 : self.chain.size + 3]

    @property
    def saddle(self):
        """ndarray (n,) : the saddle, scaled."""
        return self.y[self.chain.size + 3 :]

    @property
    def leading(self):
        """tuple of float : real parts of the stable and of the unstable eigenvalue nearest to the axis."""
        reals = self.eigenvalues.real
        return float(reals[reals < 0].max(initial=-np.inf)), float(reals[reals > 0].min(initial=np.inf))

    @property
    def rate(self):
        """float : of the slower of both."""
        below, above = self.leading
        return min(-below, above)

    @property
    def extent(self):
        """float : size of the orbit, scaled."""
        return float(np.ptp(self.chain.nodes, axis=0).max())


class Homoclinics:
    """Homoclinic orbits with two free parameters, for `dynsys.analysis.orbit_walk`.

    Parameters
    ----------
    curve : Curve
        With two free parameters, in units of the orbit.

    Examples
    --------
    >>> Homoclinics(None).kind
    'homoclinic'
    """

    kind = "homoclinic"

    def __init__(self, curve):
        self.curve, self.first = curve, None

    def begin(self, mesh, y):
        """The place near a guess, with the second parameter held; None where Newton's method fails."""
        chain = Chain(self.curve, mesh, y)
        held = np.zeros(y.size)
        held[chain.size + 2] = 1.0
        found = self._bases(y[chain.size + 3 :], y[chain.size + 1 : chain.size + 3])
        if found is None:
            return None
        bases, eigenvalues = found
        self.first = self.solve(Saddle(mesh, y, held, chain, bases, eigenvalues), held)
        return None if self.first is None else self.remesh(self.first)

    def solve(self, place, direction, length=0.0, guess=None):
        """The place at an arclength from another along a unit direction; None where Newton's method fails."""
        mesh, base, size, n = place.mesh, place.y, place.chain.size, self.curve.n
        y = np.array(base + length * direction if guess is None else guess)
        weights = orbit_weights(mesh, n, base[size], 2 + n)
        row, final = phase(base[:size].reshape(-1, n)), False
        try:
            for _ in range(ITERATIONS):
                chain = Chain(self.curve, mesh, y)
                step = self._newton(chain, y, place, row, weights * direction, base, length)
                if step is None:
                    return None
                moved, along = (np.sqrt(weights @ each**2) for each in step.T)
                if not (moved < LONGEST and 0 < along < np.inf):
                    return None
                y = y + step[:, 0]
                if final and moved < CONVERGED:
                    return self._place(chain, mesh, y, step[:, 1] / along, place)
                final = moved < CLOSE
        except np.linalg.LinAlgError:
            return None
        return None

    def remesh(self, place):
        """The same place on a mesh that fits it, from as near the saddle as it should be."""
        return self._timed(self._meshed(place))

    def _meshed(self, place):
        size, n, N = place.chain.size, self.curve.n, place.mesh.size - 1
        nodes, move = (each[:size].reshape(-1, n) for each in (place.y, place.tangent))
        mesh, nodes, move = remeshed(place.mesh, nodes, N, move)
        y = np.concatenate([nodes.ravel(), place.y[size:]])
        tangent = np.concatenate([move.ravel(), place.tangent[size:]])
        tangent /= np.sqrt(orbit_weights(mesh, n, y[size], 2 + n) @ tangent**2)
        return place._replace(mesh=mesh, y=y, tangent=tangent, chain=Chain(self.curve, mesh, y))

    def settled(self, place):
        """A place as it is kept: with ends as near the saddle as they should be."""
        return self._timed(place)

    def longest(self, place):
        """The longest step from a place."""
        return LONGEST_STEP * place.extent

    def _timed(self, place):
        """The same orbit from nearer the saddle to nearer, or from farther to farther, if need be."""
        nodes, T, (below, above) = place.chain.nodes, place.chain.period, place.leading
        size = place.chain.size
        away = nodes[[0, -1]] - place.saddle
        depths = np.log(np.maximum(np.abs(away).max(axis=1), 1e-14) / place.extent) + DEPTH
        if (np.abs(depths) < ENOUGH).all():
            return place
        before, after = np.clip(depths / np.array([above, -below]), -0.3 * T, MOST * T)
        times = node_times(place.mesh) * (T + before + after) - before
        inside = sampled(place.mesh, nodes, np.clip(times / T, 0, 1))
        for end, rate, start, far in ((away[0], above, 0, times < 0), (away[1], below, T, times > T)):
            inside[far] = place.saddle + end * np.exp(rate * (times[far] - start))[:, None]
        mesh, fresh = remeshed(place.mesh, inside, place.mesh.size - 1)
        y = np.concatenate([fresh.ravel(), [T + before + after], place.y[size + 1 :]])
        held = np.zeros(y.size)
        ways = place.tangent[size + 1 : size + 3]
        held[size + 1 : size + 3] = ways / np.linalg.norm(ways)
        found = self.solve(place._replace(mesh=mesh, y=y, chain=Chain(self.curve, mesh, y)), held)
        if found is None or np.abs(found.parameters - place.parameters).max() > CLOSE:
            return place
        along = found.tangent[size + 1 :] @ place.tangent[size + 1 :]
        return found if along > 0 else found._replace(tangent=-found.tangent)

    def end_of(self, before, place):
        """How a step ends the walk; None where it goes on."""
        if place.extent < SMALL * self.first.extent:
            return Status.BOGDANOV_TAKENS
        if place.rate / self.first.rate < SLOW * min(1.0, place.extent / self.first.extent):
            return Status.SADDLE_NODE
        return None

    def _place(self, chain, mesh, y, tangent, before):
        found = self._bases(y[chain.size + 3 :], y[chain.size + 1 : chain.size + 3], before.bases)
        if found is None:
            return None
        bases, eigenvalues = found
        bases = tuple(np.linalg.qr(each)[0] for each in bases)
        return Saddle(mesh, y, tangent, chain, bases, eigenvalues)

    def _newton(self, chain, y, place, row, arc, base, length):
        """Newton's step and the tangent, (size + 3 + n, 2)."""
        N, n = chain.flows.shape[:2]
        size, k = chain.size, 3 + n
        x, p = y[size + 3 :], y[size + 1 : size + 3]
        columns = np.zeros((N, n, k + 2))
        columns[:, :, :3], columns[:, :, k] = chain.columns[:, :, :3], chain.columns[:, :, 3]
        rows, others = np.zeros((n + k, N + 1, n)), np.zeros((n + k, k + 2))
        conditions = self._ends(y, chain, place.bases)
        if conditions is None:
            return None
        values, slopes, (left, right) = conditions
        s = len(left)
        rows[:s, 0], rows[s:n, N] = left, right
        others[:n, 1:k], others[:n, k] = slopes, -values
        rate, jacobian, changes = self._at(x, p)
        others[n : 2 * n, 1:3], others[n : 2 * n, 3:k], others[n : 2 * n, k] = changes, jacobian, -rate
        dense = np.zeros((2, y.size))
        dense[0, :size], dense[1] = row, arc
        over, beside = chain.condensed(dense)
        rows[2 * n : 2 * n + 2, :N] = over.reshape(2, N, n)
        others[2 * n : 2 * n + 2, :k] = dense[:, size:]
        others[2 * n : 2 * n + 2, :3] += beside[:, :3]
        others[2 * n : 2 * n + 2, k] = -dense @ (y - base) - beside[:, 3]
        others[2 * n + 1, k] += length
        others[2 * n + 1, k + 1] = 1.0
        others[2 * n + 2, 0], others[2 * n + 2, k] = 1.0, base[size] - y[size]
        out = np.empty(((N + 1) * n + k, 2))
        full = np.ascontiguousarray(chain.flows), columns, rows, others, out
        if not solve_chain(*full):
            return None
        step = []
        for c, last in ((0, 1.0), (1, 0.0)):
            ends, q = out[: N * n, c].reshape(N, n), out[(N + 1) * n :, c]
            step.append(np.append(chain.spread(ends, np.append(q[:3], last)).ravel(), q))
        return np.transpose(step)

    def _ends(self, y, chain, bases):
        """Projections of both ends, (n,), their derivatives in (p, x_s), (n, 2 + n), and both bases."""
        size, n = chain.size, self.curve.n
        z, first, last = y[size + 1 :], chain.nodes[0], chain.nodes[-1]

        def values(z):
            found = self._bases(z[2:], z[:2], bases)
            if found is None:
                raise np.linalg.LinAlgError("no saddle")
            (stable, unstable), _ = found
            return np.append(stable.T @ (first - z[2:]), unstable.T @ (last - z[2:])), (stable.T, unstable.T)

        at, rows = values(z)
        slopes = np.empty((n, 2 + n))
        for c in range(2 + n):
            move = np.zeros(2 + n)
            move[c] = DIFFERENCE
            slopes[:, c] = (values(z + move)[0] - values(z - move)[0]) / (2 * DIFFERENCE)
        return at, slopes, rows

    def _at(self, x, p):
        """F, F_x and F_p at a state, scaled."""
        curve, n = self.curve, self.curve.n
        scale, units = curve.scale[:n], curve.scale[n:]
        x, p = x * scale, p * units
        jacobian = curve.jacobian(x, p) * scale / scale[:, None]
        changes = curve.slopes(x, p)[:, list(curve.columns)] * units / scale[:, None]
        return curve.rhs(x, p) / scale, jacobian, changes

    def _bases(self, x, p, reference=None):
        """Bases of the left stable and unstable subspaces (n, s), (n, n - s), and the eigenvalues.

        They vary smoothly: their products with those of the reference are the identity. None where it is no
        saddle, or one of other dimensions.
        """
        jacobian = self._at(x, p)[1]
        if not np.isfinite(jacobian).all():
            return None
        found = []
        for k, side in enumerate(("lhp", "rhp")):
            _, vectors, count = schur(jacobian.T, sort=side)
            basis = vectors[:, :count]
            if reference is not None:
                if count != reference[k].shape[1]:
                    return None
                basis = basis @ np.linalg.inv(reference[k].T @ basis)
            found.append(basis)
        if not all(basis.shape[1] for basis in found) or sum(b.shape[1] for b in found) != len(x):
            return None
        eigenvalues = np.linalg.eigvals(jacobian)
        return tuple(found), eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real.round(12)))]
