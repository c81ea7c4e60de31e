# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · ASGD and the spectrum
#
# **When does accelerated SGD buy compute, when only speed, and what does "ASGD and heavy ball nearly [overlap]" mean in
# numbers?** Nesterov, MaSS, AccSGD, the ASGD of Jain et al. and QHM are points of one three-parameter family. Its best
# member beats heavy ball at small batch by a factor that depends on how fast the eigenvalues fall: next to nothing for
# [decay][spectrum decay] below 1, a power of the dimension above 1. As the batch grows that advantage is traded for fewer
# serial steps, until the deterministic rate is reached.
#
# Drag **B** below: from where on does a doubled batch cost more in samples than it saves in steps? Then drag **decay** and
# watch the gap between the curves on the left open.
#
# [spectrum decay]: ../NOTATION.md#spectrum-decay "how fast the eigenvalues fall: the exponent a in i to the power -a"
# [overlap]: ../NOTATION.md#overlap "largest distance between two methods' compute efficiencies over all batches"

# %%
from types import SimpleNamespace

import numpy as np
from scipy.optimize import brentq
from scipy.special import zeta

import mombook as mb
from mombook import explore
from mombook.exact import row_moments
from mombook.model import example_systems

# %%
panel = explore.asgd(kappa=2000, decay=1.5, batch=4, d=159)
panel

# %% [markdown]
# Left, from top to bottom: the proved ceiling T5, ASGD, Nesterov, heavy ball, and a proved floor of ASGD, T6. (A second
# floor, T7, lies near it and is not drawn; the sentence below the figure compares.) In the middle is what ASGD gains and pays
# when the batch is doubled. In the pale shade, the linear regime, the steps halve and no sample is lost. In the dark shade, the
# saturated one, the samples double and hardly a step is saved. In between samples are traded for steps. The presets
# **slow decay** and **fast decay** (both with $\kappa=d^{\,\mathrm{decay}}$, to the precision of a slider) are the two cases
# of the paper.
#
# ## One family
#
# Every one-buffer method is the update
#
# $$ m' = \beta m + g, \qquad w' = w - \delta\, g - \eta\, m' \tag{method} $$
#
# for some $(\delta,\eta,\beta)$. Each constructor below takes a method in the words of its authors; the table is computed.

# %%
family = {
    "Nesterov": mb.Method.nesterov(lr=0.05, beta=0.9),
    "QHM": mb.Method.qhm(lr=0.5, nu=0.7, beta=0.9),
    "MaSS": mb.Method.mass(eta1=0.05, eta2=0.01, gamma=0.9),
    "AccSGD": mb.Method.accsgd(lr=0.05, kappa=100.0, xi=8.0),
    "Jain et al.": mb.Method.jain(alpha=0.9, beta=0.05, gamma=0.3, delta=0.05),
}
for name, m in family.items():
    print(f"{name:<12} delta {m.delta:.4f}   eta {m.eta:.5f}   beta {m.beta:.5f}")

# %% [markdown]
# A table of conversions is where signs go wrong, so each row is held against its algorithm as published, iterate by
# iterate, on the same stream of one-sample gradients. Our own iterates first:

# %%
rows = np.random.default_rng(0).standard_normal((60, 4)) * [1.0, 0.5, 0.2, 0.1]
gradients = [lambda w, x=x: x * (x @ w) for x in rows]


def ours(method, w=1.0, m=0.0):
    path = []
    for gradient in gradients:
        w, m = method.step(w * np.ones(4), m, gradient(w * np.ones(4)))
        path.append(w)
    return np.array(path)


# %% [markdown]
# Now the published forms; `seen` is the point where each takes its gradient, and what the table calls $w$.
# Nesterov keeps two points, QHM an average beside the gradient:

# %%
def nesterov(x, y, g, lr=0.05, beta=0.9):
    new = y - lr * g
    return new, new + beta * (new - x)


def qhm(average, w, g, lr=0.5, nu=0.7, beta=0.9):
    average = beta * average + (1 - beta) * g
    return average, w - lr * ((1 - nu) * g + nu * average)


# %% [markdown]
# MaSS corrects Nesterov's step by $\eta_2 g$; Jain et al. keep a second sequence v; AccSGD keeps a long average:

# %%
def mass(w, u, g, eta1=0.05, eta2=0.01, gamma=0.9):
    new = u - eta1 * g
    return new, (1 + gamma) * new - gamma * w + eta2 * g


def jain(v, y, g, alpha=0.9, beta=0.05, gamma=0.3, delta=0.05):
    v = beta * y + (1 - beta) * v - gamma * g
    return v, alpha * (y - delta * g) + (1 - alpha) * v


def accsgd(v, w, g, lr=0.05, kappa=100.0, xi=8.0, c=0.7):
    a = c * c * xi / kappa
    v = a * (w - lr * kappa / c * g) + (1 - a) * v
    return v, (c * (w - lr * g) + a * v) / (c + a)


# %% [markdown]
# All five agree with their row of the table to rounding:

# %%
published = {"Nesterov": nesterov, "QHM": qhm, "MaSS": mass, "AccSGD": accsgd, "Jain et al.": jain}
for name, rule in published.items():
    seen, path = np.ones(4), []
    other = np.zeros(4) if name == "QHM" else seen
    for gradient in gradients:
        other, seen = rule(other, seen, gradient(seen))
        path.append(seen)
    np.testing.assert_allclose(ours(family[name]), path, rtol=1e-9, atol=1e-12)
print(len(published), "methods, one update,", len(gradients), "iterates each")

# %% [markdown]
# The conversions go both ways: any tuned member can be written in any of these dialects (`as_mass`, `as_jain`, ...). So
# "ASGD" below means the whole family, tuned freely over $\delta,\eta\ge0$ and $0\le\beta<1$.
#
# ## The tuned frontier
#
# How far ahead of heavy ball is the best of that family at batch 1? Place the factor, for three decays.

# %%
guess_advantage = explore.predict("05_advantage")
guess_advantage

# %% [markdown]
# The table has the case in between, decay 1.5.
#
# How much does each method make of one sample? In units of $\mu/\mathrm{tr}\,H$ we print $\mathrm{gap}\cdot\mathrm{tr}H/(B\mu)$
# for $\lambda_i=i^{-1.5}$, $d=200$. Heavy ball and SGD start near the same value, Nesterov above, ASGD far above.

# %%
H = mb.Spectrum.power_law(d=200, decay=1.5)
batches = [1, 4, 16, 64, 256, 1024]
found = mb.frontier(H, batches=batches)
print("batch      " + "".join(f"{b:>9}" for b in batches))
for name, f in found.items():
    print(f"{name:<11}" + "".join(f"{g:9.3f}" for g in f.gap * H.trace / H.smallest / batches))

# %% [markdown]
# Read along the last row: the advantage at batch 1 melts away as the batch grows. Read it as speed instead, and nothing
# was lost: the number of steps per [e-fold] falls all the way.
#
# [e-fold]: ../NOTATION.md#e-fold "a fall of the expected loss by the factor e = 2.718…"

# %%
advantage = found["asgd"].ce / found["heavy_ball"].ce
assert advantage[0] > 3 and advantage[-1] < 1.5
assert np.all(np.diff(found["asgd"].serial) < 0)
print("ASGD over heavy ball in CE:", np.round(advantage, 2))
print("ASGD, steps per e-fold:    ", np.round(found["asgd"].serial, 1))

# %% [markdown]
# ## T5: a ceiling for the whole family
#
# Why must the advantage be traded? Because of a bound that no member of the family passes. For a level $\ell>0$ let
#
# $$ N(\ell)=\sum_i\frac{\lambda_i}{\lambda_i+\ell}, \qquad T(\ell)=\sum_i\frac{\lambda_i^2}{\lambda_i+\ell}
#    = \mathrm{tr}-\ell N(\ell). \tag{dimension} $$
#
# $N$ is the *[effective dimension]*: the number of directions above the level, counted softly.
#
# **Theorem.** For every spectrum and batch, and every method $(\delta,\eta,\beta)$ of the family, of any signs,
#
# $$ \mathrm{gap} \;\le\; \max_{\ell>0}\,\min\Bigl\{2B\sqrt{\tfrac{\mu}{N T}},\; \tfrac{4B\mu}{\ell N},\;
#    4\sqrt{\tfrac{B}{\kappa N}}\Bigr\}. \tag{T5} $$
#
# The constants are ours; the paper's abstract states the scaling.
#
# *Proof.* Write $x=\sqrt\rho=1-u$, $s=\beta\delta$, $v=x-\beta$, $p=p(x)$ and $P=-p(-x)$, where $p(z)=(\delta+\eta)z-s$. By
# (secular) the rate solves
#
# $$ \sum_i \frac{o_i}{1-o_i} = 1, \qquad
#    o(\lambda) = \frac{\lambda^2}{2B\,a}\Bigl[\frac{p^2}{q}+\frac{P^2}{r}\Bigr], \qquad
#    a = x^2-\beta+\lambda s,\quad q=\lambda p-uv,\quad r=(1+x)(x+\beta)-\lambda P, \tag{asgd-secular} $$
#
# with $a,q,r>0$ at every eigenvalue. As $o\le o/(1-o)$, the sum of all $o$ is at most 1. There are three cases.
#
# **First case, $\delta\ge0$ and $\beta\le\rho$.** Put $\ell=(x^2-\beta)/s\ge0$, so that $a=s(\lambda+\ell)$. Then
#
# $$ \text{(i) } v=s\ell+ux\ge0, \quad \text{(ii) } \mu p>uv, \quad \text{(iii) } (\delta+\eta)x>s, \quad
#    \text{(iv) } q\le\lambda p, \quad \text{(v) } P^2\ge4(\delta+\eta)xs, \quad \text{(vi) } r\le x(1+x)^2 . \tag{T5-steps} $$
#
# (ii) is $q>0$ at $\mu$. It makes $p$ positive, which is (iii). (v) is $(A+s)^2\ge4As$. (vi) uses $P\ge0$ and $\beta\le x^2$.
# Insert (iv), (v), (vi) into $\sum o\le1$:
#
# $$ 2B \;\ge\; \frac{p}{s}\,N(\ell) + \frac{4(\delta+\eta)}{(1+x)^2}\,T(\ell). \tag{T5-sum} $$
#
# - *Second term of (T5):* keep $pN/s$. By (ii) and (i), $p>us\ell/\mu$. So $u\le2B\mu/(\ell N)$, and gap $=(1+x)u$.
# - *First term:* by (iii) $\delta+\eta>s/x$, and by (ii) and (i) $p>u^2x/\mu$. The arithmetic-geometric mean of the two terms
#   is then $4u\sqrt{NT/\mu}/(1+x)\le2B$. Multiply by $(1+x)^2\le4$.
# - *Third term:* $r>0$ at $L$ and $P\ge2s$ give $s<x(1+x)^2/(2L)$. With $p>u^2x/\mu$ the first term of (T5-sum) becomes
#   $\mathrm{gap}^2\le(1+x)^4B/(\kappa N)$.
#
# For $s=0$ take $\ell=\infty$, $\ell N=\mathrm{tr}$. Now every line on random cases. Draw spectra, batches and methods until
# each case of the proof has been met often enough.
#
# [effective dimension]: ../NOTATION.md#effective-dimension "number of eigendirections above a level ℓ, counted softly"

# %%
def draw(rng):
    """A random spectrum, batch, method and gap; small kappa and long memories are frequent."""
    kappa, L = 10 ** rng.uniform(0.05, rng.choice([0.5, 4.5])), 10 ** rng.uniform(-1, 1)
    G = mb.Spectrum(L * kappa ** -np.append(rng.uniform(0, 1, rng.integers(1, 6)), [0.0, 1.0]))
    B, delta = 10 ** rng.uniform(0, 4), 10 ** rng.uniform(-2.5, 0.2) / L
    eps = min(0.99, rng.choice([10 ** rng.uniform(-4, 0), delta * G.smallest * 10 ** rng.uniform(-1, 0.5)]))
    eta = delta * 10 ** rng.uniform(-5, 0.5) * eps ** rng.choice([0, 1])
    m = mb.Method(*[(delta, eta), (delta, eta), (delta, -eta / 10), (-delta / 10, eta)][rng.integers(4)], 1 - eps)
    return G, B, m, mb.contraction_gap(G, m, B) * (1 - 1e-7)            # a hair inside, clear of rounding


rng, first, second, third = np.random.default_rng(5), [], [], []
while min(len(first), len(second), len(third)) < 250:
    case = draw(rng)
    kind = third if case[2].delta < 0 else first if case[2].beta <= 1 - case[3] else second
    if case[3] > 1e-8 and len(kind) < 250:
        kind.append(case)
every_case = first + second + third

# %% [markdown]
# The letters of the proof, formed so that nothing cancels:

# %%
def letters(G, B, m, g):
    lam, x, s = G.eigenvalues, np.sqrt(1 - g), m.beta * m.delta
    u = g / (1 + x)
    v = (1 - m.beta) - u
    p, P = m.delta * v + m.eta * x, m.delta * (x + m.beta) + m.eta * x
    a, q, r = v - u * x + lam * s, lam * p - u * v, (1 + x) * (x + m.beta) - lam * P
    return SimpleNamespace(lam=lam, x=x, s=s, u=u, v=v, p=p, P=P, a=a, q=q, r=r, mu=G.smallest, tr=G.trace, d=G.dim)


def response(G, B, m, g):
    c = letters(G, B, m, g)
    return c.lam**2 / (2 * B * c.a) * (c.p**2 / c.q + c.P**2 / c.r)


# %% [markdown]
# Is the package's gap the root of (asgd-secular)? Just inside it all of $a$, $q$, $r$ must be positive and the sum below 1;
# just outside, not.

# %%
def inside(G, B, m, g):
    c, o = letters(G, B, m, g), response(G, B, m, g)
    return min(c.a.min(), c.q.min(), c.r.min()) > 0 and o.max() < 1 and np.sum(o / (1 - o)) <= 1


assert all(inside(G, B, m, g) and not inside(G, B, m, g * (1 + 2e-7)) for G, B, m, g in every_case)
assert max(response(*case).sum() for case in every_case) <= 1

# %% [markdown]
# In the first case we expect no negative number among the margins, left side over right side less one:

# %%
def margins(G, B, m, g):
    c = letters(G, B, m, g)
    ell, p1 = (c.v - c.u * c.x) / c.s, m.delta + m.eta
    N, T = np.sum(c.lam / (c.lam + ell)), np.sum(c.lam**2 / (c.lam + ell))
    yield "i", c.v / (c.u * c.x)
    yield "ii", c.mu * c.p / (c.u * c.v)
    yield "iii", p1 * c.x / c.s
    yield "iv", np.min(c.lam * c.p / c.q)
    yield "v", c.P**2 / (4 * p1 * c.x * c.s)
    yield "vi", c.x * (1 + c.x) ** 2 / c.r.max()
    yield "sum", 2 * B / (c.p * N / c.s + 4 * p1 * T / (1 + c.x) ** 2)
    yield "s", c.x * (1 + c.x) ** 2 / (2 * c.s * G.largest)
    yield "first", 2 * B * np.sqrt(c.mu / (N * T)) / g
    yield "second", 4 * B * c.mu / (ell * N) / g
    yield "third", 4 * np.sqrt(B / (G.kappa * N)) / g


rooms = [dict(margins(*case)) for case in first]
least = {line: min(room[line] for room in rooms) - 1 for line in rooms[0]}
print({line: float(f"{room:.2g}") for line, room in least.items() if room > 1e-3}, "and the others nearly equalities")
assert min(least.values()) > -1e-12

# %% [markdown]
# **Second case, $\delta\ge0$ and $\beta>\rho$.** This is the case of a buffer that remembers longer than the loss lasts. Now
# $a=s(\lambda-\ell')$ with $\ell'=(\beta-x^2)/s$, and $0<\ell'<\mu$ because $a>0$ at $\mu$. In the place of the old sums come
# $N=\sum\lambda/(\lambda-\ell')\ge d$ and $T=\mathrm{tr}+\ell'N$. There are two possibilities.
#
# *If $\beta\ge x$*, then $\eta\ge0$: for $\eta<0$ a mode's polynomial is negative at $\beta$, $\lambda
# p(\beta)=\lambda\eta\beta$, so that it has a root beyond $\beta$, and $x>\beta$. Keep the second term of $\sum o\le1$. As
# $\eta\ge0$, $P\ge s(x+\beta)/\beta$; as $\ell'<\mu$, $s>(\beta-x^2)/\mu$. Hence
#
# $$ 2B\mu \;\ge\; \mathrm{tr}\,\frac{(\beta-x^2)(x+\beta)}{\beta^2(1+x)} \;\ge\; \mathrm{tr}\,u . \tag{T5-long} $$
#
# The last step: in $1/\beta$ the fraction is concave, and it is at least $u$ at both ends, $\beta=1$ and $\beta=x$.
#
# *If $\beta<x$*, then $v=ux-\ell's>0$, so $p>0$, $P\ge2s$ and $r\le2x(1+x)$. Write $w=2/(x(1+x))$; note $wx\ge1$. Both terms
# give
#
# $$ 2B\mu \;\ge\; w\mu s\,\mathrm{tr} + N\Bigl[\frac{u^2x}{s} - \ell'\,(u-w\mu s)\Bigr]. \tag{T5-between} $$
#
# Where $w\mu s\ge u$, this is $2B\mu\ge u\,\mathrm{tr}$, as in (T5-long): $\mathrm{gap}\le4B\mu/\mathrm{tr}$, the second term
# of (T5) at $\ell=\infty$. Else the bracket falls as $\ell'$ grows to $\mu$, where it is at least $\mu u(2\sqrt{wx}-1)>0$. So
# put $\ell'=\mu$ and $N=d$; with $\tau=\mathrm{tr}/(d\mu)\ge1$ the arithmetic-geometric mean gives
#
# $$ \mathrm{gap} \;\le\; \frac{4B}{d\,(2\sqrt{1+\tau}-1)} . \tag{T5-level} $$

# %%
slow = [case for case in second if case[2].beta >= letters(*case).x]
for G, B, m, g in slow:
    c = letters(G, B, m, g)
    fraction = (m.beta - c.x**2) * (c.x + m.beta) / (m.beta**2 * (1 + c.x))
    assert m.eta >= 0 and 0 < (c.u * c.x - c.v) / c.s < c.mu and c.P * (1 + 1e-12) >= c.s * (c.x + m.beta) / m.beta
    assert 2 * B * c.mu >= c.tr * fraction and fraction * (1 + 1e-12) >= c.u and g <= 4 * B * c.mu / c.tr
print(len(slow), "cases with beta >= x")

# %%
between = [case for case in second if case[2].beta < letters(*case).x]
for G, B, m, g in between:
    c = letters(G, B, m, g)
    level, w, tau = (c.u * c.x - c.v) / c.s, 2 / (c.x * (1 + c.x)), c.tr / (c.d * c.mu)
    N, short = np.sum(c.lam / (c.lam - level)), w * c.mu * c.s < c.u
    bracket, last = (c.u**2 * c.x / c.s - k * (c.u - w * c.mu * c.s) for k in (level, c.mu))
    assert 0 < level < c.mu and N >= c.d and c.p > 0 and c.P >= 2 * c.s and c.r.max() <= 2 * c.x * (1 + c.x) and w * c.x >= 1
    assert 2 * B * c.mu >= w * c.mu * c.s * c.tr + N * bracket
    assert not short or bracket >= last
    assert not short or last * (1 + 1e-12) >= c.mu * c.u * (2 * np.sqrt(w * c.x) - 1) > 0
    assert c.mu * c.s < c.x * (1 + c.x) / G.kappa
    assert not short or 2 * B >= c.d * c.u**2 * G.kappa * (4 * tau + 3) / ((1 + c.x) * (4 * tau + 4))
    assert g <= (4 * B / (c.d * (2 * np.sqrt(1 + tau) - 1)) if short else 4 * B * c.mu / c.tr)
print(len(between), "cases with rho < beta < x")

# %% [markdown]
# It remains to see that (T5-level) is below (T5). Take $\ell=\mu\sqrt\tau$. In $\lambda$, $\lambda/(\lambda+\ell)$ is
# concave, so $N\le d\sqrt\tau/(1+\sqrt\tau)$, and $NT=N(\mathrm{tr}-\ell N)$ increases with $N$ up to there. At that level
# the three terms of (T5) are at least (T5-level) because of the three inequalities
#
# $$ \bigl(1+\tfrac1{\sqrt\tau}\bigr)(2\sqrt{1+\tau}-1)\ge2\sqrt\tau, \qquad 2\sqrt{1+\tau}-1\ge\sqrt\tau, \qquad
#    \bigl(1+\tfrac1{\sqrt\tau}\bigr)(4\tau+3)\ge4\tau+4 \qquad (\tau\ge1). \tag{T5-three} $$
#
# The third needs a word. $r>0$ at $L$ gives $\mu s<x(1+x)/\kappa$, and completing a square in (T5-between) at $\ell'=\mu$,
# $N=d$ leaves $2B\ge du^2\kappa(4\tau+3)/((1+x)(4\tau+4))$: so it is the gap itself that is at most the third term.

# %%
tau = np.geomspace(1, 1e8, 4001)
root, more = np.sqrt(tau), 1 + 1 / np.sqrt(tau)
assert np.all(more * (2 * np.sqrt(1 + tau) - 1) >= 2 * root) and np.all(2 * np.sqrt(1 + tau) - 1 >= root)
assert np.all(more * (4 * tau + 3) >= 4 * tau + 4)
for G, B, m, g in second:
    c = letters(G, B, m, g)
    tau = c.tr / (c.d * c.mu)
    ell, level = c.mu * np.sqrt(tau), 4 * B / (c.d * (2 * np.sqrt(1 + tau) - 1))
    N, T, more = np.sum(c.lam / (c.lam + ell)), np.sum(c.lam**2 / (c.lam + ell)), 1 + 1e-12
    assert N <= c.d * np.sqrt(tau) / (1 + np.sqrt(tau)) * more
    assert N * T <= c.d * c.tr * (tau / (tau + np.sqrt(tau))) ** 2 * more
    assert level <= min(2 * B * np.sqrt(c.mu / (N * T)), 4 * B * c.mu / (ell * N)) * more
    assert g <= max(4 * B * c.mu / c.tr, 4 * np.sqrt(B / (G.kappa * N)))

# %% [markdown]
# **Third case, $\delta<0$.** Then $s<0$, so $a\le x^2-\beta\le v$, and $a>0$ makes $v$ and with it $p$ positive. Keep the
# first term of $\sum o\le1$ and use (ii):
#
# $$ 2B \;\ge\; \sum_i\frac{\lambda_i\,p}{a_i} \;\ge\; \frac{p\,\mathrm{tr}}v \;>\; \frac{u\,\mathrm{tr}}\mu
#    \quad\Longrightarrow\quad \mathrm{gap} \le \frac{4B\mu}{\mathrm{tr}} : \tag{T5-backward} $$
#
# a short step against the gradient is no better than heavy ball. This is again (T5) at $\ell=\infty$. $\square$

# %%
for G, B, m, g in third:
    c = letters(G, B, m, g)
    assert c.a.max() <= c.v - c.u * c.x and c.v > 0 and c.p > 0 and np.all(c.q <= c.lam * c.p)
    assert 2 * B >= np.sum(c.lam * c.p / c.a) >= c.p * c.tr / c.v > c.u * c.tr / c.mu and g <= 4 * B * c.mu / c.tr

# %% [markdown]
# No line fails. Over all cases, how near does a method come to the ceiling?

# %%
share = [g / mb.bounds.two_buffer_gap(G, B).value for G, B, m, g in every_case]
print(f"gap over T5: at most {max(share):.3f} over {len(share)} cases")
assert max(share) <= 1

# %% [markdown]
# ### The largest level
#
# A method's own $\ell$ is not known in advance, so (T5) takes the largest. As $\ell$ grows, the second term falls and the two
# others rise. The maximum is therefore where they cross,
#
# $$ \mathrm{gap} \;\le\; \frac{4B\mu}{\ell_\star N(\ell_\star)}, \qquad \ell_\star=\max(\ell_1,\ell_2), \quad
#    \ell_1=2\sqrt{\mu\,T(\ell_1)/N(\ell_1)}, \quad \ell_2^2\,N(\ell_2)=B\mu L: \tag{linear-window} $$
#
# two scalar equations. Up to the batch where $\ell_2=\ell_1$ the ceiling is proportional to $B$: no compute need be lost.
# Beyond, $\ell_2$ decides, and compute is traded. We solve the first equation and compare with the package at batch 1.

# %%
lam, mu = H.eigenvalues, H.smallest
crossing = brentq(lambda v: v**2 - 4 * mu * np.sum(lam**2 / (lam + v)) / np.sum(lam / (lam + v)), 1e-9, 10)
ceiling = 4 * mu / (crossing * np.sum(lam / (lam + crossing)))
print(f"l1 = {crossing:.4g}: CE at most {ceiling:.4g}; the package says {mb.bounds.two_buffer_gap(H, 1).value:.4g}")
np.testing.assert_allclose(ceiling, mb.bounds.two_buffer_gap(H, 1).value, rtol=1e-9)

# %% [markdown]
# **Corollary.** As $T\ge\mu N$, $\ell_1\ge2\mu$. As $\ell N$ increases and $N(2\mu)\ge d/3$,
#
# $$ \mathrm{gap} \;\le\; \frac{6B}{d} \tag{six} $$
#
# for the whole family, whatever the spectrum; on a flat one the two ceilings are the same.

# %%
assert all(g <= 6 * B / G.dim and mb.bounds.two_buffer_gap(G, B).value <= 6 * B / G.dim * (1 + 1e-9)
           for G, B, m, g in every_case)
np.testing.assert_allclose(mb.bounds.two_buffer_gap(mb.Spectrum.flat(100), 4).value, 6 * 4 / 100, rtol=1e-9)

# %% [markdown]
# ## T7: a floor that matches
#
# A bound is worth as much as what reaches it. Which member of the family comes near the ceiling on *every* spectrum? The
# answer needs a lemma that replaces all sums over modes, and does not need Gaussian inputs.
#
# **Lemma G.** Let the samples $\mathcal P$ be any independent positive semidefinite matrices with mean $G$ (for inputs $g$,
# $\mathcal P=gg^\top$), and $\mathcal N(Y)=E[(\mathcal P-G)\,Y\,(\mathcal P-G)]$. If $a,q,r>0$ at $x$ on all modes, then
#
# $$ \mathcal N\bigl(\mathrm{diag}(\lambda_i\Gamma_{ii})\bigr) \preceq B\,G \quad\Longrightarrow\quad \rho \le x^2, \qquad
#    \Gamma_{ii} = \frac1{2a}\Bigl[\frac{p^2}{q}+\frac{P^2}{r}\Bigr]. \tag{lemma-G} $$
#
# *Proof.* Let $h_i(t)$ be what a unit gradient in direction $i$ leaves in $w$ after $t$ steps without noise, and
# $\Gamma_{ij}=\sum_tx^{-2t}h_i(t)h_j(t)$; its diagonal is the bracket above. Noise made at one step returns as error, and error
# makes noise. Discounted by $x^{2t}$ and summed over time, the second moment $M$ of the error therefore solves
# $M=M_0+\mathcal K(M)$ with $\mathcal K(M)=\frac1B\Gamma\circ\mathcal N(M)$, entry by entry. $\Gamma$ is a Gram matrix, so
# $\mathcal K$ keeps positive semidefinite matrices positive semidefinite. So $\rho\le x^2$ as soon as its largest
# (Perron-Frobenius) eigenvalue is at most 1. Its adjoint is $\mathcal K^*(Y)=\frac1B\mathcal N(\Gamma\circ Y)$. As $G$ is
# diagonal, $\mathcal K^*(G)=\frac1B\mathcal N(\mathrm{diag}(\lambda_i\Gamma_{ii}))\preceq G$, and with $G\succ0$ that bounds
# the eigenvalue. $\square$
#
# For Gaussian inputs $\mathcal N(Y)=G\,\mathrm{tr}(GY)+GYG$. At the exact rate the largest eigenvalue of $\mathcal K$ is 1:

# %%
for G, B, m, g in first[:70] + second[:70] + third[:70]:
    inner, outer = letters(G, B, m, g), letters(G, B, m, g * (1 + 2e-7))
    K, K_out = (((c.p**2 / c.q + c.P**2 / c.r) / (2 * c.a))[:, None] / B * (np.diag(c.lam**2) + np.outer(c.lam, c.lam))
                for c in (inner, outer))
    assert np.abs(np.linalg.eigvals(K)).max() <= 1
    assert min(outer.a.min(), outer.q.min(), outer.r.min()) <= 0 or np.abs(np.linalg.eigvals(K_out)).max() > 1

# %% [markdown]
# Two constants of the samples enter: $R$ with $\mathcal N(I)\preceq R\,G$, and $N_\ell$ with
# $\mathcal N((G+\ell)^{-1})\preceq N_\ell\,G$. For Gaussian inputs $R=\mathrm{tr}+L$ and $N_\ell=N(\ell)+L/(L+\ell)$.
#
# **Theorem.** For every spectrum and batch,
#
# $$ \delta=\min\Bigl(\frac B{3R},\frac1{4L}\Bigr),\quad
#    \varepsilon_\star^2\,N_{\varepsilon_\star/\delta}=\tfrac23B\mu\delta,\quad
#    \varepsilon=\min\Bigl(\varepsilon_\star,\frac1{1+\sqrt\kappa}\Bigr),\quad \eta=\frac{\varepsilon^2}{2\mu},\quad
#    \beta=1-\varepsilon \quad\Longrightarrow\quad \mathrm{gap}\ge\frac\varepsilon2 . \tag{T7} $$
#
# In words: take the longest short step that noise and curvature allow, and then the shortest [memory] whose effective
# dimension, at the level $\varepsilon/\delta$, the noise can pay for.
#
# *Proof.* We check Lemma G at $x^2=1-\varepsilon/2$. Then $\frac12\le\beta=2x^2-1$, $\frac{\sqrt3}2\le x\le1$,
# $2a=\varepsilon+2\beta\lambda\delta$, $v=\varepsilon\frac{1+2x}{2(1+x)}\le\frac34\varepsilon$, and
# $uv=k\mu\eta x$ with $k=\frac{1+2x}{2x(1+x)^2}$. Write $\sigma=x+\beta$ and $r_0=(\frac34+x)\sigma-\frac12\beta^2x$.
#
# $$ \text{(i) } \frac{\lambda p^2}q\le\frac{p^2}{p-k\eta x}\le\delta v+\frac{\eta x}{1-k}, \quad
#    \text{(ii) } \lambda\delta\le\tfrac14,\ \lambda\eta\le\tfrac12\beta^2, \quad \text{(iii) } r\ge r_0, \quad
#    \text{(iv) } \lambda P^2\le\delta\,\lambda\delta\sigma^2+\tfrac12\eta\,(\sigma x+\beta^2x^2). \tag{T7-steps} $$
#
# (i): $q=\lambda p-k\mu\eta x\ge\lambda(p-k\eta x)$ and $p=\delta v+\eta x$; the second step is
# $(A+C)^2\le(A+(1-k)C)(A+C/(1-k))$. (ii): $\sqrt\kappa\le\beta/\varepsilon$. (iii) and (iv) follow from (ii), since
# $P=\delta\sigma+\eta x$. Three inequalities in one variable hold for $\frac{\sqrt3}2\le x\le1$:
#
# $$ \frac x{1-k}\le\frac85, \qquad \sigma^2\le\tfrac95\,\beta\,r_0, \qquad \sigma x+\beta^2x^2\le r_0 . \tag{T7-constants} $$
#
# Together: $2a\,\lambda\Gamma\le\delta\,(\frac34\varepsilon+\frac95\beta\lambda\delta)+\eta\,(\frac85+\frac12)$. Divide by
# $2a$, which is at least $\varepsilon+\lambda\delta=\delta(\lambda+\ell)$ with $\ell=\varepsilon/\delta$, and apply $\mathcal
# N$:
#
# $$ \lambda\Gamma\le\frac9{10}\,\delta+\frac{21}{10}\,\frac{\eta/\delta}{\lambda+\ell}, \qquad
#    \mathcal N\bigl(\mathrm{diag}(\lambda\Gamma)\bigr)\preceq\Bigl[\frac9{10}\,\delta R
#    +\frac{21}{10}\,\frac{\varepsilon^2N_\ell}{2\mu\delta}\Bigr]G
#    \preceq\Bigl[\frac3{10}B+\frac7{10}B\Bigr]G . \tag{T7-noise} $$
#
# The last step uses $\delta R\le\frac B3$ and $\varepsilon^2N_\ell\le\frac23B\mu\delta$. The latter holds at
# $\varepsilon_\star$ and below, since $\varepsilon^2N_{\varepsilon/\delta}$ increases with $\varepsilon$. $\square$
#
# First the one-variable lines. Cleared of fractions they are polynomials in $x$, so it is enough that none has a root inside.
#
# [memory]: ../NOTATION.md#memory "how long the momentum buffer remembers a gradient: about 1/(1 − β) steps"

# %%
X = np.polynomial.Polynomial([0, 1])
beta, low = 2 * X**2 - 1, np.sqrt(3) / 2
sigma, kd = X + beta, 2 * X * (1 + X) ** 2
r0 = (0.75 + X) * sigma - beta**2 * X / 2
for line in (1.6 * (kd - 1 - 2 * X) - X * kd, 1.8 * beta * r0 - sigma**2, r0 - sigma * X - beta**2 * X**2):
    real = [z.real for z in line.roots() if abs(z.imag) < 1e-7]
    assert line(0.9) > 0 and line(low) > 0 and not any(low < z < 1 - 1e-6 for z in real)

# %% [markdown]
# Then the lines on the spectra and batches drawn above, with T7's own method:

# %%
for G, B in [case[:2] for case in every_case]:
    bound, more = mb.bounds.two_buffer_gap(G, B, "lower"), 1 + 1e-9
    m, eps, c = bound.method, 2 * bound.value, letters(G, B, bound.method, bound.value)
    k, sigma, ell = (1 + 2 * c.x) / (2 * c.x * (1 + c.x) ** 2), c.x + m.beta, eps / m.delta
    assert np.all(c.lam * c.p**2 / c.q <= (m.delta * c.v + m.eta * c.x / (1 - k)) * more)
    assert m.eta * G.largest <= m.beta**2 / 2 * more and G.largest * m.delta <= 0.25 * more
    assert np.all(c.r * more >= (0.75 + c.x) * sigma - m.beta**2 * c.x / 2)
    assert np.all(c.lam * c.P**2 <= (m.delta**2 * c.lam * sigma**2 + m.eta / 2 * (sigma * c.x + (m.beta * c.x) ** 2)) * more)
    y = c.lam * (c.p**2 / c.q + c.P**2 / c.r) / (2 * c.a)               # lambda Gamma
    N_ell = np.sum(c.lam / (c.lam + ell)) + G.largest / (G.largest + ell)
    assert np.all(y <= (0.9 * m.delta + 2.1 * m.eta / m.delta / (c.lam + ell)) * more) and min(c.q.min(), c.r.min()) > 0
    assert m.delta * (G.trace + G.largest) <= B / 3 * more and eps**2 * N_ell <= 2 / 3 * B * c.mu * m.delta * more
    assert np.max(c.lam * y + c.lam @ y) <= B * more and mb.contraction_gap(G, m, B) >= bound.value

# %% [markdown]
# The lemma and the theorem ask nothing of the inputs but $R$ and $N_\ell$. So the same choice must work on sampled rows
# (notebook 07), where $R\le1$ and $N_\ell$ is computed from the rows.

# %%
rows = example_systems.unit_rows(120, 12, np.random.default_rng(7), decay=1.0)
lam = rows.eigenvalues


def noise_constant(Y):
    return np.linalg.eigvalsh(row_moments.row_noise(rows, np.diag(Y)) / np.sqrt(np.outer(lam, lam))).max()


mu, L = lam.min(), lam.max()
for B in (1, 8, 64):
    delta = min(B / 3 / noise_constant(np.ones(12)), 1 / (4 * L))
    star = brentq(lambda e, B=B, d=delta: e * e * noise_constant(1 / (lam + e / d)) - 2 / 3 * B * mu * d, 1e-9, 10)
    eps = min(star, 1 / (1 + np.sqrt(L / mu)))
    gap = row_moments.contraction_gap(rows, mb.Method(delta, eps**2 / (2 * mu), 1 - eps), B)
    print(f"B = {B}: gap over eps/2 = {2 * gap / eps:.2f}")
    assert gap >= eps / 2

# %% [markdown]
# ## T6: the published floor
#
# MaSS with the parameters of Liu and Belkin reaches
#
# $$ \mathrm{gap} \;\ge\; \frac{1}{\sqrt{\kappa_B\,\tilde\kappa_B}}, \qquad
#    \kappa_B = \frac{\mathrm{tr}+(B+1)L}{B\mu}, \quad \tilde\kappa_B = \frac{d+1+B}{B} . \tag{T6} $$
#
# The form is theirs, the constants for Gaussian inputs are ours. We hold the exact gap of that very method against its floor,
# and the exact tuned gap against all three bounds, at batch 1 and over all batches up to 10 000.

# %%
every = np.geomspace(1, 1e4, 33)
print("decay   T5/exact at B=1, worst    tuned/T7 at B=1, worst    tuned/T6 at B=1, worst    MaSS/T6, least")
for a in (0.5, 1.0, 1.5, 2.0, 2.5):
    G = mb.Spectrum.power_law(200, a)
    f, low = mb.frontier(G, ["asgd"], every)["asgd"], mb.bounds.mass_gap(G, every)
    ratios = [mb.bounds.two_buffer_gap(G, every).value / f.gap, f.gap / mb.bounds.two_buffer_gap(G, every, "lower").value,
              f.gap / low.value]
    reached = min(mb.contraction_gap(G, m, B) / v for m, B, v in zip(low.method, every, low.value, strict=True))
    assert min(v.min() for v in ratios) > 1 and reached >= 1 - 1e-9
    print(f"{a:4.1f}" + "".join(f"{v[0]:16.2f} {v.max():8.2f}" for v in ratios) + f"{reached:16.2f}")

# %% [markdown]
# The exact curve lies between its bounds at every batch, nearer to the ceiling. At this dimension the two floors are alike; T6
# has the better constant, T7 the better power of the dimension (below).
#
# ## The two sides match
#
# How far apart can ceiling and floor be, over all spectra and all batches?
#
# **Theorem.** T5 is never more than $12\sqrt6<30$ times T7; where T7's memory is the longest it takes, not more than 8 times.
# For heavy ball, (T2) is never more than $8\,(1+L/\mathrm{tr})\le16$ times (T3).
#
# *Proof.* If $\varepsilon=1/(1+\sqrt\kappa)$, (T4) is $4\sqrt\kappa/(1+\sqrt\kappa)^2\le8\cdot\varepsilon/2$. Else put
# $\ell=\varepsilon_\star/\delta$. T7's equation says $\varepsilon_\star/2=B\mu/(3\,\ell N_\ell)$, so that with (linear-window)
#
# $$ \frac{\mathrm{T5}}{\mathrm{T7}} \le \frac{12\,\ell N_\ell}{\ell_\star N(\ell_\star)}, \qquad N_\ell\le2N(\ell), \qquad
#    \ell^2N_\ell=\mu\max\bigl(2R,\tfrac83BL\bigr)\le3\,\ell_\star^2N(\ell_\star) . \tag{match} $$
#
# The last inequality: $R\le2\,\mathrm{tr}$; and $\ell_\star^2N(\ell_\star)$ is at least $\ell_2^2N(\ell_2)=B\mu L$ and at least
# $\ell_1^2N(\ell_1)=4\mu\,\mathrm{tr}\,\ell_1/(\ell_1+4\mu)\ge\frac43\mu\,\mathrm{tr}$. If $\ell\le\ell_\star$, the ratio is at
# most 24, as $\ell N$ increases. If $\ell>\ell_\star$, multiply $\ell^2N_\ell\le3\ell_\star^2N(\ell_\star)$ by
# $N_\ell\le2N(\ell_\star)$ and take the root: $\ell N_\ell\le\sqrt6\,\ell_\star N(\ell_\star)$. For heavy ball divide
# $4B\mu/\mathrm{tr}$ by $\frac12B\mu/(\mathrm{tr}+L)$, and (T4) by $1/(2\sqrt\kappa)$. $\square$

# %%
ratio, narrow = [], []
for G, B in [case[:2] for case in every_case]:
    low, high = mb.bounds.two_buffer_gap(G, B, "lower"), mb.bounds.two_buffer_gap(G, B).value
    eps, mu, L, lam = 2 * low.value, G.smallest, G.largest, G.eigenvalues
    ratio.append(high / low.value)
    narrow.append(mb.bounds.heavy_ball_gap(G, B).value / mb.bounds.heavy_ball_gap(G, B, "lower").value)
    if eps < (1 - 1e-9) / (1 + np.sqrt(G.kappa)):
        ell = eps / low.method.delta
        N, larger = np.sum(lam / (lam + ell)), np.sum(lam / (lam + ell)) + L / (L + ell)
        np.testing.assert_allclose(low.value, B * mu / (3 * ell * larger), rtol=1e-9)
        np.testing.assert_allclose(ell**2 * larger, mu * max(2 * (G.trace + L), 8 / 3 * B * L), rtol=1e-9)
        assert larger <= 2 * N * (1 + 1e-12) and ratio[-1] <= 12 * ell * larger * high / (4 * B * mu) * (1 + 1e-9)
    else:
        assert ratio[-1] <= 8
print(f"T5 over T7: {min(ratio):.1f} to {max(ratio):.1f}, median {np.median(ratio):.1f}; T2 over T3: at most {max(narrow):.2f}")
assert max(ratio) <= 12 * np.sqrt(6) and max(narrow) <= 16

# %% [markdown]
# **So the rates are known up to a constant, for the whole family and for heavy ball, on every spectrum and at every batch.** Of
# the paper that this book explains, Wang et al. (2026) write that it bounds contraction rates from below, and that bounds from
# above which match are left open. A rate bounded from above is a gap bounded from below: (T3) and (T7) are such bounds. They
# are for least squares with fresh Gaussian samples and no label noise; theorems, constants and proofs are this book's.
#
# ## Three regimes
#
# T5 gives the shape: linear in $B$ while $\ell_1$ decides; then the third term, which at a *fixed* $\ell$ grows like
# $\sqrt B$; then the deterministic cap. But the deciding level moves with $B$. For $\lambda_i=i^{-a}$, $a>1$, the effective
# dimension is a power of the level:
#
# $$ \tfrac14\,\ell^{-1/a} \le N(\ell)\ \ (d^{-a}\le\ell\le1), \qquad
#    N(\ell) \le \frac{2a-1}{a-1}\,\ell^{-1/a}\ \ (\ell\le1). \tag{power-law-dimension} $$
#
# Indeed, with $X=\ell^{-1/a}$ the $\lfloor X\rfloor\ge X/2$ eigenvalues above the level count at least half each. They count at
# most $X$, the next one at most 1, and those beyond at most $\int_X^\infty i^{-a}di/\ell=X/(a-1)$.
#
# **Theorem.** Put $\theta=a/(2a-1)$. For $\lambda_i=i^{-a}$, $a>1$, and $1\le B\le d^a$ the largest gap of the family obeys
#
# $$ \tfrac12\min\Bigl\{c\,(Bd^{-a})^{\theta},\;D,\;\frac1{1+d^{a/2}}\Bigr\} \;\le\; \mathrm{gap} \;\le\;
#    16\,(Bd^{-a})^{\theta}, \qquad c=\Bigl[\frac{2D^{1-1/a}}{3\,(3+1/(a-1))}\Bigr]^{\theta},\quad
#    D=\frac1{3(\zeta(a)+1)} . \tag{traded-exponent} $$
#
# *Proof.* Here $L=1$, $\mu=d^{-a}$; let $y=B\mu\le1$ and $\ell_0=y^\theta\ge\mu$. For $\ell\ge\ell_0$ the
# second term of (T5) is at most $4y/(\ell_0N(\ell_0))\le16\,y\,\ell_0^{1/a-1}=16y^\theta$. For $\ell\le\ell_0$ the third is at
# most $4\sqrt{y/N(\ell_0)}\le8\,y^{1/2}\ell_0^{1/(2a)}=8y^\theta$. Below: $R\le\zeta(a)+1$, so $\delta\ge D$ in (T7). If
# $\ell=\varepsilon_\star/\delta\le1$, $N_\ell\le(3+\frac1{a-1})\,\ell^{-1/a}$, and T7's equation gives
# $\varepsilon_\star\ge c\,y^\theta$. If $\ell>1$, $\varepsilon_\star>\delta\ge D$. $\square$
#
# So the gap grows like $B^{a/(2a-1)}$, up to constants, until $B$ is of order $\sqrt d$, where $d^{-a/2}$ takes over:
# exponent 1 as $a\to1$, 1/2 only as $a\to\infty$. [CE][compute efficiency] falls like $B^{-(a-1)/(2a-1)}$ meanwhile.
#
# [compute efficiency]: ../NOTATION.md#compute-efficiency "e-folds of the expected loss per sample, written CE"

# %%
for a in (1.25, 1.5, 2.0, 3.0):
    theta, D = a / (2 * a - 1), 1 / (3 * (zeta(a) + 1))
    c = (2 * D ** (1 - 1 / a) / 3 / (3 + 1 / (a - 1))) ** theta
    for d in (20, 300, 5000):
        G = mb.Spectrum.power_law(d, a)
        level = np.geomspace(d**-a, 1, 50)
        N = (G.eigenvalues / (G.eigenvalues + level[:, None])).sum(1) * level ** (1 / a)
        assert N.min() >= 0.25 and N.max() <= (2 * a - 1) / (a - 1)
        B = np.geomspace(1, d**a, 12)
        low, high = mb.bounds.two_buffer_gap(G, B, "lower").value, mb.bounds.two_buffer_gap(G, B).value
        assert np.all(high <= 16 * (B * d**-a) ** theta)
        assert np.all(low >= np.minimum(np.minimum(c * (B * d**-a) ** theta, D), 1 / (1 + d ** (a / 2))) / 2)

# %% [markdown]
# How visible is that exponent? We measure the local exponent $d\log\mathrm{gap}/d\log B$ on the exact [frontier] of a large
# spectrum, $a=1.5$, $d=10^6$, and expect 1, a plateau near 0.75, then 0.
# In the question the formula is the thing to test: what does it say for $a=2.5$, and what is the truth?
#
# [frontier]: ../NOTATION.md#frontier "the best a family of methods can do, at every batch size"

# %%
guess_exponent = explore.predict("05_exponent")
guess_exponent

# %% [markdown]
# The local exponents of the first case, from one end of the frontier to the other:

# %%
large = mb.Spectrum.power_law(d=10**6, decay=1.5).compressed(2)
B = np.geomspace(1, 1e5, 41)
exact = mb.frontier(large, ["asgd"], B)["asgd"]
exponent = np.gradient(np.log(exact.gap), np.log(B))
for k in range(0, 41, 4):
    print(f"B = {B[k]:9.0f}   local exponent {exponent[k]:5.2f}")

# %%
plateau = exponent[(B > 80) & (B < 800)]
print(f"plateau between B = 80 and 800: {plateau.min():.3f} to {plateau.max():.3f}; predicted {1.5 / 2:.3f}")
assert exponent[0] > 0.95 and exponent[-1] < 0.05
assert abs(plateau.mean() - 0.75) < 0.05

# %% [markdown]
# In the traded regime doubling the batch costs CE, but it still buys steps. The $\sqrt B$ law itself is
# the limit of very fast decay. On two levels there is no traded regime at all (exercise 3).
#
# ## "Nearly overlap", as a number
#
# The distance of two families is taken at their worst batch,
#
# $$ \max_B \bigl|\log \mathrm{CE}_1(B) - \log \mathrm{CE}_2(B)\bigr| . \tag{overlap} $$
#
# In percent, for $\lambda_i=i^{-a}$ (so $\kappa=d^a$) we expect little below decay 1, whatever the dimension, and a lot
# above.

# %%
decays, dims = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5), (50, 200, 1000, 10**4, 10**6)
apart = np.array([[mb.overlap(mb.Spectrum.power_law(d, a).compressed(2))[0] for a in decays] for d in dims])
print("ASGD and heavy ball apart by at most (percent)")
print("d       " + "".join(f"  a = {a:4.2f}" for a in decays))
for d, row in zip(dims, np.expm1(apart), strict=True):
    print(f"{d:<8}" + "".join(f"{100 * v:10.4g}" for v in row))

# %% [markdown]
# At decay 0.5 the two differ by about 2 %, at any dimension: that is what "near overlap" means. At 0.75 they stay
# within 16 % up to a million dimensions. At decay 1 the distance grows slowly with d, above 1 like a power.
#
# That the distance stays bounded below decay 1 is a theorem. For $a<1$, $\mathrm{tr}\le d\mu/(1-a)$, so (six), (T3) and (T4)
# give
#
# $$ \mathrm{gap} \le \frac6{1-a}\,\frac{B\mu}{\mathrm{tr}}, \qquad
#    1 \;\le\; \frac{\mathrm{gap}^*_{\mathrm{ASGD}}}{\mathrm{gap}^*_{\mathrm{HB}}} \;\le\;
#    \max\Bigl\{8,\;\frac{12}{1-a}\Bigl(1+\frac L{\mathrm{tr}}\Bigr)\Bigr\} \tag{overlap-theorem} $$
#
# for every dimension and batch: the first bound over $\frac12B\mu/(\mathrm{tr}+L)$, or, where heavy ball has its longest
# memory, $4/\sqrt\kappa$ over $1/(2\sqrt\kappa)$. On any spectrum $\mathrm{tr}/(d\mu)$, the mean eigenvalue over the
# smallest, takes the place of $1/(1-a)$. The constant is generous: the few per cent of the table are measured, not proved.

# %%
assert apart[:, :2].max() < 0.03 and np.expm1(apart[:, 2].max()) < 0.16
assert np.all(np.diff(apart[:, -1]) > 0.3)
two = np.exp(mb.overlap(mb.Spectrum.power_law(200, 2.0))[0])
print(f"decay 2, d = 200: a factor {two:.1f}")
for a in (0.25, 0.5, 0.75):
    for d in dims[:3]:
        G, B = mb.Spectrum.power_law(d, a).compressed(4), np.geomspace(1, 1e4, 9)
        high, low = mb.bounds.two_buffer_gap(G, B).value, mb.bounds.heavy_ball_gap(G, B, "lower").value
        assert G.trace <= d * G.smallest / (1 - a) and np.all(high <= 6 / (1 - a) * B * G.smallest / G.trace)
        assert np.all(high / low <= max(8, 12 / (1 - a) * (1 + G.largest / G.trace)))

# %% [markdown]
# The right plot of the panel is this table as a picture: its grey line is a row of it, for the dimension you set.
#
# ### With kappa held fixed
#
# The spectra above tie $\kappa$ to the dimension. With $\kappa$ and d held fixed instead, a *small* decay no longer means a
# slowly falling spectrum: to reach $\kappa$ at all, it must drop at once and then stay level. ASGD gains from such a gap too,
# and the distance has a valley.

# %%
fixed = [mb.overlap(mb.Spectrum.power_law(200, a, kappa=1e3))[0] for a in (0.1, 0.5, 1.0, 1.5, 2.0, 3.0)]
print("kappa 1000, d 200, decay 0.1 ... 3: apart by a factor", np.round(np.exp(fixed), 2))
steep = mb.Spectrum.power_law(200, 0.1, kappa=1e3).eigenvalues
print(f"decay 0.1: the second eigenvalue is already {steep[0] / steep[1]:.0f} times below the first")
assert min(fixed[1:4]) < fixed[0] and min(fixed[1:4]) < fixed[-1]

# %% [markdown]
# So "slow decay" in the paper's sense is a statement about $\lambda_i=i^{-a}$ with $a<1$, not about the exponent alone.
#
# ## How fast the advantage grows
#
# For $a>1$ heavy ball's tuned gap lies between $\frac12Bd^{-a}/(\zeta(a)+1)$, by (T3), and $4Bd^{-a}$, by (T2), as long as (T3)
# has not got its longest memory. Divide (traded-exponent) by that: while $c\,(Bd^{-a})^\theta$ is the least of its three terms,
#
# $$ \frac c8\,(Bd^{-a})^{\theta-1} \;\le\; \frac{\mathrm{gap}^*_{\mathrm{ASGD}}}{\mathrm{gap}^*_{\mathrm{HB}}} \;\le\;
#    32\,(\zeta(a)+1)\,(Bd^{-a})^{\theta-1}, \qquad (d^{-a})^{\theta-1}=d^{\,a(a-1)/(2a-1)} . \tag{growth} $$
#
# So at batch 1 ASGD is ahead by exactly the power $d^{a(a-1)/(2a-1)}$: a theorem. T6 guarantees only $d^{(a-1)/2}$, a smaller
# power. How soon is the power seen? We measure the exponent over seven doublings of d, with the interval of notebook 03,
# (ruler), which allows for drift.

# %%
def advantage(a, dims):
    spectra = [mb.Spectrum.power_law(d, a).compressed(2) for d in dims]
    pairs = [mb.frontier(G, ["asgd", "heavy_ball"], [1.0]) for G in spectra]
    return [f["asgd"].ce[0] / f["heavy_ball"].ce[0] for f in pairs]


dims = 100 * 2 ** np.arange(8)
for a in (1.25, 1.5, 1.75, 2.0, 2.25):
    measured, ceiling, floor = advantage(a, dims), a * (a - 1) / (2 * a - 1), (a - 1) / 2
    fit, D = mb.fit_exponent(dims, measured), 1 / (3 * (zeta(a) + 1))
    c = (2 * D ** (1 - 1 / a) / 3 / (3 + 1 / (a - 1))) ** (a / (2 * a - 1))
    print(f"a = {a}: exponent {fit.value:.3f}, {fit.low:.2f} to {fit.high:.2f}; T5 and T7 {ceiling:.3f}, T6 {floor:.3f}")
    assert np.all(c / 8 * dims**ceiling <= measured) and np.all(measured <= 32 * (zeta(a) + 1) * dims**ceiling)
    assert not fit.holds(floor) and abs(fit.value - ceiling) < 0.025

# %% [markdown]
# Every interval excludes T6's exponent, and all but one hold that of T5 and T7. For $a=2$ that is $d^{2/3}$. There the ruler
# errs, by a hundredth: the slope turns round within the range, so its drift looks smaller than it is. No interval sees what
# its range does not show.
#
# In the next figure the range is short. What would you conclude from it?

# %%
short = explore.ruler("quantity=advantage;axis=d;law=i^-decay;decay=1.5;batch=1;low=10;high=316")
short

# %% [markdown]
# Nothing yet, and it says so: both exponents lie within the interval. Drag *to* up to $10^6$, or let the next cell do it.

# %%
short.set(high=1e6)
print(short.sentence)
assert short.numbers["held"] == ["the ceiling T5"]

# %% [markdown]
# ## Nesterov's surprising middle
#
# Nesterov's method has one step size, $\eta=\delta\beta$, instead of two. At batch 1 that costs it most of ASGD's advantage, at
# large batches some speed; in between it is almost the best of the whole family. We look for its best batch.

# %%
B = np.geomspace(1, 1e4, 81)
for a in (1.0, 1.5, 2.0):
    f = mb.frontier(mb.Spectrum.power_law(200, a), ["nesterov", "asgd"], B)
    share = f["nesterov"].gap / f["asgd"].gap
    best, near = np.argmax(share), B[share > 0.9]
    print(f"a = {a}: {share[0]:.2f} of ASGD's gap at B = 1, {share[best]:.3f} at B = {B[best]:.1f}, {share[-1]:.2f} at 10^4; "
          f"above 0.9 from B = {near[0]:.0f} to {near[-1]:.0f}")
    assert share.max() > 0.95 and share[0] < 0.85

# %% [markdown]
# At its best batch Nesterov is the best of the whole family, to three digits. The reason is seen in the tuned parameters:
# the free family's ratio $\eta/(\delta\beta)$ passes through Nesterov's value 1 just there.

# %%
free = f["asgd"].points
ratio = free.eta / (free.delta * (1 - free.eps))
cross = B[np.argmax(ratio > 1)]
print(f"eta/(delta beta) of the tuned ASGD: {ratio[0]:.3f} at B = 1, 1 at B = {cross:.1f}, {ratio[-1]:.1f} at B = 10^4")
assert 0.3 < cross / B[best] < 3

# %% [markdown]
# ## The map
#
# Which method pays is a question of the spectrum *and* of the batch. Four words will do for an answer: **plain** where SGD
# still makes at least half of what it made of a sample at batch 1; **speed** where only heavy ball still does; **spent** past
# both; and **compute**, whatever the batch, where ASGD makes at least twice as much of a sample as either. Every point of the
# panel is a power-law spectrum with a $\kappa$ of its own. We expect heavy ball's [window] to open and to close again as the
# batch is dragged.
#
# [window]: ../NOTATION.md#window "range of batches over which CE stays near its best; its width is the critical batch"

# %%
plane = explore.phase_map(kappa=100, decay=1, batch=64)
plane

# %% [markdown]
# The dotted line is the plain power law of this notebook, $\kappa=d^{\,a}$. The panel interpolates between tuned nodes; a sweep
# tunes every point. A coarse one takes a moment: five $\kappa$ by three decays by five batches, three methods at each.

# %%
grid = mb.phase_diagram.grid(kappa=(10, 1e5, 5), decay=(0.5, 2.5, 3), batch=(1, 4096, 5), d=200)
table = mb.sweep(grid, "serial", progress=False)
table

# %% [markdown]
# Every row of the table is one tuned method. Read as a map, one block a batch, decay growing to the right:

# %%
diagram, words = mb.phase_diagram.read(table), list(mb.phase_diagram.REGIMES)
for B, at_batch in zip(diagram.batch, np.moveaxis(diagram.regime, -1, 0), strict=True):
    print(f"B = {B:.0f}")
    for kappa, row in zip(diagram.kappa, at_batch, strict=True):
        print(f"   kappa {kappa:7.0f}   " + " ".join(f"{words[k]:<8}" for k in row))

# %% [markdown]
# At small batch the plane is SGD's to the left and ASGD's to the right; heavy ball's window is between them and does not last:
# it is open at 64, and closed at 1, 8 and 512. At 4096 nothing is left to buy. Far to the right ASGD makes many times as much
# of a sample as heavy ball; on the left the two nearly coincide.

# %%
shares = [np.bincount(at_batch.ravel(), minlength=4) / at_batch.size for at_batch in np.moveaxis(diagram.regime, -1, 0)]
speed, spent = (np.array([share[words.index(word)] for share in shares]) for word in ("speed", "spent"))
gain = diagram.advantage("asgd", "heavy_ball")
assert [bool(v > 0) for v in speed] == [False, False, True, False, False]
assert spent[-1] == 1 and np.all(np.diff(spent) >= 0)
assert gain[-1].max() > 20 and gain[0].max() < 1.2 and np.all(gain > 1 - 1e-6)

# %% [markdown]
# The map at full size, 25 by 24 by 17 points, is one command. It uses every core, keeps what it has in a folder, and when it is
# stopped it goes on from there; `mb.sweep` takes the same grid to a cluster (see the README).
#
# ```console
# python -m mombook phase-diagram --folder phase-diagram
# ```
#
# `mb.phase_diagram.read("phase-diagram")` then gives the arrays that we have looked at here.

# %% [markdown]
# ## Beside the family: more buffers
#
# The engine does not stop at one buffer. AggMo averages K heavy balls, AdEMAMix (here without Adam's preconditioner) adds
# a slow average to a fast one:
#
# $$ m_k' = \beta_k m_k + g, \qquad w' = w - \delta\,g - \sum_k \eta_k m_k' . \tag{buffers} $$
#
# The modes still meet in one scalar, so their rate is exact as well; with one buffer it is the rate we know.

# %%
m = found["asgd"].methods[1]
np.testing.assert_allclose(mb.buffers.contraction_gap(H, m, 4), mb.contraction_gap(H, m, 4), rtol=1e-10)
np.testing.assert_allclose(mb.buffers.risk_curve(H, m, 4, 50), mb.risk_curve(H, m, 4, 50), rtol=1e-11)

# %% [markdown]
# Do they beat a tuned ASGD? AggMo with memories $1-a^k$, $k=0,1,2$, has two dials (its authors' exponential form), AdEMAMix
# four, two free buffers with a short step five. Nelder-Mead tunes each for its batch.

# %%
def aggmo(z):
    return mb.Buffers.aggmo(np.exp(z[0]), 1 - np.exp(z[1]) ** np.arange(3))


def ademamix(z):
    return mb.Buffers.ademamix(np.exp(z[0]), 1 - np.exp(z[1]), 1 - np.exp(z[2]), np.exp(z[3]))


def two_buffers(z):
    return mb.Buffers(np.exp(z[0]), np.exp(z[1:3]), 1 - np.exp(z[3:]))


# %%
print("gap over the gap of tuned ASGD")
for B1 in (1, 16, 128):
    best = mb.tune(H, "asgd", B1)
    m, gains = best.method, {}
    d0, e0, t0 = np.log(m.delta), np.log(m.eta), np.log(1 - m.beta)
    starts = {aggmo: [-1.2, -2.3], ademamix: [d0, -0.05, t0, e0 - d0 - t0], two_buffers: [d0, e0, e0 - 3.4, t0, t0 + 2]}
    for make, start in starts.items():
        gains[make.__name__] = mb.buffers.tune(H, make, start, B1).gap / best.gap
    print(f"B = {B1:<4}", {k: round(float(v), 3) for k, v in gains.items()})
    assert 0.999 < gains["ademamix"] < 1.1 and 0.999 < gains["two_buffers"] < 1.15

# %% [markdown]
# AdEMAMix contains this family up to the fast memory (at $\beta_1=0$ it *is* ASGD) and gains about a percent in the rate; two
# free buffers gain a few percent. A second memory is no second acceleration. AggMo, with two dials only, matches tuned ASGD
# at batch 16 and loses about a quarter at the other two.
#
# ## Schedules: DANA
#
# DANA (Ferbach et al., *Dimension-adapted Momentum Outscales SGD*) lets the memory grow with time,
# $\beta_t=1-\Delta/(\Delta+t)$, and keeps the momentum step small (constant, of order $B/d$ of the short step) or lets it
# decay:
#
# $$ \delta_t = \gamma_2, \quad \eta_t = \gamma_3\,(1+t)^{-p}, \quad \beta_t = 1 - \frac{\Delta}{\Delta + t}, \qquad p = 1/a .
#    \tag{dana-decaying} $$
#
# (The schedules follow the authors' public code; $\Delta=8$.) A schedule has no rate, so the question is the finite one: steps
# to reach a target, on exact curves. ASGD and SGD are tuned anew for every target, DANA is not tuned again.

# %%
small = mb.Spectrum.power_law(100, 1.5).compressed(2)
lr, first = 0.4 / small.trace, small.trace / 2
schedules = {"DANA-constant": mb.buffers.dana_constant(lr, 5 * lr / 100),
             "DANA-decaying": mb.buffers.dana_decaying(lr, 4 * lr, 1 / 1.5)}
targets = first * np.array([0.1, 0.03, 0.01, 0.003])
table = {name: [mb.buffers.steps_to(small, s, 1, v) for v in targets] for name, s in schedules.items()}

# %%
for name in ("sgd", "asgd"):
    table[name + ", tuned each"] = [mb.tune_steps(small, name, 1, v)[1] for v in targets]
once = mb.tune_steps(small, "asgd", 1, targets[-1])[0].method
table["asgd, tuned for last"] = [mb.steps_to(small, once, 1, v) for v in targets]
print("risk to reach, of the start  " + "".join(f"{v:>9.3f}" for v in targets / first))
for name, steps in table.items():
    print(f"{name:<29}" + "".join(f"{s:9.0f}" for s in steps))

# %%
steps = {name: np.array(row) for name, row in table.items()}
assert np.all(steps["DANA-decaying"][1:] < steps["sgd, tuned each"][1:])
assert np.all(steps["DANA-decaying"] > steps["asgd, tuned each"])
print("DANA-decaying over ASGD tuned each:", np.round(steps["DANA-decaying"] / steps["asgd, tuned each"], 2))
print("SGD tuned each over DANA-decaying: ", np.round(steps["sgd, tuned each"] / steps["DANA-decaying"], 2))

# %% [markdown]
# One schedule serves every horizon and stays within a small factor of an ASGD that was told the target in advance; it needs no
# knowledge of when training stops, which is what a schedule is for. It does not beat the family tuned for the horizon.
#
# ## A hundred million steps
#
# What becomes of all this at the size of the internet: $d=10^9$ directions, $T=10^8$ steps? A run that long never learns the
# small eigenvalues, so $\mu$ and $\kappa$ mean nothing to it; what counts is the power of t by which the risk falls. We start
# from $E e_i^2=1$ everywhere. A direction of small $\lambda$ is learned like $e^{-2h\lambda t}$, with
# $h=\delta+\eta/(1-\beta)$ the [long-run step], and for $\lambda_i=i^{-a}$, $a>1$, the sum over all of them is a Gamma
# function:
#
# $$ R_t \simeq \frac1{1-K}\,\frac12\int i^{-a} e^{-2ht\,i^{-a}}\,di
#    = \frac{\Gamma(1-1/a)}{2a\,(1-K)}\,(2ht)^{-(1-1/a)} . \tag{settled} $$
#
# K counts the noise that past noise makes, as in (secular) at $u=0$. We expect the law to give SGD's exact risk to a percent,
# constant and all.
#
# [long-run step]: ../NOTATION.md#long-run-step "how far a constant unit gradient moves w per step in the long run"

# %%
far = mb.Spectrum.power_law(10**9, 1.5)
method, decades = mb.Method.sgd(0.2), 10 ** np.arange(4, 9)
law, risk = mb.settled_risk(far, 1.5, method, 8, decades), mb.risk_at(far, method, 8, decades)
print(f"{len(far)} entries stand for {far.dim:.0f}; the law over the exact risk: {np.round(law / risk, 2)}")
np.testing.assert_allclose(law, risk, rtol=0.02)

# %% [markdown]
# It does, over four decades. Nothing in it knows of momentum except h: **a method left running long past its memory buys a
# factor, never an exponent.** To get more, the memory must grow with the horizon. Take a horizon T, and the best method for
# the directions it can learn, those above some level $\mu$. By (linear-window) $\ell_1^{2-1/a}\sim\mu$ and
# $\mathrm{gap}\sim B\mu/\ell^{1-1/a}=B\mu^{a/(2a-1)}$; the horizon reaches $\mathrm{gap}\cdot T\sim1$, which says how far down
# $\mu$ is, and the rest of the trace, $\mu^{1-1/a}$, is what remains:
#
# $$ R_T \;\sim\; (BT)^{-(2-1/a)(1-1/a)} . \tag{horizon-exponent} $$
#
# This is a conjecture: unlike (growth) it takes the rate of a cut spectrum for the risk of the whole. For $a=1.5$ it says 4/9
# in place of 1/3. In the panel each method is tuned for the least risk after T steps (by a quick estimate of it). Watch the
# last decade of ASGD's curve, and the open triangles under it: where it would be, had it been tuned for that step.

# %%
horizon = explore.far_horizon()
horizon

# %% [markdown]
# For most of the run ASGD is level with SGD, then it falls through the floor of the power law: its memory was chosen so that
# the gain is there at the end. The triangles lie on the steeper line on the right. Drag **d** down to 1000 and the curves leave
# the law at the crosses, where the smallest eigenvalue is learned; drag **B** up and heavy ball joins in. The exponents at
# batch 1, from seven horizons, with the interval of (ruler):

# %%
merged, horizons = mb.Spectrum.power_law(10**9, 1.5, binned=1, ends="top"), 10 ** np.arange(2, 9)
fits, memory = {}, {}
for name in ("sgd", "heavy_ball", "asgd"):
    tuned, ends = zip(*(mb.tune_risk(merged, name, 1, T) for T in horizons.tolist()), strict=True)
    fits[name], memory[name] = mb.fit_exponent(horizons, ends), horizons * [1 - each.method.beta for each in tuned]
    print(f"{name:<11} exponent {fits[name].value:6.3f}, {fits[name].low:.2f} to {fits[name].high:.2f}")
assert fits["asgd"].holds(-4 / 9) and not fits["asgd"].holds(-1 / 3) and abs(fits["asgd"].value + 4 / 9) < 0.01
assert all(abs(fits[name].value + 1 / 3) < 0.005 for name in ("sgd", "heavy_ball"))

# %% [markdown]
# SGD and heavy ball stay at 1/3, ASGD falls by 4/9. For $a=2$ the conjecture says 3/4, and the local exponents come near it
# from below, decade by decade:

# %%
merged = mb.Spectrum.power_law(10**9, 2.0, binned=1, ends="top")
ends = [mb.tune_risk(merged, "asgd", 1, T)[1] for T in horizons.tolist()]
local = np.diff(np.log(ends)) / np.log(10)
print("a = 2, local exponents from 10^2 to 10^8 steps:", np.round(local, 2))
assert np.all(local > -0.75) and local[-1] < -0.73

# %% [markdown]
# The evidence is numerical, the proof is open. The memory that does it is a fixed share of the horizon, nearly: from
# $10^2$ steps to $10^8$ the product $(1-\beta)T$ grows from 3 to 7. DANA's $1-\beta_t=\Delta/(\Delta+t)$ is that rule with the
# time at hand in place of T.

# %%
print("(1 - beta) T of the tuned ASGD, from the shortest horizon to the longest:", np.round(memory["asgd"]).astype(int))
assert 2.5 < min(memory["asgd"]) < 3.5 and 6.5 < max(memory["asgd"]) < 7.5

# %% [markdown]
# Heavy ball cannot follow: without a short step of its own, all its noise grows with its long-run step, so at batch 1 it may
# not step further than SGD, whatever its memory.
#
# ## What we learned
#
# - Nesterov, QHM, MaSS, AccSGD and Jain's ASGD are one update; only $(\delta,\eta,\beta)$ differ.
# - T5 bounds the gap of every member of the family, T7 names a member that comes near it. The two differ by less than 30 on
#   every spectrum and at every batch.
# - For $\lambda_i=i^{-a}$, $a<1$, ASGD and heavy ball overlap: within a few percent as measured, within a constant as proved.
#   For $a>1$ ASGD's compute efficiency at batch 1 is ahead by $d^{a(a-1)/(2a-1)}$: proved.
# - The advantage is traded for steps in a regime where the gap grows like $B^{a/(2a-1)}$, between linear and $\sqrt B$:
#   proved, up to constants.
# - Nesterov is nearly the best of the family at one middling batch, and not elsewhere.
# - More buffers gain percents, a schedule gains independence of the horizon.
# - On $i^{-a}$, $a>1$, a method left running falls like $t^{-(1-1/a)}$ whatever its momentum; ASGD tuned anew for every
#   horizon, its memory a fixed share of it, falls like $T^{-(2-1/a)(1-1/a)}$: measured, and a conjecture.
# - Open are the best constants, the horizon law, and an [upper bound] on sampled rows that matches T7.
#
# The constants in the bounds are ours; the paper's abstract states the scalings.
#
# ## Exercises
#
# 1. (six) knows nothing but $B$ and $d$. Is 6 the best constant? Look for the spectrum whose tuned $\mathrm{gap}\cdot d/B$ is
#    largest.
#
#    <details><summary>Solution</summary>
#
#    Probably not. On a flat spectrum the tuned method is SGD with learning rate $B/(d+B+1)$, and that is also its gap, so
#    $\mathrm{gap}\cdot d/B<1$. At $d=20$ and batch 1 no spectrum of two levels comes as far, for $\kappa$ from 1.5 to 1000 and
#    one, ten or nineteen eigenvalues on top. That the constant is 1 is a conjecture.
#
#    </details>
#
# 2. Find the decay at which ASGD and heavy ball lie exactly 5 % apart for $d=1000$. Does it move with d?
#
#    <details><summary>Solution</summary>
#
#    At decay 0.627 for $d=1000$. It moves, but slowly and less and less: 0.680 at $d=100$, 0.608 at $d=10\,000$. It
#    stays below 1, where the distance would grow with $d$ without end.
#
#    </details>
#
# 3. For `Spectrum.two_level` the effective dimension hardly moves. Measure the exponent of the traded regime there.
#
#    <details><summary>Solution</summary>
#
#    There is none to measure: the exponent falls from 1 to 0 without a plateau. With half of 200 eigenvalues at the
#    top and $\kappa=10^6$ it lies between 0.6 and 0.4 only while the batch grows by a factor of about two. For the
#    power law of this notebook it stays within 0.1 of 0.75 over a factor of about thirty.
#
#    T5 says why. With $n$ eigenvalues at the top, $N\approx n$ at every level in between, and the two brackets cross
#    at $B=4n$; but the deterministic cap is reached at $B\approx n$ already. A traded regime needs an effective
#    dimension that *moves* between the two ends, as on a power law.
#
#    </details>
#
# The numbers in the solutions, computed:
#
# [upper bound]: ../NOTATION.md#upper-bound "no method of the class has a larger contraction gap"

# %% tags=["solution"] jupyter={"source_hidden": true}
flat = mb.tune(mb.Spectrum.flat(20), "asgd", 1).gap
np.testing.assert_allclose(flat, 1 / 22, rtol=1e-6)
others = [mb.Spectrum.two_level(20, kappa, top) for kappa in (1.5, 3, 10, 1000) for top in (1, 10, 19)]
assert all(mb.tune(other, "asgd", 1).gap < flat for other in others)
for dim, a in ((100, 0.680), (1000, 0.627), (10_000, 0.608)):
    either = [mb.overlap(mb.Spectrum.power_law(dim, a + e).compressed(2))[0] for e in (-0.003, 0.003)]
    assert either[0] < np.log(1.05) < either[1]
batch = np.geomspace(1, 1e6, 121)
for mid, S, low, high in ((0.5, mb.Spectrum.two_level(200, 1e6, 100), 2, 2.5), (0.75, large, 28, 36)):
    slope = np.gradient(np.log(mb.frontier(S, ["asgd"], batch)["asgd"].gap), np.log(batch))
    assert low < np.exp(np.ptp(np.log(batch[np.abs(slope - mid) < 0.1]))) < high

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Morwani, Meterez, Nair, Kakade, *Compute Efficiency and Serial Runtime Tradeoffs for Stochastic Momentum Methods*,
#   arXiv 2606.19179 (2026).
# - Liu, Belkin, *Accelerating SGD with momentum for over-parameterized learning* (2020).
# - Jain, Kakade, Kidambi, Netrapalli, Sidford, *Accelerating Stochastic Gradient Descent for Least Squares Regression* (2018).
# - Kidambi, Netrapalli, Jain, Kakade, *On the insufficiency of existing momentum schemes for stochastic optimization* (2018).
# - Ma, Yarats, *Quasi-hyperbolic momentum and Adam for deep learning* (2019).
# - Lucas, Sun, Zemel, Grosse, *Aggregated Momentum: Stability Through Passive Damping* (2019).
# - Pagliardini, Ablin, Grangier, *The AdEMAMix Optimizer: Better, Faster, Older*, arXiv 2409.03137 (2024).
# - Wang, Huang, Li, Wu, *Momentum in Large-Batch Training: Polyak Enlarges the Critical Batch Size, Nesterov Improves Data
#   Efficiency*, arXiv 2609.02728 (2026).
# - Ferbach, Everett, Gidel, Paquette, Paquette, *Dimension-adapted Momentum Outscales SGD*, arXiv 2505.16098 (2025).
