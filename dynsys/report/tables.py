"""The tables of a report as rows of text."""

import re

import numpy as np

from dynsys.report.words import inputs_text

# What the parameters of a mean field are, for readers who have not met them.
MEANINGS = {"gain": "recurrent gain", "noise": "variance of private noise"}
ROUNDING = 1e-12  # an imaginary part below it is none
MINUS, DASH = "\u2212", "\u2013"
LETTERS = {"m": "left connectivity", "n": "right connectivity", "I": "input", "w": "readout"}


def signed(value, digits=4):
    """A number with a fixed number of digits and a true minus sign; a dash for nothing.

    Examples
    --------
    >>> signed(-0.5), signed(None), signed(-1e-9)
    ('\u22120.5000', '\u2013', '0.0000')
    """
    if value is None or not np.isfinite(value):
        return DASH
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", MINUS)


def vector(values, digits=4):
    """A number, or several in brackets; complex ones with their imaginary part.

    Examples
    --------
    >>> vector(np.array([0.5])), vector(np.array([0.5 + 1j, 0.5 - 1j]), 1)
    ('0.5000', '(0.5 + 1.0i, 0.5 \u2212 1.0i)')
    """
    if values is None:
        return DASH
    texts = []
    for value in np.atleast_1d(values):
        text = signed(value.real, digits)
        if np.iscomplexobj(values) and value.imag:
            text += f" {'+' if value.imag > 0 else MINUS} {abs(value.imag):.{digits}f}i"
        texts.append(text)
    return texts[0] if len(texts) == 1 else "(" + ", ".join(texts) + ")"


def spectrum(eigenvalues, digits=4):
    """Eigenvalues, a complex pair as one.

    Examples
    --------
    >>> spectrum(np.array([-0.5])), spectrum(np.array([0.5 + 1j, 0.5 - 1j, -2.0]), 1)
    ('\u22120.5000', '0.5 \u00b1 1.0i, \u22122.0')
    """
    if eigenvalues is None:
        return DASH
    values = np.asarray(eigenvalues, dtype=complex)
    values = values[values.imag >= -ROUNDING]
    pairs = [f" \u00b1 {z.imag:.{digits}f}i" if z.imag > ROUNDING else "" for z in values]
    return ", ".join(signed(z.real, digits) + pair for z, pair in zip(values, pairs))


def loadings_rows(populations):
    """Per population: a row for each loading with its mean and covariances and their errors."""
    tables = []
    for p in range(populations.count):
        rows = []
        for i, name in enumerate(populations.names):
            entries = [_with_error(populations.means, populations.mean_errors, (p, i))]
            entries += [
                _with_error(populations.covariances, populations.covariance_errors, (p, i, j))
                if j >= i
                else ""
                for j in range(len(populations.names))
            ]
            rows.append((name, LETTERS[name[0]], entries))
        tables.append((float(populations.weights[p]), rows))
    return tables


def parameter_rows(system):
    """Name to type, LaTeX, value and standard error of each parameter of the equations."""
    rows = []
    for name in system.parameter_names:
        value, error = system.values.get(name), system.errors.get(name)
        rows.append(
            {
                "name": name,
                "latex": system.latex_of(name),
                "value": DASH if value is None else f"{value:.5g}".replace("-", MINUS),
                "error": f"{error:.2g}" if error else DASH,
                "meaning": _meaning(name),
            }
        )
    return rows


def point_rows(analysis):
    """The fixed points of network and mean field, side by side."""
    rows, digits = [], 4 if analysis.network.rank == 1 else 3
    for pair in analysis.points:
        ours, theirs = pair.network, pair.mean_field
        rows.append(
            {
                "where": inputs_text(pair.inputs),
                "again": False,
                "kind": pair.kind,
                "network": vector(ours and ours.kappa, digits),
                "network_eigenvalue": spectrum(ours and ours.eigenvalues, digits),
                "mean_field": vector(theirs and theirs.kappa, digits),
                "mean_field_eigenvalue": spectrum(theirs and theirs.eigenvalues, digits),
                "difference": vector(pair.difference, digits),
                "scatter": vector(pair.scatter, digits),
                "chance": vector(pair.chance, digits),
            }
        )
    for row, previous in zip(rows[1:][::-1], rows[:-1][::-1]):
        row["again"] = row["where"] == previous["where"]
    return rows


def event_rows(analysis):
    """The special points of network and mean field, side by side."""
    return [
        {
            "along": pair.parameter,
            "kind": pair.kind,
            "network": signed(pair.network and pair.network.value, 6),
            "network_kappa": vector(pair.network and pair.network.kappa),
            "mean_field": signed(pair.mean_field and pair.mean_field.value, 6),
            "mean_field_kappa": vector(pair.mean_field and pair.mean_field.kappa),
            "difference": signed(pair.difference, 6),
        }
        for pair in analysis.events
    ]


def event_sentences(analysis):
    """What happens at each special point, in the words of its normal form; the network's where it has it."""
    sentences = [(pair.network or pair.mean_field).sentence for pair in analysis.events]
    return [re.sub(r"(?<= )-(?=\d)", MINUS, sentence) for sentence in dict.fromkeys(sentences) if sentence]


def search_rows(analysis):
    """How every search ended, alike ones together, so that nothing that went wrong goes unsaid."""
    rows = {}
    for dynamics in (analysis.network_dynamics, analysis.mean_field_dynamics):
        searches = [("fixed points", inputs_text(found.inputs), found) for found in dynamics.fixed_points]
        searches += [("branches", f"along {diagram.parameter}", diagram) for diagram in dynamics.diagrams]
        for what, where, result in searches:
            message = result.message or result.status.value
            rows.setdefault((dynamics.name, what, result.status, message), []).append(where)
    return [
        (of, f"{what}: {'; '.join(where)}".replace(" = ", "\u00a0=\u00a0"), *rest)
        for (of, what, *rest), where in rows.items()
    ]


def _meaning(name):
    if name in MEANINGS:
        return MEANINGS[name]
    kind, _, rest = name.partition("_")
    letters = re.findall(r"[mnIw]\d*", rest.partition("_p")[0])
    if kind == "sigma" and len(letters) == 2:
        return (
            f"variance of {letters[0]}"
            if letters[0] == letters[1]
            else f"covariance of {' and '.join(letters)}"
        )
    return f"mean of {letters[0]}" if kind == "a" and letters else "share of the population"


def _with_error(values, errors, index):
    """Value and error to the error's second digit."""
    if errors is None or not errors[index] > 0:
        return f"{values[index]:.3g}".replace("-", MINUS)
    digits = max(0, 1 - int(np.floor(np.log10(errors[index]))))
    return f"{signed(values[index], digits)} \u00b1 {errors[index]:.{digits}f}"


def facts(analysis):
    """The numbers at the head of the page: name, value and a note."""
    rows, done, redrawn = [], analysis.performance, analysis.redrawn
    if done is not None:
        rows.append(
            ("accuracy, network", f"{done.accuracy['network']:.4f}", f"{done.trials.size} test trials")
        )
        note = f"R\u00b2 = {signed(done.r_squared['circuit'])} against the network"
        rows.append(("accuracy, kappa circuit", f"{done.accuracy['circuit']:.4f}", note))
    if redrawn.accuracies.size:
        note = f"mean of {redrawn.accuracies.size}, lowest {redrawn.accuracies.min():.4f}"
        rows.append(("accuracy, redrawn networks", f"{redrawn.accuracies.mean():.4f}", note))
    silent = analysis.network_dynamics.fixed_points[0]
    rows.append(("fixed points without input", str(len(silent)), f"{len(silent.stable)} of them stable"))
    groups = {}
    for pair in analysis.events:
        groups.setdefault((pair.kind, pair.parameter), []).append(pair)
    for (kind, parameter), pairs in list(groups.items())[:2]:
        values = [
            ", ".join(signed(pair.value_of(name)) for pair in pairs) for name in ("network", "mean_field")
        ]
        rows.append(
            (f"{kind}{'s' * (len(pairs) > 1)} along {parameter}", values[0], f"mean field {values[1]}")
        )
    return [dict(zip(("name", "value", "note"), row)) for row in rows]


def provenance(analysis, command):
    """Where every number comes from."""
    settings, fit = analysis.settings, analysis.populations
    seed = "none: a generator was passed" if settings["seed"] is None else settings["seed"]
    rows = [
        ("network", repr(analysis.network)),
        ("network hash", analysis.network.hash),
        ("seed of the analysis", seed),
        ("populations", f"one Gaussian, {fit.means_kind} means, fitted to {fit.units} units"),
        ("private noise in the equations", "left out (Delta_noise = 0)"),
    ]
    if analysis.task is not None:
        given = ", ".join(f"{name} = {value}" for name, value in analysis.task.parameters.items())
        rows.append(("task", f"{analysis.task.name}: {given} (durations in ms)"))
    rows.append(("versions", ", ".join(f"{name} {text}" for name, text in settings["versions"].items())))
    return rows + ([("command", command)] if command else [])
