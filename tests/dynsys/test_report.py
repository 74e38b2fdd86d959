"""`analyse` and `write_report`: the numbers are the stages' own; the page is whole, safe and honest."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import ClassVar

import numpy as np
import pytest
from matplotlib import pyplot

from dynsys.analysis import compile_field, find_fixed_points, load_result, reduced_field, run_circuit
from dynsys.analysis.finite_size import finite_size_error
from dynsys.populations import Populations, redraw
from dynsys.report import analyse, check_folder, write_report
from dynsys.report.bench import constant_inputs
from dynsys.report.figures import _spread, pictures
from dynsys.report.plain import plain_values
from dynsys.report.words import closure_sentence
from dynsys.symbolic import mean_field
from rnn import LowRankRNN, load_example, load_network, simulate
from tasks import FileError, InputError, Task, Trials, get_task, r_squared, task_names

FILES = ["diagrams", "equations.tex", "figures", "network.npz", "report.html", "results.json"]


def hand_made(units=120, seed=3, **settings):
    """A rank-one network that decides by the sign of its input."""
    m, I, w = np.random.default_rng(seed).standard_normal((3, units, 1))
    return LowRankRNN(m, 1.3 * m + 1.5 * I, I, 4 * w + 4 * m, **{"noise_std": 0.02, **settings})


@pytest.fixture(scope="module")
def found():
    return analyse(hand_made(), get_task("rdm"), rng=1, redraws=4, test_trials=200)


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    return write_report(found, tmp_path_factory.mktemp("report") / "out", command="dynsys demo <now>")


class Structure(HTMLParser):
    """Tags that are opened and closed in order, what they link to, and the text between."""

    VOID = frozenset({"meta", "img", "br", "link", "hr", "input"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.words = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_every_stage_is_the_one_of_the_library(found):
    net, task = found.network, get_task("rdm")
    for dynamics, field in (
        (found.network_dynamics, reduced_field(net)),
        (found.mean_field_dynamics, compile_field(mean_field(found.populations))),
    ):
        for points in dynamics.fixed_points:
            again = find_fixed_points(field, dict(points.inputs))
            assert np.allclose(points.kappa, again.kappa, atol=1e-12)
        assert [diagram.parameter for diagram in dynamics.diagrams] == ["gain", "v"]
    trials = found.performance.trials
    silent = simulate(net, trials).z
    circuit = run_circuit(found.mean_field_dynamics.field, trials).z
    assert found.performance.r_squared["circuit"] == pytest.approx(r_squared(circuit, silent))
    assert found.performance.accuracy["circuit"] == task.accuracy(circuit, trials)
    assert found.performance.r_squared["reduction"] == pytest.approx(1.0, abs=1e-12)


def test_pairs_are_of_the_same_kind_and_the_difference_is_theirs(found):
    assert len(found.points) >= 3 + 6
    for pair in found.points:
        if pair.network is not None and pair.mean_field is not None:
            assert pair.network.kind == pair.mean_field.kind == pair.kind
            assert np.allclose(pair.difference, pair.network.kappa - pair.mean_field.kappa)
    (fork,) = [pair for pair in found.events if pair.kind == "pitchfork"]
    # F'(0) = gain (1/N) n.m - 1, in the network and, with means kept, in the mean field.
    overlap = float(found.loadings.overlaps[0, 0])
    assert fork.network.value == pytest.approx(1 / overlap, abs=1e-9)
    assert fork.mean_field.value == pytest.approx(1 / overlap, abs=1e-9)
    assert {pair.kind for pair in found.events} == {"pitchfork", "fold"}


def test_same_seed_same_numbers(found):
    again = analyse(hand_made(), get_task("rdm"), rng=1, redraws=4, test_trials=200)
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_progress_names_every_stage():
    told = []
    analyse(hand_made(40), rng=0, redraws=0, progress=lambda *entry: told.append(entry))
    stages = ["task", "loadings", "redrawn networks", "equations", "fixed points", "bifurcations", "circuit"]
    assert [stage for stage, _, _ in told] == [*stages, "done"]
    assert [done for _, done, _ in told] == list(range(8)) and {total for *_, total in told} == {7}


def test_predicted_spread_is_what_redrawn_networks_show():
    """N = 1000, sigma_mn = 1.5 (project's theory notes): predicted 0.064, measured 0.067."""
    covariance = np.eye(4)
    covariance[0, 1] = covariance[1, 0] = 1.5
    covariance[1, 1] = 1.5**2 + 1
    one = Populations([1.0], np.zeros((1, 4)), covariance[None], rank=1, inputs=1, outputs=1)
    field = compile_field(mean_field(one))
    point = find_fixed_points(field).stable[-1]
    predicted = np.sqrt(finite_size_error(one, field, point.kappa, 1000)[0, 0])
    assert predicted == pytest.approx(0.064, abs=2e-3)  # it depends on sigma_nn, not given there
    rng = np.random.default_rng(0)
    kappa = [
        find_fixed_points(reduced_field(redraw(one, 1000, rng=rng))).stable[-1].kappa[0] for _ in range(100)
    ]
    assert np.std(kappa) == pytest.approx(predicted, rel=0.25)


def test_with_exact_moments_networks_scatter_less_and_as_predicted():
    """Same moments, new neurons: what is left is the shape of the distribution of the loadings."""
    covariance = np.eye(4)
    covariance[0, 1] = covariance[1, 0] = 1.5
    covariance[1, 1], covariance[0, 2], covariance[2, 0] = 1.5**2 + 1, 0.4, 0.4
    one = Populations([1.0], np.array([[0.1, 0.2, 0.0, 0.0]]), covariance[None], rank=1, inputs=1, outputs=1)
    field = compile_field(mean_field(one))
    point = find_fixed_points(field, 0.3).stable[-1]
    free, held = (
        np.sqrt(finite_size_error(one, field, point.kappa, 300, 0.3, exact_moments=exact)[0, 0])
        for exact in (False, True)
    )
    rng = np.random.default_rng(0)
    others = [redraw(one, 300, rng=rng, exact_moments=True) for _ in range(150)]
    kappa = [find_fixed_points(reduced_field(other), 0.3).stable[-1].kappa[0] for other in others]
    assert np.mean(kappa) == pytest.approx(point.kappa[0], abs=3 * held / np.sqrt(150) + 0.01)
    assert np.std(kappa) == pytest.approx(held, rel=0.2)
    assert held < 0.5 * free


def test_spread_by_brute_force_with_means_inputs_and_gain():
    """Var[n phi] against samples, where every term of the formula counts."""
    rng = np.random.default_rng(2)
    factor = rng.standard_normal((4, 4))
    one = Populations(
        [1.0], rng.standard_normal((1, 4)), (factor @ factor.T)[None], rank=1, inputs=1, outputs=1
    )
    field = compile_field(mean_field(one)).with_values(gain=0.7)
    kappa, v, units = np.array([0.8]), {"v": -0.6}, 100
    rows = rng.multivariate_normal(one.means[0], one.covariances[0], 400_000)
    product = rows[:, 1] * np.tanh(rows[:, 0] * kappa[0] + rows[:, 2] * v["v"])
    slope = field.jacobian(kappa, v)[0, 0]
    expected = 0.7**2 * product.var() / units / slope**2
    assert finite_size_error(one, field, kappa, units, v)[0, 0] == pytest.approx(expected, rel=0.02)


def test_spread_averages_over_private_noise():
    """Two populations, two latents: Cov[n E phi(x + noise)] from samples of loadings and of noise."""
    rng = np.random.default_rng(5)
    factors, means = 0.5 * rng.standard_normal((2, 7, 7)), 0.4 * rng.standard_normal((2, 7))
    two = Populations(
        [0.3, 0.7], means, factors @ factors.transpose(0, 2, 1), rank=2, inputs=2, outputs=1, alpha=0.2
    )
    field = compile_field(mean_field(two, noise=0.8))
    kappa, v, draws = np.array([0.5, -0.8]), np.array([0.3, 0.6]), 200_000
    spread = 0
    for weight, mean, covariance in zip(two.weights, two.means, two.covariances):
        rows = rng.multivariate_normal(mean, covariance, draws)
        x = rows[:, :2] @ kappa + rows[:, 4:6] @ v
        nodes, shares = np.polynomial.hermite_e.hermegauss(40)
        f = np.tanh(x[:, None] + np.sqrt(0.8) * nodes) @ shares / shares.sum()
        spread = spread + weight * np.cov((rows[:, 2:4] * f[:, None]).T)
    inverse = np.linalg.inv(field.jacobian(kappa, v))
    expected = inverse @ spread @ inverse.T / 50
    found = finite_size_error(two, field, kappa, 50, v)
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4, 1e8])
def test_spread_at_any_size_of_the_loadings(scale):
    """Saturated, phi is a sign: n sign(m kappa) has the variance of n less the square of its mean."""
    covariance = np.array([[1.0, 1.2, 0, 0], [1.2, 3.0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    covariance[0] *= scale
    covariance[:, 0] *= scale
    one = Populations([1.0], np.zeros((1, 4)), covariance[None], rank=1, inputs=1, outputs=1)
    field = compile_field(mean_field(one))
    kappa = np.array([0.7])
    mean = field.rhs(kappa)[0] + kappa[0]  # E n phi, from the mean field itself
    x, n = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 1.2], [1.2, 3.0]], 400_000).T
    sampled = np.var(n * np.tanh(scale * 0.7 * x)) / field.jacobian(kappa)[0, 0] ** 2
    assert finite_size_error(one, field, kappa, 1)[0, 0] == pytest.approx(sampled, rel=0.02)
    if scale >= 1e4:
        assert mean == pytest.approx(1.2 * np.sqrt(2 / np.pi), rel=1e-3)
        expected = (3.0 - 1.2**2 * 2 / np.pi) / field.jacobian(kappa)[0, 0] ** 2
        assert finite_size_error(one, field, kappa, 1)[0, 0] == pytest.approx(expected, rel=1e-3)


def test_constant_inputs_are_those_that_are_held():
    trials = get_task("rdm", input_noise=0.0).trials(100, rng=0)
    assert [given["v"] for given in constant_inputs(trials, ["v"])] == [-0.4, -0.2, -0.1, 0.1, 0.2, 0.4]
    context = get_task("context", input_noise=0.0).trials(400, rng=0)
    assert len(constant_inputs(context, ["v1", "v2", "v3", "v4"])) == 12
    pulses = get_task("flipflop").trials(3, rng=0)  # no epoch holds an input
    assert constant_inputs(pulses, ["v1", "v2", "v3"]) == []


def test_files_of_a_report(page, found):
    assert sorted(path.name for path in page.parent.iterdir()) == FILES
    names = {path.stem for path in (page.parent / "figures").iterdir()}
    assert names == {"task", "loadings", "redrawn", "mechanism", "fixed_points", "bifurcations", "circuit"}
    for name in names:
        assert (page.parent / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (page.parent / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert load_network(page.parent / "network.npz").hash == found.network.hash
    diagrams = [*found.network_dynamics.diagrams, *found.mean_field_dynamics.diagrams]
    again = [load_result(path) for path in sorted((page.parent / "diagrams").iterdir())]
    assert sorted(map(repr, again)) == sorted(map(repr, diagrams))
    results = json.loads((page.parent / "results.json").read_text())
    assert results == json.loads(json.dumps(found.to_dict()))
    assert results["network"]["hash"] == found.network.hash and results["settings"]["seed"] == 1


def test_the_page_is_one_file_without_scripts_or_network(page):
    structure = Structure(page.read_text())
    assert "script" not in structure.tags and "link" not in structure.tags
    assert structure.links and all(link.startswith("data:image/png;base64,") for link in structure.links)
    assert structure.tags.count("math") > 10 and structure.tags.count("figure") == 7


def test_the_page_says_what_was_found(page, found):
    text = " ".join(" ".join(Structure(page.read_text()).words).split())
    fork = next(pair for pair in found.events if pair.kind == "pitchfork")
    for number in (
        f"{fork.network.value:.6f}",
        f"{found.performance.accuracy['network']:.4f}",
        found.network.hash,
    ):
        assert number in text
    assert f"R² = {found.performance.r_squared['circuit']:.4f}" in text
    assert closure_sentence(found) in text and "dynsys demo <now>" in text
    for heading in range(1, 9):
        assert f" {heading} " in text


def test_the_page_shows_no_bare_latex_or_python(page):
    text = " ".join(Structure(page.read_text()).words)
    for slip in ("nan", "None", "Undefined", r"\frac", r"\kappa", "{{", "array(", "namespace"):
        assert not re.search(rf"(?<![a-z]){re.escape(slip)}(?![a-z])", text), slip


def test_the_closure_error_is_told_from_chance(found):
    sentence = closure_sentence(found)
    pair = next(p for p in found.points if p.kind == "stable node" and not any(p.inputs.values()))
    ratio = np.linalg.norm(pair.difference) / np.linalg.norm(pair.chance)
    assert f"{ratio:.1f} of these" in sentence
    assert ("closure" in sentence) and (("does not explain" in sentence) == (ratio > 3))


@pytest.fixture
def few_pictures(monkeypatch):
    """Drawing takes seconds, and tests about files need one figure only."""
    monkeypatch.setattr("dynsys.report.page.pictures", lambda found: {"redrawn": pictures(found)["redrawn"]})


def test_a_second_report_replaces_the_first_and_nothing_else(found, tmp_path, few_pictures):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "report.html").write_text("old")
    write_report(found, folder)
    assert (folder / "notes.txt").read_text() == "mine" and "old" not in (folder / "report.html").read_text()[
        :9
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "notes.txt"])


def test_same_analysis_same_bytes(found, page, tmp_path):
    other = write_report(found, tmp_path / "again", command="dynsys demo <now>")
    for path in sorted(page.parent.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (other.parent / path.relative_to(page.parent)).read_bytes(), path.name


def test_figures_of_a_report_are_outside_pyplot(found):
    before = pyplot.get_fignums()
    assert len(pictures(found)) == 7
    assert pyplot.get_fignums() == before


def test_a_failure_leaves_the_old_report(found, tmp_path, monkeypatch, few_pictures):
    folder = tmp_path / "out"
    write_report(found, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dynsys.report.page.save_network", full)
    with pytest.raises(FileError, match="No space left"):
        write_report(found, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_folders_are_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="is a file"):
        check_folder(tmp_path / "file")
    with pytest.raises(FileError, match="cannot be made"):
        check_folder(tmp_path / "file" / "below")
    (tmp_path / "taken" / "report.html").mkdir(parents=True)
    with pytest.raises(FileError, match="is a folder"):
        check_folder(tmp_path / "taken")
    assert check_folder(tmp_path / "a" / "b") and not (tmp_path / "a").exists()


def test_an_analysis_without_a_task_or_redrawn_networks(tmp_path):
    found = analyse(hand_made(60), rng=0, redraws=0)
    assert found.performance is None and found.redrawn.accuracies.size == 0
    text = write_report(found, tmp_path / "out").read_text()
    Structure(text)
    assert "No task was given" in text and "No network was redrawn" in text
    assert "accuracy" not in dict(found.summary())


def test_a_network_without_bifurcations_or_memory(tmp_path):
    """Empty results give a valid page that says so: n = 0 leaves the origin alone for every gain."""
    still = LowRankRNN(np.ones(20), np.zeros(20), np.zeros(20), np.ones(20))
    found = analyse(still, rng=0, redraws=2)
    assert [len(points) for points in found.network_dynamics.fixed_points] == [1]
    text = write_report(found, tmp_path / "out").read_text()
    Structure(text)
    assert "No bifurcation was found" in text and "there is no pair to compare" in text


@pytest.mark.slow
def test_two_latent_variables(tmp_path):
    rng = np.random.default_rng(4)
    m = rng.standard_normal((200, 2))
    I, w = rng.standard_normal((2, 200, 1))
    net = LowRankRNN(m, m * [1.6, 1.3] + 0.5 * I, I, w + m[:, :1])
    found = analyse(net, get_task("rdm"), rng=0, redraws=2, test_trials=50)
    planes = found.network_dynamics.portraits + found.mean_field_dynamics.portraits
    assert len(planes) == 2 and np.array_equal(planes[0].box, planes[1].box)
    assert found.performance.r_squared["reduction"] == pytest.approx(1.0, abs=1e-12)
    text = write_report(found, tmp_path / "out").read_text()
    Structure(text)
    assert (
        "Phase plane without input" in text and "nan" not in text.split("</style>")[1].split("data:image")[0]
    )


@pytest.mark.slow
def test_a_circuit_that_fails_is_not_said_to_do_the_task(tmp_path):
    """The match-to-sample network holds two states that no single Gaussian population has."""
    found = analyse(load_example("dms-r2-n512"), get_task("dms"), rng=0, redraws=1, test_trials=60)
    text = write_report(found, tmp_path / "out").read_text()
    assert "They do not do the task" in text and "The circuit does not do the task" in text
    assert "in the network 2, in the mean field none" in text and "inputs A (v1), B (v2)" in text
    assert "R\u00b2 = \u2212" in text and "\u00b1 0." in text and "along the input v1." in text


def test_a_closed_loop_is_refused_before_the_work():
    told = []
    with pytest.raises(InputError, match="task: 'reach' is in closed loop .* leave the task out"):
        analyse(
            load_example("reach"), get_task("reach"), rng=0, progress=lambda stage, *_: told.append(stage)
        )
    assert told == ["task"]


@pytest.mark.slow
def test_a_task_whose_trials_hold_no_input_and_whose_condition_is_several_numbers(tmp_path):
    found = analyse(load_example("flipflop"), get_task("flipflop"), rng=0, redraws=1, test_trials=20)
    assert len(found.network_dynamics.fixed_points) == 1
    Structure(write_report(found, tmp_path / "out").read_text())


@pytest.mark.parametrize("name", task_names())
def test_trials_of_every_task_are_spread_over_its_conditions(name):
    trials = get_task(name).trials(12, rng=0)
    shown = _spread(trials, 5)
    assert len(set(shown.tolist())) == 5
    values = next(iter(trials.conditions.values()), np.arange(12))
    rows = {tuple(np.ravel(row)) for row in values}
    assert len({tuple(np.ravel(values[b])) for b in shown}) == min(5, len(rows))


def test_refusals():
    with pytest.raises(InputError, match="LowRankRNN"):
        analyse("network.npz", rng=0)
    with pytest.raises(InputError, match="rng"):
        analyse(hand_made(20), rng=None)
    with pytest.raises(InputError, match="input"):
        analyse(hand_made(20), get_task("context"), rng=0)
    with pytest.raises(InputError, match="redraws"):
        analyse(hand_made(20), rng=0, redraws=-1)


@dataclass(frozen=True)
class Hostile(Task):
    """A task whose names are code in three languages."""

    name: ClassVar[str] = "<script>alert(1)</script>"
    input_names: ClassVar[tuple] = (r"\input{/etc/passwd}",)
    output_names: ClassVar[tuple] = ("50% $x$ & <b>y</b>",)

    def trials(self, n, rng):
        base = get_task("rdm").trials(n, rng=rng)
        conditions = {"<i>c</i> $%&": base.conditions["coherence"]}
        return Trials(
            base.inputs, base.targets, base.mask, conditions, base.dt, base.tau, base.epochs,
            self.input_names, self.output_names, self.name,
        )  # fmt: skip


def test_names_are_escaped_everywhere(tmp_path):
    found = analyse(hand_made(40), Hostile(), rng=0, redraws=1, test_trials=20)
    text = write_report(found, tmp_path / "out", command="<script>alert(2)</script>").read_text()
    structure = Structure(text)
    assert "script" not in structure.tags and "b" not in structure.tags[structure.tags.index("main") :][:5]
    assert "<script" not in text and "<i>c" not in text
    assert r"\input" not in (tmp_path / "out" / "equations.tex").read_text()
    html = found._repr_html_()
    assert "<script" not in html


def test_summary_and_repr(found):
    names = dict(found.summary())
    assert names["accuracy on rdm"] == f"{found.performance.accuracy['network']:.4f}"
    assert "pitchfork along gain" in repr(found) and found._repr_html_().startswith("<table>")


def test_plain_values_refuse_objects():
    with pytest.raises(TypeError, match="Generator"):
        plain_values({"rng": np.random.default_rng()})


def test_results_are_frozen(found):
    with pytest.raises(AttributeError):
        found.network = None
    assert replace(found, task=None).task is None


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_equations_compile(page, tmp_path):
    source = page.parent / "equations.tex"
    command = [
        "pdflatex",
        "-interaction=nonstopmode",
        "-halt-on-error",
        f"-output-directory={tmp_path}",
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
