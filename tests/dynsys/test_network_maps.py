"""Trained networks in discrete time are maps: their stability and events are those of maps."""

import numpy as np
import pytest
from reference import iterate

from dynsys.analysis import (
    bifurcation_diagram,
    continue_branch,
    load_result,
    reduced_field,
    run_circuit,
)
from dynsys.analysis.maps import as_map
from dynsys.report.bifurcations import network_diagram, write_diagram
from rnn import LowRankRNN, simulate
from tasks import get_task


def test_networks_as_maps():
    """A vanilla network (step 1) flips where g sigma_mn = -1, though its flow is stable."""
    m = np.random.default_rng(0).normal(size=60)
    net = LowRankRNN(m, -2 * m, m, m, alpha=0.2)
    flow = reduced_field(net)
    assert as_map(flow).step == 0.2
    overlap = -2 * np.mean(m * m)
    ours, theirs = (
        continue_branch(f.with_values(gain=0.1), [0.0], "gain", (0, 1)) for f in (as_map(flow, 1.0), flow)
    )
    assert [p.kind for p in ours.special_points] == ["flip"] and not theirs.special_points
    assert ours.special_points[0].value == pytest.approx(-1 / overlap, abs=1e-10)
    assert theirs.stable.all() and not ours.stable[ours.values > -1 / overlap].any()
    branch = continue_branch(as_map(flow).with_values(gain=0.1), [0.0], "gain", (0, 1))
    assert branch.stable.all()
    task = get_task("rdm")
    trials = task.trials(2, rng=0)
    np.testing.assert_allclose(run_circuit(as_map(flow), trials).z, simulate(net, trials).z, atol=1e-12)


@pytest.mark.slow
def test_vanilla_network_switches_to_its_orbit_of_period_two():
    """Against iteration of the network's own map."""
    m = np.random.default_rng(0).normal(size=60)
    field = as_map(reduced_field(LowRankRNN(m, -2 * m, m, m)), 1.0)
    diagram = bifurcation_diagram(field, "gain", (0, 1))
    halves = [branch for branch in diagram.branches if branch.source.get("period") == 2]
    assert len(halves) == 2 and all(half.stable[2:].all() for half in halves)
    kappa = iterate(field.with_values(gain=0.9), np.array([0.2]), 3000)[0]
    assert min(abs(kappa - half.at(0.9)[0, 0]) for half in halves) < 1e-5


def test_vanilla_networks_are_judged_by_their_map(tmp_path):
    """alpha = 1 in diagrams from files and in reports; branches of maps are saved and loaded."""
    m = np.random.default_rng(0).normal(size=60)
    diagram = network_diagram(LowRankRNN(m, -1.5 * m, m, m, alpha=1.0))
    assert [point.kind for point in diagram.special_points] == ["flip"]
    write_diagram(diagram, tmp_path)
    assert "flip" in (tmp_path / "special_points.tex").read_text()
    again = load_result(tmp_path / "diagram.npz").branches[1]
    assert again.source["step"] == 1.0 and again.source["period"] == 2
    np.testing.assert_array_equal(again.eigenvalues, diagram.branches[1].eigenvalues)
    assert not network_diagram(LowRankRNN(m, -1.5 * m, m, m, alpha=0.2)).special_points
