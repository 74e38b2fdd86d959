"""Pictures of the moments of the loadings: covariance and correlation as tables of numbers on colours."""

import numpy as np

from dynsys.plotting.style import axes, plain, symbol
from dynsys.populations.tables import MomentTable


def plot_covariance(result, population=0, ax=None):
    """The covariance of the loadings as a table: numbers with standard errors, coloured by correlation.

    Parameters
    ----------
    result : Populations or MomentTable
        From `fit_populations`, or from `moment_table`: then entries that are zero for all one knows are grey.
    population : int, default 0
        Which one of several populations.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations import Populations
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], rank=1, inputs=1, outputs=1)
    >>> len(plot_covariance(one, ax=new_figure()[1]).texts)
    16
    """
    if isinstance(result, MomentTable):
        return _table(ax, result.names, result.covariance, result.covariance_errors,
                      np.nan_to_num(result.correlation), result.significant)  # fmt: skip
    covariance = result.covariances[population]
    errors = None if result.covariance_errors is None else result.covariance_errors[population]
    spread = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
    return _table(ax, result.names, covariance, errors, covariance / np.outer(spread, spread))


def plot_correlation(table, errors=True, ax=None):
    """The correlations of the loadings as a table: numbers with standard errors, those not zero in bold.

    Parameters
    ----------
    table : MomentTable
        From `moment_table`.
    errors : bool, default True
        Whether to write the standard errors.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from dynsys.plotting.style import new_figure
    >>> from dynsys.populations import moment_table
    >>> from rnn import LowRankRNN, loadings
    >>> m, n, I, w = np.random.default_rng(0).standard_normal((4, 500, 1))
    >>> ax = plot_correlation(moment_table(loadings(LowRankRNN(m, n + m, I, w))), ax=new_figure()[1])
    >>> ax.texts[1].get_text(), ax.texts[1].get_fontweight()
    ('0.74\\n±0.02', 'bold')
    """
    return _table(
        ax, table.names, table.correlation, table.correlation_errors if errors else None,
        np.nan_to_num(table.correlation), table.significant, digits=".2f",
    )  # fmt: skip


def _table(ax, names, values, errors, correlation, marks=None, digits=".3g"):
    """Values and errors on a picture of the correlation; marked entries bold, the others grey."""
    count = len(names)
    ax = axes(ax, (0.75 * count + 1.2, 0.65 * count + 0.6))
    picture = ax.imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    size = ax.xaxis.label.get_size() * (0.9 if count <= 5 else 0.72 if errors is None else 0.65)
    for i in range(count):
        for j in range(count):
            text = f"{values[i, j]:{digits}}".replace("-", "\N{MINUS SIGN}")
            if errors is not None and (marks is None or i != j or digits != ".2f"):
                text += f"\n±{errors[i, j]:.2g}"
            ink = "white" if abs(correlation[i, j]) > 0.65 else "black"
            weight = "normal"
            if marks is not None and i != j:
                weight = "bold" if marks[i, j] else "normal"
                ink = ink if marks[i, j] else "#777777"
            ax.text(j, i, plain(text), ha="center", va="center", color=ink, fontsize=size, linespacing=1.15,
                    fontweight=weight)  # fmt: skip
    labels = [symbol(name) for name in names]
    ax.set_xticks(range(count), labels)
    ax.set_yticks(range(count), labels)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.9, aspect=22, pad=0.02)
    bar.set_label("correlation", fontsize=ax.xaxis.label.get_size())
    bar.ax.tick_params(labelsize=ax.xaxis.get_ticklabels()[0].get_size())
    bar.outline.set_visible(False)
    return ax
