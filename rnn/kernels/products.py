"""Matrix products with a matrix that stays: packed once, then multiplied at every step of time.

A recurrent network multiplies a few rows (the trials) by the same large matrix again and again. A library
copies that matrix into an order of its own on every call; here this is done once for all steps, into
*panels*, strips of columns that a processor reads from front to back:

    panels[c, k, l] = M[k, c * width + l],      multiply:             out += rows M
                                                multiply_transposed:  out += left^T right

All work is done by one small product, `add_tile`, whose sums stay in vector registers. It is written in the
compiler's own language (LLVM), where a vector is a type: compiled from plain loops it reaches half the
speed. Every sum runs over k in the same order wherever its tile lies, so results do not depend on how rows
are shared out among threads.
"""

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from rnn.jit import jit

# Rows and bytes of a tile: 8 x 2 vectors of 64 bytes fit 32 registers, 4 x 2 vectors of 32 bytes fit 16.
# A tile's number of rows is the length of a tuple, its tag.
_WIDE = bool(binding.get_host_cpu_features().get("avx512f", False))
PANEL_BYTES = 128 if _WIDE else 64
TALL = (0,) * (8 if _WIDE else 4)
SHORT = (0,) * 4
DEPTH = 128  # rows that `multiply_transposed` takes at a time, so that they stay in the cache


def panel_width(dtype):
    """Number of columns of a panel.

    Examples
    --------
    >>> panel_width(np.float32) == 2 * panel_width(np.float64)
    True
    """
    return PANEL_BYTES // np.dtype(dtype).itemsize


def padded(columns, dtype):
    """Number of columns filled up to whole panels, which is the length of every row here.

    Examples
    --------
    >>> padded(1, np.float64) == panel_width(np.float64)
    True
    """
    width = panel_width(dtype)
    return -(-columns // width) * width


@jit(nogil=True)
def multiply(rows, panels, first_panel, out):
    """Add rows M to ``out``, in the columns from ``first_panel`` on.

    Parameters
    ----------
    rows : ndarray (B, >= K)
        The first K entries of each row are multiplied; B is a multiple of four.
    panels : ndarray (C, K, width)
        The matrix M (K, C * width), packed.
    first_panel : int
        Panel to begin with.
    out : ndarray (B, >= C * width)
        The sums, changed in place.
    """
    trials, width = rows.shape[0], panels.shape[2]
    for c in range(first_panel, panels.shape[0]):
        b = 0
        while b + len(TALL) <= trials:
            add_tile(TALL, rows[b:], panels[c], out[b:, c * width :])
            b += len(TALL)
        while b < trials:
            add_tile(SHORT, rows[b:], panels[c], out[b:, c * width :])
            b += len(SHORT)


@jit(nogil=True)
def multiply_transposed(first, last, left, right, out):
    """Add left^T right to rows ``first`` to ``last`` of ``out``.

    Parameters
    ----------
    first, last : int
        Multiples of the length of `TALL`.
    left, right : ndarray (K, >= last), (K, C * width)
        The factors.
    out : ndarray (>= last, C * width)
        The sums, changed in place.
    """
    width = PANEL_BYTES // right.itemsize
    for start in range(0, left.shape[0], DEPTH):
        rows = right[start : start + DEPTH]
        for c in range(0, right.shape[1], width):
            for i in range(first, last, len(TALL)):
                add_tile(TALL, left[start:, i:].T, rows[:, c : c + width], out[i:, c:])


def add_tile(tag, left, panel, out):
    """Add left panel to ``out``, for as many rows as the tag is long and as many columns as the panel has.

    Parameters
    ----------
    tag : tuple
        Its length R is the number of rows.
    left : ndarray (>= R, >= K)
        In any order of memory.
    panel : ndarray (K, width)
        Rows of exactly `panel_width` contiguous numbers, K >= 1.
    out : ndarray (>= R, >= width)
        The sums, changed in place; rows are contiguous.

    Examples
    --------
    >>> out = np.ones((4, panel_width(np.float64)))
    >>> add_tile(SHORT, np.ones((4, 3)), np.ones((3, panel_width(np.float64))), out)
    >>> float(out[3, -1])
    4.0
    """
    depth, width = panel.shape
    out[: len(tag), :width] += left[: len(tag), :depth] @ panel


@overload(add_tile, inline="never")
def _add_tile_compiled(tag, left, panel, out):
    def add_tile_compiled(tag, left, panel, out):
        _add_tile(tag, left, panel, out)

    return add_tile_compiled


@intrinsic
def _add_tile(typing, tag, left, panel, out):
    rows, number = len(tag), left.dtype

    def generate(context, builder, signature, arguments):
        scalar, word, byte = context.get_data_type(number), ir.IntType(64), ir.IntType(8)
        lanes = PANEL_BYTES * 8 // number.bitwidth
        vector = ir.VectorType(scalar, lanes)
        undefined = ir.Constant(vector, ir.Undefined)
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

        def read_array(kind, value):
            array = context.make_array(kind)(context, builder, value)
            sizes = [cgutils.unpack_tuple(builder, part, 2) for part in (array.shape, array.strides)]
            return builder.bitcast(array.data, byte.as_pointer()), *sizes

        def at(pointer, offset, kind):
            return builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer())

        def load(pointer):
            value = builder.load(pointer)
            value.align = number.bitwidth // 8  # rows begin anywhere
            return value

        left, _, (left_row, left_step) = read_array(signature.args[1], arguments[1])
        panel, (depth, _), (panel_step, _) = read_array(signature.args[2], arguments[2])
        out, _, (out_row, _) = read_array(signature.args[3], arguments[3])
        targets = [at(out, builder.mul(out_row, word(r)), vector) for r in range(rows)]
        starts = [load(target) for target in targets]
        entry, loop, end = (builder.block, *(builder.append_basic_block(name) for name in ("sum", "store")))
        builder.branch(loop)

        # for k: sums[r] += left[r, k] * panel[k]
        builder.position_at_end(loop)
        k, sums = builder.phi(word), [builder.phi(vector) for _ in range(rows)]
        column = load(at(panel, builder.mul(k, panel_step), vector))
        later = []
        for r in range(rows):
            place = builder.add(builder.mul(left_row, word(r)), builder.mul(k, left_step))
            factor = builder.insert_element(undefined, load(at(left, place, scalar)), ir.IntType(32)(0))
            product = builder.fmul(
                builder.shuffle_vector(factor, undefined, everywhere), column, flags=("contract",)
            )
            later.append(builder.fadd(product, sums[r], flags=("contract",)))
        following = builder.add(k, word(1))
        for value, first, next_value in zip([k, *sums], [word(0), *starts], [following, *later]):
            value.add_incoming(first, entry)
            value.add_incoming(next_value, loop)
        builder.cbranch(builder.icmp_signed("<", following, depth), loop, end)

        builder.position_at_end(end)
        for target, value in zip(targets, later):
            builder.store(value, target).align = number.bitwidth // 8
        return context.get_dummy_value()

    return types.void(tag, left, panel, out), generate
