"""Values as a JSON header can hold them."""

import hashlib
from dataclasses import fields, is_dataclass

import numpy as np


def plain(value):
    """A value as JSON can hold it: numbers, texts, lists, dicts; large arrays and objects by their hash.

    Examples
    --------
    >>> from rnn.optimizers import SGD
    >>> plain({"rate": np.float64(0.5), "train": ("m", "n"), "optimizer": SGD(0.9)})
    {'rate': 0.5, 'train': ['m', 'n'], 'optimizer': {'is': 'SGD', 'momentum': 0.9}}
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.size <= 1000:
            return value.tolist()
        return {"shape": list(value.shape), "sha256": hashlib.sha256(value.tobytes()).hexdigest()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if is_dataclass(value):
        entries = {entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}
        return {"is": type(value).__name__, **entries}
    return plain(dict(value)) if hasattr(value, "keys") else f"<{type(value).__name__}>"
