"""Checkpoints: the whole state of a training in one file, replaced whole or left whole.

A file of `rnn.members` like a network's: arrays in float64 with checksums (theta and the optimiser's moments
are float32, which float64 holds exactly), and a header in JSON with the settings, the task, and the states of
the generator as plain numbers. Nothing in it can run code.
"""

import json
import time
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from rnn.archives import open_archive
from rnn.container import ARRAYS
from rnn.epochs import TrainState
from rnn.generators import generator_state, restore_generator
from rnn.members import HEADER_NAME, pack_arrays, read_arrays, read_json_header, write_members
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD, Adam, AdamState
from rnn.parameters import initial_theta, parameters
from rnn.plain_values import plain
from rnn.schedules import SCHEDULES
from rnn.storage import atomic_write, check_writable
from rnn.training_records import EpochRecord, TrainConfig
from tasks.errors import DynsysError, FileError, InputError

FORMAT, VERSION = "dynsys-rnn checkpoint", 2
# Writing a large state takes longer than a fast epoch; losing this many seconds of work is bearable.
SECONDS_BETWEEN = 5.0

_KINDS = {"low-rank": LowRankRNN, "full-rank": FullRankRNN}
_PARTS = {part.__name__: part for part in (Adam, SGD, *SCHEDULES)}
_RECORD = tuple(entry.name for entry in fields(EpochRecord))
_WHOLE = ("epoch", "epochs", "stage", "stages")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The whole state of a training after some epoch.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The network that training started from.
    config : TrainConfig
        The settings.
    task : dict
        The task's name and parameters, as plain values.
    state : TrainState
        What the last complete epoch left.
    beginning : dict
        State of the generator before anything was drawn, from which fixed and validation trials come again.
    source : dict
        Where the training comes from, as plain values.
    stage : (int, int)
        Which stage this is, out of how many.
    earlier : tuple of EpochRecord
        The records of earlier stages.
    first : LowRankRNN or FullRankRNN, optional
        The network that the first stage started from, where that is not ``net``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from rnn.training import train
    >>> from tasks import get_task
    >>> task, path = get_task("rdm"), pathlib.Path(tempfile.mkdtemp()) / "checkpoint.npz"
    >>> start = LowRankRNN.random(16, 1, task, rng=0)
    >>> whole = train(start, task, TrainConfig(epochs=3), rng=1)
    >>> part = train(start, task, TrainConfig(epochs=2), rng=1, checkpoint=path)
    >>> train(None, task, TrainConfig(epochs=3), resume=path).net.hash == whole.net.hash
    True
    """

    net: LowRankRNN | FullRankRNN
    config: TrainConfig
    task: dict
    state: TrainState
    beginning: dict
    source: dict
    stage: tuple = (1, 1)
    earlier: tuple = ()
    first: LowRankRNN | FullRankRNN = None

    def generator(self, rng=None):
        """The generator as it was before anything was drawn; ``rng`` is set to it if it is of that kind."""
        return restore_generator(self.beginning, rng)


class CheckpointKeeper:
    """Writes checkpoints now and then; a failure to write is told, and tried again.

    Parameters
    ----------
    path : str or path-like or None
        The file; None for none.
    start : Checkpoint
        The training's first state.

    Raises
    ------
    FileError
        No file can be written there.

    Examples
    --------
    >>> CheckpointKeeper(None, None).message
    ''
    """

    def __init__(self, path, start):
        self._path, self._start = path, start
        self._next, self._failure, self._kept = 0.0, None, None
        if path is not None:
            check_writable(path)

    def keep(self, state, now=False):
        """Write the state, unless the last time was only a moment ago and it is not to be ``now``."""
        if self._path is None or not (now or time.perf_counter() >= self._next):
            return
        try:
            save_checkpoint(replace(self._start, state=state), self._path)
            self._failure, self._kept = None, state.epoch
        except FileError as error:
            self._failure = error
        self._next = time.perf_counter() + SECONDS_BETWEEN

    @property
    def message(self):
        """str : a sentence for the result if the last state could not be written; else empty."""
        if self._failure is None:
            return ""
        last = "none was written" if self._kept is None else f"the file holds epoch {self._kept}"
        return f" The last checkpoint failed ({last}): {self._failure}."


def save_checkpoint(checkpoint, path):
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    checkpoint : Checkpoint
        What to write.
    path : str or path-like
        The file.

    Raises
    ------
    FileError
        It cannot be written; a file that was there is unchanged.

    Examples
    --------
    >>> save_checkpoint.__name__
    'save_checkpoint'
    """
    state, config = checkpoint.state, checkpoint.config
    moments, count = _moments(state.moments)
    networks, arrays = {}, {}
    for part in ("net", "first"):
        if getattr(checkpoint, part) is not None:
            networks[part], entries = _taken_apart(getattr(checkpoint, part))
            arrays |= {f"{part}_{name}": entry for name, entry in entries.items()}
    arrays |= {"theta": state.theta, "best_theta": state.best_theta, **moments}
    arrays |= {"history": _table(state.history), "earlier": _table(checkpoint.earlier)}
    described, members = pack_arrays(arrays)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "networks": networks,
        "config": plain(config),
        "task": checkpoint.task,
        "optimizer_steps": count,
        "best_epoch": state.best_epoch,
        "generator": plain(state.generator),
        "beginning": plain(checkpoint.beginning),
        "source": plain(checkpoint.source),
        "stage": list(checkpoint.stage),
        "arrays": described,
    }
    text = json.dumps(header, indent=1, sort_keys=True, allow_nan=False).encode()
    atomic_write(path, lambda file: write_members(file, {HEADER_NAME: text, **members}))


def load_checkpoint(path):
    """Read a checkpoint, every part of it checked.

    Parameters
    ----------
    path : str or path-like
        A file of `save_checkpoint`.

    Returns
    -------
    Checkpoint

    Raises
    ------
    FileError
        Not a checkpoint, truncated, damaged, or of a newer version.

    Examples
    --------
    >>> load_checkpoint("no-such-file.npz")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tasks.errors.FileError: no-such-file.npz: ...
    """
    with open_archive(path) as archive:
        header = read_json_header(archive, path, {FORMAT: VERSION})
        arrays = read_arrays(archive, header.get("arrays"), path)
    try:
        return _assemble(header, arrays)
    except (DynsysError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{path}: damaged: no state of training can be made of it: {error}") from error


def check_resume(checkpoint, net, task, config):
    """Refuse to resume with another task, network or way of training, naming what differs.

    Raises
    ------
    InputError
        The sentence.

    Examples
    --------
    >>> check_resume.__name__
    'check_resume'
    """
    check_same_task(checkpoint, task.name)
    was, now = checkpoint.task["parameters"], plain(task.parameters)
    differ = [name for name in sorted(set(was) | set(now)) if was.get(name) != now.get(name)]
    if differ:
        raise InputError(
            f"resume: this checkpoint belongs to task {task.name!r} with other values of "
            f"{', '.join(differ)}; resume with the task it was made with"
        )
    if net is not None and repr(net) != repr(checkpoint.net):
        raise InputError(
            f"resume: this checkpoint belongs to {checkpoint.net!r}, not {net!r}; pass the network that "
            "training started from, or None"
        )
    if net is not None and net.hash != checkpoint.net.hash:
        raise InputError(
            "resume: this checkpoint belongs to a network of the same shape with other weights; pass the "
            "network that training started from, or None"
        )
    for name in ("train", "optimizer", "fixed_trials", "validation", "batch_size", "batches_per_epoch"):
        old, new = getattr(checkpoint.config, name), getattr(config, name)
        if old != new:
            raise InputError(
                f"resume: this checkpoint was made with {name}={old!r}, not {new!r}; resume with that, or "
                "begin anew"
            )


def check_same_task(checkpoint, name):
    """Refuse to resume with a task of another name.

    Raises
    ------
    InputError
        The sentence.

    Examples
    --------
    >>> check_same_task.__name__
    'check_same_task'
    """
    if checkpoint.task["name"] != name:
        raise InputError(
            f"resume: this checkpoint belongs to task {checkpoint.task['name']!r}, not {name!r}; "
            "resume with the task it was made with"
        )


def _assemble(header, arrays):
    # Version 1 kept one network.
    known = header.get("networks") or {"net": {"kind": header["kind"], **header["network"]}}
    networks = {part: _put_together(part, known[part], arrays) for part in ("net", "first") if part in known}
    net = networks["net"]
    config = _config(header["config"])
    layout = parameters(net, config.train)
    size, kind = initial_theta(layout).shape, layout.base.dtype
    flat = {name: arrays[name].astype(kind) for name in arrays if name in _FLAT}
    if {array.shape for array in flat.values()} != {size}:
        raise InputError(f"theta and moments: expected {size}")
    moments = (
        AdamState(int(header["optimizer_steps"]), flat["mean"], flat["square"])
        if isinstance(config.optimizer, Adam)
        else flat["velocity"]
    )
    history, earlier = _records(arrays["history"]), _records(arrays["earlier"])
    state = TrainState(
        flat["theta"], moments, flat["best_theta"], int(header["best_epoch"]), history,
        generator_state(header["generator"]),
    )  # fmt: skip
    if not 0 <= state.best_epoch <= len(history):
        raise InputError(f"best_epoch: {state.best_epoch} of {len(history)} epochs")
    first, last = header["stage"]
    return Checkpoint(
        net, config, dict(header["task"]), state, generator_state(header["beginning"]),
        dict(header["source"]), (int(first), int(last)), earlier, networks.get("first"),
    )  # fmt: skip


def _taken_apart(net):
    kind = next(kind for kind, cls in _KINDS.items() if isinstance(net, cls))
    settings = {name: getattr(net, name) for name in ("phi", "alpha", "noise_std")}
    return {"kind": kind, **settings}, {name: getattr(net, name) for name in ARRAYS[kind]}


def _put_together(part, known, arrays):
    settings = dict(known)
    kind = settings.pop("kind")
    return _KINDS[kind](**{name: arrays[f"{part}_{name}"] for name in ARRAYS[kind]}, **settings)


_FLAT = ("theta", "best_theta", "mean", "square", "velocity")


def _config(values):
    values = dict(values)
    del values["is"]
    for name in ("optimizer", "schedule"):
        part = dict(values[name])
        values[name] = _PARTS[part.pop("is")](**part)
    return TrainConfig(**{**values, "train": tuple(values["train"])})


def _moments(moments):
    if isinstance(moments, AdamState):
        return {"mean": moments.mean, "square": moments.square}, moments.count
    return {"velocity": moments}, 0


def _table(records):
    return np.array([list(asdict(record).values()) for record in records], float).reshape(-1, len(_RECORD))


def _records(table):
    rows = [dict(zip(_RECORD, row, strict=True)) for row in table.tolist()]
    return tuple(EpochRecord(**row | {name: int(row[name]) for name in _WHOLE}) for row in rows)
