"""Does the theory transfer to networks? Predicted and measured critical batch, momentum and steps, over training.

    python -m benchmarks.networks                     all networks, as Markdown tables (some minutes)
    python -m benchmarks.networks mlp

Needs PyTorch and scikit-learn. A network is trained for some steps. From there the loss is to fall by a given amount.
Predicted: ``mombook.data.network_curvature.measure`` there, then the advice for its spectrum, noise and start. Measured: from
the same weights, the fewest steps after which the mean loss of some runs is there, over a grid of learning rates and momenta,
at every batch. Samples are drawn afresh in both.
"""

import sys

import numpy as np
import torch

import mombook as mb
from mombook.data.network_curvature import measure

BATCHES = (8, 32, 128, 512)
MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95)
RATES = 2.0 ** np.arange(-2, 4)
"""Long-run steps of the grid, in units of that of the advised SGD at the same batch."""
SEEDS, LONGEST, CHECKS, SAMPLES = 3, 1000, 40, 512


# -- the networks -----------------------------------------------------------------------------------------------------
def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))[:SAMPLES]
    return torch.tensor(X[rows] / 16, dtype=torch.float32), torch.tensor(y[rows])


def mlp():
    """32 tanh units on the digits."""
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))
    return net, torch.nn.functional.cross_entropy, *digits(), 0.1


class Conv(torch.nn.Module):
    """A convolution of 3 x 3 as a linear map of patches: many copies of it run faster so than by ``torch.nn.Conv2d``."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.stride, self.map = stride, torch.nn.Linear(9 * before, after)

    def forward(self, x):                                               # (n, channels, height, width)
        patches = x.unfold(2, 3, self.stride).unfold(3, 3, self.stride).permute(0, 2, 3, 1, 4, 5)
        return self.map(patches.flatten(3)).permute(0, 3, 1, 2)


def conv():
    """Two convolutions on the digits as pictures of 8 x 8."""
    nn = torch.nn
    net = nn.Sequential(Conv(1, 6, 1), nn.Tanh(), Conv(6, 8, 2), nn.Tanh(), nn.Flatten(), nn.Linear(32, 10))
    X, y = digits()
    return net, nn.functional.cross_entropy, X.reshape(-1, 1, 8, 8), y, 0.1


class Transformer(torch.nn.Module):
    """One block of attention, one head, over 12 characters; the next one is to be guessed."""

    def __init__(self, characters, width=16, length=12):
        super().__init__()
        self.letters = torch.nn.Embedding(characters, width)
        self.places = torch.nn.Parameter(0.1 * torch.randn(length, width))
        self.query, self.key, self.value, self.out = (torch.nn.Linear(width, width, bias=False) for _ in range(4))
        self.up, self.down = torch.nn.Linear(width, 32), torch.nn.Linear(32, width)
        self.read = torch.nn.Linear(width, characters)

    def forward(self, x):
        h = self.letters(x) + self.places
        a = torch.softmax(self.query(h) @ self.key(h).transpose(-1, -2) / 4, dim=-1) @ self.value(h)
        h = h + self.out(a)
        h = h + self.down(torch.tanh(self.up(h)))
        return self.read(h[..., -1, :])


def transformer():
    """Characters of the description of the breast cancer data, which comes with scikit-learn."""
    from sklearn.datasets import load_breast_cancer

    text = "".join(c for c in load_breast_cancer().DESCR.lower() if c.isalpha() or c in " .\n")
    letters = sorted(set(text))
    code = torch.tensor([letters.index(c) for c in text])
    at = np.random.default_rng(0).permutation(len(code) - 12)[:SAMPLES]
    X = torch.stack([code[i:i + 12] for i in at])
    return Transformer(len(letters)), torch.nn.functional.cross_entropy, X, torch.stack([code[i + 12] for i in at]), 0.1


NETWORKS = {"mlp": (mlp, (0, 64, 640)), "conv": (conv, (64, 640)), "transformer": (transformer, (64,))}
"""Name -> (function that makes it, its loss, its data and its learning rate; after how many steps it is looked at)."""


# -- what is measured by training -------------------------------------------------------------------------------------
def taken(net, loss, X, y, methods, batch, steps, goal):
    """The steps in which the mean loss of the runs of each method first is at the goal, from the weights of the net."""
    k, rng = len(methods), torch.Generator().manual_seed(batch)
    w = {name: p.detach().expand(k * SEEDS, *p.shape).clone() for name, p in net.named_parameters()}
    m = {name: torch.zeros_like(p) for name, p in w.items()}
    each = lambda values: torch.tensor(np.repeat(list(values), SEEDS), dtype=torch.float32)  # noqa: E731
    eta, beta = each(v.delta + v.eta for v in methods), each(v.beta for v in methods)       # (SGD or heavy ball)
    of = lambda weights, x, labels: loss(torch.func.functional_call(net, weights, (x,)), labels)  # noqa: E731
    slopes = torch.func.vmap(torch.func.grad(of))
    whole = torch.func.vmap(of, in_dims=(0, None, None), chunk_size=20)
    marks = set(np.unique(np.round(np.geomspace(1, steps, CHECKS)).astype(int)).tolist())
    first = np.full(k, np.inf)
    for t in range(1, steps + 1):
        rows = torch.randint(len(X), (SEEDS, batch), generator=rng).repeat(k, 1)
        g = slopes(w, X[rows], y[rows])
        for name in w:
            shape = (-1, *[1] * (w[name].ndim - 1))
            m[name] = beta.reshape(shape) * m[name] + g[name]
            w[name] = w[name] - eta.reshape(shape) * m[name]
        if t in marks:
            with torch.no_grad():
                mean = whole(w, X, y).reshape(k, SEEDS).mean(1).nan_to_num(np.inf).numpy()
            first[(mean <= goal) & np.isinf(first)] = t
            if np.isfinite(first).sum() and t > 2.5 * first.min():
                break
    return first


def judged(name):
    """The lines of one network."""
    make, moments = NETWORKS[name]
    torch.manual_seed(0)
    net, loss, X, y, lr = make()
    optimizer, done, rng = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9), 0, np.random.default_rng(0)
    for moment in moments:
        for _ in range(moment - done):
            rows = torch.tensor(rng.integers(len(X), size=32))
            optimizer.zero_grad()
            loss(net(X[rows]), y[rows]).backward()
            optimizer.step()
        done = moment
        found = measure(net, loss, X, y, np.random.default_rng(1))
        drop = min(0.3 * found.loss, 0.5 * found.excess)
        advice = mb.advise(found.inputs, 1 - drop / found.excess, found.noise, start=found.start, batches=BATCHES, loss="half",
                           families=["sgd", "heavy_ball"])
        there = {}
        for i, B in enumerate(BATCHES):
            step = advice.methods["sgd"][i].long_run_step
            grid = [mb.Method.heavy_ball(float(step * r * (1 - b)), b) for b in MOMENTA for r in RATES]
            advised = [mb.Method.heavy_ball(advice.methods["sgd"][i].long_run_step, 0.0), advice.methods["heavy_ball"][i]]
            steps = taken(net, loss, X, y, grid + advised, B, LONGEST, found.loss - drop)
            there[B] = steps[:-2].reshape(len(MOMENTA), len(RATES)).min(axis=1), steps[-2:]
        yield found, drop, advice, there


def critical(steps):
    """The batch at which the samples have doubled from the first of ``BATCHES``, log-linear; inf where they have not."""
    samples = np.log(np.array(BATCHES) * steps)
    return float(np.exp(np.interp(samples[0] + np.log(2), samples, np.log(BATCHES)))) if samples[-1] > samples[0] + np.log(2) \
        else np.inf


def main(names):
    """Print the tables."""
    for name in names or NETWORKS:
        for (found, drop, advice, there), moment in zip(judged(name), NETWORKS[name][1], strict=True):
            H, best = found.inputs.spectrum, np.array([there[B][0] for B in BATCHES])
            print(f"\n## {name}, after {moment} steps\n\nloss {found.loss:.3f}, to fall by {drop:.3f}; R {found.excess:.3f}, "
                  f"largest eigenvalue {H.largest:.3g}, trace {H.trace:.3g}, tau {found.inputs.factor:.2f}, "
                  f"sigma {found.noise:.2f}, simple noise scale {found.simple_noise_scale:.3g}\n")
            print("| batch | SGD: advised steps, its run | grid | heavy ball: advised steps, its run | grid | best momentum: "
                  "advised | measured |\n|---|---|---|---|---|---|---|")
            for i, B in enumerate(BATCHES):
                own = there[B][1]
                print(f"| {B} | {np.ceil(advice.steps['sgd'][i]):.0f}, {own[0]:.0f} | {best[i, 0]:.0f} | "
                      f"{np.ceil(advice.steps['heavy_ball'][i]):.0f}, {own[1]:.0f} | {best[i].min():.0f} | "
                      f"{advice.methods['heavy_ball'][i].beta:.2f} | {MOMENTA[int(np.argmin(best[i]))]:g} |", flush=True)
            sgd, heavy = (critical(np.ceil(advice.steps[f])) for f in ("sgd", "heavy_ball"))
            print(f"\nCritical batch: SGD predicted {sgd:.0f}, measured {critical(best[:, 0]):.0f}; heavy ball predicted "
                  f"{heavy:.0f}, measured {critical(best.min(axis=1)):.0f}.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
