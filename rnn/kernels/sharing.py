"""Blocks of work that threads share out among themselves without leaving compiled code.

To wake a sleeping thread takes tens of microseconds, as long as a whole training step of a small network. So
a kernel that finds no block left stands by: for a short while it looks for the blocks of the next call, and
only then goes to sleep. Each thread claims one block after the other, the calling thread too: it never waits
for one that the operating system has set aside, unless that one is inside a block.

A call is an array of words, shared by the threads. One word holds the number of the call and the next block
that nobody has claimed; it changes by compare-and-swap alone. So does the word of each thread's seat, which
says whether it must be woken: who leaves says so first and looks for a block once more after that, and the
caller looks at the seats after it has offered the blocks, so that one of them sees the other. The rest is
written before a call begins, when every block of the last one is done, and read after a block is claimed.
"""

import platform

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from rnn.jit import jit

TICKET, DONE, BATCH, SEED, LEAVE, SEATS = range(6)
TAKEN, EMPTY = range(2)
# About 0.2 ms: longer than what lies between two steps of a training run, too short for anybody to notice.
POLLS = 4000
_NEXT = np.int64(0xFFFFFFFF)  # the half of the ticket that is the next block


def nothing_to_do(blocks, seats=1):
    """A call whose blocks are all done.

    Parameters
    ----------
    blocks : int
        Number of blocks in every call.
    seats : int, default 1
        Number of threads; seat 0 is the caller's, who never stands by. The others are empty.

    Returns
    -------
    ndarray (5 + seats,) of int64

    Examples
    --------
    >>> call = nothing_to_do(3)
    >>> claim(call, 3, 0), all_done(call, 3, 1)
    (-1, True)
    """
    call = np.zeros(SEATS + seats, np.int64)
    call[TICKET] = call[DONE] = blocks
    call[SEATS + 1 :] = EMPTY
    return call


def threads_can_share():
    """Whether threads can: not without the compiler, for nothing happens in one between threads of Python."""
    return not config.DISABLE_JIT


@jit()
def begin(call, batch, seed):
    """Offer the blocks of the next call: the number of a batch, and the 64-bit key of its noise."""
    call[DONE], call[BATCH], call[SEED] = 0, batch, np.int64(seed)
    last = call[TICKET]
    swap(call, TICKET, last, np.int64((last >> 32) + 1) << 32)


@jit()
def take_seat(call, seat):
    """Take a seat for a thread that is about to be woken; returns whether it was empty."""
    return swap(call, SEATS + seat, EMPTY, TAKEN) == EMPTY


@jit(inline="always")
def claim(call, blocks, seat):
    """Number of a block to do, or -1 if there is none and none comes; then the seat is empty."""
    waited, found = 0, np.int64(-2)
    while found == -2:
        ticket = swap(call, TICKET, 0, 0)
        if (ticket & _NEXT) < blocks:
            if swap(call, TICKET, ticket, ticket + 1) == ticket:
                swap(call, SEATS + seat, EMPTY, TAKEN)
                found = ticket & _NEXT
        elif seat == 0 or waited > POLLS:
            found = np.int64(-1)
        else:
            if waited < POLLS and swap(call, LEAVE, 0, 0) != 0:
                waited = POLLS
            if waited == POLLS:  # says so, and looks once more
                swap(call, SEATS + seat, TAKEN, EMPTY)
            waited += 1
            relax()
    return found


@jit(inline="always")
def finish(call):
    """Say that one claimed block is done."""
    done = call[DONE]
    while swap(call, DONE, done, done + 1) != done:
        done = swap(call, DONE, 0, 0)


@jit(nogil=True)
def all_done(call, blocks, polls):
    """Wait, for that many polls, until all blocks are done; returns whether they are."""
    for _ in range(polls):
        if swap(call, DONE, 0, 0) == blocks:
            return True
        relax()
    return False


def swap(words, index, old, new):
    """Write ``new`` where ``old`` is; returns what was there. Between threads this happens in one."""
    before = words[index]
    if before == old:
        words[index] = new
    return before


def relax():
    """Tell the processor that it is waiting."""


@overload(swap, inline="always")
def _swap(words, index, old, new):
    return lambda words, index, old, new: _compare_and_swap(
        words, np.int64(index), np.int64(old), np.int64(new)
    )


@overload(relax, inline="always")
def _relax():
    return lambda: _pause()


@intrinsic
def _compare_and_swap(typing_context, words, index, old, new):
    def code(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        word = builder.gep(array.data, [arguments[1]])
        pair = builder.cmpxchg(word, arguments[2], arguments[3], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 0)

    return types.int64(words, types.int64, types.int64, types.int64), code


@intrinsic
def _pause(typing_context):
    def code(context, builder, signature, arguments):
        if platform.machine().lower() in ("x86_64", "amd64"):
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, pause, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), code
