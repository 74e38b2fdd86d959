"""Plants of several trials, a step forward and a step back, for the kernel that runs trials side by side.

With the plant's state y_t (y_0 = 0), and mu_t = dL/dy_t, as in `rnn.kernels.closed_loop`,

    forward     y_t = A y_t-1 + B z_t-1,       q_t-1 = E y_t
    back        mu_t = E^T 2 weight (q_t-1 - target) + A^T mu_t+1 + C^T dL/du_t,       dL/dz_t-1 = B^T mu_t

A plant of no states stands for none.
"""

from rnn.jit import FASTMATH, jit


@jit(nogil=True)
def move_plants(start, stop, t, z, matrices, plant, scored):
    """States y_t and scored outputs of trials ``start`` to ``stop`` into ``plant[:, t - 1]``, ``scored``."""
    A, B, _, E = matrices
    for b in range(start, stop):
        for d in range(A.shape[0]):
            moved = z.dtype.type(0)
            if t > 1:
                for f in range(A.shape[0]):
                    moved += A[d, f] * plant[b, t - 2, f]
            for o in range(B.shape[1]):
                moved += B[d, o] * z[b, t - 1, o]
            plant[b, t - 1, d] = moved
        for k in range(E.shape[0]):
            seen = z.dtype.type(0)
            for d in range(A.shape[0]):
                seen += E[k, d] * plant[b, t - 1, d]
            scored[b, t - 1, k] = seen


@jit(nogil=True)
def pull_plants(start, stop, t, I, alpha, pulls, matrices, mu, before, adjoint):
    """mu_t of trials ``start`` to ``stop`` in the place of mu_t+1; dL/dz_t-1 into ``adjoint`` after g_t+1.

    ``pulls`` (B, T, K) holds 2 weight (q - target), ``before`` (B, D) is scratch memory, dL/du_t is
    alpha I g_t+1 with the input weights I (S, N).
    """
    A, B, C, E = matrices
    units = I.shape[1]
    for b in range(start, stop):
        for d in range(A.shape[0]):
            total = mu.dtype.type(0)
            for f in range(A.shape[0]):
                total += A[f, d] * mu[b, f]
            for k in range(E.shape[0]):
                total += E[k, d] * pulls[b, t - 1, k]
            before[b, d] = total
        for s in range(I.shape[0]):
            felt = alpha * _along(I[s], adjoint[b])
            for d in range(A.shape[0]):
                before[b, d] += C[s, d] * felt
        for d in range(A.shape[0]):
            mu[b, d] = before[b, d]
        for o in range(B.shape[1]):
            total = mu.dtype.type(0)
            for d in range(A.shape[0]):
                total += B[d, o] * mu[b, d]
            adjoint[b, units + o] = total


@jit(nogil=True, fastmath=FASTMATH)
def _along(weights, row):
    total = weights.dtype.type(0)
    for i in range(weights.size):
        total += weights[i] * row[i]
    return total
