r"""From Gaussian populations to equations: the mean field of a low-rank network (THEORY 3).

    tau dkappa_r/dt = -kappa_r + g sum_p alpha_p E_p[n_r phi],     tau dv_s/dt = -v_s + u_s
    z_o = sum_p alpha_p E_p[w_o phi],      E_p[q phi] = a^p_q <phi>_p + (sum_y Sigma^p_{q y} y) <phi'>_p
    mu_p = sum_y a^p_y y,    Delta_p = sum_{y y'} Sigma^p_{y y'} y y' + Delta_noise,     y = (kappa, v)

Every cross term is kept; the parameters are those moments that enter.
"""

from dynsys.populations.fit import Populations
from dynsys.symbolic.abbreviations import abbreviate
from dynsys.symbolic.box import TrappingBox
from dynsys.symbolic.moments import drive, mean, moment_symbols, motion, variance
from dynsys.symbolic.system import System
from tasks.checks import check_kind, check_number

BOUNDS = {"tanh": 1.0, "erf": 1.0}  # max|phi|, where there is one


def mean_field(populations, noise=0.0):
    """Derive the mean-field equations of Gaussian populations.

    Parameters
    ----------
    populations : Populations
        Fitted or given by hand.
    noise : float, default 0.0
        Delta_noise, the variance of the private noise of each unit; ``populations.noise_variance`` is the
        network's own.

    Returns
    -------
    System
        State kappa (kappa1, ...), inputs v, outputs z, right-hand sides in units of tau; parameters ``gain``,
        ``noise``, weights ``alpha_p1``, means ``a_n``, covariances ``sigma_mn``, ... with their values.
        Weights are independent parameters: changing one does not change the others.

    Raises
    ------
    InputError
        Not a `Populations`, or a negative noise variance.

    Examples
    --------
    >>> import numpy as np
    >>> one = Populations([1.0], np.zeros((1, 4)), np.eye(4)[None], 1, 1, 1, means_kind="zero")
    >>> mean_field(one).parameter_names
    ('gain', 'noise', 'sigma_mm', 'sigma_mn', 'sigma_mI', 'sigma_mw', 'sigma_nI', 'sigma_II', 'sigma_Iw')
    """
    check_kind("populations", populations, Populations, "see fit_populations")
    moments = moment_symbols(populations, check_number("noise", noise, minimum=0.0))
    arguments = [(mean(moments, p), variance(moments, p)) for p in range(moments.count)]
    drives = {q: drive(moments, q, arguments, populations.phi) for q in (*moments.n, *moments.w)}
    equations, outputs = motion(moments, drives)
    return System(
        equations=equations,
        state=tuple(moments.y[a] for a in moments.m),
        inputs=tuple(moments.y[a] for a in moments.I),
        parameters=moments.values,
        outputs=outputs,
        output_names=tuple("z" + q[1:] for q in moments.w),
        time_constant="tau",
        filtered_inputs=True,
        latex=moments.latex,
        errors=moments.errors,
        neutral={"gain": 1.0, "noise": 0.0},
        notation=abbreviate(moments, arguments, populations.phi),
        box=_box(moments) if populations.phi in BOUNDS else None,
        phi=populations.phi,
        alpha=populations.alpha,
        source={**populations.source, "populations": moments.count, "noise": float(noise)},
    )


def _box(moments):
    loadings = list(moments.y)
    named = [{key: entry.name for key, entry in covariance.items()} for covariance in moments.covariances]
    free = moments.means[0][moments.n[0]] != 0
    return TrappingBox(
        limit=1.0,
        drive=tuple(tuple(tuple(s[q, a] for a in loadings) for q in moments.n) for s in named),
        spread=tuple(tuple(tuple(s[a, b] for b in loadings) for a in loadings) for s in named),
        means=tuple(tuple(a[q].name for q in moments.n) for a in moments.means) if free else None,
        weights=tuple(w.name for w in moments.weights) if moments.count > 1 else None,
        gain=moments.gain.name,
    )
