"""Linear plants: what a network's output moves, and what the network senses of it.

    s_{t+1} = A s_t + B z_{t+1},    u_t = inputs_t + C s_t,    q_t = E s_t,    s_0 = 0

The network commands z, senses C s on top of its inputs, and is scored on q. Delays are part of the state (a
delay line), so the closed loop needs nothing but these four matrices.
"""

from dataclasses import dataclass, replace

import numpy as np

from tasks.checks import as_array, check_number
from tasks.errors import InputError

# An integrator has an eigenvalue 1, a chain of two a double one, which rounding splits by about 1e-8.
UNSTABLE = 1.0 + 1e-6


@dataclass(frozen=True, eq=False)
class LinearPlant:
    """A discrete-time linear system in closed loop with a network.

    Parameters
    ----------
    A : array_like (D, D)
        State update.
    B : array_like (D, O)
        Effect of the command z (the network's output).
    C : array_like (S, D)
        What each input channel senses; rows of zeros where nothing is sensed.
    E : array_like (K, D)
        What the targets are compared with.

    Raises
    ------
    InputError
        Shapes that disagree, or an A whose spectral radius is above 1, so that the plant diverges by itself.

    Examples
    --------
    >>> plant = LinearPlant(A=[[0.9]], B=[[0.1]], C=[[1.0]], E=[[1.0]])
    >>> plant.size
    1
    """

    A: np.ndarray
    B: np.ndarray
    C: np.ndarray
    E: np.ndarray

    def __post_init__(self):
        A = as_array("A", self.A, (None, None), "(D, D)")
        size = len(A)
        checked = {
            "A": as_array("A", A, (size, size), "(D, D)"),
            "B": as_array("B", self.B, (size, None), "(D, O)"),
            "C": as_array("C", self.C, (None, size), "(S, D)"),
            "E": as_array("E", self.E, (None, size), "(K, D)"),
        }
        radius = np.abs(np.linalg.eigvals(A)).max(initial=0.0)
        if radius > UNSTABLE:
            raise InputError(
                f"A: the plant diverges by itself, its spectral radius is {radius:.6g}; "
                "give it damping or a smaller step"
            )
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def size(self):
        """int : number of states D."""
        return len(self.A)

    @property
    def matrices(self):
        """tuple of ndarray : A, B, C, E."""
        return self.A, self.B, self.C, self.E

    def sensed(self, states):
        """What reaches the input channels at each step: C s_t, from the states s_{t+1} after each step.

        Parameters
        ----------
        states : array_like (..., T, D)
            States of the plant, such as ``Trajectory.plant``.

        Returns
        -------
        ndarray (..., T, S)

        Examples
        --------
        >>> LinearPlant([[0.9]], [[0.1]], [[2.0]], [[1.0]]).sensed([[1.0], [3.0]]).ravel()
        array([0., 2.])
        """
        states = as_array("states", states, finite=False)
        if states.ndim < 2 or states.shape[-1] != self.size:
            raise InputError(f"states: expected (..., T, {self.size}), got {states.shape}")
        before = np.zeros(states.shape)
        before[..., 1:, :] = states[..., :-1, :]
        return before @ self.C.T

    def without(self, channels):
        """The same plant with these input channels cut: they sense nothing.

        Parameters
        ----------
        channels : sequence of int
            Input channels.

        Returns
        -------
        LinearPlant

        Examples
        --------
        >>> LinearPlant([[0.9]], [[0.1]], [[1.0]], [[1.0]]).without([0]).C
        array([[0.]])
        """
        C = np.array(self.C)
        C[list(channels)] = 0.0
        return replace(self, C=C)


def point_mass(dt, tau, mass, damping, delay, exogenous):
    """A damped point mass in the plane, sensed late: x'' = (z - damping x') / mass, time in units of tau.

    Discretised exactly for a command that is constant over a step.

    Parameters
    ----------
    dt, tau : float
        Step and unit of time, ms.
    mass, damping : float
        Mass and viscous damping, per tau^2 and per tau.
    delay : int
        Steps by which position and velocity are sensed late.
    exogenous : int
        Number of input channels before the sensed ones, which sense nothing.

    Returns
    -------
    LinearPlant
        Sensed after the exogenous channels: x, y, their velocities, and the last command (efference copy).
        Scored: x, y.

    Examples
    --------
    >>> point_mass(20.0, 100.0, 1.0, 1.0, delay=3, exogenous=3).C.shape
    (9, 18)
    """
    h = dt / tau
    check_number("mass", mass, above=0.0)
    rate = check_number("damping", damping, minimum=0.0) / mass
    # Integrals of exp(-rate s) over a step, by series where rate h is too small to divide by.
    small = rate * h < 1e-5
    first = h * (1 - rate * h / 2) if small else -np.expm1(-rate * h) / rate
    second = h**2 * (0.5 - rate * h / 6) if small else (h - first) / rate
    move = np.array([[1.0, first], [0.0, np.exp(-rate * h)]])
    push = np.array([[second], [first]]) / mass

    body, plane = 4, np.eye(2)
    size = body * (1 + delay) + 2
    A, B = np.zeros((size, size)), np.zeros((size, 2))
    A[:body, :body] = np.kron(move, plane)  # states x, y, x', y'
    B[:body] = np.kron(push, plane)
    for lag in range(delay):  # the delay line: each stretch takes over the one before
        A[body * (lag + 1) : body * (lag + 2), body * lag : body * (lag + 1)] = np.eye(body)
    B[-2:] = plane
    C, E = np.zeros((exogenous + body + 2, size)), np.zeros((2, size))
    C[exogenous : exogenous + body, body * delay : body * (delay + 1)] = np.eye(body)
    C[-2:, -2:] = plane
    E[:, :2] = plane
    return LinearPlant(A, B, C, E)
