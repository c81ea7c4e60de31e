"""Slow, obvious and independent: what the package is tested against. No formula here is shared with it.

Everything starts from the update rule, written out once more (``step``), and from literal averages over samples.
"""

from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from itertools import product

import numpy as np
from scipy.optimize import minimize


# -- one step, and its average over samples ---------------------------------------------------------------------------
def step(method, w, m, g):
    """The update of ``Method``, written out."""
    m = method.beta * m + g
    w = w - method.delta * g - method.eta * m
    return w, m


def heard(method):
    """The method without a buffer that is never read (eta = 0): its memory is a slow mode that no loss shows."""
    return method if method.eta != 0 else type(method)(method.delta, 0.0, 0.0)


def nodes(d, kurtosis=3.0):
    """All points of a product quadrature of d independent coordinates of variance 1, and their weights.

    Gaussian coordinates by Gauss-Hermite (five nodes, exact to degree 9); any other kurtosis k by a distribution that
    has it: 0 and +-sqrt(k) (k = 1: two points, Rademacher). ``kurtosis``: one number, or one for each coordinate.
    """
    x, p = zip(*(_nodes_of_one(k) for k in np.broadcast_to(kurtosis, d)), strict=True)
    return np.array(list(product(*x))), np.prod(np.array(list(product(*p))), axis=1)


def _nodes_of_one(kurtosis):
    if kurtosis == 3.0:
        x, p = np.polynomial.hermite_e.hermegauss(5)
        return x, p / p.sum()
    return np.array([-1.0, 0.0, 1.0]) * np.sqrt(kurtosis), np.array([0.5, kurtosis - 1, 0.5]) / kurtosis


def sample_map(method, x):
    """The matrix that takes (e, m) to (e', m') when the gradient is that of one sample x."""
    d = len(x)
    columns = []
    for state in np.eye(2 * d):
        e, m = state[:d], state[d:]
        columns.append(np.concatenate(step(method, e, m, x * (x @ e))))
    return np.array(columns).T


def response(method, g):
    """Where the state (0, 0) goes under the gradient g: the step is linear in the gradient."""
    return np.concatenate(step(method, np.zeros_like(g), np.zeros_like(g), g))


def dense_operator(eigenvalues, method, batch, kurtosis=3.0):
    """E[A (x) A], A the random map of one step, averaged sample by sample; shape ``(4 d^2, 4 d^2)``.

    A is the mean of B independent sample maps: of the B^2 pairs in E[A (x) A], B are a sample with itself.
    """
    points, weights = nodes(len(eigenvalues), kurtosis)
    maps = [sample_map(method, np.sqrt(eigenvalues) * x) for x in points]
    mean = sum(p * A for p, A in zip(weights, maps, strict=True))
    same = sum(p * np.kron(A, A) for p, A in zip(weights, maps, strict=True))
    return same / batch + (1 - 1 / batch) * np.kron(mean, mean)


def dense_noise(eigenvalues, method, batch, noise):
    """The covariance that label noise adds in one step: sigma^2/B E[b(x) b(x)^T]; shape ``(4 d^2,)``."""
    points, weights = nodes(len(eigenvalues))
    b = [response(method, np.sqrt(eigenvalues) * x) for x in points]
    return noise**2 / batch * sum(p * np.kron(v, v) for p, v in zip(weights, b, strict=True))


def dense_gap(eigenvalues, method, batch, kurtosis=3.0):
    """1 - spectral radius of ``dense_operator``."""
    return 1 - np.abs(np.linalg.eigvals(dense_operator(eigenvalues, heard(method), batch, kurtosis))).max()


def dense_curve(eigenvalues, method, batch, steps, noise=0.0, start=1.0, kurtosis=3.0):
    """Expected risk after 0..steps steps, by applying ``dense_operator``."""
    d = len(eigenvalues)
    T, drive = dense_operator(eigenvalues, method, batch, kurtosis), dense_noise(eigenvalues, method, batch, noise)
    S = np.zeros((2 * d, 2 * d))
    S[range(d), range(d)] = start
    curve = []
    for _ in range(steps + 1):
        curve.append(0.5 * np.sum(eigenvalues * np.diag(S)[:d]))
        S = (T @ S.ravel() + drive).reshape(2 * d, 2 * d)
    return np.array(curve)


def noiseless_radius(method, lam):
    """Spectral radius of one mode's step without noise."""
    method = heard(method)
    return np.abs(np.linalg.eigvals([step(method, 1.0, 0.0, lam), step(method, 0.0, 1.0, 0.0)])).max()


# -- more dimensions: the same average, reduced to the three second moments of every mode ------------------------------
def reduced_operator(eigenvalues, method, batch, kurtosis=3.0, counts=None):
    """(E e^2, E em, E m^2) of every mode to the same after one step, as a matrix of shape ``(3 n, 3 n)``.

    From the 2x2 step of a mode, literally, and E[g_i^2] of a sample: lam_i sum_j lam_j E e_j^2 + (k-1) lam_i^2 E e_i^2.
    """
    n = len(eigenvalues)
    counts = np.ones(n) if counts is None else counts
    T = np.zeros((3 * n, 3 * n), dtype=object if isinstance(batch, Decimal) else float)
    for i, lam in enumerate(eigenvalues):
        (ee, me), (em, mm) = step(method, 1, 0, lam), step(method, 0, 1, 0)        # (e, m) = (1, 0) and (0, 1)
        be, bm = step(method, 0, 0, 1)
        T[3 * i, 3 * i:3 * i + 3] = ee * ee, 2 * ee * em, em * em
        T[3 * i + 1, 3 * i:3 * i + 3] = ee * me, ee * mm + em * me, em * mm
        T[3 * i + 2, 3 * i:3 * i + 3] = me * me, 2 * me * mm, mm * mm
        for k, bb in enumerate((be * be, be * bm, bm * bm)):
            T[3 * i + k, 0::3] += bb * lam / batch * (counts * eigenvalues)
            T[3 * i + k, 3 * i] += bb * (kurtosis - 2) * lam * lam / batch
    return T


def reduced_gap(spectrum, method, batch, kurtosis=3.0):
    """1 - spectral radius of ``reduced_operator``."""
    T = reduced_operator(spectrum.eigenvalues, heard(method), batch, kurtosis, spectrum.counts)
    return 1 - np.abs(np.linalg.eigvals(T)).max()


class _DecimalMethod:
    """The parameters of a method as they are, in decimals."""

    def __init__(self, method):
        method = heard(method)
        self.delta, self.eta, self.beta = map(Decimal, (method.delta, method.eta, method.beta))


def decimal_gap(spectrum, method, batch, kurtosis=3, below=0.0, digits=60):
    """``reduced_gap`` to about 25 digits, for a handful of distinct eigenvalues.

    Newton on det(z - T) from the right of every root falls monotonically on the largest, which is real: a step is
    1/trace((z - T)^-1). ``below`` is a gap known to be smaller: 0 where the method is stable.
    """
    with localcontext() as context:
        context.prec = digits
        lam, n = (np.array([Decimal(float(v)) for v in x]) for x in (spectrum.eigenvalues, spectrum.counts))
        T = reduced_operator(lam, _DecimalMethod(method), Decimal(float(batch)), Decimal(float(kurtosis)), n)
        gap = Decimal(below)
        for _ in range(2000):
            try:
                step = 1 / np.trace(_inverse((1 - gap) * _identity(len(T)) - T))
            except (DivisionByZero, InvalidOperation):                  # on the root
                return float(gap)
            gap += step
            if abs(step) < abs(gap) * Decimal(10) ** -25:
                return float(gap)
    raise ArithmeticError("Newton did not converge")


def exact_gap(spectrum, method, batch, kurtosis=3.0, digits=120):
    """1 - rho in decimal arithmetic, mode by mode, for every method and any counts: 13 digits.

    A mode driven by a unit of gradient noise per step, discounted by rho, has the second moment X = (A X A^T + b b^T) / rho.
    The other modes reach it through the risk only, so rho is where sum n o / (1 - (k-2) o) = 1 with o = lam^2 X_ee / B.
    The sum falls in rho from its last pole on, so rho is bracketed and halved. No determinant, no derivative, no u.
    """
    with localcontext() as context:
        context.prec = digits
        method = _DecimalMethod(method)
        lam, n = ([Decimal(float(v)) for v in x] for x in (spectrum.eigenvalues, spectrum.counts))
        extra = [Decimal(float(k)) - 2 for k in np.broadcast_to(kurtosis, len(lam))]
        modes = [_decimal_mode(method, x) for x in lam]
        radius = max(r for *_, r in modes)
        batch = Decimal(float(batch))

        def low(t):
            """Whether rho = radius + t lies left of the root."""
            total = Decimal(0)
            for x, count, k, mode in zip(lam, n, extra, modes, strict=True):
                o = x * x / batch * _decimal_response(*mode, radius + t)
                if k * o >= 1:
                    return True
                total += count * o / (1 - k * o)
            return total > 1

        a, b = Decimal(10) ** -45, Decimal(1)
        if not low(a):
            return float(1 - radius)
        while low(b):
            b *= 1000
        for _ in range(2000):
            middle = (a * b).sqrt() if b > 2 * a else (a + b) / 2
            a, b = (middle, b) if low(middle) else (a, middle)
            if abs(b - a) <= Decimal(10) ** -13 * abs(1 - radius - b):
                break
        return float(1 - radius - b)


def _decimal_mode(method, lam):
    """The step matrix of (e, m), the response to a unit of gradient, and the squared spectral radius."""
    (ee, me), (em, mm) = step(method, Decimal(1), Decimal(0), lam), step(method, Decimal(0), Decimal(1), Decimal(0))
    half, det = (ee + mm) / 2, ee * mm - em * me
    disc = half * half - det
    radius = det if disc < 0 else (abs(half) + disc.sqrt()) ** 2
    return (ee, em, me, mm), step(method, Decimal(0), Decimal(0), Decimal(1)), radius


def _decimal_response(A, b, _, rho):
    """X_ee of rho X = A X A^T + b b^T, by Cramer's rule."""
    (ee, em, me, mm), (be, bm) = A, b
    rows = [[rho - ee * ee, -2 * ee * em, -em * em],
            [-ee * me, rho - ee * mm - em * me, -em * mm],
            [-me * me, -2 * me * mm, rho - mm * mm]]
    right = [be * be, be * bm, bm * bm]
    return _det3([[r, *row[1:]] for r, row in zip(right, rows, strict=True)]) / _det3(rows)


def _det3(M):
    (a, b, c), (d, e, f), (g, h, i) = M
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _identity(n):
    return np.array([[Decimal(int(i == j)) for j in range(n)] for i in range(n)])


def _inverse(A):
    """Gauss-Jordan with pivoting, in whatever arithmetic the entries have."""
    n = len(A)
    A = np.concatenate([A, _identity(n)], axis=1)
    for i in range(n):
        pivot = i + int(np.argmax(np.abs(A[i:, i])))
        A[[i, pivot]] = A[[pivot, i]]
        A[i] = A[i] / A[i, i]
        for j in range(n):
            if j != i:
                A[j] = A[j] - A[j, i] * A[i]
    return A[:, n:]


# -- the best parameters, by brute force ------------------------------------------------------------------------------
def family_method(kind, family, z):
    """The method at free coordinates: logarithms of the steps, then -log(1 - beta)."""
    v = np.exp(np.clip(z, -600, 600))
    if family == "sgd":
        return kind(v[0], 0.0, 0.0)
    beta = 1 - np.exp(-min(abs(z[-1]), 34.0))
    steps = {"heavy_ball": (0.0, v[0]), "nesterov": (v[0], v[0] * beta), "asgd": (v[0], v[1])}[family]
    return kind(*steps, beta)


def search(gap, kind, family, starts, evaluations=400, restarts=2, tolerance=1e-6):
    """The largest ``gap(method)`` that Nelder-Mead finds from the given starts, restarted while it still gains."""
    best = -np.inf
    for z in starts:
        last = -np.inf
        for _ in range(restarts):
            found = minimize(lambda z: -_finite(gap(family_method(kind, family, z))), z, method="Nelder-Mead",
                             options={"xatol": tolerance, "fatol": 1e-300, "maxfev": evaluations})
            z, value = found.x, -found.fun
            if value <= last + 1e-9 * abs(last):
                break
            last = value
        best = max(best, value)
    return best


def _finite(value):
    return value if np.isfinite(value) else -1e6


# -- samples ----------------------------------------------------------------------------------------------------------
def sampled_risk(eigenvalues, method, batch, steps, runs, rng, noise=0.0, start=1.0):
    """Runs, literally: B inputs, B labels, B residuals, the mean gradient, the step. Shape ``(runs, steps+1)``."""
    w = np.sqrt(start) * rng.choice([-1.0, 1.0], size=(runs, len(eigenvalues)))
    m, risk = np.zeros_like(w), []
    for _ in range(steps + 1):
        risk.append(0.5 * np.sum(eigenvalues * w**2, axis=1))          # the solution is 0, and its labels are noise alone
        x = np.sqrt(eigenvalues) * rng.standard_normal((runs, batch, len(eigenvalues)))
        residual = np.einsum("rbd,rd->rb", x, w) - noise * rng.standard_normal((runs, batch))
        w, m = step(method, w, m, np.einsum("rbd,rb->rd", x, residual) / batch)
    return np.transpose(risk)


# -- the published algorithms, as published; each from w0 and a list of gradients as functions of the point -----------
def torch_sgd(w, gradients, lr, momentum=0.0, dampening=0.0, nesterov=False):
    """``torch.optim.SGD.step``: the buffer starts as the first gradient, undampened."""
    buffer, path = None, [w]
    for gradient in gradients:
        g = gradient(w)
        if momentum != 0:
            buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
            g = g + momentum * buffer if nesterov else buffer
        w = w - lr * g
        path.append(w)
    return np.array(path)


def qhm(w, gradients, lr, nu, beta):
    """Ma & Yarats 2019, algorithm 1."""
    buffer, path = np.zeros_like(w), [w]
    for gradient in gradients:
        g = gradient(w)
        buffer = beta * buffer + (1 - beta) * g
        w = w - lr * ((1 - nu) * g + nu * buffer)
        path.append(w)
    return np.array(path)


def mass(w, gradients, eta1, eta2, gamma):
    """Liu & Belkin 2020, algorithm 1; the path is that of u, where gradients are taken."""
    u, path = w, [w]
    for gradient in gradients:
        g = gradient(u)
        new = u - eta1 * g
        u = (1 + gamma) * new - gamma * w + eta2 * g
        w = new
        path.append(u)
    return np.array(path)


def accsgd(w, gradients, lr, kappa, xi, small_const=0.7):
    """The authors' ``AccSGD.step``, in its order of operations."""
    large_lr = (lr * kappa) / small_const
    alpha = 1.0 - (small_const * small_const * xi) / kappa
    beta = 1.0 - alpha
    zeta = small_const / (small_const + beta)
    buffer, path = w.copy(), [w]
    for gradient in gradients:
        g = gradient(w)
        buffer = buffer * ((1.0 / beta) - 1.0)
        buffer = buffer - large_lr * g
        buffer = buffer + w
        buffer = buffer * beta
        w = w - lr * g
        w = w * zeta
        w = w + (1.0 - zeta) * buffer
        path.append(w)
    return np.array(path)


def jain(y, gradients, alpha, beta, gamma, delta):
    """ASGD of Jain et al. 2018, algorithm 1 (their numbering of one iteration begins at y); the path is that of y."""
    v, path = y, [y]
    for gradient in gradients:
        g = gradient(y)
        x = y - delta * g
        z = beta * y + (1 - beta) * v
        v = z - gamma * g
        y = alpha * x + (1 - alpha) * v
        path.append(y)
    return np.array(path)


def nesterov(w, gradients, lr, beta):
    """Nesterov's two sequences: x' = y - lr g(y), y' = x' + beta (x' - x); the path is that of y."""
    x, y, path = w, w, [w]
    for gradient in gradients:
        new = y - lr * gradient(y)
        x, y = new, new + beta * (new - x)
        path.append(y)
    return np.array(path)


def heavy_ball(w, gradients, lr, beta):
    """Polyak: w' = w - lr g(w) + beta (w - the one before)."""
    before, path = w, [w]
    for gradient in gradients:
        before, w = w, w - lr * gradient(w) + beta * (w - before)
        path.append(w)
    return np.array(path)


# -- schedules: another method and batch at every step, and an average of the iterates ------------------------------------
def dense_schedule_curve(eigenvalues, methods, batches, noise=0.0, start=1.0, kurtosis=3.0, averaging=None):
    """Expected risk of the averaged iterate after 0..T steps, by literal averages over samples of the map of
    (e, m, a): a' = p a + q e' with (p, q) = ``averaging[t]``; by default a = e."""
    d = len(eigenvalues)
    points, weights = nodes(d, kurtosis)
    xs = [np.sqrt(eigenvalues) * x for x in points]
    S = np.zeros((3 * d, 3 * d))
    for i, v in enumerate(np.broadcast_to(start, d)):
        S[np.ix_([i, 2 * d + i], [i, 2 * d + i])] = v
    curve = [0.5 * np.sum(eigenvalues * np.diag(S)[2 * d:])]
    for t, (method, batch) in enumerate(zip(methods, batches, strict=True)):
        p, q = (0.0, 1.0) if averaging is None else averaging[t]
        maps, pushes = [], []
        for x in xs:
            A = np.zeros((3 * d, 3 * d))
            A[:2 * d, :2 * d] = sample_map(method, x)
            A[2 * d:] = q * A[:d]
            A[2 * d:, 2 * d:] += p * np.eye(d)
            b = response(method, x)
            maps.append(A)
            pushes.append(np.concatenate([b, q * b[:d]]))
        mean = sum(w * A for w, A in zip(weights, maps, strict=True))
        same = sum(w * A @ S @ A.T for w, A in zip(weights, maps, strict=True))
        label = noise**2 / batch * sum(w * np.outer(b, b) for w, b in zip(weights, pushes, strict=True))
        S = same / batch + (1 - 1 / batch) * mean @ S @ mean.T + label
        curve.append(0.5 * np.sum(eigenvalues * np.diag(S)[2 * d:]))
    return np.array(curve)


def sampled_schedule(eigenvalues, methods, batches, runs, rng, noise=0.0, averaging=None):
    """Risk of every run's averaged iterate after 0..T steps, every sample of every batch drawn; shape ``(runs, T+1)``."""
    e = rng.choice([-1.0, 1.0], size=(runs, len(eigenvalues)))
    m, a = np.zeros_like(e), e.copy()
    curve = [0.5 * (eigenvalues * a**2).sum(1)]
    for t, (method, batch) in enumerate(zip(methods, batches, strict=True)):
        p, q = (0.0, 1.0) if averaging is None else averaging[t]
        x = np.sqrt(eigenvalues) * rng.standard_normal((runs, int(batch), len(eigenvalues)))
        residual = np.einsum("rbd,rd->rb", x, e) - noise * rng.standard_normal((runs, int(batch)))
        e, m = step(method, e, m, np.einsum("rb,rbd->rd", residual, x) / batch)
        a = p * a + q * e
        curve.append(0.5 * (eigenvalues * a**2).sum(1))
    return np.array(curve).T
