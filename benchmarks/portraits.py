"""Time whole phase portraits, with manifolds, basins and the figure: python benchmarks/portraits.py

Each figure is the median over repetitions, after one that is not counted (compiled code is loaded in it).
"""

import argparse
import io
import statistics
import time

import sympy

from dynsys.analysis import compile_field, find_cycles, phase_portrait, reduced_field
from dynsys.plotting import new_figure, plot_portrait
from dynsys.symbolic import System
from rnn import load_example


def fields():
    """Name -> field, box and inputs."""
    x, y, V, w = sympy.symbols("x y V w")
    valley = (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
    m_inf, w_inf = (1 + sympy.tanh((V + 1.2) / 18)) / 2, (1 + sympy.tanh((V - 2) / 30)) / 2
    ionic = 90 - 2 * (V + 60) - 4.4 * m_inf * (V - 120) - 8 * w * (V + 84)
    spikes = System([ionic / 20, (w_inf - w) * sympy.cosh((V - 2) / 60) / 25], [V, w])
    network = reduced_field(load_example("dms"))
    return {
        "Himmelblau, 9 fixed points": (
            compile_field(System([-valley.diff(x), -valley.diff(y)], [x, y])),
            [[-5, 5]] * 2,
            None,
        ),
        "Morris-Lecar, two cycles": (compile_field(spikes), None, None),
        "network of 512 units, at rest": (network, None, None),
        "network of 512 units, stimulus": (network, None, [1.0, 0.0]),
    }


def drawn(field, box, inputs):
    portrait = phase_portrait(field, inputs, box)
    figure, ax = new_figure(size=(4.6, 3.4))
    plot_portrait(portrait, ax)
    figure.savefig(io.BytesIO(), format="png")


def seconds(function, repetitions):
    function()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    print(f"{'field':34s} {'cycles':>9s} {'portrait':>9s} {'and figure':>11s}   seconds")
    for name, (field, box, inputs) in fields().items():
        cycles = seconds(lambda: find_cycles(field, inputs, box), repetitions)  # noqa: B023
        data = seconds(lambda: phase_portrait(field, inputs, box), repetitions)  # noqa: B023
        whole = seconds(lambda: drawn(field, box, inputs), repetitions)  # noqa: B023
        print(f"{name:34s} {cycles:9.3f} {data:9.3f} {whole:11.3f}")


if __name__ == "__main__":
    main()
