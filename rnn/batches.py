"""Trials packed for the kernels: batches of whole blocks, weights folded in, checked before each use."""

from typing import NamedTuple

import numpy as np

from rnn.kernels.lowrank import BLOCK
from tasks.checks import narrowed
from tasks.errors import InputError


class Batches(NamedTuple):
    """Batches of trials as the kernels want them, each filled up to a multiple of four trials.

    Parameters
    ----------
    inputs, targets, weights : ndarray (M, B', T, S), (M, B', T, O), (M, B', T, O)
        M batches; trials that only fill up are zero.
    size : int
        Number B of real trials in a batch.

    Examples
    --------
    >>> from tasks import get_task
    >>> pack(get_task("rdm").trials(6, rng=0), 3, np.float32).inputs.shape
    (2, 4, 51, 1)
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    size: int

    def check(self, left, right, shapes, outputs):
        """Check the batches and the factors against what compiled code, which checks nothing, expects.

        Parameters
        ----------
        left, right : ndarray
            The factors of `rnn.connectivity.factors`.
        shapes : tuple
            Expected shapes of left and right, and (B', T).
        outputs : ndarray
            Where outputs go: the shape of the targets, and everybody's precision.

        Returns
        -------
        inputs, targets, weights : ndarray

        Raises
        ------
        InputError
            Another shape, precision or layout.
        """
        given = left.shape, right.shape, self.inputs.shape[1:3]
        if given != shapes or self.targets.shape[1:] != outputs.shape:
            raise InputError(
                f"batch: expected shapes {shapes}, {outputs.shape}, got {given}, {self.targets.shape[1:]}"
            )
        for array in (left, right, *self[:3]):
            if array.dtype != outputs.dtype or not array.flags.c_contiguous:
                raise InputError(f"batch: expected C-contiguous {outputs.dtype} arrays, got {array.dtype}")
        return self[:3]


def pack(trials, batch_size, dtype):
    """Cut trials into batches of ``batch_size`` (which must divide their number) in the kernels' layout.

    Returns
    -------
    Batches

    Raises
    ------
    InputError
        Numbers too large for that precision.

    Examples
    --------
    >>> from tasks import get_task
    >>> float(pack(get_task("rdm").trials(4, rng=0), 4, np.float64).weights.sum())
    1.0
    """
    masked = np.maximum((trials.mask != 0).any(axis=2).sum(axis=1), 1)
    weights = trials.mask**2 / (batch_size * trials.mask.shape[2] * masked)[:, None, None]
    arrays = {"inputs": trials.inputs, "targets": trials.targets, "mask": weights}
    return Batches(*(_cut(name, array, batch_size, dtype) for name, array in arrays.items()), batch_size)


def _cut(name, array, batch_size, dtype):
    trials, steps, channels = array.shape
    cut = np.ascontiguousarray(narrowed(name, array, dtype)).reshape(-1, batch_size, steps, channels)
    if batch_size % BLOCK == 0:
        return cut
    padded = -(-batch_size // BLOCK) * BLOCK
    packed = np.zeros((trials // batch_size, padded, steps, channels), dtype)
    packed[:, :batch_size] = cut
    return packed
