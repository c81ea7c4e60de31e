# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A · The secular equation
#
# **Why does one scalar equation decide how fast the expected loss falls, whatever the spectrum?** The rates,
# [frontiers][frontier] and proofs of notebooks 01 to 05 all rest on one lemma: the contraction factor $\rho$ of the second
# moment is the root of the [secular equation]. This appendix proves it, a line at a time, and checks each line on drawn cases.
# The last section does the same for rows and any other samples.
#
# In the figure, the dots in the middle are the roots of every mode without noise; the orange circle is the loss. Drag
# **B**: it always lies outside the dots. Where exactly is what the equation says.
#
# [secular equation]: ../NOTATION.md#secular-equation "one scalar equation whose root is the contraction factor ρ"
# [frontier]: ../NOTATION.md#frontier "the best a family of methods can do, at every batch size"

# %%
import numpy as np

import mombook as mb
from mombook import explore
from mombook.exact import row_moments
from mombook.model.systems import System

# %%
panel = explore.heavy_ball(kappa=100, decay=1, batch=8)
panel

# %% [markdown]
# ## What is to be proved
#
# A method of the family takes $m'=\beta m+g$, $w'=w-\delta g-\eta m'$ on the mean gradient of $B$ fresh samples with
# independent coordinates of [kurtosis] $k$ (3 for Gaussian inputs). For a mode of curvature $\lambda$ put
#
# $$ p(z) = (\delta+\eta)z-\beta\delta,\qquad \chi(z)=(z-1)(z-\beta)+\lambda\,p(z). \tag{chi} $$
#
# Let $\rho$ be the factor by which the second moments shrink per step in the long run, $x=\sqrt\rho$ and $u=1-x$.
#
# **Lemma.** $\rho$ is the one root of
#
# $$ S(u) = \sum_i\frac{o_i}{1-(k-2)\,o_i} = 1,\qquad
#    o(\lambda)=\frac{\lambda^2}{2B\,a}\Bigl[\frac{p(x)^2}{q}+\frac{p(-x)^2}{r}\Bigr], \tag{secular} $$
#
# $$ a=x^2-\beta+\lambda\beta\delta,\qquad q=\chi(x),\qquad r=\chi(-x), \tag{letters} $$
#
# in the region where $a,q,r>0$ and $(k-2)\,o<1$ for every mode; there $S$ increases with $u$.
#
# Cases to check on: small spectra, batches, and methods with steps of any sign that converge. The checks use plain formulas
# that lose digits where a gap is small or noise is faint, so we take gaps above 0.01 and leave out cases nearly without noise.
#
# [kurtosis]: ../NOTATION.md#kurtosis "fourth moment of an input coordinate over its squared second moment; 3 if Gaussian"

# %%
rng, cases = np.random.default_rng(0), []
while len(cases) < 200:
    lam = np.sort(10.0 ** rng.uniform(-1.5, 0, rng.integers(2, 6)))[::-1]
    m = mb.Method(*(rng.choice([-1, 1, 1, 1], 2) * 10.0 ** rng.uniform(-2.5, 0.2, 2)), 1 - 10.0 ** rng.uniform(-2, 0))
    B, k = np.rint(10.0 ** rng.uniform(0, 2.5)), rng.choice([1.0, 1.8, 3.0, 6.0])
    gap = mb.contraction_gap(mb.Spectrum(lam), m, B, kurtosis=k)
    roots = [np.roots([1, v * (m.delta + m.eta) - 1 - m.beta, m.beta - v * m.delta * m.beta]) for v in lam]
    if gap > 0.01 and np.sqrt(1 - gap) - np.abs(roots).max() > 1e-5:
        cases.append((lam, m, B, k, 1 - gap))
print(len(cases), "cases;", sum(m.delta < 0 or m.eta < 0 for _, m, *_ in cases), "with a negative step")

# %% [markdown]
# ## One mode without noise
#
# Feed a single unit gradient into a mode at rest, at step 0, and follow the error $h_k$ from step 1 on. The update written for
# two steps in a row is a recursion with the coefficients of $\chi(z)=z^2+c_1z+c_2$, so the response is
#
# $$ h_k = -\bigl[(\delta+\eta)\,\varphi_k-\beta\delta\,\varphi_{k-1}\bigr],\qquad
#    \varphi_{k+1}=-c_1\varphi_k-c_2\varphi_{k-1},\quad \varphi_0=0,\ \varphi_1=1, \tag{impulse} $$
#
# $$ c_1=\lambda(\delta+\eta)-1-\beta,\qquad c_2=\beta-\lambda\beta\delta. \tag{coefficients} $$
#
# We run the update itself and compare.

# %%
def impulse(lam, m, steps):
    """The errors h_1, h_2, ... after a unit gradient at step 0, by the update rule; shape (steps, modes)."""
    w, buffer = m.step(np.zeros_like(lam), np.zeros_like(lam), np.ones_like(lam))
    h = [w]
    for _ in range(steps - 1):
        w, buffer = m.step(w, buffer, lam * w)
        h.append(w)
    return np.array(h)


def coefficients(lam, m):
    return lam * (m.delta + m.eta) - 1 - m.beta, m.beta - lam * m.beta * m.delta

# %% [markdown]
# Forty steps must agree to rounding.

# %%
for lam, m, *_ in cases:
    (c1, c2), phi = coefficients(lam, m), [np.zeros_like(lam), np.ones_like(lam)]
    for _ in range(40):
        phi.append(-c1 * phi[-1] - c2 * phi[-2])
    h = [-((m.delta + m.eta) * phi[n] - m.beta * m.delta * phi[n - 1]) for n in range(1, 41)]
    np.testing.assert_allclose(impulse(lam, m, 40), h, rtol=1e-9, atol=1e-11)

# %% [markdown]
# ## When the discounted response is finite
#
# Discount by $\rho$: the sum $\Gamma=\sum_{k\ge1}\rho^{-k}h_k^2$ is finite if the roots of $\chi$ lie inside the circle of
# radius $x=\sqrt\rho$. For two roots there is a test without computing them (Jury's conditions):
#
# $$ |z_1|,|z_2|<x \quad\Longleftrightarrow\quad a=x^2-c_2>0,\quad q=\chi(x)>0,\quad r=\chi(-x)>0. \tag{jury} $$
#
# *Proof.* If the roots are inside, $c_2=z_1z_2<x^2$; and $\chi$, positive for large $|z|$, has no zero on the real axis outside
# the circle, so $q,r>0$. Conversely, complex roots have $|z|^2=c_2<x^2$. Of two real roots, $q,r>0$ puts either both inside
# $(-x,x)$, or both beyond the same end; then $z_1z_2>x^2$, against $a>0$. $\square$
#
# All three are linear in $\lambda$: if they hold for $\mu$ and $L$, they hold for every eigenvalue. We test the equivalence
# with random radii, so that both verdicts occur.

# %%
def letters(lam, m, x):
    chi = [(z - 1) * (z - m.beta) + lam * ((m.delta + m.eta) * z - m.beta * m.delta) for z in (x, -x)]
    return x**2 - m.beta + lam * m.beta * m.delta, *chi


verdicts = []
for lam, m, *_ in cases:
    (c1, c2), x = coefficients(lam, m), rng.uniform(0.3, 1)
    inside = [np.abs(np.roots([1, b, c])).max() < x for b, c in zip(c1, c2, strict=True)]
    jury = np.min(letters(lam, m, x), axis=0) > 0
    assert list(jury) == inside and jury.all() == jury[[0, -1]].all()
    verdicts += inside
print(f"{sum(verdicts)} of {len(verdicts)} modes inside their circle")

# %% [markdown]
# ## The energy of the response
#
# Now the sum itself. Write $A=\sum\varphi_k^2$ and $C=\sum\varphi_k\varphi_{k+1}$, first with $\rho=1$. Multiply the recursion
# by $\varphi_k$ and sum; square it and sum:
#
# $$ (1+c_2)\,C=-c_1A,\qquad A-1=(c_1^2+c_2^2)A+2c_1c_2\,C. \tag{two-sums} $$
#
# Two linear equations, with the solution
#
# $$ A=\frac{1+c_2}{(1-c_2)\,\bigl[(1+c_2)^2-c_1^2\bigr]}=\frac{1+c_2}{a\,q\,r},\qquad C=-\frac{c_1}{aqr}. \tag{A-and-C} $$
#
# By (impulse) the energy is $\sum h_k^2=\bigl[(\delta+\eta)^2+\beta^2\delta^2\bigr]A-2(\delta+\eta)\beta\delta\,C$. The common
# form of this is a sum of two fractions, since $p(\pm1)^2=(\delta+\eta)^2+\beta^2\delta^2\mp2(\delta+\eta)\beta\delta$,
# $q+r=2(1+c_2)$ and $q-r=2c_1$:
#
# $$ \Gamma = \sum_{k\ge1}\rho^{-k}h_k^2=\frac1{2a}\Bigl[\frac{p(x)^2}{q}+\frac{p(-x)^2}{r}\Bigr]. \tag{response} $$
#
# For another $\rho$ replace $z$ by $xz$; $c_1,c_2,\delta+\eta,\beta\delta$ are divided by $x,x^2,x,x^2$, and (response) keeps
# its form. $\square$

# %%
def gamma(lam, m, x):
    a, q, r = letters(lam, m, x)
    plus, minus = ((m.delta + m.eta) * z - m.beta * m.delta for z in (x, -x))
    return (plus**2 / q + minus**2 / r) / (2 * a)


for lam, m, *_, rho in cases:
    x = (1 + np.sqrt(rho)) / 2
    n = int(40 / (1 - x))
    direct = np.sum(impulse(lam, m, n) ** 2 * x ** (-2 * np.arange(1.0, n + 1)[:, None]), axis=0)
    np.testing.assert_allclose(direct, gamma(lam, m, x), rtol=1e-8)

# %% [markdown]
# The direct sum, at a radius between $\sqrt\rho$ and 1, agrees in every mode of every case. And the two equations for $A$ and
# $C$ by themselves, for random roots:

# %%
for _ in range(200):
    turning = rng.uniform(0, 0.9) * np.exp(1j * rng.uniform(0, 3) * np.array([1, -1]))
    z = turning if rng.random() < 0.5 else rng.uniform(-0.9, 0.9, 2)
    c1, c2 = -z.sum().real, z.prod().real
    phi = [0.0, 1.0]
    for _ in range(600):
        phi.append(-c1 * phi[-1] - c2 * phi[-2])
    A, C = np.dot(phi, phi), np.dot(phi[1:], phi[:-1])
    np.testing.assert_allclose([(1 + c2) * C, A - 1], [-c1 * A, (c1**2 + c2**2) * A + 2 * c1 * c2 * C], atol=1e-9 * A)
    np.testing.assert_allclose(A, (1 + c2) / ((1 - c2) * ((1 + c2) ** 2 - c1**2)), rtol=1e-9)

# %% [markdown]
# ## The noise, and what kurtosis does
#
# Given the error $e$, coordinate $i$ of a batch gradient is the mean of $B$ copies of $x_i\,\langle x,e\rangle$. For
# independent coordinates with variances $\lambda_i$ and kurtosis $k$, cross terms vanish and
#
# $$ E\bigl[x_i^2\langle x,e\rangle^2\bigr]=k\lambda_i^2e_i^2+\lambda_i\sum_{j\ne i}\lambda_je_j^2. \tag{second-moment} $$
#
# Subtract the squared mean $\lambda_i^2e_i^2$ and divide by $B$. With $2R=\sum_j\lambda_je_j^2$ the variance is
#
# $$ n_i=\frac1B\bigl[(k-2)\lambda_i^2e_i^2+2R\,\lambda_i\bigr],\qquad
#    \mathrm{Cov}(g_i,g_j)=\frac1B\lambda_i\lambda_j\,e_ie_j\quad(i\ne j). \tag{noise-variance} $$
#
# Kurtosis enters through $k-2$ alone: a mode's own noise is $k-1$ times $\lambda_i^2e_i^2/B$, that of the others reaches it
# through the risk. The law with values $0,\pm\sqrt{k\lambda}$ has kurtosis $k$; three coordinates take 27 values, so the
# average is exact.

# %%
for k in (1.0, 1.8, 3.0, 6.0):
    lam, e = rng.uniform(0.1, 1, 3), rng.standard_normal(3)
    value, weight = np.array([-1, 0, 1]) * np.sqrt(k), np.array([1, 2 * k - 2, 1]) / (2 * k)
    X = np.stack(np.meshgrid(value, value, value), -1).reshape(-1, 3) * np.sqrt(lam)
    W = np.prod(np.stack(np.meshgrid(weight, weight, weight), -1).reshape(-1, 3), axis=1)
    g = X * (X @ e)[:, None]
    cov, twice = (W[:, None] * g).T @ g - np.outer(W @ g, W @ g), lam @ e**2
    np.testing.assert_allclose((W[:, None] * g**2).sum(0), k * lam**2 * e**2 + lam * (twice - lam * e**2), rtol=1e-12)
    np.testing.assert_allclose(np.diag(cov), (k - 2) * lam**2 * e**2 + twice * lam, rtol=1e-12)
    np.testing.assert_allclose(cov[0, 1], lam[0] * lam[1] * e[0] * e[1], rtol=1e-10)

# %% [markdown]
# The mixed moments $E\,e_ie_j$ feed only on themselves and never feed the diagonal ones; by
# $|E\,e_ie_j|^2\le E\,e_i^2\,E\,e_j^2$ they cannot outgrow them. So the diagonal decides.
#
# ## The equation of the risk
#
# Every past noise reaches the present through the impulse response. With $v_i(t)=E\,e_i^2$ and $d_i(t)$ the noiseless
# part,
#
# $$ v_i(t)=d_i(t)+\sum_{s=1}^{t}h_{i,s}^2\;n_i(t-s),\qquad
#    n_i=\frac1B\bigl[(k-2)\lambda_i^2v_i+2R\,\lambda_i\bigr],\quad 2R=\sum_j\lambda_jv_j. \tag{volterra} $$
#
# This is a *[Volterra equation][renewal equation]* of convolution type, also called a *renewal equation*: the risk now is what
# earlier risk has produced. We iterate it with the impulse response alone and compare with the package's exact curve.
#
# [renewal equation]: ../NOTATION.md#renewal-equation "the risk now, as a sum over what earlier risk has produced"

# %%
def renewed(lam, m, B, steps):
    """The risk by (volterra), Gaussian inputs, from E e_i^2 = 1."""
    h2 = impulse(lam, m, steps) ** 2
    free = [np.array([mb.risk_curve(mb.Spectrum([v]), m, 1e15, steps)]).ravel() * 2 / v for v in lam]     # no noise at all
    v, noise = np.array(free).T.copy(), []
    for t in range(steps + 1):
        if t:
            v[t] += sum(h2[s - 1] * noise[t - s] for s in range(1, t + 1))
        noise.append((lam**2 * v[t] + lam * (lam @ v[t])) / B)
    return v @ lam / 2


for lam, m, B, *_ in cases[:20]:
    np.testing.assert_allclose(renewed(lam, m, B, 60), mb.risk_curve(mb.Spectrum(lam), m, B, 60), rtol=1e-8)

# %% [markdown]
# ## The Perron root
#
# In the long run $v_i(t)\approx\rho^tV_i$. The sum in (volterra) becomes $\Gamma_i$ times the noise at the same time. In the
# unknowns $y_i=\lambda_iV_i\ge0$, with $o_i=\lambda_i^2\Gamma_i/B$, it reads
#
# $$ y=K(\rho)\,y,\qquad K_{ij}=o_i\,\bigl(1+(k-2)\,[i=j]\bigr)\ge0. \tag{perron} $$
#
# All entries are non-negative, since $k\ge1$. By the theorem of Perron and Frobenius such a matrix has a largest eigenvalue,
# its *[Perron-Frobenius eigenvalue][perron root]* or *Perron root*, and it is the only one with an eigenvector whose entries
# are all positive. All entries of $K$ fall as $\rho$ grows, and with them the Perron root.
#
# The second moments of all modes are moved by a linear map that keeps covariances positive. Its spectral radius $\rho$ is
# therefore an eigenvalue with a positive eigenvector: at that $\rho$, and at no larger one, the Perron root of $K$ is 1.
#
# Check: the spectral radius of the dense map, built here from the update and (noise-variance), against the Perron root.
#
# [perron root]: ../NOTATION.md#perron-root "largest eigenvalue of a matrix without negative entries"

# %%
def dense(lam, m, B, k):
    """The map of (E e^2, E e m, E m^2) of all modes over one step, shape (3n, 3n)."""
    n, big = len(lam), np.zeros((3 * len(lam), 3 * len(lam)))
    for i, v in enumerate(lam):
        (a, c), (b, d) = m.step(1.0, 0.0, v), m.step(0.0, 1.0, 0.0)                       # the noiseless step, column by column
        kick = np.array(m.step(0.0, 0.0, 1.0))                                            # where a unit of noise goes
        big[3 * i:3 * i + 3, 3 * i:3 * i + 3] = [[a * a, 2 * a * b, b * b], [a * c, a * d + b * c, b * d],
                                                 [c * c, 2 * c * d, d * d]]
        for j in range(n):
            big[3 * i:3 * i + 3, 3 * j] += np.array([kick[0] ** 2, kick.prod(), kick[1] ** 2]) * \
                (v * lam[j] + (k - 2) * v**2 * (i == j)) / B
    return big


def perron_matrix(lam, m, B, k, x):
    o = lam**2 * gamma(lam, m, x) / B
    return np.tile(o[:, None], len(lam)) + (k - 2) * np.diag(o)

# %% [markdown]
# Expect agreement to about eight digits, and a Perron root above 1 at a smaller $\rho$, below 1 at a larger.

# %%
worst = 0.0
for lam, m, B, k, rho in cases:
    radius = np.abs(np.linalg.eigvals(dense(lam, m, B, k))).max()
    worst = max(worst, abs(radius / rho - 1))
    roots = [np.abs(np.linalg.eigvals(perron_matrix(lam, m, B, k, np.sqrt(rho + s)))).max() for s in (0, 1e-4 * (1 - rho))]
    np.testing.assert_allclose(roots[0], 1, rtol=1e-6)
    assert roots[1] < roots[0]
print(f"dense radius against the package's rho: within {'1e-7' if worst < 1e-7 else worst}")
assert worst < 1e-7

# %% [markdown]
# ## From the matrix to the scalar
#
# $K$ is a diagonal plus a matrix of rank one, so its eigenvector can be written down. From (perron), with $2R=\sum_jy_j$,
# $y_i\,\bigl(1-(k-2)o_i\bigr)=o_i\cdot2R$. Sum over $i$:
#
# $$ y_i=\frac{o_i}{1-(k-2)o_i}\,2R,\qquad \sum_i\frac{o_i}{1-(k-2)o_i}=1. \tag{eigenvector} $$
#
# If all $1-(k-2)o_i$ are positive and $S=1$, this $y$ is positive, so by Perron and Frobenius 1 is the largest eigenvalue.
# Conversely the positive eigenvector at the Perron root 1 makes every $1-(k-2)o_i$ positive. That is the lemma. $\square$
#
# In the same region $S<1$ if and only if the Perron root is below 1: this is how every [lower bound] of the book is proved.
#
# [lower bound]: ../NOTATION.md#lower-bound "the tuned method has at least this contraction gap"

# %%
for lam, m, B, k, rho in cases:
    for scale in (1.0, 0.7, 1.3):                                       # another batch: the root is then elsewhere
        o = lam**2 * gamma(lam, m, np.sqrt(rho)) / (scale * B)
        room = 1 - (k - 2) * o
        K = np.tile(o[:, None], len(lam)) + (k - 2) * np.diag(o)
        top = np.abs(np.linalg.eigvals(K)).max()
        if scale == 1:
            np.testing.assert_allclose(np.sum(o / room), 1, rtol=1e-6)
            np.testing.assert_allclose(K @ (o / room), o / room, rtol=1e-6)
        else:
            assert (top < 1) == bool(room.min() > 0 and np.sum(o / room) < 1)

# %% [markdown]
# ## One root
#
# $\Gamma=\sum_k\rho^{-k}h_k^2$ falls strictly as $\rho$ grows, so every $o_i$, every $o_i/(1-(k-2)o_i)$ and $S$ increase with
# $u=1-\sqrt\rho$:
#
# $$ u_1<u_2\quad\Longrightarrow\quad S(u_1)<S(u_2). \tag{monotone} $$
#
# $S$ is near 0 for large $\rho$. Where the region ends, at the largest noiseless root or at the pole $(k-2)o=1$, the Perron
# root has grown past 1. (One weight of signs, $k=1$, is the exception: it has no noise.) So there is exactly one root, and a
# method is [stable in mean square][mean-square stability] if and only if $S(0)<1$ inside the region. From 0 up to the root:
#
# [mean-square stability]: ../NOTATION.md#mean-square-stability "the expected loss tends to zero: the gap is positive"

# %%
for lam, m, B, k, rho in cases:
    values = []
    for u in np.linspace(0, 1 - np.sqrt(rho), 12):
        assert np.min(letters(lam, m, 1 - u)) > 0
        o = lam**2 * gamma(lam, m, 1 - u) / B
        values.append(np.sum(o / (1 - (k - 2) * o)))
    assert np.all(np.diff(values) > 0) and values[0] < 1
print("S increases from below 1 to 1 in all", len(cases), "cases")

# %% [markdown]
# ## The same lemma for any samples
#
# Rows of a system are not Gaussian, and $E\,e_ie_j$ then feeds the diagonal. Let the samples be independent positive
# semidefinite matrices $P$ with mean $G=\mathrm{diag}(\lambda)$, so that a batch gradient is $\bar Pe$. Write
#
# $$ N(Y)=E[(P-G)\,Y\,(P-G)],\qquad \Gamma_{ij}=\sum_{k\ge1}\rho^{-k}h_k(\lambda_i)h_k(\lambda_j). \tag{sample-noise} $$
#
# Now the covariance $M=E\,ee^\top$ makes noise $\frac1BN(M)$, and noise $Y$ adds $\Gamma\circ Y$ (entry by entry) later. So
# $\rho$ is where $M\mapsto\frac1B\,\Gamma\circ N(M)$ has spectral radius 1. For [upper bounds][upper bound] on $\rho$ no root
# has to be found:
#
# **Lemma G.** If $a,q,r>0$ at $x$ on all modes, and
#
# $$ N\bigl(\mathrm{diag}(\lambda_i\Gamma_{ii})\bigr)\;\preceq\;B\,G, \tag{lemma-G} $$
#
# then $\rho\le x^2$.
#
# *Proof.* $\Gamma$ is a Gram matrix, so $Y\mapsto\Gamma\circ Y$ keeps positive semidefinite matrices positive (Schur). So does
# $N$. The adjoint of the map is $Y\mapsto\frac1BN(\Gamma\circ Y)$. Apply it to $G$: as $G$ is diagonal,
# $\Gamma\circ G=\mathrm{diag}(\lambda_i\Gamma_{ii})$, and (lemma-G) says that the image is at most $G$. A map that keeps the
# cone, and maps a positive definite matrix below itself, has spectral radius at most 1. It falls with $\rho$, so $\rho\le x^2$.
# $\square$
#
# Draw systems, methods and radii; find the smallest $c$ with $N(\cdot)\preceq cBG$; whenever $c\le1$ the dense operator must
# have $\rho\le x^2$.
#
# [upper bound]: ../NOTATION.md#upper-bound "no method of the class has a larger contraction gap"

# %%
def lemma_constant(system, m, B, x):
    """The smallest c with N(diag(lam Gamma)) <= c B G, or inf where a, q or r is not positive."""
    lam = system.eigenvalues
    if np.min(letters(lam, m, x)) <= 0:
        return np.inf
    noise = row_moments.row_noise(system, np.diag(lam * gamma(lam, m, x))) / B
    return np.linalg.eigvalsh(noise / np.sqrt(np.outer(lam, lam)))[-1]

# %% [markdown]
# The radii lie a little inside the exact $\sqrt\rho$ and up to 1.

# %%
tried = []
while len(tried) < 300:
    A, B = rng.standard_normal((rng.integers(3, 8), 3)) + rng.uniform(0, 2), int(10 ** rng.uniform(0, 2))
    system = System.kaczmarz(A) if rng.random() < 0.5 else System.least_squares_rows(A)
    m = mb.Method(*(10.0 ** rng.uniform(-2.5, 0, 2) / system.largest), 1 - 10.0 ** rng.uniform(-1.5, 0))
    rho = 1 - row_moments.contraction_gap(system, m, B)
    if rho < 1:
        x2 = rho + rng.uniform(-0.2, 0.8) * (1 - rho)
        tried.append((lemma_constant(system, m, B, np.sqrt(max(x2, 1e-6))), x2 / rho))
met = [ratio for c, ratio in tried if c <= 1]
print(f"(lemma-G) met in {len(met)} of {len(tried)} cases; smallest x^2 / rho among them {min(met):.3f}")
assert min(met) >= 1 and len(met) > 30

# %% [markdown]
# With $R$ from $E P^2-G^2\preceq RG$, $N(I)\preceq RG$, so (lemma-G) holds as soon as $\lambda_i\Gamma_{ii}\le B/R$ for every
# mode. That one inequality is what notebooks 03, 05 and 07 prove for their methods. For Gaussian inputs $R=\mathrm{tr}+L$.

# %%
lam = np.array([1.0, 0.4, 0.1])
gauss = np.diag(lam**2) + lam.sum() * np.diag(lam)                       # E P^2 - G^2 for Gaussian inputs
np.testing.assert_allclose(np.linalg.eigvalsh(gauss / np.sqrt(np.outer(lam, lam)))[-1], lam.sum() + lam.max(), rtol=1e-12)
print(f"Gaussian inputs: R = {lam.sum() + lam.max():.1f} = tr + L")

# %% [markdown]
# ## What we learned
#
# - A mode's response to noise has a closed form with three letters, and their signs are the conditions of stability.
# - Noise couples the modes through one number, the risk. So the Perron root of a matrix is decided by one scalar equation.
# - Kurtosis enters through $k-2$, in one place.
# - Every guarantee of the book is one inequality on $\lambda\Gamma$; it holds for every law of the samples with the same $R$.
#
# The ingredients are known: Jury's conditions, Perron and Frobenius, the discounted response as a renewal equation. The
# equation in this closed form, for this family of methods, is this book's.
#
# ## Exercises
#
# 1. Put $\eta=0$. Show that (secular) becomes (sgd-secular) of notebook 02.
#
#    <details><summary>Solution</summary>
#
#    With $\eta=0$ the buffer is never read, so take $\beta=0$: $p(z)=\delta z$, $a=x^2$, and
#    $q\,r=x^2\bigl(x^2-(1-\delta\lambda)^2\bigr)$. Both fractions together are
#    $\delta^2x^2\,(q+r)/(qr)=2\delta^2x^2/(x^2-(1-\delta\lambda)^2)$, and
#    $o=\delta^2\lambda^2/\bigl(B[\rho-(1-\delta\lambda)^2]\bigr)$.
#
#    </details>
#
# 2. One weight and $k=1$. What does the lemma say, and what is true?
#
#    <details><summary>Solution</summary>
#
#    $S=o/(1+o)<1$ for every $o$: there is no root. A single sign makes no noise along itself: $x^2$ is always $\lambda$, and
#    $n=0$ by (noise-variance). So $\rho$ is the square of the noiseless root: for SGD with learning rate 0.3 it is $0.49$.
#
#    </details>
#
# The numbers in the solutions, computed:

# %% tags=["solution"] jupyter={"source_hidden": true}
lam, step, x = np.array([1.0, 0.3]), 0.5, 0.95
np.testing.assert_allclose(lam**2 * gamma(lam, mb.Method(step, 0.0, 0.0), x),
                           (step * lam) ** 2 / (x**2 - (1 - step * lam) ** 2), rtol=1e-12)
np.testing.assert_allclose(1 - mb.contraction_gap(mb.Spectrum.flat(1), mb.Method.sgd(0.3), 1, kurtosis=1.0), 0.49, rtol=1e-9)

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Jury, *Theory and Application of the z-Transform Method*, Wiley (1964).
# - Feller, *An Introduction to Probability Theory and Its Applications*, Wiley (1968), for renewal equations.
