import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tasks import InputError, LinearPlant, Reach, Trials, end_point_errors, get_task
from tasks.plant import point_mass


def roll_out(plant, commands):
    s, states = np.zeros(plant.size), []
    for z in commands:
        s = plant.A @ s + plant.B @ z
        states.append(s)
    return np.array(states)


@pytest.mark.parametrize("damping", [0.0, 1e-7, 0.3, 5.0])
def test_the_point_mass_follows_its_differential_equation(damping, rng):
    dt, tau, mass = 20.0, 100.0, 0.7
    plant = point_mass(dt, tau, mass, damping, delay=2, exogenous=1)
    commands = rng.standard_normal((12, 2))
    states = roll_out(plant, commands)

    def law(_, s, z):
        return np.concatenate([s[2:], (z - damping * s[2:]) / mass])

    s, h = np.zeros(4), dt / tau
    for t in range(12):  # a fresh integration per step, so that no step straddles a jump of the command
        s = solve_ivp(law, (0, h), s, args=(commands[t],), rtol=1e-11, atol=1e-12).y[:, -1]
        np.testing.assert_allclose(states[t, :4], s, atol=1e-9)


def test_sensing_is_late_by_the_delay_and_the_command_is_copied(rng):
    plant = point_mass(20.0, 100.0, 1.0, 1.0, delay=3, exogenous=2)
    commands = rng.standard_normal((10, 2))
    states = roll_out(plant, commands)
    sensed = states @ plant.C.T
    assert not sensed[:, :2].any()
    np.testing.assert_allclose(sensed[3:, 2:6], states[:-3, :4], atol=1e-15)
    assert not sensed[:3, 2:6].any()
    np.testing.assert_array_equal(sensed[:, 6:], commands)
    np.testing.assert_array_equal(states @ plant.E.T, states[:, :2])


def test_targets_wait_for_go_and_for_the_movement():
    trials = get_task("reach", feedback_noise=0.0).trials(50, rng=0)
    assert {name: tuple(v[0]) for name, v in trials.epochs.items()} == {
        "cue": (0, 10), "hold": (10, 25), "reach": (25, 75),
    }  # fmt: skip
    goal = np.stack([np.cos(trials.conditions["angle"]), np.sin(trials.conditions["angle"])], axis=1)
    np.testing.assert_allclose(trials.inputs[:, 3, :2], goal)
    assert not trials.inputs[:, 10:, :2].any() and not trials.inputs[:, :, 3:].any()
    np.testing.assert_allclose(trials.targets[:, -1], goal)
    np.testing.assert_array_equal(trials.mask[0, :, 0], np.r_[np.ones(25), np.zeros(25), np.ones(25)])
    assert not trials.targets[:, :50].any()


def test_directions_lie_on_a_turned_grid():
    angles = get_task("reach", directions=4, offset=0.1).trials(100, rng=0).conditions["angle"]
    np.testing.assert_allclose(np.unique(angles), 0.1 + np.pi / 2 * np.arange(4))


def test_cut_feedback_leaves_the_copy_of_the_command():
    plant = get_task("reach", feedback=False).plant
    assert not plant.C[:7].any() and plant.C[7:].any()
    trials = get_task("reach", feedback=False).trials(3, rng=0)
    assert not trials.inputs[:, :, 3:].any()


def test_end_point_errors_and_accuracy():
    task = Reach(tolerance=0.1)
    trials = task.trials(10, rng=0)
    z = np.array(trials.targets)
    z[:5, -1] *= 1.2
    np.testing.assert_allclose(end_point_errors(z, trials), [0.2] * 5 + [0.0] * 5, atol=1e-12)
    assert task.accuracy(z, trials) == 0.5


def test_what_was_sensed_is_the_state_before_the_step(rng):
    plant = get_task("reach").plant
    states = roll_out(plant, rng.standard_normal((6, 2)))
    sensed = plant.sensed(states)
    assert not sensed[0].any()
    np.testing.assert_allclose(sensed[1:], states[:-1] @ plant.C.T)
    np.testing.assert_array_equal(plant.sensed(np.stack([states, states]))[1], sensed)
    with pytest.raises(InputError, match="states: expected"):
        plant.sensed(states[:, :3])


def test_a_selection_keeps_the_plant():
    trials = get_task("reach").trials(5, rng=0)
    assert trials.select([1]).plant is trials.plant


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"A": [[1.2]]}, "A: the plant diverges by itself, its spectral radius is 1.2"),
        ({"A": [[np.nan]]}, "A: 1 of 1 entries is not finite"),
        ({"B": [[1.0], [1.0]]}, r"B: expected \(D, O\) = \(1, any\)"),
        ({"C": [[1.0, 0.0]]}, r"C: expected \(S, D\)"),
    ],
)
def test_bad_plants_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        LinearPlant(**{"A": [[0.5]], "B": [[1.0]], "C": [[1.0]], "E": [[1.0]], **changes})


def test_a_plant_must_fit_the_trials():
    plant = LinearPlant([[0.5]], [[1.0]], [[1.0]], [[1.0]])
    with pytest.raises(
        InputError, match="it senses 1 channels and is scored on 1, but the trials have 2 input"
    ):
        Trials(np.zeros((1, 3, 2)), np.ones((1, 3, 1)), np.ones((1, 3, 1)), plant=plant)
    with pytest.raises(InputError, match="expected a LinearPlant"):
        Trials(np.zeros((1, 3, 1)), np.ones((1, 3, 1)), np.ones((1, 3, 1)), plant="point mass")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"mass": 0.0}, "mass: must be > 0"),
        ({"damping": -1.0}, "damping: must be >= 0"),
        ({"movement": 1000.0}, "movement: must be <= 980"),
        ({"tolerance": 0.0}, "tolerance: must be > 0"),
        ({"feedback_delay": 1e12}, "feedback_delay: must be <= 1500"),
    ],
)
def test_bad_parameters_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        get_task("reach", **changes)
