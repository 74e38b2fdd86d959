from importlib.resources import files

import pytest

from dynsys.cli import main
from rnn import example_names, example_record, load_example, simulate
from tasks import InputError, get_task, task_names


def test_every_task_has_a_network():
    assert {example_record(name)["task"] for name in example_names()} == set(task_names())


@pytest.mark.parametrize("name", example_names())
def test_a_shipped_network_is_what_its_name_and_record_say_and_still_does_its_task(name):
    net, record = load_example(name), example_record(name)
    assert name == f"{record['task']}-r{net.rank}-n{net.units}"
    assert record["hash"] == net.hash
    assert (files("rnn.examples") / f"{name}.npz").stat().st_size < 300_000
    task = get_task(record["task"])
    trials = task.trials(400, rng=99)
    outputs = simulate(net, trials, rng=98, states=False).outputs
    assert task.accuracy(outputs, trials) >= record["accuracy"] - 0.02
    assert record["accuracy"] >= 0.95


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
