"""Branches in files of the formats before `dynsys.analysis.result_file`: their headers as it has them now."""

import numpy as np

from dynsys.analysis.plain_json import pack_entries
from dynsys.analysis.result_forms import NUMBERS

# Name of the format, and its highest version.
OLD_FORMATS = {"dynsys branch": 1, "dynsys cycle branch": 1}
_SAME = ("parameter", "state", "message", "ends")
_COMPLEX = ("eigenvalues", "multipliers")


def as_result(header, arrays):
    """Header and arrays of an old file as those of a new one.

    Parameters
    ----------
    header : dict
        What the old file says.
    arrays : dict of str to ndarray
        Its arrays.

    Returns
    -------
    header : dict
        ``kind`` and ``result``.
    arrays : dict of str to ndarray
        As `dynsys.analysis.result_forms.Shelf` takes them.

    Raises
    ------
    LookupError, TypeError, ValueError, AttributeError
        Something is missing or of another type.

    Examples
    --------
    >>> old = {"format": "dynsys branch", "parameter": "p", "state": ["x"], "message": "", "ends": []}
    >>> old |= {"inputs": {}, "source": {}, "special_points": []}
    >>> header, arrays = as_result(old, {"values": np.zeros(3)})
    >>> header["kind"], header["result"]["values"], sorted(arrays)
    ('Branch', [3], ['numbers', 'values'])
    """
    of_cycles = header["format"] == "dynsys cycle branch"
    rows = {name: array for name, array in arrays.items() if name != "special"}
    fields = {name: header[name] for name in _SAME}
    fields |= {name: pack_entries(header[name]) for name in ("inputs", "source")}
    fields |= {name: list(row.shape[:-1] if name in _COMPLEX else row.shape) for name, row in rows.items()}
    numbers = [arrays["special"] if of_cycles else np.zeros(0)]
    points = []
    for point in header["special_points"]:
        plain = {name: point[name] for name in ("kind", "value", "sentence")}
        plain |= {"parameter": header["parameter"], "coefficients": _coefficients(point["coefficients"])}
        if of_cycles:
            points.append(plain | _cycle(point, len(header["state"])))
        else:
            found = [np.array(point[name], dtype=float) for name in ("kappa", "eigenvalues", "directions")]
            numbers += [array.ravel() for array in found]
            kappa, eigenvalues, directions = found
            shapes = {"kappa": [kappa.size], "eigenvalues": [eigenvalues.size // 2]}
            shapes["directions"] = [len(directions), kappa.size + 1]
            points.append(plain | shapes | {"residual": point["residual"]})
    kind = "CycleBranch" if of_cycles else "Branch"
    fields["special_points"] = points
    return {"kind": kind, "result": fields}, {**rows, NUMBERS: np.concatenate(numbers)}


def _cycle(point, n):
    states, onward = point["states"], point["onward"]
    shapes = {"points": [states, n], "time": [states], "multipliers": [n]}
    return {
        "cycle": {**point["cycle"], **shapes},
        "onward": None if onward is None else [[length] for length in onward],
    }


def _coefficients(values):
    return {name: {"complex": c} if isinstance(c, list) else c for name, c in values.items()}
