"""The command line: ``dynsys demo`` and ``dynsys analyse FILE --task NAME``.

Progress goes to stderr, the summary to stdout. Exit codes: 0 done; 1 done, but the demonstration's network
missed its goal; 2 bad input; 130 interrupted (Ctrl-C or SIGTERM), with the network trained so far saved.
"""

import argparse
import shlex
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

import dynsys
import dynsys.report
import rnn
import tasks

DONE, MISSED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
DEMO_TASK, DEMO_GOAL = "rdm", 0.99
# One unit has no covariances.
FEWEST_UNITS = 2


def main(argv=None):
    """Run a command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process if left out.

    Returns
    -------
    int

    Examples
    --------
    >>> main(["analyse", "no-such-file.npz", "--task", "rdm"])
    2
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    options = _parser().parse_args(argv)
    try:
        with _sigterm_as_interrupt():
            return options.run(options, shlex.join(["dynsys", *argv]))
    except tasks.DynsysError as error:
        _say(f"dynsys: error: {error}")
        return MISSED if isinstance(error, tasks.OutcomeError) else BAD_INPUT
    except MemoryError as error:
        _say(f"dynsys: error: not enough memory: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        _say("dynsys: interrupted")
        return INTERRUPTED


def demo(options, command):
    """Train a rank-one network on random-dot motion, analyse it and write the report."""
    if options.units < FEWEST_UNITS:
        raise tasks.InputError(f"units: a population needs at least {FEWEST_UNITS}, got {options.units}")
    folder = dynsys.report.check_folder(options.output)
    _say(f"training {options.units} units on {DEMO_TASK}; a first run also compiles, for some seconds")
    with _TrainingProgress() as progress:
        result = dynsys.report.train_example(DEMO_TASK, options.units, options.seed, progress)
    folder.mkdir(parents=True, exist_ok=True)
    stored = rnn.save_network(result.net, folder / "network.npz", {"command": command, "seed": options.seed})
    if result.status is tasks.Status.INTERRUPTED:
        _say(f"dynsys: interrupted; the network trained so far is in {stored}")
        return INTERRUPTED
    if not result.status.ok:
        _say(f"dynsys: training ended early: {result.message}")
    task = tasks.get_task(DEMO_TASK)
    analysis = _analyse(result.net, task, options, command, folder, training=result)
    reached = analysis.performance.accuracy["network"]
    if reached < DEMO_GOAL:
        _say(f"dynsys: accuracy {reached:.4f} is below the goal of {DEMO_GOAL}; try another --seed")
        return MISSED
    return DONE


def analyse(options, command):
    """Analyse a stored network and write the report."""
    task = tasks.get_task(options.task, options.preset)
    net = rnn.load_network(options.file, alpha=options.alpha, noise_std=options.noise_std, phi=options.phi)
    folder = dynsys.report.check_folder(options.output)
    _analyse(net, task, options, command, folder)
    return DONE


def _analyse(net, task, options, command, folder, training=None):
    with _StageProgress() as progress:
        analysis = dynsys.analyse(net, task, rng=options.seed, training=training, progress=progress)
        progress("report", progress.total, progress.total)
        page = dynsys.write_report(analysis, folder, command)
    rows = [*analysis.summary(), ("report", str(page))]
    width = max(len(name) for name, _ in rows)
    print("values with a slash: network / mean field")
    for name, text in rows:
        print(f"  {name:<{width}}  {text}")
    return analysis


class _TrainingProgress:
    """A bar over epochs on a terminal, else a line now and then."""

    def __enter__(self):
        self.bar = None
        self.started = False
        return self

    def __call__(self, record):
        if not self.started:
            self.started = True
            self.bar = _bar(record.epochs, "training", "epoch")
        if self.bar is not None:
            self.bar.set_postfix(loss=f"{record.loss:.2e}", accuracy=f"{record.accuracy:.3f}")
            self.bar.update()
        elif record.epoch in (1, record.epochs) or record.epoch % 5 == 0:
            scores = f"loss {record.loss:.2e}, accuracy {record.accuracy:.3f}"
            _say(f"training: epoch {record.epoch} of {record.epochs}, {scores}")

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.close()


class _StageProgress:
    """A bar over the stages of an analysis on a terminal, else a line for each."""

    total = 1

    def __enter__(self):
        self.bar = None
        return self

    def __call__(self, stage, done, total):
        if done == 0:
            self.total = total + 1
            self.bar = _bar(self.total, "analysis", "stage")
        if self.bar is None:
            if stage != "done":
                _say(f"analysis: {stage}")
        else:
            self.bar.set_postfix_str(stage)
            self.bar.update(min(done, self.total) - self.bar.n)

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.update(self.total - self.bar.n)
            self.bar.close()


def _bar(total, name, unit):
    if not sys.stderr.isatty():
        return None
    return tqdm(total=total, desc=name, unit=unit, file=sys.stderr, dynamic_ncols=True)


def _say(text):
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _sigterm_as_interrupt():
    """A polite request to end is treated like Ctrl-C, so that nothing is lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser():
    parser = argparse.ArgumentParser(
        prog="dynsys",
        description="From a trained recurrent network to its equations, fixed points and bifurcations.",
    )
    parser.add_argument("--version", action="version", version=f"dynsys {dynsys.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser(
        "demo",
        help="train a network on random-dot motion and analyse it",
        description="Train a rank-one network on random-dot motion, analyse it and write a report.",
    )
    one.add_argument("--units", type=int, default=128, help="number of units (default 128)")
    one.set_defaults(run=demo)

    two = commands.add_parser(
        "analyse",
        help="analyse a stored network",
        description="Analyse a low-rank network from a file and write a report.",
    )
    two.add_argument("file", metavar="FILE", type=Path, help="a .npz of this project or a .pt of PyTorch")
    two.add_argument("--task", required=True, metavar="NAME", help="the task it does, such as rdm")
    two.add_argument("--preset", metavar="NAME", help="a named variant of the task")
    two.add_argument("--alpha", type=float, help="Euler step dt / tau, where the file does not say")
    two.add_argument("--noise-std", type=float, help="noise per step and unit, where the file does not say")
    two.add_argument("--phi", help="activation (tanh, erf, relu, linear), where the file does not say")
    two.set_defaults(run=analyse)

    for command, folder in ((one, "dynsys-demo"), (two, "dynsys-report")):
        command.add_argument("-o", "--output", type=Path, default=Path(folder), metavar="FOLDER",
                             help=f"where the report goes (default {folder})")  # fmt: skip
        command.add_argument("--seed", type=int, default=0, help="of every random number (default 0)")
    return parser
