"""The constant inputs of every task, found in noisy trials: against the same trials without noise."""

import dataclasses
import itertools

import numpy as np
import pytest

from dynsys.analysis import attractor_graphs, conditions, reduced_field, stretches
from dynsys.numerics import partition
from rnn import load_example
from tasks import InputError, Trials, get_task, task_names

LEVELS = (-0.4, -0.2, -0.1, 0.1, 0.2, 0.4)
NAMES = {
    "rdm": {"fixation, delay, response", *(f"motion = {level:g}" for level in LEVELS)},
    "dms": {"fixation, delay, response", "A", "B"},
    "bistable": {"drive 1 = 0.5, drive 2 = 0.5", "drive 1 = 1.5", "drive 2 = 1.5"},
    "flipflop": {"between pulses", *(f"pulses {bit} = {sign}" for bit in (1, 2, 3) for sign in (-1, 1))},
}
SOME = {
    "romo": {"fixation, delay, response", "frequency = -0.5", "frequency = 0.5"},
    "context": {"fixation, response", "cue A = 0.1", "cue B = 0.1"},
    "multisensory": {"fixation, response", "cue V = 0.1", "cue A = 0.1", "cue V = 0.1, cue A = 0.1"},
    "reach": {"hold", "go"},
}


def silenced(task):
    noise = "feedback_noise" if task.name == "reach" else "input_noise"
    return dataclasses.replace(task, **{noise: 0.0})


@pytest.mark.parametrize("name", task_names())
def test_every_task_has_named_conditions_that_are_its_inputs(name):
    task, count = get_task(name), 60 if name == "dms" else 200
    found = conditions.input_conditions(task.trials(count, rng=2))
    assert len(found) <= 8 and (set(found) == NAMES[name] if name in NAMES else SOME[name] <= set(found))
    clean = silenced(task).trials(count, rng=2)
    spacing = 1 / 24 if name == "romo" else 0.1
    for condition in found.values():
        there = clean.inputs[condition.shown]
        right = (np.abs(there - condition.inputs) < 0.5 * spacing).all(axis=1)
        assert right.mean() > 0.8 and np.abs(np.median(there, axis=0) - condition.inputs).max() < 0.012
        epochs = np.array([clean.epochs[epoch] for epoch in condition.epochs])
        step = np.arange(clean.steps)
        inside = ((step >= epochs[..., :1]) & (step < epochs[..., 1:])).any(axis=0)
        assert not (condition.shown & ~inside).any()
    shown = sum(condition.shown.astype(int) for condition in found.values())
    assert shown.max() == 1


@pytest.mark.parametrize("bits, pulse, noise", [(1, 20.0, 0.02), (2, 60.0, 0.1), (3, 100.0, 0.1)])
def test_pulses_of_any_length_are_found(bits, pulse, noise):
    task = get_task("flipflop", bits=bits, pulse=pulse, input_noise=noise)
    found = conditions.input_conditions(task.trials(100, rng=3))
    assert len(found) == 1 + 2 * bits
    clean = silenced(task).trials(100, rng=3).inputs
    for name, condition in found.items():
        assert condition.steps == pulse / 20 or name == "between pulses"
        wanted = (np.abs(clean - condition.inputs) < 1e-9).all(axis=2)
        assert (wanted & condition.shown).sum() > 0.9 * wanted.sum()
        assert np.abs(condition.inputs).sum() in (0.0, 1.0)


@pytest.mark.parametrize(
    "bits, sigmas, seed", [(2, 6, 0), (2, 7, 0), (2, 8.33, 2), (3, 6, 1), (3, 5.5, 1), (3, 10, 2)]
)
def test_pulses_of_few_sigma_a_step_have_no_level_but_their_own(bits, sigmas, seed):
    """Pulses that begin within a step or two of each other are cut as one here and there, outliers apart."""
    task = get_task("flipflop", bits=bits, input_noise=1 / sigmas)
    found = conditions.input_conditions(task.trials(100, rng=seed), limit=40)
    pulses = {tuple(row) for row in np.concatenate([np.eye(bits), -np.eye(bits)]) + 0.0}
    levels = [tuple(np.round(condition.inputs, 1) + 0.0) for condition in found.values()]
    assert len(levels) == 1 + 2 * bits and set(levels) == pulses | {(0.0,) * bits}
    clean = silenced(task).trials(100, rng=seed).inputs
    for condition in found.values():
        at = np.abs(clean[condition.shown] - condition.inputs).max(axis=1) < 0.1
        assert at.mean() > 0.85


def test_a_rare_level_that_its_steps_keep_is_one():
    """One in twelve pulses is of half the height: between the others, and rare, but no mixture of them."""
    rng = np.random.default_rng(0)
    inputs = 0.1 * rng.standard_normal((60, 120, 1))
    for b in range(60):
        inputs[b, 20:26] += 1.0
        inputs[b, 60:66] += 0.5 if b % 6 == 0 else 1.0
    epochs = {"trial": np.broadcast_to([0, 120], (60, 2))}
    clean = get_task("flipflop", bits=1).trials(60, rng=0)
    trials = dataclasses.replace(
        clean, inputs=inputs, targets=np.zeros((60, 120, 1)), mask=np.ones((60, 120, 1)), epochs=epochs
    )
    assert {round(float(c.inputs[0]), 1) for c in conditions.input_conditions(trials).values()} == {
        0.0,
        0.5,
        1.0,
    }


def test_rest_is_silence_or_what_is_presented_longest():
    for name, rest in (("flipflop", "between pulses"), ("bistable", "drive 1 = 0.5, drive 2 = 0.5")):
        assert conditions.resting_condition(conditions.input_conditions(get_task(name))) == rest


def test_the_flip_flops_machine_has_eight_states_and_each_pulse_sets_one_bit():
    """All 48 transitions of the shipped network, by the signs of its outputs."""
    graph = attractor_graphs.state_machine(reduced_field(load_example("flipflop")), get_task("flipflop"))
    bits = {name: tuple(np.sign(out).astype(int)) for name, out in graph.nodes(data="outputs")}
    assert len(set(bits.values())) == len(bits) == 8 and graph.number_of_edges() == 48
    for start, end, edge in graph.edges(data=True):
        bit, sign = int(edge["input"].split()[1]) - 1, int(edge["input"].split()[-1])
        wanted = tuple(sign if k == bit else old for k, old in enumerate(bits[start]))
        assert bits[end] == wanted


def test_the_machine_of_a_bistable_network_rests_at_its_drive():
    graph = attractor_graphs.state_machine(reduced_field(load_example("bistable")), get_task("bistable"))
    assert dict(graph.graph["inputs"]) == {"v1": 0.5, "v2": 0.5} and graph.number_of_edges() == 4
    signs = {name: float(np.sign(out[0])) for name, out in graph.nodes(data="outputs")}
    for _, end, edge in graph.edges(data=True):
        assert signs[end] == (1.0 if edge["input"] == "drive 1 = 1.5" else -1.0)


def test_noise_alone_is_one_condition():
    rng = np.random.default_rng(0)
    trials = Trials(0.3 * rng.standard_normal((50, 80, 2)), *np.ones((2, 50, 80, 1)))
    (name,) = conditions.input_conditions(trials)
    assert name == "trial"


def test_inputs_that_never_rest_are_averaged():
    """A sine has no levels: one mean for each trial, and never more conditions than asked for."""
    time = np.arange(100)
    inputs = np.sin(0.9 * time + np.arange(20)[:, None])[:, :, None]
    found = conditions.input_conditions(Trials(inputs, *np.ones((2, 20, 100, 1))), limit=3)
    assert 1 <= len(found) <= 3
    with pytest.raises(InputError, match="limit"):
        conditions.input_conditions(get_task("rdm"), limit=0)
    with pytest.raises(InputError, match="trials: expected Trials, got str"):
        conditions.input_conditions("rdm")


@pytest.mark.parametrize(
    "inputs, epochs, names",
    [
        (np.ones((1, 1, 1)), {}, ["u1 = 1"]),
        (np.zeros((2, 10, 0)), {}, ["trial"]),
        (np.zeros((3, 10, 1)), {"never": [0, 0]}, ["trial"]),
        (
            np.pad(np.ones((3, 4, 1)), ((0, 0), (3, 3), (0, 0))),
            {"trial": [0, 10], "cue": [3, 7]},
            ["trial", "u1"],
        ),
        (1e300 * np.random.default_rng(0).standard_normal((3, 10, 1)), {}, ["trial"]),
        (1e6 + np.repeat([[[0.0], [1.0]]], 5, axis=1), {}, ["u1 = 1e+06", "u1 = 1e+06'"]),
    ],
    ids=["one step", "no channel", "an epoch without steps", "epochs that overlap", "huge", "far from zero"],
)
def test_degenerate_trials_have_conditions_too(inputs, epochs, names):
    size, steps, _ = inputs.shape
    epochs = {name: np.array(bounds) for name, bounds in epochs.items()}
    found = conditions.input_conditions(Trials(inputs, *np.ones((2, size, steps, 1)), epochs=epochs))
    assert list(found) == names and all(len(c.inputs) == inputs.shape[2] for c in found.values())


def test_stretches_are_the_best_partition():
    """Against every way to cut ten steps, scored by the module's own criterion."""
    rng = np.random.default_rng(4)
    inputs = np.where(np.arange(10) < 4, 0.0, 1.0) + 0.05 * rng.standard_normal(10)
    found = stretches.find_stretches(inputs[None, :, None], np.array([[[0, 10]]]))
    scaled = inputs / np.median(np.abs(np.diff(inputs))) * 0.6745 * np.sqrt(2)
    chance = np.log(11.0)
    penalty = 1 + 2 * np.sqrt(chance) + 2 * chance

    def score(code):
        cuts = [0, *(k for k in range(1, 10) if code >> (k - 1) & 1), 10]
        pieces = [scaled[a:b] for a, b in itertools.pairwise(cuts)]
        return sum(((piece - piece.mean()) ** 2).sum() + penalty for piece in pieces), tuple(cuts[1:])

    assert tuple(found.stop) == min(score(code) for code in range(2**9))[1] == (4, 10)


@pytest.mark.parametrize("longest, cut", [(99, 0), (6, 0), (99, 13)])
def test_dropped_cuts_are_part_of_no_best_partition(longest, cut):
    """Against dynamic programming over all cuts, with a limit of lengths and a run that nothing may cross."""
    rng = np.random.default_rng(5)
    values = np.repeat(rng.integers(0, 3, (20, 8, 2)), 4, axis=1)[:, :30] * 6.0
    values += rng.standard_normal(values.shape)
    begin = np.where(np.arange(30) < cut, 0, cut) + np.zeros((20, 1), int)
    found = partition.best_cuts(values, begin, 12.0, longest)
    for series, origin in zip(values, found):
        best = [0.0]
        for t in range(1, 31):
            ways = {}
            for s in range(max(0 if t <= cut else cut, t - longest), t):
                piece = series[s:t]
                ways[s] = best[s] + ((piece - piece.mean(axis=0)) ** 2).sum() + 12.0
            best.append(min(ways.values()))
            assert origin[t] == min(ways, key=ways.get)


def test_values_beyond_all_bounds_end_in_some_partition():
    """Squares overflow; the cuts found are in order all the same."""
    values = np.full((1, 5, 1), 1e200) * [[[1.0], [-1.0], [1.0], [1.0], [-1.0]]]
    found = partition.best_cuts(values, np.zeros((1, 5), int), 1.0, 9)
    assert (found[0, 1:] < np.arange(1, 6)).all() and (found >= 0).all()
