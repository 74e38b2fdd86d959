from importlib.resources import files

import numpy as np
import pytest

from dynsys.cli import main
from rnn import FullRankRNN, example_names, example_record, load_example, simulate, truncate
from tasks import InputError, get_task, task_names

FULL = ("full-romo-n256", "full-romo-n256-initial")
STRONG = ("strong-context-r1-n4096",)  # with other parameters of the task
LOW = tuple(name for name in example_names() if name not in FULL)


def size(name):
    return (files("rnn.examples") / f"{name}.npz").stat().st_size


def accuracy(net, name, trials=400, **parameters):
    task = get_task(name, **parameters)
    drawn = task.trials(trials, rng=99)
    return task.accuracy(simulate(net, drawn, rng=98, states=False).outputs, drawn)


def test_every_task_has_a_network():
    assert {example_record(name)["task"] for name in LOW} == set(task_names())


@pytest.mark.slow
@pytest.mark.parametrize("name", LOW)
def test_a_shipped_network_is_what_its_name_and_record_say_and_still_does_its_task(name):
    net, record = load_example(name), example_record(name)
    assert name == f"{'strong-' * (name in STRONG)}{record['task']}-r{net.rank}-n{net.units}"
    assert record["hash"] == net.hash
    assert size(name) < 300_000
    parameters = record.get("parameters", {})
    assert bool(parameters) == (name in STRONG)
    assert accuracy(net, record["task"], **parameters) >= record["accuracy"] - 0.02
    assert record["accuracy"] >= 0.95


@pytest.mark.slow
def test_the_full_rank_pair_is_before_and_after_training():
    net, initial = (load_example(name) for name in FULL)
    assert isinstance(net, FullRankRNN) and isinstance(initial, FullRankRNN)
    assert net.units == initial.units == 256
    assert sum(map(size, FULL)) < 1_000_000
    for name, held in zip(FULL, (net, initial)):
        assert example_record(name)["hash"] == held.hash
    assert accuracy(net, "romo") >= 0.98 and accuracy(initial, "romo") < 0.8
    learned = net.J - initial.J
    # What was learnt is of low rank, where J_0 is not; with four dimensions of it the task is done.
    spectrum = [np.linalg.svd(J, compute_uv=False) for J in (learned, initial.J)]
    assert spectrum[0][5] < 0.15 * spectrum[0][0] and spectrum[1][5] > 0.5 * spectrum[1][0]
    assert accuracy(truncate(net, 4, initial), "romo") >= 0.95 > accuracy(truncate(net, 1, initial), "romo")


def test_a_beginning_is_enough_where_it_leaves_no_choice():
    assert load_example("rdm").hash == load_example("rdm-r1-n512").hash
    with pytest.raises(InputError, match="several examples called 'r'"):
        load_example("r")
    with pytest.raises(InputError, match="no example called 'mante'; there are bistable"):
        load_example("mante")


def test_the_command_lists_them(capsys):
    assert main(["examples"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in example_names())
