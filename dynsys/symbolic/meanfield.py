r"""From Gaussian populations to equations: the mean field of a low-rank network (THEORY 3).

    tau dkappa_r/dt = -kappa_r + g sum_p alpha_p E_p[n_r phi],     tau dv_s/dt = -v_s + u_s
    z_o = sum_p alpha_p E_p[w_o phi],      E_p[q phi] = a^p_q <phi>_p + (sum_y Sigma^p_{q y} y) <phi'>_p
    mu_p = sum_y a^p_y y,    Delta_p = sum_{y y'} Sigma^p_{y y'} y y' + Delta_noise,     y = (kappa, v)

Every cross term is kept; the parameters are those moments that enter. A random bulk adds its unknown variance
Delta_0 to the state and to every Delta_p (`dynsys.symbolic.bulk`).
"""

import dataclasses

from dynsys.populations.fit import Populations
from dynsys.symbolic.abbreviations import abbreviate
from dynsys.symbolic.box import TrappingBox
from dynsys.symbolic.bulk import DELTA, LATEX, RADIUS, STRENGTH, bulk_equations
from dynsys.symbolic.moments import drive, mean, moment_symbols, motion, variance
from dynsys.symbolic.names import symbol
from dynsys.symbolic.system import System
from tasks.checks import check_kind, check_number
from tasks.errors import InputError

BOUNDS = {"tanh": 1.0, "erf": 1.0}  # max|phi|, where there is one


def mean_field(populations, noise=0.0, bulk=None):
    """Derive the mean-field equations of Gaussian populations.

    Parameters
    ----------
    populations : Populations
        Fitted or given by hand.
    noise : float, default 0.0
        Delta_noise, the variance of the private noise of each unit; ``populations.noise_variance`` is the
        network's own.
    bulk : float, optional
        Strength g_chi >= 0 of a random bulk, J = g_chi chi + (1/N) m n^T with chi_ij ~ N(0, 1/N) independent
        of the loadings (for the initial weights of a trained network an approximation). The equations then
        hold at stationary states only, for constant input without noise: they give fixed points, their
        outlying eigenvalues and, as the output ``radius2``, the squared radius of the disk of eigenvalues
        that the bulk adds around -1 (stable below 1); they cannot be integrated in time.

    Returns
    -------
    System
        State kappa (kappa1, ...), inputs v, outputs z, right-hand sides in units of tau; parameters ``gain``,
        ``noise``, weights ``alpha_p1``, means ``a_n``, covariances ``sigma_mn``, ... with their values.
        Weights are independent parameters: changing one does not change the others. With a bulk, one more
        state variable ``Delta_0``, the parameter ``bulk`` in place of ``noise`` and the output ``radius2``;
        the gain multiplies all of J.

    Raises
    ------
    InputError
        Not a `Populations`, a negative noise variance or strength, or noise and a bulk together.

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
    if bulk is not None:
        moments, arguments = _add_bulk(moments, arguments, check_number("bulk", bulk, minimum=0.0))
    drives = {q: drive(moments, q, arguments, populations.phi) for q in (*moments.n, *moments.w)}
    equations, outputs = motion(moments, drives)
    state, output_names = tuple(moments.y[a] for a in moments.m), tuple("z" + q[1:] for q in moments.w)
    if bulk is not None:
        equation, radius = bulk_equations(moments, arguments, populations.phi)
        equations, outputs = (*equations, equation), (*outputs, radius)
        state, output_names = (*state, symbol(DELTA)), (*output_names, RADIUS)
    return System(
        equations=equations,
        state=state,
        inputs=tuple(moments.y[a] for a in moments.I),
        parameters=moments.values,
        outputs=outputs,
        output_names=output_names,
        time_constant="tau",
        filtered_inputs=True,
        latex=moments.latex,
        errors=moments.errors,
        neutral={"gain": 1.0} | ({"noise": 0.0} if bulk is None else {}),
        notation=abbreviate(moments, arguments, populations.phi, bulk is not None),
        box=_box(moments, bulk is not None) if populations.phi in BOUNDS else None,
        phi=populations.phi,
        alpha=populations.alpha,
        bulk_radius=None if bulk is None else RADIUS,
        source={**populations.source, "populations": moments.count, "noise": float(noise)}
        | ({} if bulk is None else {"bulk": float(bulk)}),
    )


def _add_bulk(moments, arguments, bulk):
    """The moments with the bulk's strength in place of the noise, and Delta_0 in every variance."""
    if moments.values["noise"] > 0:
        raise InputError(
            "noise: with a random bulk the mean field holds for constant input without time-varying noise; "
            "leave out one of the two"
        )
    values = {"gain": moments.values["gain"], STRENGTH: bulk, **moments.values}
    del values["noise"]
    shared = {moments.noise: symbol(DELTA)}
    moments = dataclasses.replace(moments, values=values, latex={**moments.latex, **LATEX})
    return moments, [(mu, Delta.xreplace(shared)) for mu, Delta in arguments]


def _box(moments, bulk):
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
        bulk=STRENGTH if bulk else None,
    )
