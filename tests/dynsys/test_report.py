"""`analyse` and `write_report`: the numbers are the stages' own; the page is whole, safe and honest."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from matplotlib import pyplot
from problems import deciding_network
from structure import Structure

from dynsys.analysis import compile_field, find_fixed_points, load_result, reduced_field, run_circuit
from dynsys.report import analyse, check_folder, write_report
from dynsys.report.bench import constant_inputs
from dynsys.report.figures import pictures
from dynsys.report.plain import plain_values
from dynsys.report.words import closure_sentence
from dynsys.symbolic import mean_field
from rnn import LowRankRNN, load_network, simulate
from tasks import FileError, InputError, Task, Trials, get_task, r_squared

FILES = ["diagrams", "equations.tex", "figures", "network.npz", "report.html", "results.json"]


@pytest.fixture(scope="module")
def found():
    return analyse(deciding_network(), get_task("rdm"), rng=1, redraws=4, test_trials=200)


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    return write_report(found, tmp_path_factory.mktemp("report") / "out", command="dynsys demo <now>")


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
    again = analyse(deciding_network(), get_task("rdm"), rng=1, redraws=4, test_trials=200)
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_progress_names_every_stage():
    told = []
    analyse(deciding_network(40), rng=0, redraws=0, progress=lambda *entry: told.append(entry))
    stages = ["task", "loadings", "redrawn networks", "equations", "fixed points", "bifurcations", "circuit"]
    assert [stage for stage, _, _ in told] == [*stages, "done"]
    assert [done for _, done, _ in told] == list(range(8)) and {total for *_, total in told} == {7}


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
    found = analyse(deciding_network(60), rng=0, redraws=0)
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


def test_refusals():
    with pytest.raises(InputError, match="LowRankRNN"):
        analyse("network.npz", rng=0)
    with pytest.raises(InputError, match="rng"):
        analyse(deciding_network(20), rng=None)
    with pytest.raises(InputError, match="input"):
        analyse(deciding_network(20), get_task("context"), rng=0)
    with pytest.raises(InputError, match="redraws"):
        analyse(deciding_network(20), rng=0, redraws=-1)


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
    found = analyse(deciding_network(40), Hostile(), rng=0, redraws=1, test_trials=20)
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
