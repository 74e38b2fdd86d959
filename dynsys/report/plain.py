"""Values as plain JSON: arrays become lists, complex numbers pairs, NaN and infinity None."""

import math
import numbers
from collections.abc import Mapping

import numpy as np


def plain_values(value):
    """Turn nested results into what `json.dumps` writes, without loss but for NaN and infinity.

    Parameters
    ----------
    value : object
        Mappings, sequences, arrays, numbers, text, None.

    Returns
    -------
    object

    Raises
    ------
    TypeError
        Anything else.

    Examples
    --------
    >>> plain_values({"a": np.array([1.0, float("nan")]), "b": (1 + 2j, True)})
    {'a': [1.0, None], 'b': [[1.0, 2.0], True]}
    """
    if value is None or isinstance(value, (str, bool, np.bool_)):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, Mapping):
        return {str(name): plain_values(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray):
        return plain_values(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain_values(entry) for entry in value]
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, numbers.Complex):
        return [plain_values(value.real), plain_values(value.imag)]
    raise TypeError(f"{type(value).__name__} has no plain form")
