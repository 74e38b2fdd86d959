"""Plain values in JSON so that the same ones come back: tuples, complex numbers, nan and small arrays too.

Objects of JSON are tags, such as ``{"tuple": [1, 2]}``; a dict is ``{"dict": {..}}``.
"""

import math
import re
from collections.abc import Mapping

import numpy as np

_NOT_FINITE = ("nan", "inf", "-inf")
_NUMERIC = re.compile(r"[<>|=]?[biufc][0-9]{1,2}")


def pack_plain(value, name=""):
    """A plain value as JSON can hold it, so that `unpack_plain` gives the same.

    Parameters
    ----------
    value : object
        Text, number, None, ndarray of numbers; list, tuple or dict of such.
    name : str
        What it is, for errors.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        It is no such value.

    Examples
    --------
    >>> pack_plain({"a": (1, np.nan), "b": 2j})
    {'dict': {'a': {'tuple': [1, {'float': 'nan'}]}, 'b': {'complex': [0.0, 2.0]}}}
    """
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, complex):
        return {"complex": [pack_plain(part) for part in (value.real, value.imag)]}
    if isinstance(value, (list, tuple)):
        entries = [pack_plain(entry, name) for entry in value]
        return {"tuple": entries} if isinstance(value, tuple) else entries
    if isinstance(value, np.ndarray) and _NUMERIC.fullmatch(value.dtype.str):
        return {
            "array": pack_plain(value.ravel().tolist()),
            "shape": list(value.shape),
            "dtype": value.dtype.str,
        }
    return {"dict": pack_entries(value, name)}


def unpack_plain(entry):
    """What `pack_plain` has packed.

    Parameters
    ----------
    entry : object
        Of JSON.

    Returns
    -------
    object

    Raises
    ------
    ValueError, TypeError, ArithmeticError
        An unknown tag, or one whose value is odd.

    Examples
    --------
    >>> unpack_plain({"dict": {"a": {"tuple": [1, {"float": "nan"}]}}})
    {'a': (1, nan)}
    """
    if isinstance(entry, list):
        return [unpack_plain(each) for each in entry]
    if not isinstance(entry, dict):
        return entry
    if set(entry) == {"array", "shape", "dtype"} and _NUMERIC.fullmatch(entry["dtype"]):
        with np.errstate(all="raise"):  # of what does not fit the type
            return np.array(unpack_plain(entry["array"]), dtype=entry["dtype"]).reshape(entry["shape"])
    ((tag, inner),) = entry.items()
    if tag == "float" and inner in _NOT_FINITE:
        return float(inner)
    if tag == "complex":
        return complex(*(unpack_plain(part) for part in inner))
    if tag == "tuple":
        return tuple(unpack_plain(each) for each in inner)
    if tag == "dict":
        return unpack_entries(inner)
    raise ValueError(f"{tag!a} is no tag of a plain value")


def pack_entries(values, name=""):
    """A dict of plain values by texts, each as `pack_plain` has it; the order is kept.

    Examples
    --------
    >>> pack_entries({"b": 1, "a": np.inf})
    {'b': 1, 'a': {'float': 'inf'}}
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{name}: expected plain values, got {type(values).__name__}")
    odd = [key for key in values if not isinstance(key, str)]
    if odd:
        raise ValueError(f"{name}: expected texts that name its entries, got {odd[0]!r}")
    return {key: pack_plain(value, f"{name}/{key}") for key, value in values.items()}


def unpack_entries(entries):
    """What `pack_entries` has packed.

    Examples
    --------
    >>> unpack_entries({"b": 1, "a": {"float": "inf"}})
    {'b': 1, 'a': inf}
    """
    return {key: unpack_plain(value) for key, value in entries.items()}
