"""A trained network as files: the network, how it was trained in numbers, its learning curve."""

import json
import math
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np

from dynsys.plotting.activity import plot_learning_curve
from dynsys.plotting.style import new_figure, own_settings
from rnn.plain_values import plain
from rnn.storage import atomic_write, save_network

NETWORK, INITIAL = "network.npz", "initial.npz"
NUMBERS, CURVE = "training.json", "learning_curve.png"
DPI = 200


def write_training(result, folder, command=None):
    """Write a trained network, the one it began as (J_0), how it was trained, and its learning curve.

    The files are ``network.npz``, ``initial.npz``, ``training.json`` and ``learning_curve.png``.

    Parameters
    ----------
    result : TrainResult
        From `rnn.train`.
    folder : pathlib.Path
        An existing folder; each file is replaced whole.
    command : str, optional
        The command that made it, for the files.

    Returns
    -------
    pathlib.Path
        The trained network's file.

    Raises
    ------
    FileError
        A file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from dynsys.report.example import train_example
    >>> write_training(train_example("rdm", units=16), pathlib.Path(tempfile.mkdtemp())).name
    'network.npz'
    """
    source = plain(result.source)
    stored = save_network(result.net, folder / NETWORK, {**source, "command": command})
    save_network(result.initial, folder / INITIAL, {**source, "command": command})
    numbers = {
        "command": command,
        "status": result.status.name,
        "message": result.message,
        "seconds": result.seconds,
        "network": {"file": NETWORK, "hash": result.net.hash, "epoch": result.best_epoch},
        "source": source,
        "config": plain(result.config),
        "history": [_finite(asdict(record)) for record in result.history],
    }
    text = json.dumps(numbers, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    atomic_write(folder / NUMBERS, lambda file: file.write(text.encode()))
    with own_settings():
        figure, ax = new_figure()
        plot_learning_curve(_curve(result), ax)
        atomic_write(
            folder / CURVE,
            lambda file: figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None}),
        )
    return stored


def _curve(result):
    judged = np.isfinite(result.accuracies).all()
    accuracies = result.accuracies if judged else np.empty(0)
    return SimpleNamespace(losses=result.losses, accuracies=accuracies, history=result.history)


def _finite(record):
    """JSON has no NaN: what does not exist is null."""
    return {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in record.items()}
