"""What the numbers of an analysis mean, in sentences that follow from the numbers alone."""

import numpy as np

ORIGIN = 1e-6  # what lies nearer to the origin is it
# A difference counts as more than chance beyond so many predicted standard deviations.
BEYOND_CHANCE = 3.0
# A circuit whose accuracy is lower by more does not do the task as the network does.
CLOSE = 0.05
TASKS = {
    "rdm": "random-dot motion",
    "romo": "parametric working memory",
    "context": "context-dependent decisions",
    "multisensory": "multisensory decisions",
    "dms": "delayed match to sample",
    "bistable": "perceptual bistability",
    "flipflop": "flip-flop memory",
    "reach": "reaching",
}
RANKS = {1: "rank-one", 2: "rank-two", 3: "rank-three"}


def title(analysis):
    """Title of the page."""
    rank = RANKS.get(analysis.network.rank, f"rank-{analysis.network.rank}")
    if analysis.task is None:
        return f"A {rank} network and its equations"
    return f"How a {rank} network does {TASKS.get(analysis.task.name, analysis.task.name)}"


def lead(analysis):
    """The whole page in two sentences."""
    done, units, rank = analysis.performance, analysis.network.units, analysis.network.rank
    equations = "one equation" if rank == 1 else f"{rank} equations"
    if done is None:
        return f"{units} units become {equations}, with all fixed points and their bifurcations."
    ours, theirs = done.accuracy["network"], done.accuracy["circuit"]
    they, do, say = ("It", "does", "it says") if rank == 1 else ("They", "do", "they say")
    if not circuit_does(analysis):
        return _prose(f"""
            {units} units become {equations}. {they} {do} not do the task as the network does: accuracy
            {theirs:.3f}, the network's {ours:.3f}. Here is what {say}, and where network and equations part.
        """)
    return _prose(f"""
        {units} units become {equations}. {they} alone {do} the task with accuracy {theirs:.3f}; the network's
        is {ours:.3f}. Here is what {say}.
    """)


def circuit_does(analysis):
    """Whether the mean-field circuit does the task about as well as the network."""
    accuracy = analysis.performance.accuracy
    return accuracy["circuit"] >= accuracy["network"] - CLOSE


def inputs_sentence(analysis):
    """The task's inputs, each with the name it has in the equations."""
    given, names = analysis.task.input_names, analysis.network_dynamics.field.inputs
    listed = ", ".join(f"{one} ({name})" for one, name in zip(given, names))
    return f"input{'s' if len(given) > 1 else ''} {listed}"


def task_sentence(analysis):
    """How well the task is done."""
    done = analysis.performance
    if done is None:
        return "No task was given: the parts of this report that need one are left out."
    return _prose(f"""
        On {done.trials.size} freshly drawn test trials, with the noise of the task and of its units
        (noise_std {analysis.network.noise_std:g} per step), its accuracy is
        {done.accuracy["network"]:.4f} and its loss {done.loss["network"]:.3g}.
    """)


def redrawn_sentence(analysis):
    """Whether networks drawn from the fit do what the trained one does."""
    redrawn, values = analysis.redrawn, analysis.redrawn.accuracies
    if redrawn.first is None:
        return "No network was redrawn."
    text = ""
    if values.size:
        text += f"""
            {values.size} networks of {analysis.network.units} new units each, drawn from the fitted Gaussian,
            reach an accuracy of {values.mean():.4f} on average (lowest {values.min():.4f}, highest
            {values.max():.4f}); the trained network's is {analysis.performance.accuracy["network"]:.4f}.
        """
    away = int(np.isfinite(redrawn.kappa).sum())
    text += f" Without input, {away} of {redrawn.kappa.size} have a stable point off the origin"
    if away and np.isfinite(redrawn.scatter):
        text += f""", with |κ| scattered around {np.nanmean(redrawn.kappa):.4f} with a standard deviation of
            {np.nanstd(redrawn.kappa):.4f}; theory predicts {redrawn.predicted:.4f} and {redrawn.scatter:.4f}
        """
    text = _prose(text) + "."
    if np.isfinite(redrawn.kappa_exact).any() and np.isfinite(redrawn.chance):
        text += " " + _prose(f"""
            Most of this is chance in the redrawn networks' own covariances: redrawn with exactly the
            means and covariances above, they scatter by {np.nanstd(redrawn.kappa_exact):.4f} (predicted
            {redrawn.chance:.4f}).
        """)
    return text


def closure_sentence(analysis):
    """By how much network and mean field differ, and whether chance explains it."""
    pairs = [p for p in analysis.points if p.excess is not None and p.kind.startswith("stable")]
    silent = [p for p in pairs if not any(p.inputs.values())]
    if not pairs:
        first = [d.fixed_points[0].stable for d in (analysis.network_dynamics, analysis.mean_field_dynamics)]
        counts = [sum(np.linalg.norm(point.kappa) > ORIGIN for point in stable) or "none" for stable in first]
        return _prose(f"""
            Stable points off the origin without input: in the network {counts[0]}, in the mean field
            {counts[1]}. So there is no pair to compare.
        """)
    pair = max(silent or pairs, key=lambda p: np.linalg.norm(p.network.kappa))
    where = "without input" if silent else f"at {inputs_text(pair.inputs)}"
    ours, theirs = np.linalg.norm(pair.network.kappa), np.linalg.norm(pair.mean_field.kappa)
    text = f"""
        Network and mean field differ: {where} the network's stable |κ| is {ours:.4f}, the mean field's
        {theirs:.4f}, so the network's is {100 * abs(pair.excess):.1f} %
        {"larger" if pair.excess > 0 else "smaller"}.
    """
    chance = np.linalg.norm(pair.chance)
    if not np.isfinite(chance) or chance == 0:
        return _prose(
            text + " The mean field's point is not hyperbolic there: the difference has no error bar."
        )
    ratio = np.linalg.norm(pair.difference) / chance
    text += f"""
        Gaussian networks of {analysis.network.units} units with exactly the same means and covariances
        scatter around the mean field with a standard deviation of {chance:.4f}; the difference is
        {ratio:.1f} of these.
    """
    if ratio > BEYOND_CHANCE:
        text += """
            Finite size does not explain that. The mean field is a closure: it takes the loadings to be
            Gaussian and knows only their means and covariances, and the loadings of a trained network are
            not Gaussian. The rest is the error of this closure.
        """
    else:
        text += """
            Chance can do that: at this number of units an error of the Gaussian closure, if there is one,
            cannot be told from it.
        """
    return _prose(text)


def decision_sentence(analysis):
    """What the folds along an input mean for the task, where there is one latent variable."""
    if analysis.network.rank > 1:
        return ""
    for diagram in analysis.network_dynamics.diagrams:
        folds = sorted(point.value for point in diagram.special_points if point.kind == "fold")
        if diagram.parameter == "gain" or not folds or folds[0] >= 0 or folds[-1] <= 0:
            continue
        low, high = max(f for f in folds if f < 0), min(f for f in folds if f > 0)
        resting = len(analysis.network_dynamics.fixed_points[0].stable)
        return _prose(f"""
            Between the folds, at {diagram.parameter} from {low:.4f} to {high:.4f}, the network has
            {resting} stable states and keeps the one it is in: a memory. Beyond a fold there are fewer,
            and the state has to move: a decision.
        """).replace("-0.", "\u22120.")
    return ""


def circuit_sentence(analysis):
    """How well the mean-field circuit stands in for the network."""
    done, rank = analysis.performance, analysis.network.rank
    if done is None:
        return ""
    count = "one equation" if rank == 1 else f"{rank} equations"
    share, off = done.r_squared["circuit"], "the network's own noise off"
    follows = f"explains R² = {share:.4f} of the variance of the network's output ({off})"
    if share < 0:
        follows = f"is further from the network's than a constant is (R² = \u2212{-share:.4f}, {off})"
    return _prose(f"""
        The circuit is {count} for κ and a filter for the input; it has no units
        and no noise of its own. On the same {done.trials.size} trials its accuracy is
        {done.accuracy["circuit"]:.4f}, and its output {follows}. The exact reduction, which
        keeps all {analysis.network.units} units, explains R² = {done.r_squared["reduction"]:.6f}. That
        this is 1 checks the theory; how close the circuit comes is the result.
    """)


def inputs_text(inputs):
    """Inputs as text.

    Examples
    --------
    >>> inputs_text({"v": 0.1}), inputs_text({"v1": 0.0, "v2": 0.0})
    ('v = 0.1', 'no input')
    """
    given = [f"{name} = {value:g}".replace("-", "\u2212") for name, value in inputs.items() if value]
    return ", ".join(given) or "no input"


def _prose(text):
    return " ".join(text.split())
