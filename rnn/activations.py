"""The activations phi and their derivatives, compiled, scalar by scalar.

    tanh    phi(x) = tanh x                     phi' = 1 - phi^2
    erf     phi(x) = erf(sqrt(pi) x / 2)        phi' = exp(-pi x^2 / 4)
    relu    phi(x) = max(x, 0)                  phi' = 1 where x > 0
    linear  phi(x) = x                          phi' = 1

The tanh is the hottest line of the project. The library's one does not vectorise inside a compiled loop, so
here are two that do, free of branches: in float32 a rational function (absolute error below 2.9e-7), in
float64 expm1 by range reduction (below 3 units in the last place). Both stay within [-1, 1] and let NaN pass.

A compiled loop must know its phi when it is compiled. It gets a *tag*, a tuple whose length is the number of
the activation plus one: numba compiles anew for each length, and no function has to be passed or generated.
The functions that take a tag (`activate`, `kept`, `recalled`) are ordinary Python as well, so everything runs
with NUMBA_DISABLE_JIT=1 too.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from rnn.jit import jit
from tasks.checks import as_array, choose

TANH, ERF, RELU, LINEAR = range(4)
_NUMBERS = {"tanh": TANH, "erf": ERF, "relu": RELU, "linear": LINEAR}

_ONE = np.float32(1.0)
# tanh x = x P(x^2) / Q(x^2), |x| <= 7.9; erf(sqrt(pi) x / 2) likewise, |x| <= 4.3: minimax in relative error.
_TANH_LIMIT = np.float32(7.9)
_TP = tuple(map(np.float32, (1.0, 0.1345069, 0.0035790734, 2.2024593e-05, 1.542987e-08)))
_TQ = tuple(map(np.float32, (1.0, 0.46784016, 0.026192548, 0.0003423784, 8.59955e-07)))
_ERF_LIMIT = np.float32(4.3)
_EP = tuple(map(np.float32, (1.0, 0.12987229, 0.028615186, 0.0015572608, 9.654672e-05, 5.6726043e-07)))
_EQ = tuple(map(np.float32, (1.0, 0.39167136, 0.06947076, 0.0071174065, 0.00043269162, 1.1687622e-05)))
# exp(r) = 1 + r + r^2 (1/2! + r/3! + ...), |r| <= ln(2)/2
_EXP32 = tuple(np.float32(1 / math.factorial(k)) for k in range(2, 8))
_EXP64 = tuple(1 / math.factorial(k) for k in range(2, 15))
_LOG2E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
_LOG2E_32, _LN2_HIGH_32, _LN2_LOW_32 = map(np.float32, (1.442695, 0.693359375, -2.12194440e-4))
_SHIFT = 6755399441055744.0 + 1023.0  # 1.5 2^52 plus the bias: the low bits of k + _SHIFT hold k + 1023
_SHIFT_32 = np.float32(12582912.0 + 127.0)  # the same in single precision: 1.5 2^23 plus the bias
_SATURATED, _QUARTER_PI, _SQRT_PI_HALF = 20.0, math.pi / 4, math.sqrt(math.pi) / 2
_QUARTER_PI_32, _EXP_LIMIT_32 = np.float32(math.pi / 4), np.float32(86.0)


def phi(name, x):
    """Evaluate an activation on an array in float64.

    Parameters
    ----------
    name : {"tanh", "erf", "relu", "linear"}
        Which one.
    x : array_like
        Currents, of any shape.

    Returns
    -------
    ndarray
        phi(x), of the same shape.

    Raises
    ------
    InputError
        An unknown name, or something that is not an array of numbers.

    Examples
    --------
    >>> phi("relu", [-1.0, 2.0])
    array([0., 2.])
    >>> bool(abs(phi("tanh", 0.5) - np.tanh(0.5)) < 1e-15)
    True
    """
    x = as_array("x", x, finite=False)
    out = np.empty_like(x)
    _fill(phi_number(name), x.reshape(-1), out.reshape(-1))
    return out


def phi_number(name):
    """Number of an activation, as `phi_at` takes it.

    Examples
    --------
    >>> phi_number("tanh"), phi_number("linear")
    (0, 3)
    """
    return _NUMBERS[choose("phi", name, tuple(_NUMBERS))]


def phi_tag(name):
    """Tag of an activation: a tuple whose length fixes phi when a kernel is compiled.

    Examples
    --------
    >>> phi_tag("erf")
    (0, 0)
    """
    return (0,) * (phi_number(name) + 1)


@jit(fastmath={"contract"}, forceinline=True)
def tanh64(x):
    """Float64 tanh x = E / (E + 2), E = expm1(2 |x|) = 2^k expm1(r) + (2^k - 1), 2 |x| = k ln 2 + r."""
    y = 2.0 * abs(x)
    y = 2.0 * _SATURATED if y > 2.0 * _SATURATED else y
    k = np.floor(y * _LOG2E + 0.5)
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    tail = _EXP64[12]
    tail = tail * r + _EXP64[11]
    tail = tail * r + _EXP64[10]
    tail = tail * r + _EXP64[9]
    tail = tail * r + _EXP64[8]
    tail = tail * r + _EXP64[7]
    tail = tail * r + _EXP64[6]
    tail = tail * r + _EXP64[5]
    tail = tail * r + _EXP64[4]
    tail = tail * r + _EXP64[3]
    tail = tail * r + _EXP64[2]
    tail = tail * r + _EXP64[1]
    tail = tail * r + _EXP64[0]
    power = np.int64(np.float64(k + _SHIFT).view(np.int64) << np.int64(52)).view(np.float64)
    e = power * (r + r * r * tail) + (power - 1.0)
    return math.copysign(e / (e + 2.0), x)


@jit(fastmath={"contract"}, forceinline=True)
def tanh32(x):
    """Float32 tanh, a rational function of degree 9 / 8, clamped to [-1, 1]."""
    x = _TANH_LIMIT if x > _TANH_LIMIT else x
    x = -_TANH_LIMIT if x < -_TANH_LIMIT else x
    y = x * x
    p = (((_TP[4] * y + _TP[3]) * y + _TP[2]) * y + _TP[1]) * y + _TP[0]
    q = (((_TQ[4] * y + _TQ[3]) * y + _TQ[2]) * y + _TQ[1]) * y + _TQ[0]
    t = x * p / q
    t = _ONE if t > _ONE else t
    return -_ONE if t < -_ONE else t


@jit(fastmath={"contract"}, forceinline=True)
def erf32(x):
    """Float32 erf(sqrt(pi) x / 2), a rational function of degree 11 / 10, clamped to [-1, 1]."""
    x = _ERF_LIMIT if x > _ERF_LIMIT else x
    x = -_ERF_LIMIT if x < -_ERF_LIMIT else x
    y = x * x
    p = ((((_EP[5] * y + _EP[4]) * y + _EP[3]) * y + _EP[2]) * y + _EP[1]) * y + _EP[0]
    q = ((((_EQ[5] * y + _EQ[4]) * y + _EQ[3]) * y + _EQ[2]) * y + _EQ[1]) * y + _EQ[0]
    t = x * p / q
    t = _ONE if t > _ONE else t
    return -_ONE if t < -_ONE else t


@jit(fastmath={"contract"}, forceinline=True)
def gauss32(x):
    """Float32 exp(-pi x^2 / 4) = 2^k exp(r), the slope of `erf32`; 0 is returned as exp(-86)."""
    y = _QUARTER_PI_32 * x * x
    y = _EXP_LIMIT_32 if y > _EXP_LIMIT_32 else y
    shifted = np.float32(_SHIFT_32 - y * _LOG2E_32)
    k = shifted - _SHIFT_32
    r = (-y - k * _LN2_HIGH_32) - k * _LN2_LOW_32
    tail = _EXP32[5]
    tail = tail * r + _EXP32[4]
    tail = tail * r + _EXP32[3]
    tail = tail * r + _EXP32[2]
    tail = tail * r + _EXP32[1]
    tail = tail * r + _EXP32[0]
    power = np.int32(shifted.view(np.int32) << np.int32(23)).view(np.float32)
    return power * (r * r * tail + r + _ONE)


@jit()
def erf64(x):
    """Float64 erf(sqrt(pi) x / 2)."""
    return math.erf(_SQRT_PI_HALF * x)


@jit()
def gauss64(x):
    """Float64 exp(-pi x^2 / 4)."""
    return math.exp(-_QUARTER_PI * x * x)


@jit()
def phi_at(number, x):
    """Float64 phi(x), for compiled callers that learn phi's number only when they run."""
    if number == TANH:
        return tanh64(x)
    if number == ERF:
        return erf64(x)
    if number == RELU:
        return x if x > 0.0 else 0.0
    return x


@jit()
def phi_derivatives_at(number, x):
    """Float64 phi, phi', phi'', phi''' at x, for compiled callers that learn phi's number when they run."""
    if number == TANH:
        p = tanh64(x)
        d = 1.0 - p * p
        return p, d, -2.0 * p * d, d * (6.0 * p * p - 2.0)
    if number == ERF:
        d = gauss64(x)
        y = 2.0 * _QUARTER_PI * x
        return erf64(x), d, -y * d, (y * y - 2.0 * _QUARTER_PI) * d
    if number == RELU:
        return (x, 1.0, 0.0, 0.0) if x > 0.0 else (0.0, 0.0, 0.0, 0.0)
    return x, 1.0, 0.0, 0.0


def activate(tag, x):
    """phi(x) in the precision of x; the tag's length says which phi (for use in compiled loops).

    Examples
    --------
    >>> activate(phi_tag("linear"), 0.25)
    0.25
    """
    return _phi_of(len(tag) - 1, isinstance(x, np.float32))(x)


def kept(tag, x, p):
    """What the backward pass needs of a unit at a step: phi, or x where phi' does not follow from phi (erf).

    Examples
    --------
    >>> kept(phi_tag("tanh"), 0.5, 0.46), kept(phi_tag("erf"), 0.5, 0.46)
    (0.46, 0.5)
    """
    return x if len(tag) - 1 == ERF else p


def recalled(tag, value):
    """(phi, phi') from what `kept` stored.

    Examples
    --------
    >>> recalled(phi_tag("tanh"), 0.5)
    (0.5, 0.75)
    """
    return _recall_of(len(tag) - 1, isinstance(value, np.float32))(value)


# Inside compiled code these three are chosen by the types of their arguments, when the caller is compiled.


@overload(activate)
def _activate_overload(tag, x):
    function = _phi_of(len(tag) - 1, x == types.float32)
    return lambda tag, x: function(x)


@overload(kept)
def _kept_overload(tag, x, p):
    return (lambda tag, x, p: x) if len(tag) - 1 == ERF else (lambda tag, x, p: p)


@overload(recalled)
def _recalled_overload(tag, value):
    function = _recall_of(len(tag) - 1, value == types.float32)
    return lambda tag, value: function(value)


def _phi_of(number, single):
    return ((tanh32, erf32, _relu, _identity) if single else (tanh64, erf64, _relu, _identity))[number]


def _recall_of(number, single):
    if single:
        return (_recall_tanh32, _recall_erf32, _recall_relu32, _recall_linear32)[number]
    return (_recall_tanh64, _recall_erf64, _recall_relu64, _recall_linear64)[number]


@jit()
def _fill(number, x, out):
    if number == TANH:  # a loop of its own, so that it vectorises
        for i in range(x.size):
            out[i] = tanh64(x[i])
    else:
        for i in range(x.size):
            out[i] = phi_at(number, x[i])


@jit()
def _relu(x):
    return x - x if x < 0 else x  # NaN passes; the type stays that of x


@jit()
def _identity(x):
    return x


@jit()
def _recall_tanh32(p):
    return p, _ONE - p * p


@jit()
def _recall_tanh64(p):
    return p, 1.0 - p * p


@jit(forceinline=True)
def _recall_erf32(x):
    return erf32(x), gauss32(x)


@jit(forceinline=True)
def _recall_erf64(x):
    return erf64(x), gauss64(x)


@jit()
def _recall_relu32(p):
    return p, _ONE if p > 0 else _ONE - _ONE


@jit()
def _recall_relu64(p):
    return p, 1.0 if p > 0 else 0.0


@jit()
def _recall_linear32(p):
    return p, _ONE


@jit()
def _recall_linear64(p):
    return p, 1.0
