"""Loadings: the rows (m_i, n_i, I_i, w_i) of a low-rank network, its gauge, and the one place of 1/N.

(m, n) and (m A, n A^-T) are the same network for every invertible A. Results are in the *stored* gauge unless
asked otherwise; the *canonical* gauge is for comparing networks.
"""

from dataclasses import dataclass, field

import numpy as np

from rnn.networks import FullRankRNN, LowRankRNN
from tasks.checks import as_array, choose, narrowed
from tasks.errors import InputError


@dataclass(frozen=True, eq=False, repr=False)
class Loadings:
    """The N points in loading space, one row a unit, and what is needed to rebuild a network.

    Parameters
    ----------
    values : ndarray (N, D)
        Columns m_1..m_R, n_1..n_R, I_1..I_S, w_1..w_O; D = 2R + S + O.
    rank, inputs, outputs : int
        R, S and O.
    gauge : ndarray (R, R)
        A, with m = m_stored A and n = n_stored A^-T.
    gauge_name : {"stored", "canonical"}
        Which gauge.
    phi, alpha, noise_std
        As in `LowRankRNN`.
    source : dict
        Plain values that say where they come from.

    Examples
    --------
    >>> net = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))
    >>> loadings(net).names
    ('m', 'n', 'I', 'w')
    """

    values: np.ndarray
    rank: int
    inputs: int
    outputs: int
    gauge: np.ndarray
    gauge_name: str = "stored"
    phi: str = "tanh"
    alpha: float = 0.2
    noise_std: float = 0.0
    source: dict = field(default_factory=dict)

    def __post_init__(self):
        width = 2 * self.rank + self.inputs + self.outputs
        object.__setattr__(self, "values", as_array("values", self.values, (None, width), "(N, D)"))
        object.__setattr__(self, "gauge", as_array("gauge", self.gauge, (self.rank, self.rank), "(R, R)"))

    @property
    def units(self):
        """int : number of units N."""
        return self.values.shape[0]

    @property
    def names(self):
        """tuple of str : names of the columns."""
        return loading_names(self.rank, self.inputs, self.outputs)

    @property
    def m(self):
        """ndarray (N, R) : left connectivity vectors."""
        return self.values[:, : self.rank]

    @property
    def n(self):
        """ndarray (N, R) : right connectivity vectors."""
        return self.values[:, self.rank : 2 * self.rank]

    @property
    def I(self):
        """ndarray (N, S) : input vectors."""
        return self.values[:, 2 * self.rank : 2 * self.rank + self.inputs]

    @property
    def w(self):
        """ndarray (N, O) : readout vectors."""
        return self.values[:, 2 * self.rank + self.inputs :]

    @property
    def overlaps(self):
        """ndarray (R, R) : (1/N) n^T m, the finite network's overlap matrix."""
        return self.n.T @ self.m / self.units

    def __repr__(self):
        return f"Loadings({self.units} units, columns {', '.join(self.names)}, {self.gauge_name} gauge)"


def loadings(net, gauge="stored"):
    """Return the loadings of a low-rank network.

    Parameters
    ----------
    net : LowRankRNN
        The network.
    gauge : {"stored", "canonical"}, default "stored"
        Canonical: J = U S V^T (thin SVD), m = sqrt(N) U, n = sqrt(N) V S, each column of m turned so that
        w . m_r >= 0 (first readout; the largest entry decides where there is no readout).

    Returns
    -------
    Loadings

    Raises
    ------
    InputError
        Not a low-rank network; or the canonical gauge of a network whose J has a smaller rank than R.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> net = LowRankRNN(*rng.standard_normal((4, 50, 1)))
    >>> np.allclose((loadings(net, "canonical").m ** 2).sum(), 50)
    True
    """
    if not isinstance(net, LowRankRNN):
        raise InputError(f"net: loadings belong to a LowRankRNN, got {type(net).__name__}; truncate it first")
    choose("gauge", gauge, ("stored", "canonical"))
    A = np.eye(net.rank) if gauge == "stored" else _canonical_gauge(net)
    m, n = net.m @ A, net.n @ np.linalg.inv(A).T
    return Loadings(
        np.hstack([m, n, net.I, net.w]), net.rank, net.input_count, net.output_count, A, gauge,
        net.phi, net.alpha, net.noise_std, {"network": net.hash, "units": net.units},
    )  # fmt: skip


def loading_names(rank, inputs, outputs):
    """Names of the columns: a letter, with an index only when there are several of it.

    Examples
    --------
    >>> loading_names(2, 1, 1)
    ('m1', 'm2', 'n1', 'n2', 'I', 'w')
    """
    counts = (("m", rank), ("n", rank), ("I", inputs), ("w", outputs))
    return tuple(letter + (str(i + 1) if count > 1 else "") for letter, count in counts for i in range(count))


def factors(net, dtype=np.float64):
    """The two factors that every kernel works with; 1/N enters a network here, through `readout_scale`.

    With c = (kappa, v), x = left^T c + x_perp, and right phi(x) = ((1/N) n^T phi, (1/N) w^T phi). A full-rank
    network has the rows of J in the place of m_r, and no n_r.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The network.
    dtype : numpy dtype, default float64
        Type of the copies.

    Returns
    -------
    left : ndarray (R + S, N)
        Rows m_r, then I_s; (N + S, N) for full rank: rows J_i, then I_s.
    right : ndarray (R + O, N)
        Rows n_r / N, then w_o / N; (O, N) for full rank.

    Examples
    --------
    >>> left, right = factors(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> right[0]
    array([0.25, 0.25, 0.25, 0.25])
    """
    full = isinstance(net, FullRankRNN)
    scale = readout_scale(net.units)
    left = {"J": net.J, "I": net.I.T} if full else {"m": net.m.T, "I": net.I.T}
    right = {"w": net.w.T * scale} if full else {"n": net.n.T * scale, "w": net.w.T * scale}
    left, right = (
        np.ascontiguousarray(np.vstack([narrowed(name, rows, dtype) for name, rows in part.items()]))
        for part in (left, right)
    )
    return left, right


def readout_scale(units):
    """The factor 1/N of every sum over units: s = (1/N) n . phi(x), z = (1/N) w . phi(x).

    Examples
    --------
    >>> readout_scale(4)
    0.25
    """
    return 1.0 / units


def _canonical_gauge(net):
    # Thin SVD of J = m n^T / N from two small QR factorisations: J itself (N, N) is never formed.
    q_m, r_m = np.linalg.qr(net.m)
    q_n, r_n = np.linalg.qr(net.n)
    u, s, vt = np.linalg.svd(r_m @ r_n.T / net.units)
    numerical_rank = int((s > s[0] * net.units * np.finfo(float).eps).sum()) if s[0] > 0 else 0
    if numerical_rank < net.rank:
        raise InputError(
            f"net: J has numerical rank {numerical_rank}, below R = {net.rank}, so the canonical gauge does "
            f"not exist; use gauge='stored', or the same network of full column rank, "
            f"truncate(net, {max(numerical_rank, 1)})"
        )
    m = np.sqrt(net.units) * q_m @ u
    leaning = net.w[:, 0] @ m if net.output_count else m[np.abs(m).argmax(axis=0), np.arange(net.rank)]
    m = m * np.where(leaning < 0, -1.0, 1.0)
    return np.linalg.lstsq(net.m, m, rcond=None)[0]
