"""Slow twins: the same quantities written as directly as their definitions, to test the fast code against."""

import numpy as np
import pytest
from scipy.special import erf

from rnn.kernels.rng import decay_and_kick

ACTIVATIONS = {
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "erf": (lambda x: erf(np.sqrt(np.pi) * x / 2), lambda x: np.exp(-np.pi * x**2 / 4)),
    "relu": (lambda x: np.maximum(x, 0.0), lambda x: (x > 0).astype(float)),
    "linear": (lambda x: 1.0 * x, np.ones_like),
}

# A kernel is compiled anew for each of them, which takes most of its test's time.
PHIS = ["tanh", *(pytest.param(phi, marks=pytest.mark.slow) for phi in ("erf", "relu", "linear"))]


def normals(seed, trials, steps, units):
    """The normal numbers (B, T, N) that the kernels draw for a seed."""
    xi = np.zeros((steps, 2 * ((trials + 1) // 2), units))
    with np.errstate(over="ignore"):
        for t in range(steps):
            decay_and_kick(np.uint64(seed), 0, t, xi[t], 0.0, 1.0)
    return xi.transpose(1, 0, 2)[:trials]


def run_in_x_space(J, I, w, h0, phi, alpha, inputs, noise):
    """Euler scheme of tau dx/dt = -x + J phi(x) + I u, z = (1/N) w . phi(x), trial by trial.

    Returns x (B, T + 1, N), the initial state included, and z (B, T, O).
    """
    activation, _ = ACTIVATIONS[phi]
    trials, steps, _ = inputs.shape
    x = np.zeros((trials, steps + 1, len(h0)))
    z = np.zeros((trials, steps, w.shape[1]))
    for b in range(trials):
        x[b, 0] = h0
        for t in range(steps):
            drive = -x[b, t] + J @ activation(x[b, t]) + I @ inputs[b, t]
            x[b, t + 1] = x[b, t] + alpha * drive + noise[b, t]
            z[b, t] = w.T @ activation(x[b, t + 1]) / len(h0)
    return x, z


def loss_and_gradient_in_x_space(net, trials, noise):
    """Loss of `tasks.loss` and its gradients (m, n, I, w) by back-propagation through every x, J formed."""
    J = net.m @ net.n.T / net.units
    loss, dJ, dI, dw = full_rank_loss_and_gradient(J, net, trials, noise)
    return loss, dJ @ net.n / net.units, dJ.T @ net.m / net.units, dI, dw


def full_rank_loss_and_gradient(J, net, trials, noise):
    """The same for any recurrent matrix J, the rest taken from the network: loss and gradients (J, I, w)."""
    activation, derivative = ACTIVATIONS[net.phi]
    N, alpha = net.units, net.alpha
    x, z = run_in_x_space(J, net.I, net.w, net.h0, net.phi, alpha, trials.inputs, noise)
    loss, dJ, dI, dw = 0.0, np.zeros_like(J), np.zeros_like(net.I), np.zeros_like(net.w)
    for b in range(trials.size):
        mask, target = trials.mask[b], trials.targets[b]
        weight = mask**2 / (trials.size * mask.shape[1] * max((mask != 0).any(axis=1).sum(), 1))
        loss += (weight * (z[b] - target) ** 2).sum()
        dx = np.zeros(N)  # dL/dx_{t+1}, beyond the last step
        for t in range(trials.steps, 0, -1):
            p, slope = activation(x[b, t]), derivative(x[b, t])
            e = 2 * weight[t - 1] * (z[b, t - 1] - target[t - 1])
            dw += np.outer(p, e) / N
            dJ += alpha * np.outer(dx, p)
            dx = (1 - alpha) * dx + slope * (alpha * J.T @ dx + net.w @ e / N)
            dI += alpha * np.outer(dx, trials.inputs[b, t - 1])
        dJ += alpha * np.outer(dx, activation(x[b, 0]))
    return loss, dJ, dI, dw


def closed_loop(net, trials, noise):
    """A low-rank network and a plant, x by x: x, z, plant states, scored outputs, loss, gradients.

    y_{t+1} = A y_t + B z_t, u_t = inputs_t + C y_t, q_t = E y_{t+1}; back-propagation through x and y.
    """
    activation, derivative = ACTIVATIONS[net.phi]
    A, B, C, E = trials.plant.matrices
    N, alpha, J = net.units, net.alpha, net.m @ net.n.T / net.units
    trials_, T = trials.size, trials.steps
    x, y = np.zeros((trials_, T + 1, N)), np.zeros((trials_, T + 1, len(A)))
    z, u = np.zeros((trials_, T, B.shape[1])), np.zeros((trials_, T, len(C)))
    loss, dJ, dI, dw = 0.0, np.zeros_like(J), np.zeros_like(net.I), np.zeros_like(net.w)
    for b in range(trials_):
        x[b, 0] = net.h0
        for t in range(T):
            u[b, t] = trials.inputs[b, t] + C @ y[b, t]
            drive = -x[b, t] + J @ activation(x[b, t]) + net.I @ u[b, t]
            x[b, t + 1] = x[b, t] + alpha * drive + noise[b, t]
            z[b, t] = net.w.T @ activation(x[b, t + 1]) / N
            y[b, t + 1] = A @ y[b, t] + B @ z[b, t]
        mask = trials.mask[b]
        weight = mask**2 / (trials_ * mask.shape[1] * max((mask != 0).any(axis=1).sum(), 1))
        error = y[b, 1:] @ E.T - trials.targets[b]
        loss += (weight * error**2).sum()
        dx, dy = np.zeros(N), np.zeros(len(A))
        for t in range(T, 0, -1):
            dy = E.T @ (2 * weight[t - 1] * error[t - 1]) + A.T @ dy + alpha * C.T @ net.I.T @ dx
            p, slope = activation(x[b, t]), derivative(x[b, t])
            dw += np.outer(p, B.T @ dy) / N
            dJ += alpha * np.outer(dx, p)
            dx = (1 - alpha) * dx + slope * (alpha * J.T @ dx + net.w @ (B.T @ dy) / N)
            dI += alpha * np.outer(dx, u[b, t - 1])
        dJ += alpha * np.outer(dx, activation(x[b, 0]))
    gradients = dJ @ net.n / N, dJ.T @ net.m / N, dI, dw
    return x[:, 1:], z, y[:, 1:], y[:, 1:] @ E.T, loss, gradients


def adam(theta, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma & Ba 2015, algorithm 1, word for word."""
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        first = beta1 * first + (1 - beta1) * g
        second = beta2 * second + (1 - beta2) * g**2
        theta = theta - rate * (first / (1 - beta1**t)) / (np.sqrt(second / (1 - beta2**t)) + epsilon)
    return theta


def hopf_coefficients(A, slope, second, third):
    """First coefficient of a Hopf point, and d(eigenvalue)/dp along the branch, with numpy's eigenvectors."""
    values, vectors = np.linalg.eig(A)
    k = np.flatnonzero(values.imag > 0)[np.abs(values[values.imag > 0].real).argmin()]
    n, q, psi, value = len(A), vectors[:, k], np.linalg.inv(vectors)[k].conj(), values[k]
    B, bar = second[:, :n, :n], q.conj()
    shift = np.linalg.solve(A, B @ bar @ q)
    double = np.linalg.solve(2 * value * np.eye(n) - A, B @ q @ q)
    drift = -np.linalg.solve(A, slope)
    c1 = np.vdot(psi, third @ bar @ q @ q - 2 * B @ shift @ q + B @ double @ bar) / 2
    return c1, np.vdot(psi, second[:, :n, n] @ q + B @ drift @ q)


def iterate(field, state, steps):
    """A map's state after some steps."""
    for _ in range(steps):
        state = state + field.step * field.rhs(state)
    return state
