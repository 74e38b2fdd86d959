"""The circuit of a finite network is the network; of a mean field, the equation stepped by hand."""

import numpy as np
import problems
import pytest
from reference import PHIS

from dynsys.analysis import compile_field, reduced_field, run_circuit
from dynsys.symbolic import System, mean_field
from rnn import LowRankRNN, simulate
from tasks import InputError, Trials, get_task


def make_trials(rng, inputs=2, outputs=1, steps=60, dt=20.0):
    drive = rng.standard_normal((4, steps, inputs))
    return Trials(drive, np.zeros((4, steps, outputs)), np.ones((4, steps, outputs)), dt=dt)


@pytest.mark.parametrize("name", PHIS)
def test_equals_the_network(rng, name):
    draws = [rng.standard_normal((50, count)) for count in (3, 3, 2, 2)]
    net = LowRankRNN(*draws, phi=name)
    trials = make_trials(rng, outputs=2)
    run, circuit = simulate(net, trials), run_circuit(reduced_field(net), trials)
    scale = 1 + np.abs(run.kappa).max()
    for attribute in ("kappa", "v", "z"):
        np.testing.assert_allclose(getattr(circuit, attribute), getattr(run, attribute), atol=1e-11 * scale)
    assert circuit.x is None
    np.testing.assert_array_equal(circuit.time, run.time)


def test_equals_the_mean_field_by_hand(rng):
    field = compile_field(mean_field(problems.rank_one_populations(1.5, sigma_nI=0.7)))
    trials = get_task("rdm").trials(3, rng=rng)
    run = run_circuit(field, trials)
    kappa = v = np.zeros(3)
    for t in range(trials.steps):
        flow = np.array([field.rhs([k], u)[0] for k, u in zip(kappa, v)])
        kappa, v = kappa + 0.2 * flow, v + 0.2 * (trials.inputs[:, t, 0] - v)
        np.testing.assert_allclose(run.kappa[:, t, 0], kappa, atol=1e-13)
        np.testing.assert_allclose(run.v[:, t, 0], v, atol=1e-13)


def test_unfiltered_inputs_act_at_once(rng):
    x, u = problems.sympy.symbols("x u")
    field = compile_field(System([-x + u], [x], inputs=[u], outputs=[x + u]))
    trials = make_trials(rng, inputs=1)
    run = run_circuit(field, trials)
    np.testing.assert_array_equal(run.v, trials.inputs)
    np.testing.assert_allclose(run.kappa[:, 0], 0.2 * trials.inputs[:, 0])
    np.testing.assert_allclose(run.z, run.kappa + trials.inputs)


def test_divergence_is_reported_and_the_finite_part_kept(rng):
    x, u = problems.sympy.symbols("x u")
    field = compile_field(System([x**3 + u], [x], inputs=[u], outputs=[x]))
    trials = make_trials(rng, inputs=1, steps=400)
    run = run_circuit(field, trials)
    assert run.source["diverged_trials"] == 4
    first = round(run.source["diverged_at"] / trials.dt) - 1
    assert np.isfinite(run.kappa[:, :first]).all() and np.isnan(run.kappa[:, -1]).all()


def test_refusals(rng):
    net = LowRankRNN(*rng.standard_normal((4, 20, 1)))
    with pytest.raises(InputError, match="1 input channels .v., but task 'context' has 4"):
        run_circuit(reduced_field(net), get_task("context").trials(2, rng=rng))
    with pytest.raises(InputError, match=r"alpha: the field stands for a network with 0.2.*= 0.1"):
        run_circuit(reduced_field(net), make_trials(rng, inputs=1, dt=10.0))


def test_trials_with_a_plant_are_refused():
    task = get_task("reach")
    net = LowRankRNN.random(20, 2, task, rng=0)
    with pytest.raises(InputError, match="closed loop with a plant"):
        run_circuit(reduced_field(net), task.trials(2, rng=0))
