"""The published conventions, against a step of the published networks written out in their own letters."""

import numpy as np
import pytest
from hostile import published

from rnn import FullRankRNN, LowRankRNN
from rnn.pytorch import read_state_dict
from rnn.state_dicts import network_from_state_dict
from tasks import InputError


def published_step(state, x, u, alpha):
    """One step and the output before it, as the published code computes them: rows are trials."""
    phi = np.tanh(x)
    wi = state["wi"] * state["si"][:, None]
    wo = state["wo"] * state["so"]
    if "wrec" in state:
        return x + alpha * (-x + phi @ state["wrec"].T + u @ wi), phi @ wo
    units = len(state["m"])
    return x + alpha * (-x + phi @ state["n"] @ state["m"].T / units + u @ wi), phi @ wo / units


def project_step(net, x, u):
    """The same by the equations of the project."""
    J = net.m @ net.n.T / net.units if isinstance(net, LowRankRNN) else net.J
    phi = np.tanh(x)
    return x + net.alpha * (-x + phi @ J.T + u @ net.I.T), phi @ net.w / net.units


@pytest.mark.parametrize("full", [False, True])
def test_both_conventions_step_like_the_published_code(rng, full):
    state = {name: array.astype(float) for name, array in published(full=full).items()}
    net = network_from_state_dict(state, alpha=0.1, noise_std=0.05)
    x, u = rng.standard_normal((5, net.units)), rng.standard_normal((5, net.input_count))
    for ours, theirs in zip(project_step(net, x, u), published_step(state, x, u, 0.1)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    assert isinstance(net, FullRankRNN if full else LowRankRNN)
    assert (net.alpha, net.noise_std, net.phi) == (0.1, 0.05, "tanh")
    np.testing.assert_array_equal(net.h0, state["h0"])


@pytest.mark.parametrize("change", [">f4", "<f8", np.asfortranarray, np.ndarray.tolist])
def test_any_real_arrays(change):
    state = published()
    turned = {k: change(a) if callable(change) else a.astype(change) for k, a in state.items()}
    assert network_from_state_dict(turned).hash == network_from_state_dict(state).hash


def test_names_are_listed():
    state = published()
    with pytest.raises(InputError, match=r"missing arrays: 'n', 'si'; unknown arrays: 'q'.*put si = so = 1"):
        network_from_state_dict({**{k: v for k, v in state.items() if k not in ("n", "si")}, "q": 1.0})
    with pytest.raises(InputError, match="unknown arrays: 'm', 'n'"):
        network_from_state_dict({**published(full=True), "m": state["m"], "n": state["n"]})
    with pytest.raises(InputError, match="missing arrays: 'm', 'n', 'wi'"):
        network_from_state_dict({})


@pytest.mark.parametrize(
    "name, array, message",
    [
        ("m", np.zeros((2, 12)), r"m \(N, R\) = \(2, 12\), n \(N, R\) = \(12, 2\).*; did you mean m.T\?"),
        ("wi", np.zeros((12, 3)), r"wi \(S, N\) = \(12, 3\).*; did you mean wi.T\?"),
        (
            "h0",
            np.zeros(11),
            r"N differs between arrays: m .*, wo \(N, O\) = \(12, 2\), h0 \(N,\) = \(11,\)$",
        ),
        ("so", np.zeros(3), r"O differs between arrays: wo \(N, O\) = \(12, 2\), so \(O,\) = \(3,\)"),
        ("si", np.zeros((3, 1)), r"si: expected \(S,\), got \(3, 1\)"),
        ("m", np.zeros(12), r"m: expected \(N, R\), got \(12,\)"),
        ("n", np.full((12, 2), np.nan), r"n: 24 of 24 entries are not finite, the first at index \(0, 0\)"),
        ("wo", np.zeros((12, 2), complex), "wo: expected real numbers"),
        ("wo", np.zeros((12, 2), bool), "wo: expected real numbers"),
    ],
)
def test_arrays_that_do_not_fit(name, array, message):
    with pytest.raises(InputError, match=message):
        network_from_state_dict({**published(), name: array})


def test_a_readout_that_overflows_is_refused():
    state = {name: array.astype(float) for name, array in published().items()}
    with pytest.raises(InputError, match="w: .* not finite"):
        network_from_state_dict({**state, "wo": np.full((12, 2), 1e200), "so": np.full(2, 1e200)})


def test_settings_are_checked():
    with pytest.raises(InputError, match="alpha: must be < 2"):
        network_from_state_dict(published(), alpha=20)


def test_the_published_rank_one_network(published):
    net = network_from_state_dict(read_state_dict(published / "rdm_lr_fig2.pt"), noise_std=0.05)
    assert (net.units, net.rank, net.input_count, net.output_count) == (512, 1, 1, 1)
    # x = 0 loses stability where gain * m . n / N = 1; computed independently with other code.
    np.testing.assert_allclose(1 / np.mean(net.m * net.n), 0.755701, atol=1e-6)
