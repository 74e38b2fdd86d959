"""The networks that ship hold what they should hold, switch by a law, and reach where nobody trained them to.

`benchmarks/behaviour.py` prints the same on more trials; the margins here are wide.
"""

from dataclasses import replace

import numpy as np
import pytest

from rnn import load_example, simulate
from tasks import (
    dwell_law,
    dwell_times,
    end_point_errors,
    escape_law,
    get_task,
    lagged_readout,
    segments_held,
    states_held,
)


def test_a_percept_is_held_and_switched_by_nearly_every_pulse():
    task = get_task("bistable")
    trials = task.trials(400, rng=11)
    outputs = simulate(load_example("bistable"), trials, rng=12, states=False).z
    assert trials.conditions["switches"].sum() > 1000
    assert segments_held(outputs, trials) >= 0.98


def test_noise_alone_switches_the_percept_by_a_law():
    """Exponential dwell times; ln rate falls with 1 / sigma^2: a constant rate over a barrier."""
    net, noise = load_example("bistable"), np.array([0.18, 0.2, 0.24, 0.28])
    laws = []
    for sigma in noise:
        task = get_task("bistable", dwell=1e9, duration=200_000.0, input_noise=sigma)
        percept = simulate(net, task.trials(64, rng=13), states=False).z[:, :, 0]
        laws.append(dwell_law(dwell_times(percept, task.dt, threshold=0.5)))
    assert all(len(law.times) > 300 for law in laws)
    assert all(0.85 < law.variation < 1.2 for law in laws)
    assert all(law.delayed_distance < 0.08 for law in laws)
    escape = escape_law(noise, laws)
    assert 0.04 < escape.barrier < 0.1 and escape.barrier > 10 * escape.barrier_error
    assert escape.explained > 0.97


def test_without_noise_the_percept_stays():
    task = get_task("bistable", dwell=1e9, duration=60_000.0, input_noise=0.0)
    percept = simulate(load_example("bistable"), task.trials(16, rng=14), states=False).z[:, :, 0]
    assert dwell_times(percept, task.dt).size == 0


@pytest.mark.parametrize("options", [{}, {"interval": 1e9, "duration": 6000.0}], ids=["pulses", "alone"])
def test_all_eight_states_are_held(options):
    trials = get_task("flipflop", **options).trials(400, rng=15)
    held = states_held(simulate(load_example("flipflop"), trials, rng=16, states=False).z, trials)
    assert len(held) == 8 and min(count for _, count in held.values()) > 20
    assert min(share for share, _ in held.values()) >= 0.98


def reach(feedback=True):
    """The run of the shipped network on 64 directions between the 16 that it was trained on."""
    trials = get_task("reach", directions=64, offset=np.pi / 64, feedback=feedback).trials(400, rng=17)
    return trials, simulate(load_example("reach"), trials, rng=18, states=False)


def test_reaches_end_at_targets_that_were_never_trained():
    trials, run = reach()
    errors = end_point_errors(run.outputs, trials)
    assert errors.mean() <= 0.05 and np.quantile(errors, 0.95) <= 0.1


def test_reaches_without_feedback_miss():
    trials, run = reach(feedback=False)
    assert end_point_errors(run.outputs, trials).mean() > 0.3


def test_the_delayed_feedback_is_used_and_not_only_the_copy_of_the_command():
    """Feedback of another reach: the plant goes elsewhere, because the network believes what it senses."""
    trials, run = reach()
    plant = trials.plant
    lying = replace(plant, C=plant.C * np.where(np.isin(np.arange(9), [3, 4, 5, 6]), -1.0, 1.0)[:, None])
    told = replace(trials, plant=lying)
    wrong = end_point_errors(simulate(load_example("reach"), told, rng=18, states=False).outputs, told)
    assert wrong.mean() > 0.3


def test_the_present_state_of_the_plant_is_in_the_state_of_the_network():
    """The feedback tells of 60 ms ago; kappa and v together hold the present, velocity too."""
    trials, run = reach()
    go = slice(trials.epochs["reach"][0, 0], None)
    plant, kappa = run.plant[:, go, :4], run.kappa[:, go]
    state = np.concatenate([run.kappa, run.v], axis=2)[:, go]
    sensed = (trials.inputs + trials.plant.sensed(run.plant))[:, go, 3:7]
    now = {name: lagged_readout(x, plant).explained[0] for name, x in
           {"kappa": kappa, "state": state, "sensed": sensed}.items()}  # fmt: skip
    assert now["kappa"].min() > 0.7
    assert now["state"].min() > 0.99
    assert (now["state"][2:] > now["sensed"][2:] + 0.05).all()
    lags = range(-8, 5)
    assert (lagged_readout(sensed, plant, lags).best[2:] < 0).all()
    assert (np.abs(lagged_readout(state, plant, lags).best[2:]) <= 1).all()
