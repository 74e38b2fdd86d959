"""Optimisers on flat parameter vectors: settings are data, a step goes from state to state.

    Adam   a <- b1 a + (1 - b1) g,  s <- b2 s + (1 - b2) g^2,
           theta <- theta - rate (a / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + epsilon)         (Kingma & Ba
           2015)
    SGD    a <- momentum a + g,     theta <- theta - rate a

The arithmetic is compiled and runs in the precision of theta.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnn.jit import FASTMATH, jit
from tasks.checks import check_number


class AdamState(NamedTuple):
    """Steps taken and running means of the gradient and its square.

    Examples
    --------
    >>> AdamState(0, np.zeros(2), np.zeros(2)).count
    0
    """

    count: int
    mean: np.ndarray
    square: np.ndarray


@dataclass(frozen=True)
class Adam:
    """Adam, the optimiser of the published recipes.

    Parameters
    ----------
    beta1, beta2 : float
        Decay of the running means of the gradient and of its square, in [0, 1).
    epsilon : float
        Keeps the division finite.

    Examples
    --------
    >>> adam, theta = Adam(), np.array([1.0, -1.0])
    >>> theta, state = adam.step(theta, np.array([3.0, -0.1]), adam.start(theta), 0.01)
    >>> theta.round(6), state.count
    (array([ 0.99, -0.99]), 1)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self):
        check_number("beta1", self.beta1, minimum=0.0, below=1.0)
        check_number("beta2", self.beta2, minimum=0.0, below=1.0)
        check_number("epsilon", self.epsilon, above=0.0)

    def start(self, theta):
        """State before the first step."""
        return AdamState(0, np.zeros_like(theta), np.zeros_like(theta))

    def step(self, theta, gradient, state, rate):
        """One step: new parameters and new state; nothing is changed in place."""
        count = state.count + 1
        theta, mean, square = _adam(
            theta, gradient, state.mean, state.square, self.beta1, self.beta2, self.epsilon,
            rate / (1.0 - self.beta1**count), (1.0 - self.beta2**count) ** -0.5,
        )  # fmt: skip
        return theta, AdamState(count, mean, square)


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, plain or with momentum.

    Parameters
    ----------
    momentum : float, default 0
        In [0, 1).

    Examples
    --------
    >>> sgd, theta = SGD(momentum=0.5), np.array([1.0])
    >>> theta, state = sgd.step(theta, np.array([1.0]), sgd.start(theta), 0.1)
    >>> sgd.step(theta, np.array([1.0]), state, 0.1)[0]
    array([0.75])
    """

    momentum: float = 0.0

    def __post_init__(self):
        check_number("momentum", self.momentum, minimum=0.0, below=1.0)

    def start(self, theta):
        """State before the first step: the running sum of gradients."""
        return np.zeros_like(theta)

    def step(self, theta, gradient, state, rate):
        """One step: new parameters and new state; nothing is changed in place."""
        return _momentum(theta, gradient, state, self.momentum, rate)


def clip_norm(gradient, limit):
    """Scale a gradient down to a norm of at most ``limit``; returns it and its norm before.

    Parameters
    ----------
    gradient : ndarray (P,)
        The gradient.
    limit : float or None
        Largest norm allowed; None for no clipping.

    Returns
    -------
    gradient : ndarray (P,)
    norm : float
        Norm before clipping; NaN or infinite when the gradient is.

    Examples
    --------
    >>> clip_norm(np.array([3.0, 4.0]), 1.0)
    (array([0.6, 0.8]), 5.0)
    """
    norm = _norm(gradient)
    if limit is not None and limit < norm < math.inf:
        gradient = gradient * gradient.dtype.type(limit / norm)
    return gradient, norm


@jit()
def _adam(theta, gradient, mean, square, beta1, beta2, epsilon, rate, correction):
    kind = theta.dtype.type
    b1, b2, c1, c2 = kind(beta1), kind(beta2), kind(1.0 - beta1), kind(1.0 - beta2)
    rate, correction, epsilon = kind(rate), kind(correction), kind(epsilon)
    new, new_mean, new_square = np.empty_like(theta), np.empty_like(theta), np.empty_like(theta)
    for i in range(theta.size):
        g = gradient[i]
        a = b1 * mean[i] + c1 * g
        s = b2 * square[i] + c2 * g * g
        new_mean[i], new_square[i] = a, s
        new[i] = theta[i] - rate * a / (np.sqrt(s) * correction + epsilon)
    return new, new_mean, new_square


@jit()
def _momentum(theta, gradient, velocity, momentum, rate):
    momentum, rate = theta.dtype.type(momentum), theta.dtype.type(rate)
    new, new_velocity = np.empty_like(theta), np.empty_like(theta)
    for i in range(theta.size):
        a = momentum * velocity[i] + gradient[i]
        new_velocity[i] = a
        new[i] = theta[i] - rate * a
    return new, new_velocity


@jit(fastmath=FASTMATH)
def _norm(gradient):
    total = 0.0
    for i in range(gradient.size):
        total += np.float64(gradient[i]) ** 2
    return np.sqrt(total)
