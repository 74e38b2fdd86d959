"""Checks at the door: every public function turns its arguments into trusted arrays and numbers here."""

import numbers

import numpy as np

from tasks.errors import InputError


def check_kind(name, value, kind, hint):
    """Refuse a value of another class (or of none of several), and say how to come by one of the right class.

    Examples
    --------
    >>> check_kind("trials", None, dict, "draw them with task.trials(n, rng=rng)")
    Traceback (most recent call last):
    tasks.errors.InputError: trials: expected dict, got NoneType; draw them with task.trials(n, rng=rng)
    """
    if not isinstance(value, kind):
        wanted = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise InputError(f"{name}: expected {wanted}, got {type(value).__name__}; {hint}")


def as_array(name, value, shape=None, axes=None, dtype=np.float64, finite=True):
    """Return a read-only C-contiguous copy of ``value``, or refuse it by name.

    Integers, single precision, other byte orders, Fortran order and memory maps are accepted and give the
    same result as a plain float64 copy; object, complex, boolean and text arrays are refused.

    Parameters
    ----------
    name : str
        What to call the array in an error.
    value : array_like
        The argument; it is never changed.
    shape : tuple of int or None, optional
        Expected length of each axis, None for any length.
    axes : str, optional
        The axes in letters, such as ``"(N, R)"``, for the error.
    dtype : numpy dtype, default float64
        Type of the copy.
    finite : bool, default True
        Whether NaN and infinity are refused.

    Returns
    -------
    ndarray
        A copy of the requested type, read-only.

    Raises
    ------
    InputError
        Wrong kind, shape or non-finite entries (with their count and the first index).

    Examples
    --------
    >>> as_array("m", [1, 2, 3], shape=(3,)).dtype
    dtype('float64')
    >>> as_array("m", [[0.0, float("nan")]])
    Traceback (most recent call last):
    tasks.errors.InputError: m: 1 of 2 entries is not finite, the first at index (0, 1): nan
    """
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{name}: cannot be read as an array ({error}); rows of equal length?") from error
    if raw.dtype.kind not in "fiu":
        raise InputError(f"{name}: expected real numbers, got dtype {raw.dtype}; convert it to float first")
    if shape is not None:
        _check_shape(name, raw, shape, axes)
    if raw.dtype == dtype:
        array = np.array(raw, order="C", copy=True)
    else:
        with np.errstate(invalid="ignore"):  # a signalling NaN is refused below, by name
            array = np.array(raw, dtype=dtype, order="C", copy=True)
    if finite:
        refuse_non_finite(name, array)
    array.setflags(write=False)
    return array


def refuse_non_finite(name, array):
    """Raise `InputError` with the count and first index when ``array`` holds NaN or infinity.

    Examples
    --------
    >>> refuse_non_finite("w", np.ones(3))
    """
    if np.isfinite(array).all():
        return
    bad = np.argwhere(~np.isfinite(array))
    first = tuple(int(i) for i in bad[0])
    verb = "is" if len(bad) == 1 else "are"
    raise InputError(
        f"{name}: {len(bad)} of {array.size} entries {verb} not finite, "
        f"the first at index {first}: {array[first]}"
    )


def narrowed(name, value, dtype):
    """A copy of ``value`` in another precision, refused where it would become infinite there.

    Examples
    --------
    >>> narrowed("m", np.ones(3), np.float32).dtype
    dtype('float32')
    >>> narrowed("m", 1e39, np.float32)
    Traceback (most recent call last):
    tasks.errors.InputError: m: its largest entry, 1e+39, is too large for float32, in which networks are ...
    """
    array = np.asarray(value)
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype)
    except FloatingPointError:
        raise InputError(
            f"{name}: its largest entry, {np.abs(array).max():g}, is too large for {np.dtype(dtype)}, in "
            "which networks are trained; choose other units"
        ) from None


def _check_shape(name, raw, shape, axes):
    fits = raw.ndim == len(shape) and all(want is None or want == got for want, got in zip(shape, raw.shape))
    if fits:
        return
    wanted = "(" + ", ".join("any" if length is None else str(length) for length in shape)
    wanted += ",)" if len(shape) == 1 else ")"
    letters = f"{axes} = " if axes else ""
    hint = ""
    if raw.ndim == 2 and len(shape) == 2:
        turned = raw.shape[::-1]
        if all(want is None or want == got for want, got in zip(shape, turned)):
            hint = f"; did you mean {name}.T?"
    raise InputError(f"{name}: expected {letters}{wanted}, got {raw.shape}{hint}")


def check_number(name, value, minimum=None, above=None, maximum=None, below=None):
    """Return ``value`` as a float after checking that it is a finite real number within bounds.

    Parameters
    ----------
    name : str
        What to call the number in an error.
    value : float
        The argument.
    minimum, maximum : float, optional
        Bounds that may be reached.
    above, below : float, optional
        Bounds that may not be reached.

    Returns
    -------
    float

    Raises
    ------
    InputError
        Not a number, not finite, or outside the bounds.

    Examples
    --------
    >>> check_number("dt", 20, above=0)
    20.0
    >>> check_number("dt", -1, above=0)
    Traceback (most recent call last):
    tasks.errors.InputError: dt: must be > 0, got -1
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InputError(f"{name}: expected a real number, got {value!r}")
    number = float(value)
    if not np.isfinite(number):
        raise InputError(f"{name}: must be finite, got {number}")
    for broken, sign, bound in (
        (minimum is not None and number < (minimum or 0), ">=", minimum),
        (above is not None and number <= (above or 0), ">", above),
        (maximum is not None and number > (maximum or 0), "<=", maximum),
        (below is not None and number >= (below or 0), "<", below),
    ):
        if broken:
            raise InputError(f"{name}: must be {sign} {bound}, got {value}")
    return number


def check_count(name, value, minimum=1):
    """Return ``value`` as an int after checking that it is a whole number not below ``minimum``.

    Examples
    --------
    >>> check_count("trials", 0)
    Traceback (most recent call last):
    tasks.errors.InputError: trials: expected a whole number >= 1, got 0
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not whole or value < minimum:
        raise InputError(f"{name}: expected a whole number >= {minimum}, got {value!r}")
    return int(value)


def check_rng(rng):
    """Return ``rng`` after checking that it is a `numpy.random.Generator` (an integer seed makes one).

    Examples
    --------
    >>> bool(check_rng(1).integers(10) == np.random.default_rng(1).integers(10))
    True
    >>> check_rng(None)
    Traceback (most recent call last):
    tasks.errors.InputError: rng: pass numpy.random.default_rng(seed) or a whole number >= 0, got None
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, numbers.Integral) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise InputError(f"rng: pass numpy.random.default_rng(seed) or a whole number >= 0, got {rng!r}")


def choose(name, value, options):
    """Return ``value`` if it is one of ``options``, else refuse it and list them.

    Examples
    --------
    >>> choose("phi", "tanh", ("tanh", "erf"))
    'tanh'
    """
    if value not in options:
        raise InputError(f"{name}: got {value!r}; choose one of {', '.join(map(repr, options))}")
    return value
