"""The whole path on the network that the project ships, against plain scipy on the loadings in the file.

``networks/rdm_128.npz`` is what `dynsys demo` trained with seed 0: rank one, random-dot motion, published by
nobody, so every expected number is computed here from the equations, by quadrature and root finding.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, fsolve

from dynsys import cli
from rnn import load_network

NETWORK = Path(__file__).parent / "networks" / "rdm_128.npz"
NET = load_network(NETWORK)
m, n, I, w = (part[:, 0] for part in (NET.m, NET.n, NET.I, NET.w))
MEANS, COVARIANCE = np.mean([m, n, I], axis=1), np.cov([m, n, I], bias=True)


def network_drive(kappa, v):
    return np.mean(n * np.tanh(m * kappa + I * v))


def mean_field_drive(kappa, v):
    """E n tanh(m kappa + I v) of Gaussian loadings: n is replaced by its regression on x."""
    mu = MEANS[0] * kappa + MEANS[2] * v
    variance = np.array([kappa, v]) @ COVARIANCE[np.ix_([0, 2], [0, 2])] @ [kappa, v]
    along = (COVARIANCE[1, 0] * kappa + COVARIANCE[1, 2] * v) / np.sqrt(variance) if variance else 0.0

    def integrand(xi):
        density = np.exp(-0.5 * xi**2) / np.sqrt(2 * np.pi)
        return density * (MEANS[1] + along * xi) * np.tanh(mu + np.sqrt(variance) * xi)

    return quad(integrand, -10, 10, epsabs=1e-13, epsrel=1e-13, limit=200)[0]


DRIVES = {"network": network_drive, "mean_field": mean_field_drive}


def slope(drive, kappa, v, h=1e-5):
    return (drive(kappa + h, v) - drive(kappa - h, v)) / (2 * h)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped")
    assert cli.main(["analyse", str(NETWORK), "--task", "rdm", "-o", str(folder)]) == 0
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("name", DRIVES)
def test_fixed_points_without_input(results, name):
    drive = DRIVES[name]
    kappa = brentq(lambda k: drive(k, 0.0) - k, 0.1, 2.0, xtol=1e-13)
    found = [row[name] for row in results["fixed_points"] if row["inputs"] == {"v": 0.0}]
    np.testing.assert_allclose(sorted(row["kappa"][0] for row in found), [-kappa, 0, kappa], atol=1e-9)
    (stable,) = [row for row in found if row["kappa"][0] > 0.1]
    assert stable["eigenvalues"][0][0] == pytest.approx(slope(drive, kappa, 0.0) - 1, abs=1e-8)
    assert stable["index"] == 1 and stable["euler_stable"]


@pytest.mark.parametrize("name", DRIVES)
def test_pitchfork_and_folds(results, name):
    drive = DRIVES[name]
    events = {(row["parameter"], row["kind"]): [] for row in results["bifurcations"]}
    for row in results["bifurcations"]:
        events[row["parameter"], row["kind"]].append(row[name]["value"])
    assert set(events) == {("gain", "pitchfork"), ("v", "fold")}
    # At kappa = 0 the drive's slope is the mean of n m in both: the means are kept.
    np.testing.assert_allclose(events["gain", "pitchfork"], [1 / np.mean(n * m)], atol=1e-9)
    kappa, v = fsolve(
        lambda y: [drive(*y) - y[0], slope(drive, *y) - 1], [-0.25, 0.07], xtol=1e-12
    )  # the lower branch ends where the input grows
    np.testing.assert_allclose(sorted(events["v", "fold"]), [-v, v], atol=1e-6)


def test_redrawn_networks_and_the_circuit_do_the_task(results):
    performance = results["performance"]
    assert performance["accuracy"]["network"] == performance["accuracy"]["circuit"] == 1.0
    assert performance["r_squared"]["reduction"] == pytest.approx(1.0, abs=1e-9)
    assert performance["r_squared"]["circuit"] > 0.98
    assert np.mean(results["redrawn"]["accuracies"]) > 0.98
