"""Back to the network: fixed points of all units, of low-rank networks exactly, of any network by Newton.

A fixed point kappa* of the reduced equation is x* = m kappa* + I v of the network. The eigenvalues of its
full Jacobian -1 + J diag(phi'(x*)) are those of the reduced one, with eigenvectors m y, and -1, N - R times
(THEORY 5). A full-rank network has no reduced equation: there damped Newton's method runs in all units from
simulated states, for many starts in one batch.
"""

from dataclasses import dataclass

import numpy as np

from dynsys.analysis.equilibria import FixedPoint, FixedPoints, classify
from dynsys.numerics.gaussian import gaussian_expectation
from rnn.activations import phi
from rnn.connectivity import factors, readout_scale
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.simulation import simulate
from tasks.base import Trials
from tasks.checks import as_array, check_count, check_kind, check_rng
from tasks.errors import InputError, Status

STARTS, ITERATIONS, HALVINGS = 64, 60, 10
# Residual, relative to the state, that counts as a root; two roots this near are one.
RESIDUAL, SAME = 1e-11, 1e-6
# Standard deviation of what is added to simulated states, as a share of theirs.
SHAKE = 0.1


@dataclass(frozen=True, eq=False)
class LiftedPoint:
    """A fixed point of all units of a low-rank network.

    Parameters
    ----------
    x : ndarray (N,)
        Currents.
    eigenvalues : ndarray of complex (N,)
        Spectrum of the full Jacobian: the reduced eigenvalues, then -1.
    eigenvectors : ndarray of complex (N, R)
        Unit eigenvectors of the first R.
    residual : float
        Largest entry of -x + J phi(x) + I v.
    z : ndarray (O,)
        Outputs.

    Examples
    --------
    >>> LiftedPoint(np.zeros(2), -np.ones(2), np.zeros((2, 1)), 0.0, np.zeros(1)).residual
    0.0
    """

    x: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    residual: float
    z: np.ndarray


def lift(net, point, inputs=None):
    """The fixed point of all units that a fixed point of the reduced equation stands for.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    point : FixedPoint
        Of ``reduced_field(net)``.
    inputs : array_like (S,), optional
        The inputs v of that fixed point; zero if left out.

    Returns
    -------
    LiftedPoint

    Raises
    ------
    InputError
        Another kind of network, or a point or inputs of another size.

    Examples
    --------
    >>> from dynsys.analysis import find_fixed_points, reduced_field
    >>> net = LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4))
    >>> lifted = lift(net, find_fixed_points(reduced_field(net))[2])
    >>> lifted.x.round(6), lifted.eigenvalues.real.round(6), lifted.residual < 1e-14
    (array([1.915008, 1.915008, 1.915008, 1.915008]), array([-0.833628, -1. , -1. , -1. ]), True)
    """
    check_kind("net", net, LowRankRNN, "a full-rank network has no reduced equation; see find_network_points")
    check_kind("point", point, FixedPoint, "see find_fixed_points")
    v = _inputs(net, inputs)
    kappa = as_array("point.kappa", point.kappa, (net.rank,), "(R,)")
    left, right = factors(net)
    x = left[: net.rank].T @ kappa + left[net.rank :].T @ v
    rates = phi(net.phi, x)
    flow = -x + left[: net.rank].T @ (right[: net.rank] @ rates) + left[net.rank :].T @ v
    eigenvalues = np.concatenate([point.eigenvalues, -np.ones(net.units - net.rank)])
    vectors = left[: net.rank].T @ point.eigenvectors
    vectors = vectors / np.linalg.norm(vectors, axis=0).clip(1e-300)
    return LiftedPoint(x, eigenvalues, vectors, float(np.abs(flow).max()), right[net.rank :] @ rates)


def find_network_points(net, inputs=None, trials=None, starts=None, rng=0):
    """Fixed points of all units of a network, by Newton's method from simulated states, all in one batch.

    Parameters
    ----------
    net : FullRankRNN or LowRankRNN
        The network.
    inputs : array_like (S,), optional
        Constant inputs; zero if left out.
    trials : Trials, optional
        States of the network running these are the starts, half of them shaken.
    starts : array_like (K, N) or int, optional
        Starts themselves, or their number (64 if left out).
    rng : numpy.random.Generator or int, default 0
        Chooses and shakes the starts.

    Returns
    -------
    FixedPoints
        With state x1..xN; ``box`` bounds the roots that were found. Nothing says that there are no others.

    Raises
    ------
    InputError
        Sizes that disagree.

    Examples
    --------
    >>> net = FullRankRNN(np.full((4, 4), 0.5), np.zeros(4), np.ones(4))
    >>> [point.kind for point in find_network_points(net)]
    ['stable node', 'saddle', 'stable node']
    """
    if not isinstance(net, (FullRankRNN, LowRankRNN)):
        raise InputError(f"net: expected a FullRankRNN or LowRankRNN, got {type(net).__name__}")
    v, rng = _inputs(net, inputs), check_rng(rng)
    J = net.J if isinstance(net, FullRankRNN) else _matrix(net)
    drive = net.I @ v
    states = _starts(net, trials, starts, rng)
    tried = len(states)
    states, residuals = _newton(J, drive, net.phi, states)
    fine = residuals <= RESIDUAL * (1 + np.abs(states).max(axis=1, initial=0.0))
    roots = _distinct(states[fine], residuals[fine])
    points = [_point(net, J, drive, root) for root in roots]
    counts = {"starts": tried, "converged": int(fine.sum()), "dropped": int(tried - fine.sum())}
    message = f"{counts['converged']} of {tried} starts converged; there may be others."
    status = Status.CONVERGED if points else Status.NOT_CONVERGED
    reach = max((float(np.abs(root).max()) for root in roots), default=0.0) + 1e-12
    box = np.tile([-reach, reach], (net.units, 1))
    names = [f"v{s + 1}" for s in range(len(v))] if len(v) != 1 else ["v"]
    state = tuple(f"x{i + 1}" for i in range(net.units))
    total = sum(point.index for point in points)
    given = dict(zip(names, v.tolist()))
    return FixedPoints(points, given, status, counts, total, box, message, (), state, {"network": net.hash})


def _inputs(net, inputs):
    given = np.zeros(net.input_count) if inputs is None else np.atleast_1d(inputs)
    return as_array("inputs", given, (net.input_count,), "(S,)")


def _matrix(net):
    left, right = factors(net)
    return left[: net.rank].T @ right[: net.rank]


def _starts(net, trials, starts, rng):
    """States along simulated trials, half of them shaken; without trials, random ones of several sizes."""
    if starts is not None and np.ndim(starts) == 2:
        return np.array(as_array("starts", starts, (None, net.units), "(K, N)"))
    count = STARTS if starts is None else check_count("starts", starts)
    if trials is None:
        sizes = np.linspace(0.0, 2.0, count)[:, None]
        common = rng.choice([-1.0, 1.0], size=(count, 1)) * np.abs(rng.standard_normal((count, net.units)))
        mixed = np.where(np.arange(count)[:, None] % 2, common, rng.standard_normal((count, net.units)))
        return sizes * mixed
    check_kind("trials", trials, Trials, "draw them with task.trials(n, rng=rng)")
    x = simulate(net, trials).x.reshape(-1, net.units)
    states = np.array(x[rng.choice(len(x), size=count, replace=len(x) < count)])
    states[::2] += SHAKE * states.std() * rng.standard_normal(states[::2].shape)
    return states


def _newton(J, drive, name, states):
    """Damped Newton of -x + J phi(x) + drive, all starts at once."""
    flow = lambda x: -x + phi(name, x) @ J.T + drive  # noqa: E731
    value = flow(states)
    residuals = np.abs(value).max(axis=1)
    active = np.ones(len(states), dtype=bool)
    for _ in range(ITERATIONS):
        which = np.flatnonzero(active)
        if len(which) == 0:
            break
        for k in which:
            jacobian = _jacobian(J, name, states[k])
            try:
                step = np.linalg.solve(jacobian, -value[k])
            except np.linalg.LinAlgError:
                step = np.linalg.lstsq(jacobian, -value[k], rcond=1e-12)[0]
            for halving in range(HALVINGS):
                trial = states[k] + 0.5**halving * step
                now = flow(trial)
                if np.abs(now).max() < residuals[k]:
                    states[k], value[k], residuals[k] = trial, now, np.abs(now).max()
                    break
            else:
                active[k] = False
            active[k] &= residuals[k] > 1e-15
    return states, residuals


def _jacobian(J, name, x):
    jacobian = J * gaussian_expectation(name, 1, x, 0.0)
    jacobian[np.diag_indices_from(jacobian)] -= 1.0
    return jacobian


def _distinct(roots, residuals):
    kept = []
    for k in np.argsort(residuals, kind="stable"):
        if all(np.abs(roots[k] - roots[other]).max() > SAME * (1 + np.abs(roots[k]).max()) for other in kept):
            kept.append(k)
    roots = roots[kept]
    return roots[np.lexsort(np.round(roots, 6).T[::-1])] if len(roots) else roots


def _point(net, J, drive, x):
    eigenvalues, vectors = np.linalg.eig(_jacobian(J, net.phi, x))
    order = np.lexsort((-eigenvalues.imag, -eigenvalues.real))
    eigenvalues, vectors = eigenvalues[order].astype(complex), vectors[:, order]
    kind, index = classify(eigenvalues)
    rates = phi(net.phi, x)
    residual = float(np.abs(-x + J @ rates + drive).max())
    stable = bool((np.abs(1 + net.alpha * eigenvalues) < 1).all())
    return FixedPoint(
        x, eigenvalues, vectors, kind, index, residual, stable, readout_scale(net.units) * (net.w.T @ rates)
    )
