"""The same network, loss, Adam and batch in PyTorch and in JAX, as `benchmarks/train.py` compares them.

Each peer comes in four forms: `x`, the Euler scheme of all units, or `kappa`, the reduced state that the
project itself uses; noise drawn `ahead` for all steps, or `step` by step. Weights are m, n, I, w in float32,
or J, I, w in the form `full`; the loss is sum weight (z - target)^2. Stacks of weights and of batches, with a
first axis for the network, train many networks at once (in the kappa forms): the losses of all are summed.
"""

from functools import partial

import numpy as np

try:
    import torch
except ImportError:
    torch = None
try:
    import jax
    import jax.numpy as jnp
except ImportError:
    jax = None

ALPHA, RATE = np.float32(0.2), 1e-4
FORMS = ("x ahead", "kappa ahead", "x step", "kappa step")  # without noise the last two are the first two
FULL_RANK_FORMS = ("full ahead", "full step")


class TorchPeer:
    """PyTorch, eager, with its fused Adam."""

    def __init__(self, weights, batch, noise_std, form, threads, rate=RATE):
        self.name = f"torch {form}"
        self.weights = [torch.tensor(a, requires_grad=True) for a in weights]
        self.noise_std, self.form, self.threads = noise_std, form, threads
        self.optimizer = torch.optim.Adam(self.weights, lr=rate, fused=True)
        if batch is not None:
            self.take(batch)

    def take(self, batch):
        self.inputs, self.targets, self.factors = map(torch.from_numpy, batch)

    def loss(self):
        state, noise = self.form.split()
        *shape, steps, _ = self.inputs.shape
        shape = *shape, self.weights[0].shape[-2]
        kick = _torch_noise(self.noise_std, noise == "ahead", steps, shape)
        z = {"x": _torch_x, "kappa": _torch_kappa, "full": _torch_full}[state](
            *self.weights, self.inputs, kick
        )
        self.z = z.detach().numpy()
        return (self.factors * (z - self.targets) ** 2).sum()

    def loss_and_gradient(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        return loss.item(), [a.grad.numpy() for a in self.weights]

    def step(self):
        torch.set_num_threads(self.threads)
        self.optimizer.zero_grad()
        self.loss().backward()
        self.optimizer.step()


class JaxPeer:
    """JAX: one jitted function of scan, gradient and Adam; noise from threefry, fastest on processors."""

    def __init__(self, weights, batch, noise_std, form, threads):
        self.name, self.threads = f"jax {form}", threads
        self.weights = [jnp.asarray(a) for a in weights]
        self.batch = [jnp.asarray(a) for a in batch]
        self.moments = [[jnp.zeros_like(a) for a in self.weights] for _ in range(2)]
        self.key, self.count = jax.random.key(0), 0
        state, noise = form.split()
        run = {"x": _jax_x, "kappa": _jax_kappa, "full": _jax_full}[state]
        loss = partial(_jax_loss, run, noise_std, noise == "ahead")
        loss = partial(_jax_losses, loss) if self.weights[0].ndim == 3 else loss
        self._gradient = jax.jit(jax.value_and_grad(loss))
        self._step = jax.jit(partial(_jax_step, loss), donate_argnums=(0, 1))

    def loss_and_gradient(self):
        loss, gradient = self._gradient(self.weights, self.batch, self.key)
        return float(loss), [np.asarray(a) for a in gradient]

    def step(self):
        self.count += 1
        self.weights, self.moments = self._step(self.weights, self.moments, self.batch, self.key, self.count)
        jax.block_until_ready(self.weights)


def available():
    """The peers that can be imported, and a line for each that cannot."""
    absent = [f"{name} is not installed: no comparison with it" for name, lib in _LIBRARIES if lib is None]
    return [peer for peer, lib in ((TorchPeer, torch), (JaxPeer, jax)) if lib is not None], absent


def versions():
    """Versions of the peers at hand."""
    return ", ".join(f"{name} {lib.__version__}" for name, lib in _LIBRARIES if lib is not None)


_LIBRARIES = (("torch", torch), ("jax", jax))


def _torch_noise(noise_std, ahead, steps, shape):
    """A function of the step: that step's noise."""
    if noise_std == 0:
        return lambda t: 0.0
    if ahead:
        noise = noise_std * torch.randn(steps, *shape)
        return lambda t: noise[t]
    return lambda t: noise_std * torch.randn(shape)


def _torch_x(m, n, I, w, inputs, kick):
    units, a = m.shape[0], float(ALPHA)
    # one unbind: the gradient of a slice per step would fill the whole array at every step
    mT, drive, n, w = m.T, (a * (inputs @ I.T)).unbind(1), n * (a / units), w / units
    x, outputs = torch.zeros(len(inputs), units), []
    for t in range(inputs.shape[1]):
        x = (1 - a) * x + (torch.tanh(x) @ n) @ mT + drive[t] + kick(t)
        outputs.append(torch.tanh(x) @ w)
    return torch.stack(outputs, 1)


def _torch_kappa(m, n, I, w, inputs, kick):
    rank, a, trials = m.shape[-1], float(ALPHA), inputs.shape[:-2]
    left, right = torch.cat([m, I], -1).mT, torch.cat([n, w], -1) / m.shape[-2]
    v, kappa, private = torch.zeros(*trials, inputs.shape[-1]), torch.zeros(*trials, rank), 0.0
    s, outputs = torch.zeros(*trials, right.shape[-1]), []
    for t in range(inputs.shape[-2]):
        v = (1 - a) * v + a * inputs[..., t, :]
        kappa = (1 - a) * kappa + a * s[..., :rank]
        private = (1 - a) * private + kick(t)
        s = torch.tanh(torch.cat([kappa, v], -1) @ left + private) @ right
        outputs.append(s[..., rank:])
    return torch.stack(outputs, -2)


def _torch_full(J, I, w, inputs, kick):
    units, a = J.shape[0], float(ALPHA)
    drive, JT, w = (a * (inputs @ I.T)).unbind(1), (a * J).T, w / units
    x, p, outputs = torch.zeros(len(inputs), units), torch.zeros(len(inputs), units), []
    for t in range(inputs.shape[1]):
        x = torch.addmm(torch.add(drive[t] + kick(t), x, alpha=1 - a), p, JT)
        p = torch.tanh(x)
        outputs.append(p @ w)
    return torch.stack(outputs, 1)


def _jax_noise(noise_std, ahead, key, steps, batch, units):
    """What the scan goes through, and a function of its entry: that step's noise."""
    if noise_std == 0:
        return None, lambda entry: 0.0
    if ahead:
        return noise_std * jax.random.normal(key, (steps, batch, units)), lambda entry: entry
    return jax.random.split(key, steps), lambda entry: noise_std * jax.random.normal(entry, (batch, units))


def _jax_x(weights, inputs, noise_std, ahead, key):
    m, n, I, w = weights
    units, a = m.shape[0], ALPHA
    entries, kick = _jax_noise(noise_std, ahead, key, inputs.shape[1], len(inputs), units)

    def advance(x, now):
        u, entry = now
        x = (1 - a) * x + a * ((jnp.tanh(x) @ n / units) @ m.T + u @ I.T) + kick(entry)
        return x, jnp.tanh(x) @ w / units

    _, z = jax.lax.scan(advance, jnp.zeros((len(inputs), units)), (inputs.swapaxes(0, 1), entries))
    return z.swapaxes(0, 1)


def _jax_kappa(weights, inputs, noise_std, ahead, key):
    m, n, I, w = weights
    units, rank, a, batch = m.shape[0], m.shape[1], ALPHA, len(inputs)
    left, right = jnp.concatenate([m, I], 1).T, jnp.concatenate([n, w], 1) / units
    entries, kick = _jax_noise(noise_std, ahead, key, inputs.shape[1], batch, units)

    def advance(carry, now):
        kappa, v, private, s = carry
        u, entry = now
        kappa, v = (1 - a) * kappa + a * s, (1 - a) * v + a * u
        private = (1 - a) * private + kick(entry)
        sums = jnp.tanh(jnp.concatenate([kappa, v], 1) @ left + private) @ right
        return (kappa, v, private, sums[:, :rank]), sums[:, rank:]

    private = jnp.zeros((batch, units) if noise_std > 0 else ())
    start = jnp.zeros((batch, rank)), jnp.zeros((batch, inputs.shape[2])), private, jnp.zeros((batch, rank))
    _, z = jax.lax.scan(advance, start, (inputs.swapaxes(0, 1), entries))
    return z.swapaxes(0, 1)


def _jax_full(weights, inputs, noise_std, ahead, key):
    J, I, w = weights
    units, a = J.shape[0], ALPHA
    entries, kick = _jax_noise(noise_std, ahead, key, inputs.shape[1], len(inputs), units)
    drive, JT = a * (inputs @ I.T).swapaxes(0, 1), (a * J).T

    def advance(carry, now):
        x, p = carry
        u, entry = now
        x = (1 - a) * x + p @ JT + u + kick(entry)
        p = jnp.tanh(x)
        return (x, p), p @ w / units

    x = jnp.zeros((len(inputs), units))
    _, z = jax.lax.scan(advance, (x, x), (drive, entries))
    return z.swapaxes(0, 1)


def _jax_loss(run, noise_std, ahead, weights, batch, key):
    inputs, targets, factors = batch
    return (factors * (run(weights, inputs, noise_std, ahead, key) - targets) ** 2).sum()


def _jax_losses(loss, weights, batch, key):
    return jax.vmap(loss)(weights, batch, jax.random.split(key, len(weights[0]))).sum()


def _jax_step(loss, weights, moments, batch, key, count):
    key = jax.random.fold_in(key, count)
    gradient = jax.grad(loss)(weights, batch, key)
    first = [0.9 * a + 0.1 * g for a, g in zip(moments[0], gradient)]
    second = [0.999 * s + 0.001 * g * g for s, g in zip(moments[1], gradient)]
    c1, c2 = 1 - 0.9**count, jnp.sqrt(1 - 0.999**count)
    weights = [p - RATE / c1 * a / (jnp.sqrt(s) / c2 + 1e-8) for p, a, s in zip(weights, first, second)]
    return weights, [first, second]
