"""The command line: ``dynsys demo``, ``analyse FILE --task NAME``, ``bifurcate FILE``, ``train TASK``,
``examples``.

Progress goes to stderr, the summary to stdout. Exit codes: 0 done; 1 done, but the demonstration's network
missed its goal or a training diverged; 2 bad input; 130 interrupted (Ctrl-C or SIGTERM), with the network
trained so far saved.
"""

import argparse
import shlex
import sys
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

import dynsys
import dynsys.report
import rnn
import tasks
from dynsys.progress import StageProgress, TrainingProgress, say
from rnn.interrupts import sigterm_as_interrupt

DONE, MISSED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
DEMO_TASK, DEMO_GOAL = "rdm", 0.99
CHECKPOINT = "checkpoint.npz"
TRAIN_SETTINGS = ("epochs", "batch_size", "learning_rate", "clip", "stop_loss", "threads")
# One unit has no covariances.
FEWEST_UNITS = 2
FILE_HELP = "a .npz of this project, a .pt of PyTorch, or a name from dynsys examples"
# Digits before or after the point of a number that is written out.
LONGEST = 300


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
    options = _parser().parse_args([_plain(word) for word in argv])
    try:
        with sigterm_as_interrupt():
            return options.run(options, shlex.join(["dynsys", *argv]))
    except tasks.DynsysError as error:
        say(f"dynsys: error: {error}")
        return MISSED if isinstance(error, tasks.OutcomeError) else BAD_INPUT
    except MemoryError as error:
        say(f"dynsys: error: not enough memory: {error}")
        return BAD_INPUT
    except (KeyboardInterrupt, SystemError) as error:
        if not _from_interrupt(error):
            raise
        say("dynsys: interrupted")
        return INTERRUPTED


def _plain(word):
    """The word, a negative number without exponent: argparse takes -1e-3 for an option."""
    try:
        value = Decimal(word) if word.startswith("-") and "e" in word.lower() else None
    except InvalidOperation:
        return word
    return word if value is None or abs(value.adjusted()) > LONGEST else f"{value:f}"


def _from_interrupt(error):
    """Whether an error is Ctrl-C, perhaps turned into a SystemError by a compiled function's way back."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def demo(options, command):
    """Train a rank-one network on random-dot motion, analyse it and write the report."""
    if options.units < FEWEST_UNITS:
        raise tasks.InputError(f"units: a population needs at least {FEWEST_UNITS}, got {options.units}")
    folder = dynsys.report.check_folder(options.output)
    say(f"training {options.units} units on {DEMO_TASK}; a first run also compiles, for some seconds")
    with TrainingProgress() as progress:
        result = dynsys.report.train_example(DEMO_TASK, options.units, options.seed, progress)
    folder.mkdir(parents=True, exist_ok=True)
    stored = rnn.save_network(result.net, folder / "network.npz", {"command": command, "seed": options.seed})
    if result.status is tasks.Status.INTERRUPTED:
        say(f"dynsys: interrupted; the network trained so far is in {stored}")
        return INTERRUPTED
    if not result.status.ok:
        say(f"dynsys: training ended early: {result.message}")
    task = tasks.get_task(DEMO_TASK)
    analysis = _analyse(result.net, task, options, command, folder, training=result)
    reached = analysis.performance.accuracy["network"]
    if reached < DEMO_GOAL:
        say(f"dynsys: accuracy {reached:.4f} is below the goal of {DEMO_GOAL}; try another --seed")
        return MISSED
    return DONE


def train(options, command):
    """Train a network on a task by its recipe; a checkpoint in the folder lets ``--resume`` go on."""
    plan = _plan(options)
    folder = dynsys.report.check_folder(options.output)
    checkpoint, seed = folder / CHECKPOINT, options.seed or 0
    resume = _resumed(checkpoint, options.seed) if options.resume else None
    if checkpoint.exists() and resume is None:
        raise tasks.InputError(
            f"{checkpoint}: there is a training in this folder; go on with --resume, or choose another -o"
        )
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with TrainingProgress() as progress:
            result = rnn.train_recipe(
                options.task, options.preset, seed, plan,
                progress=progress, checkpoint=checkpoint, resume=resume,
            )  # fmt: skip
    except tasks.InputError:
        if fresh and not any(folder.iterdir()):
            folder.rmdir()
        raise
    # Resumed or not, the files are the same.
    command = shlex.join(word for word in shlex.split(command) if word != "--resume")
    stored = dynsys.report.write_training(result, folder, command)
    if result.status is tasks.Status.INTERRUPTED:
        say(f"dynsys: interrupted; the network trained so far is in {stored}; go on with --resume")
        return INTERRUPTED
    print(result.message)
    print(f"network: {stored}")
    return DONE if result.status.ok else MISSED


def examples(options, command):
    """List the networks that ship with the project."""
    print("load one in Python by rnn.load_example(name); analyse and bifurcate take a name for a FILE")
    for name in rnn.example_names():
        net, record = rnn.load_example(name), rnn.example_record(name)
        reached = f"accuracy {record['accuracy']:.4f} on {record['test_trials']} trials"
        print(f"  {name:<24} {reached}, seed {record['seed']}, hash {net.hash[:12]}")
    return DONE


def _resumed(path, seed):
    """The training to go on with, which began with that seed if one is given."""
    if not path.exists():
        raise tasks.InputError(f"{path}: no training to go on with; leave --resume out to begin one")
    saved = rnn.load_checkpoint(path)
    began = saved.source.get("seed", {}).get("entropy")
    if seed is not None and seed != began:
        raise tasks.InputError(f"seed: the training in this folder began with --seed {began}, not {seed}")
    return saved


def _plan(options):
    """The task's recipe with what the options change."""
    plan = rnn.recipe(options.task, options.preset)
    if options.full_rank and options.rank is not None:
        raise tasks.InputError(
            "rank: a network of full rank has none to choose; leave out --rank or --full-rank"
        )
    settings = {name: getattr(options, name) for name in TRAIN_SETTINGS if getattr(options, name) is not None}
    plan = plan if options.units is None else plan.with_units(options.units)
    plan = plan if options.rank is None else replace(plan, rank=options.rank)
    plan = plan.full_rank() if options.full_rank else plan
    return replace(plan, config=replace(plan.config, **settings))


def analyse(options, command):
    """Analyse a stored network and write the report."""
    task = tasks.get_task(options.task, options.preset)
    net = _network(options.file, alpha=options.alpha, noise_std=options.noise_std, phi=options.phi)
    folder = dynsys.report.check_folder(options.output)
    _analyse(net, task, options, command, folder)
    return DONE


def _network(file, **settings):
    """The network in a file, or the one that ships under that name."""
    if str(file) in rnn.example_names() and not file.exists():
        return rnn.load_example(str(file), **settings)
    return rnn.load_network(file, **settings)


def bifurcate(options, command):
    """Follow a network's fixed points along its gain or an input; write the diagram."""
    net = _network(options.file, alpha=options.alpha, phi=options.phi)  # noise moves no fixed point
    span = None if options.span is None else tuple(options.span)
    inputs = dynsys.report.parse_inputs(options.input)
    folder = dynsys.report.check_folder(options.output)
    diagram = dynsys.report.network_diagram(net, options.along, span, inputs, options.certify)
    folder.mkdir(parents=True, exist_ok=True)
    path = dynsys.report.write_diagram(diagram, folder, command, options.file.name)
    print(diagram.message)
    for sentence in dynsys.report.point_sentences(diagram):
        print(f"  {sentence}")
    print(f"diagram: {path}\nin Python: dynsys.load_result({str(path.with_suffix('.npz'))!r})")
    return DONE if diagram.status.ok else MISSED


def _analyse(net, task, options, command, folder, training=None):
    with StageProgress() as progress:
        analysis = dynsys.analyse(net, task, rng=options.seed, training=training, progress=progress)
        progress("report", progress.total, progress.total)
        page = dynsys.write_report(analysis, folder, command)
    rows = [*analysis.summary(), ("report", str(page))]
    width = max(len(name) for name, _ in rows)
    print("values with a slash: network / mean field")
    for name, text in rows:
        print(f"  {name:<{width}}  {text}")
    return analysis


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
    two.add_argument("file", metavar="FILE", type=Path, help=FILE_HELP)
    two.add_argument("--task", required=True, metavar="NAME", help="the task it does, such as rdm")
    two.add_argument("--preset", metavar="NAME", help="a named variant of the task")
    two.add_argument("--alpha", type=float, help="Euler step dt / tau, in place of the file's own")
    two.add_argument("--noise-std", type=float, help="noise per step and unit, in place of the file's own")
    two.add_argument("--phi", help="activation (tanh, erf, relu, linear), in place of the file's own")
    two.set_defaults(run=analyse)

    three = commands.add_parser(
        "train",
        help="train a network on a task",
        description="Train a network on a task by the project's recipe; options change it.",
    )
    three.add_argument("task", metavar="TASK", help="name of the task, such as rdm")
    three.add_argument("--preset", metavar="NAME", help="a named variant of the task")
    three.add_argument("--units", type=int, help="number of units")
    three.add_argument("--rank", type=int, help="rank of the network")
    three.add_argument("--full-rank", action="store_true", help="train a network of full rank")
    three.add_argument("--epochs", type=int, help="largest number of epochs (of the last stage)")
    three.add_argument("--batch-size", type=int, help="trials in a batch (in the last stage)")
    three.add_argument("--learning-rate", type=float, help="step size (of the last stage)")
    three.add_argument("--clip", type=float, help="largest norm of the gradient (in the last stage)")
    three.add_argument("--stop-loss", type=float, help="end when an epoch's mean loss is at most this")
    three.add_argument("--threads", type=int, help="number of threads; the result does not depend on it")
    three.add_argument("--resume", action="store_true",
                       help="go on from the folder's checkpoint, with the same options")  # fmt: skip
    three.set_defaults(run=train)

    four = commands.add_parser("examples", help="list the networks that ship with the project")
    four.set_defaults(run=examples)

    five = commands.add_parser(
        "bifurcate",
        help="follow a network's fixed points along a parameter",
        description="Draw the bifurcation diagram of a stored low-rank network, exact at its size.",
    )
    five.add_argument("file", metavar="FILE", type=Path, help=FILE_HELP)
    five.add_argument("--along", default="gain", metavar="NAME", help="gain (default) or an input, such as v")
    five.add_argument("--span", nargs=2, type=float, metavar=("LOW", "HIGH"), help="ends of the parameter")
    five.add_argument("--input", action="append", default=[], metavar="NAME=VALUE",
                       help="a constant input; may be given again")  # fmt: skip
    five.add_argument("--certify", action="store_true",
                       help="prove along the parameter that no fixed point is missing")  # fmt: skip
    five.add_argument("--alpha", type=float, help="Euler step dt / tau; the diagram is a map's if it is 1")
    five.add_argument("--phi", help="activation (tanh, erf, relu, linear), in place of the file's own")
    five.set_defaults(run=bifurcate)

    folders = ((one, "dynsys-demo"), (two, "dynsys-report"), (three, "dynsys-train"))
    folders += ((five, "dynsys-bifurcations"),)
    for command, folder in folders:
        command.add_argument("-o", "--output", type=Path, default=Path(folder), metavar="FOLDER",
                             help=f"where the files go (default {folder})")  # fmt: skip
        if command is not five:  # which draws no random number
            command.add_argument("--seed", type=int, default=None if command is three else 0,
                                 help="of every random number (default 0)")  # fmt: skip
    return parser
