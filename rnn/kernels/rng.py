"""Private noise from a counter: the same numbers whatever the order or the number of threads.

The generator is Threefry-2x32 with 13 rounds (Salmon, Moraes, Dror, Shaw, SC 2011: the shortest version that
passes BigCrush): a keyed bijection of a 64-bit counter, made of additions, rotations and exclusive ors. The
key is (seed, trial), the counter is (unit, step), so every number of a run has its own address. Box and
Muller's transformation turns the two words of one call into two standard normal numbers, for units
j and j + N/2:

    u = (w_0 / 2 + 1/2) 2^-31,   a = 2 pi w_1 2^-32,   (xi_j, xi_{j+N/2}) = sqrt(-2 ln u) (cos a, sin a)

Arithmetic is float32, to about 1e-6; |xi| <= 6.6. All of it vectorises: every integer operation is cast back
to 32 bits, which numba would otherwise widen to 64.
"""

import numpy as np

from rnn.jit import jit

_u, _f = np.uint32, np.float32
_PARITY = np.uint32(0x1BD11BDA)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF, _ONE, _TWO, _ZERO = map(np.float32, (0.5, 1.0, 2.0, 0.0))
_UNIFORM = np.float32(2.0**-31)
_ANGLE = np.float32(np.pi / 2**32)  # of the word shifted left by one: half a turn
_LN2 = np.float32(np.log(2.0))
_SQRT_HALF = np.int32(0x3F3504F3)  # the bits of sqrt(1/2)
# (ln(1 + g) - g + g^2 / 2) / g^3, 1 + g in [sqrt(1/2), sqrt(2)]; sin(a) / a, cos(a) in a^2, |a| <= pi / 2
_LOG = tuple(
    map(np.float32, (0.33333415, -0.25000703, 0.19984223, -0.16602719, 0.147039, -0.14030892, 0.090487845))
)
_SIN = tuple(map(np.float32, (1.0, -0.16666658, 0.00833305, -0.00019809017, 2.6051077e-06)))
_COS = tuple(map(np.float32, (1.0, -0.5, 0.041666634, -0.0013888361, 2.476011e-05, -2.6050657e-07)))


@jit(fastmath={"contract"})
def decay_and_kick(seed, first_trial, step, private, decay, noise_std):
    """One Euler step of the private process of several trials: xi <- decay xi + noise_std normal.

    Parameters
    ----------
    seed : int
        64-bit seed.
    first_trial, step : int
        Number of the trial of row 0, and of the time step.
    private : ndarray (B, N)
        xi of each trial and unit, B even; changed in place.
    decay, noise_std : float
        1 - alpha and the standard deviation, in the type of ``private``.
    """
    step, half = np.uint32(step), private.shape[1] // 2
    # Two trials at a time: one chain of rounds alone leaves the processor waiting for itself.
    for b in range(0, private.shape[0], 2):
        k0, k1, k2 = _trial_key(seed, first_trial + b)
        l0, l1, l2 = _trial_key(seed, first_trial + b + 1)
        for j in range(half):
            w0, w1 = _threefry(np.uint32(j), step, k0, k1, k2)
            v0, v1 = _threefry(np.uint32(j), step, l0, l1, l2)
            normal0, partner0 = _normal_pair(w0, w1)
            normal1, partner1 = _normal_pair(v0, v1)
            private[b, j] = decay * private[b, j] + noise_std * normal0
            private[b + 1, j] = decay * private[b + 1, j] + noise_std * normal1
            private[b, half + j] = decay * private[b, half + j] + noise_std * partner0
            private[b + 1, half + j] = decay * private[b + 1, half + j] + noise_std * partner1
        for j in range(2 * half, private.shape[1]):  # the last of an odd number of units
            w0, w1 = _threefry(np.uint32(j), step, k0, k1, k2)
            v0, v1 = _threefry(np.uint32(j), step, l0, l1, l2)
            private[b, j] = decay * private[b, j] + noise_std * _normal_pair(w0, w1)[0]
            private[b + 1, j] = decay * private[b + 1, j] + noise_std * _normal_pair(v0, v1)[0]


@jit()
def decay_only(private, decay):
    """The same without noise: what is left of the initial state fades."""
    for b in range(private.shape[0]):
        for j in range(private.shape[1]):
            private[b, j] *= decay


@jit()
def _trial_key(seed, trial):
    """Key of one trial, mixed by SplitMix64 from a 64-bit seed and the trial's number, and its parity."""
    z = np.uint64(np.uint64(seed) + np.uint64(np.uint64(trial) + np.uint64(1)) * _GOLDEN)
    z = np.uint64(z ^ np.uint64(z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = np.uint64(z ^ np.uint64(z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = np.uint64(z ^ np.uint64(z >> np.uint64(31)))
    k0, k1 = np.uint32(z & np.uint64(0xFFFFFFFF)), np.uint32(z >> np.uint64(32))
    return k0, k1, np.uint32(np.uint32(k0 ^ k1) ^ _PARITY)


@jit()
def _threefry(x0, x1, k0, k1, k2):
    """Thirteen rounds, each x0 += x1, x1 = rotate(x1) ^ x0, with the key added again after every fourth."""
    x0, x1 = np.uint32(x0 + k0), np.uint32(x1 + k1)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(13)) | np.uint32(x1 >> _u(19))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(15)) | np.uint32(x1 >> _u(17))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(26)) | np.uint32(x1 >> _u(6))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(6)) | np.uint32(x1 >> _u(26))) ^ x0)
    x0, x1 = np.uint32(x0 + k1), np.uint32(x1 + np.uint32(k2 + _u(1)))
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(17)) | np.uint32(x1 >> _u(15))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(29)) | np.uint32(x1 >> _u(3))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(16)) | np.uint32(x1 >> _u(16))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(24)) | np.uint32(x1 >> _u(8))) ^ x0)
    x0, x1 = np.uint32(x0 + k2), np.uint32(x1 + np.uint32(k0 + _u(2)))
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(13)) | np.uint32(x1 >> _u(19))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(15)) | np.uint32(x1 >> _u(17))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(26)) | np.uint32(x1 >> _u(6))) ^ x0)
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(6)) | np.uint32(x1 >> _u(26))) ^ x0)
    x0, x1 = np.uint32(x0 + k0), np.uint32(x1 + np.uint32(k1 + _u(3)))
    x0 = np.uint32(x0 + x1)
    x1 = np.uint32(np.uint32(np.uint32(x1 << _u(17)) | np.uint32(x1 >> _u(15))) ^ x0)
    return x0, x1


@jit(fastmath={"contract"})
def _normal_pair(w0, w1):
    u = np.float32((_f(np.int32(w0 >> _u(1))) + _HALF) * _UNIFORM)
    bits = u.view(np.int32)
    exponent = np.int32(np.int32(bits - _SQRT_HALF) >> np.int32(23))
    g = np.int32(bits - np.int32(exponent << np.int32(23))).view(np.float32) - _ONE
    tail = _LOG[6]
    tail = tail * g + _LOG[5]
    tail = tail * g + _LOG[4]
    tail = tail * g + _LOG[3]
    tail = tail * g + _LOG[2]
    tail = tail * g + _LOG[1]
    tail = tail * g + _LOG[0]
    log = g * g * (g * tail - _HALF) + g + _f(exponent) * _LN2
    square = -_TWO * log
    radius = np.sqrt(square if square > _ZERO else _ZERO)

    angle = _f(np.uint32(w1 << _u(1)).view(np.int32)) * _ANGLE
    y = angle * angle
    sine = ((((_SIN[4] * y + _SIN[3]) * y + _SIN[2]) * y + _SIN[1]) * y + _SIN[0]) * angle
    cosine = ((((_COS[5] * y + _COS[4]) * y + _COS[3]) * y + _COS[2]) * y + _COS[1]) * y + _COS[0]
    cosine = -cosine if np.uint32(w1).view(np.int32) < np.int32(0) else cosine
    return radius * cosine, radius * sine
