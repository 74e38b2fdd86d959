"""How long proofs take: python benchmarks/certificates.py [--quick]

For each field all fixed points of a box are proved, without any to start from, some hundreds of times inside
one compiled call; then numbers of fixed points are mapped over two parameters, every cell proved. Processor
time leaves out what else the machine is doing.
"""

import argparse
import os
import time

import numpy as np

from dynsys import numerics
from dynsys.analysis import compile_field, count_map, reduced_field
from dynsys.analysis.certificates import certify
from dynsys.populations import fit_populations
from dynsys.symbolic import System, mean_field
from rnn import load_example, loadings

RATE_MODEL = "x' = -x + tanh(a x - y + I); y' = -y + tanh(x + b y); a = 1.5, b = 1.4; input I"
WILSON_COWAN = """
    tau_E dE/dt = -E + S(w_EE E - w_EI I + P)
    tau_I dI/dt = -I + S(w_IE E - w_II I + Q)
    S(x) = 1/(1 + exp(-a (x - theta)))
    w_EE = 16, w_EI = 12, w_IE = 15, w_II = 3, a = 1.3, theta = 4, tau_E = 1, tau_I = 2
    input P, Q
"""
CUBE = "; ".join(f"x{i}' = -x{i} + tanh(g x{i})" for i in range(1, 7)) + "; g = 1.8"


def main():
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small maps")
    quick = parser.parse_args().quick
    dms = load_example("dms")
    populations = fit_populations(loadings(dms), populations=2, rng=0)
    rate, cowan = compile_field(System.from_text(RATE_MODEL)), compile_field(System.from_text(WILSON_COWAN))
    two = compile_field(mean_field(populations))
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    print("| proof of a whole box | fixed points | boxes | processor time |\n|---|---|---|---|")
    one(rate, "rate model, two dimensions", [[-1.1, 1.1]] * 2, 400)
    one(cowan, "Wilson-Cowan, two dimensions", [[-0.1, 1.1]] * 2, 400)
    one(two, "two-population tanh mean field, two dimensions", None, 40)
    one(reduced_field(dms), f"network of {dms.units} units, rank 2", None, 10)
    one(compile_field(System.from_text(CUBE)), "six tanh units", [[-2, 2]] * 6, 1)
    sides = (100, 30) if quick else (500, 100)
    print("\n| map of proved numbers | cells | not decided | time | processor time a cell |")
    print("|---|---|---|---|---|")
    span = np.linspace(0.0, 4.0, sides[0])
    many(rate, "rate model", ("a", span), ("b", span), [[-1.1, 1.1]] * 2)
    across, along = np.linspace(-2, 6, sides[0]), np.linspace(-6, 6, sides[0])
    many(cowan, "Wilson-Cowan", ("P", across), ("Q", along), [[-0.1, 1.1]] * 2)
    gains, inputs = np.linspace(0.3, 1.5, sides[1]), np.linspace(-1, 1, sides[1])
    many(two, "two-population tanh mean field", ("gain", gains), (two.inputs[0], inputs), None)


def one(field, name, box, repeats):
    """A line of the first table: the search of one box, again and again in one compiled call."""
    certificate = certify(field, box=box)
    functions, kernel = field.enclose(), numerics.counting
    search = certificate.box.reshape(1, 1, -1).copy()
    u, params = field.input_vector(None), np.array(field.values)
    place, out = len(u), np.zeros((repeats, 1), dtype=np.int64)
    same, rows = params[:1].copy(), np.full(repeats, params[0])
    blocks = np.array([[i, i + 1, 0, 1] for i in range(repeats)])  # blocks do not hand their roots on
    call = (functions.values, functions.slopes) * 2 + (u, params, search, place, same, place, rows, blocks)
    best = np.inf
    for _ in range(5):
        start = time.thread_time()
        if repeats > 1:
            kernel.count_blocks(*call, 200_000, out)
        else:
            certify(field, box=box)
        best = min(best, time.thread_time() - start)
    assert certificate.complete and (repeats == 1 or (out == certificate.proved).all())
    print(f"| {name} | {certificate.proved} | {certificate.counts['examined']} | {shown(best / repeats)} |")


def many(field, name, across, along, box):
    """A line of the second table."""
    small = (across[0], across[1][:2]), (along[0], along[1][:2])
    count_map(field, *small, box=box)  # compiled before the clock starts
    start, spent = time.perf_counter(), time.process_time()
    result = count_map(field, across, along, box=box)
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    cells, unknown = result.counts.size, int((result.counts < 0).sum())
    shape = f"{along[1].size} x {across[1].size}"
    print(f"| {name} | {shape} | {unknown} | {seconds:.1f} s | {shown(spent / cells)} |")


def shown(seconds):
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.1f} us"


if __name__ == "__main__":
    main()
