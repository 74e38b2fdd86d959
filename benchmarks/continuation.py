"""Milliseconds per branch: this project beside the continuation packages that can be called from Python.

    python benchmarks/continuation.py [--seconds 5] [--peers PYTHON ...]

The branch is AUTO's demo ab (a chemical reactor, p2 = 17) for p1 from 0 to 0.5: two Hopf points and two folds, each
located, with eigenvalues along the branch. Ours are polished to rounding and come with their normal forms. Every
package runs in its own process, after one run that compiles; its steps are as long as still find all that it finds,
its tolerances 1e-9, or 1e-7 as AUTO has them. Relative: to our own branch with such steps (``max_step=0.3``); the
default steps have a row of their own. Found: how many of the four events, and the largest error of their parameter
value. First: the time of the first branch of a new model, compilation included, with this project's compiled code
already in its cache.

`--peers` names interpreters of environments in which peers are installed. jaxcont is JAX; PyDSTool's PyCont is Python;
auto-07p is Debian's AUTO-07p in Fortran with its own Python commands, which start a program for each run; pycobi puts
tables on top of these; bifpy is AUTO-07p too, in a forked process that calls the model back in Python; xpplab is the
AUTO of XPPAUT in C, in the same process. Two environments and Debian's packages serve them all:

    python -m venv peers && peers/bin/pip install jaxcont xpplab pycobi
    apt-get install gfortran make auto-07p && peers/bin/pip install bifpy
    python3.8 -m venv old && old/bin/pip install "numpy<1.24" "scipy<1.11" pydstool
    python benchmarks/continuation.py --peers peers/bin/python old/bin/python

PyDSTool 0.91 needs a Python that still has the module `parser`, up to 3.9, and a numpy that still has `numpy.int`.
"""  # noqa: E501

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

EXACT = (0.1208657195, 0.1219011608, 0.1170147504, 0.2170805097)
AUTO_07P = "/usr/lib/auto-07p"

OURS = """
import json, sys, time
import numpy as np, sympy
from dynsys.analysis import (
    bifurcation_diagram, compile_field, continue_branch, continue_cycles, reduced_field
)
from dynsys.symbolic import System
import rnn
def reactor(p2, extra=0):
    u1, u2, p1, q = sympy.symbols("u1 u2 p1 p2")
    rate = p1 * (1 - u1) * sympy.exp(u2) * (1 + extra * sympy.Rational(1, 10**6))
    return System([-u1 + rate, -u2 + q * rate - 3 * u2], [u1, u2], parameters={"p1": 0.0, "p2": p2})
def branch(field, **settings):
    return continue_branch(field, [0.0, 0.0], "p1", (0.0, 0.5), **settings)
def timed(**settings):
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        found = branch(field, **settings)
        times.append(time.perf_counter() - start)
    return {"times": times, "values": [p.value for p in found.special_points], "points": len(found)}
seconds = float(sys.argv[1])
branch(compile_field(reactor(16.0)))
start = time.perf_counter()
branch(compile_field(reactor(17.0, extra=int(time.time() * 1000) % 10**6 / 10**6)))
first = time.perf_counter() - start
field = compile_field(reactor(17.0))
out = {"first": first, "long": timed(max_step=0.3), **timed()}
diagrams = {}
for name in rnn.example_names():
    net = rnn.load_example(name)
    if not isinstance(net, rnn.LowRankRNN):
        continue
    bifurcation_diagram(reduced_field(net), "gain", (0, 2))
    start = time.perf_counter()
    bifurcation_diagram(reduced_field(net), "gain", (0, 2))
    diagrams[name] = time.perf_counter() - start
v, w, current = sympy.symbols("v w I")
right = [v - v**3 / 3 - w + current, sympy.Float(0.08) * (v + sympy.Float(0.7) - sympy.Float(0.8) * w)]
neuron = compile_field(System(right, [v, w], parameters={"I": 0.0}))
hopf = next(p for p in continue_branch(neuron, [-1.2, -0.6], "I", (0, 2)).special_points if p.kind == "Hopf")
continue_cycles(neuron, hopf, "I", (0, 2))
cycles = []
for _ in range(9):
    start = time.perf_counter()
    family = continue_cycles(neuron, hopf, "I", (0, 2))
    cycles.append(time.perf_counter() - start)
events = [f"{p.kind} at {p.value:.6g}" for p in family.special_points]
family = [sorted(cycles)[4], len(family), family.meshes.shape[1] - 1, events]
out |= {"diagrams": diagrams, "family": family}
print(json.dumps(out))
"""

JAXCONT = """
import json, sys, time
import jax, jax.numpy as jnp, jaxcont
jax.config.update("jax_enable_x64", True)
def f(u, p, args=None):
    rate = p * (1 - u[0]) * jnp.exp(u[1])
    return jnp.array([-u[0] + rate, -u[1] + 17.0 * rate - 3 * u[1]])
def run():
    problem = jaxcont.BifProblem(f, jnp.zeros(2), 0.0)
    settings = jaxcont.ContinuationPar(ds=0.005, ds_max=0.03, max_steps=2000, newton_tol=1e-10)
    events = [jaxcont.Fold(), jaxcont.Hopf()]
    return jaxcont.continuation(problem, p_span=(0.0, 0.5), settings=settings, events=events)
start = time.perf_counter()
found = run()
first = time.perf_counter() - start
times, end = [], time.perf_counter() + float(sys.argv[1])
while not times or time.perf_counter() < end:
    start = time.perf_counter()
    found = run()
    times.append(time.perf_counter() - start)
values = []
for e in found.events:
    values.append(float(next(getattr(e, n) for n in ("p", "param", "parameter", "value") if hasattr(e, n))))
print(json.dumps({"times": times, "first": first, "values": values, "points": None}))
"""

PYDSTOOL = """
import json, sys, time, io, contextlib
with contextlib.redirect_stdout(io.StringIO()):
    import PyDSTool as dst
def run():
    args = dst.args(name="ab", pars={"p1": 0.0}, pdomain={"p1": [0.0, 0.5]}, varspecs={
        "u1": "-u1+p1*(1-u1)*exp(u2)", "u2": "-u2+17*p1*(1-u1)*exp(u2)-3*u2"}, ics={"u1": 0.0, "u2": 0.0})
    cont = dst.ContClass(dst.Generator.Vode_ODEsystem(args))
    spec = dst.args(name="EQ1", type="EP-C", freepars=["p1"], MaxNumPoints=400, MaxStepSize=0.1,
                    StepSize=1e-2, MinStepSize=1e-6, LocBifPoints=["LP", "H", "B"], SaveEigen=True,
                    StopAtPoints=["B"], FuncTol=1e-9, VarTol=1e-9)
    cont.newCurve(spec)
    cont["EQ1"].forward()
    return cont["EQ1"]
with contextlib.redirect_stdout(io.StringIO()):
    start = time.perf_counter()
    found = run()
    first = time.perf_counter() - start
    times, end = [], time.perf_counter() + float(sys.argv[1])
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - start)
values = []
for kind in ("LP", "H"):
    for k in range(1, 6):
        try:
            values.append(float(found.getSpecialPoint(kind + str(k))["p1"]))
        except (TypeError, KeyError):
            break
print(json.dumps({"times": times, "first": first, "values": values, "points": len(found.sol)}))
"""

# The rest of a program that defines run(), which returns parameter values of events and the number of points.
REPEAT = """
start = time.perf_counter()
run()
first = time.perf_counter() - start
times, end = [], time.perf_counter() + float(sys.argv[1])
while not times or time.perf_counter() < end:
    start = time.perf_counter()
    values, points = run()
    times.append(time.perf_counter() - start)
print(json.dumps({"times": times, "first": first, "values": values, "points": points}))
"""

XPPLAB = (
    """
import json, sys, time
import xpplab
model = xpplab.Model.from_text('''
u1'=-u1+p1*(1-u1)*exp(u2)
u2'=-u2+17*p1*(1-u1)*exp(u2)-3*u2
par p1=0
init u1=0,u2=0
done
''')
settings = dict(parmin=0.0, parmax=0.5, ds=0.05, dsmax=0.1, dsmin=1e-4, nmax=1000, npr=5000,
                epss=1e-7, epsl=1e-7, epsu=1e-7)
def run():
    model.auto.reset()
    found = model.auto.equilibria("p1", **settings)
    return [float(point.value) for point in found.special() if point.type in ("HB", "LP")], len(found)
"""
    + REPEAT
)

BIFPY = (
    """
import json, math, sys, time
from bifpy import auto
def reactor(state, parameters):
    rate = parameters[0] * (1 - state[0]) * math.exp(state[1])
    return [-state[0] + rate, -state[1] + 17 * rate - 3 * state[1]]
def begin(state, parameters, time):
    state[0], state[1], parameters[0] = 0.0, 0.0, 0.0
settings = dict(ips=auto.IPS_EQUILIBRIUM, ndim=2, npar=1, nmx=1000, ilp=1, isp=2, jac=0, ds=0.05, dsmin=1e-4,
                dsmax=0.1, rl0=0.0, rl1=0.5, epsl=1e-7, epsu=1e-7, epss=1e-7)
def run():
    found = auto.run(reactor, begin, settings, icu=[1])
    points = [point for branch in found.branches for point in branch.points]
    kinds = [auto.PointType.HOPF_BIFURCATION, auto.PointType.FOLD]
    return [float(p.parameters[0]) for p in points if p.point_type in kinds], len(points)
"""
    + REPEAT
)

AB_IN_FORTRAN = """
import contextlib, io, json, os, sys, tempfile, time
auto_dir = os.environ.setdefault("AUTO_DIR", "AUTO_07P")
sys.path.insert(0, auto_dir + "/python")
os.chdir(tempfile.mkdtemp())
open("ab.f90", "w").write('''
subroutine func(ndim, u, icp, par, ijac, f, dfdu, dfdp)
  integer, intent(in) :: ndim, ijac, icp(*)
  double precision, intent(in) :: u(ndim), par(*)
  double precision, intent(out) :: f(ndim)
  double precision, intent(inout) :: dfdu(ndim, *), dfdp(ndim, *)
  double precision :: rate
  rate = par(1) * (1 - u(1)) * exp(u(2))
  f(1) = -u(1) + rate
  f(2) = -u(2) + 17 * rate - 3 * u(2)
end subroutine
subroutine stpnt(ndim, u, par, t)
  integer, intent(in) :: ndim
  double precision, intent(inout) :: u(ndim), par(*)
  double precision, intent(in) :: t
  u = 0
  par(1) = 0
end subroutine
subroutine bcnd
end subroutine
subroutine icnd
end subroutine
subroutine fopt
end subroutine
subroutine pvls
end subroutine
''')
settings = dict(NDIM=2, IPS=1, ICP=[1], ILP=1, ISP=2, JAC=0, NMX=1000, RL0=0.0, RL1=0.5, DS=0.05, DSMIN=1e-4,
                DSMAX=0.1, EPSL=1e-7, EPSU=1e-7, EPSS=1e-7)
""".replace("AUTO_07P", AUTO_07P)

AUTO = (
    AB_IN_FORTRAN
    + """
import auto
def run():
    with contextlib.redirect_stdout(io.StringIO()):
        found = auto.run(e="ab", **settings)
    return [point["PAR(1)"] for point in found() if point["TY name"] in ("HB", "LP")], len(found[0])
"""
    + REPEAT
)

PYCOBI = (
    AB_IN_FORTRAN
    + """
import pathlib, shutil  # one line of Debian's AUTO does not run with the numpy that pycobi asks for
sys.path[0] = shutil.copytree(auto_dir + "/python", os.path.abspath("python"))
reader = pathlib.Path("python/auto/parseS.py")
reader.write_text(reader.read_text().replace("fdata == []", "len(fdata) == 0"))
from pycobi import ODESystem
def run():
    with contextlib.redirect_stdout(io.StringIO()):
        system = ODESystem("ab", params=["p1"], state_vars=["u1", "u2"])
        points, _ = system.run(get_eigenvals=True, **settings)
    special = points["bifurcation"].isin(["HB", "LP"])
    return points["p1"][special].astype(float).tolist(), len(points)
"""
    + REPEAT
)

PEERS = {
    "jaxcont": JAXCONT, "PyDSTool": PYDSTOOL, "auto-07p": AUTO, "pycobi": PYCOBI, "bifpy": BIFPY,
    "xpplab": XPPLAB,
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of repeated branches for each package")
    parser.add_argument("--peers", nargs="*", default=[sys.executable], help="interpreters that have peers")
    options = parser.parse_args()
    ours = run(sys.executable, OURS, options.seconds)
    print(
        "| package | median ms | fastest ms | relative | first branch, s | points | found | largest error |"
    )
    print("|---|---|---|---|---|---|---|---|")
    base = row("dynsys, long steps", {**ours["long"], "first": ours["first"]}, None)
    row("dynsys, default steps", ours, base)
    for name, program in PEERS.items():
        python, version = home(name, options.peers)
        if python is None:
            print(f"| {name} | not installed | | | | | | |")
            continue
        found = run(python, program, options.seconds)
        if isinstance(found, str):
            print(f"| {name} {version} | fails: {found} | | | | | | |")
        else:
            row(f"{name} {version}", found, base)
    print()
    seconds, count, intervals, events = ours["family"]
    print("Cycles of the FitzHugh-Nagumo equations from one Hopf point to the other, with multipliers:")
    print(f"{count} cycles on {intervals} intervals in {1e3 * seconds:.0f} ms, a first try on 40 included;")
    print(", ".join(events))
    print()
    print("Whole diagrams along the gain of the networks that ship with the project (second run), seconds:")
    print(", ".join(f"{name} {seconds:.2f}" for name, seconds in ours["diagrams"].items()))


def row(name, found, base):
    times = sorted(found["times"])
    middle = times[len(times) // 2]
    right = [min(found["values"], key=lambda v: abs(v - e), default=9.9) for e in EXACT]
    errors = [abs(v - e) for v, e in zip(right, EXACT) if abs(v - e) < 1e-3]
    relative = "1" if base is None else f"{middle / base:.3g}"
    worst = f"{max(errors):.0e}" if errors else ""
    print(f"| {name} | {1e3 * middle:.2f} | {1e3 * times[0]:.2f} | {relative} | {found['first']:.2f} "
          f"| {found['points'] or ''} | {len(errors)} of 4 | {worst} |", flush=True)  # fmt: skip
    return middle


def home(name, pythons):
    """The first interpreter that has a package, and the package's version."""
    if name == "auto-07p":  # Debian's, which any Python can import
        there = Path(AUTO_07P).is_dir() and shutil.which("gfortran")
        return (sys.executable, "(Debian)") if there else (None, None)
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    for python in pythons:
        found = subprocess.run([python, "-c", code], capture_output=True, text=True)
        if found.returncode == 0:
            return python, found.stdout.strip()
    return None, None


def run(python, program, seconds):
    start = time.perf_counter()
    done = subprocess.run(
        [python, "-c", program, str(seconds)], capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        return (
            done.stderr.strip().splitlines()[-1].partition(" (")[0][:160]
            if done.stderr.strip()
            else f"code {done.returncode}"
        )
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "wall": time.perf_counter() - start}


if __name__ == "__main__":
    main()
