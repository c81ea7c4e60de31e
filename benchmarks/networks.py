"""Does the theory transfer to networks? Predicted and measured critical batch, momentum and steps, over training.

    python -m benchmarks.networks                     all networks, as Markdown tables (half an hour)
    python -m benchmarks.networks mlp
    python -m benchmarks.networks causes mlp          the same steps for the models that lead from theory to the network

Needs PyTorch and scikit-learn. A network is trained for some steps. From there the loss is to fall by a given amount.
Predicted: ``mombook.data.network_curvature.measure`` there, then the advice for its spectrum, noise and start. Measured: from
the same weights, the fewest steps after which the mean loss of some runs is there, over a grid of learning rates and momenta,
at every batch. Samples are drawn afresh in both.
"""

import sys
from itertools import islice

import numpy as np
import scipy
import torch

import mombook as mb
from mombook.data.estimate import lanczos
from mombook.data.network_curvature import GaussNewton, measure

BATCHES = (8, 32, 128, 512)
MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95)
RATES = 2.0 ** np.arange(-1, 5)
"""Long-run steps of the grid, in units of that of the advised SGD at the same batch."""
LONGEST, CHECKS, SAMPLES = 1500, 60, 512


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
    """One block of attention, one head, over 8 characters, then 24 tanh units; the next character is to be guessed."""

    def __init__(self, characters, width=16, length=8, units=24):
        super().__init__()
        self.letters = torch.nn.Embedding(characters, width)
        self.places = torch.nn.Parameter(0.1 * torch.randn(length, width))
        self.query, self.key, self.value = (torch.nn.Linear(width, width, bias=False) for _ in range(3))
        self.up, self.down = torch.nn.Linear(width, units), torch.nn.Linear(units, width)
        self.read = torch.nn.Linear(width, characters)

    def forward(self, x):                                               # (n, length); only the last place is read, and asks
        h = self.letters(x) + self.places
        last = h[..., -1, :]
        match = (self.key(h) * self.query(last)[..., None, :]).sum(-1) / 4
        h = last + (torch.softmax(match, dim=-1)[..., None] * self.value(h)).sum(-2)
        return self.read(h + self.down(torch.tanh(self.up(h))))


def transformer():
    """Characters of the description of the breast cancer data, which comes with scikit-learn."""
    from sklearn.datasets import load_breast_cancer

    text = "".join(c for c in load_breast_cancer().DESCR.lower() if c.isalpha() or c in " .\n")
    letters = sorted(set(text))
    code = torch.tensor([letters.index(c) for c in text])
    at = np.random.default_rng(0).permutation(len(code) - 8)[:SAMPLES]
    X = torch.stack([code[i:i + 8] for i in at])
    return Transformer(len(letters)), torch.nn.functional.cross_entropy, X, torch.stack([code[i + 8] for i in at]), 0.03


NETWORKS = {"mlp": (mlp, (0, 64, 640), 8), "conv": (conv, (64, 640), 3), "transformer": (transformer, (64, 640, 2560), 3)}
"""Name -> (function that makes it, its loss, its data and its learning rate; after how many steps it is looked at; runs of each
method)."""


# -- what is measured by training -------------------------------------------------------------------------------------
def models(net, loss):
    """Name -> the loss as a function of weights, inputs and labels: of the network, of the network made linear at its present
    weights, and of the quadratic (network-curvature), sample by sample."""
    fixed = {name: p.detach() for name, p in net.named_parameters()}
    outputs = lambda weights, x: torch.func.functional_call(net, weights, (x,))  # noqa: E731

    def moved(weights, x):
        by = {name: weights[name] - fixed[name] for name in fixed}
        return torch.func.jvp(lambda w: outputs(w, x), (fixed,), (by,))

    def quadratic(weights, x, y):
        f, by = moved(weights, x)
        slope, bent = torch.func.jvp(torch.func.grad(lambda f: loss(f, y)), (f,), (by,))
        return loss(f, y) + ((slope + bent / 2) * by).sum()

    return {"quadratic": quadratic, "linear": lambda w, x, y: loss(sum(moved(w, x)), y),
            "network": lambda w, x, y: loss(outputs(w, x), y)}


def taken(net, of, X, y, methods, batch, seeds, goal):
    """The steps, interpolated, in which the mean loss of the runs of each method first is at the goal, from the weights of the
    net; ``of`` is one of ``models``. The first methods are SGD at ``RATES``: what has not got there in two and a half times the
    steps of the best of these, or in ``LONGEST``, gives inf."""
    k, rng = len(methods), torch.Generator().manual_seed(batch)
    w = {name: p.detach().expand(k * seeds, *p.shape).clone() for name, p in net.named_parameters()}
    m = {name: torch.zeros_like(p) for name, p in w.items()}
    each = lambda values: torch.tensor(np.repeat(list(values), seeds), dtype=torch.float32)  # noqa: E731
    eta, beta = each(v.delta + v.eta for v in methods), each(v.beta for v in methods)       # (SGD or heavy ball)
    slopes = torch.func.vmap(torch.func.grad(of))
    whole = torch.func.vmap(of, in_dims=(0, None, None), chunk_size=20)
    marks = set(np.unique(np.round(np.geomspace(1, LONGEST, CHECKS)).astype(int)).tolist())
    first, before, last = np.full(k, np.inf), None, 0
    for t in range(LONGEST + 1):
        if t == 0 or t in marks:
            with torch.no_grad():
                above = whole(w, X, y).reshape(k, seeds).mean(1).nan_to_num(np.inf).numpy() - goal
            there = (above <= 0) & np.isinf(first)
            if t:
                first[there] = t - (t - last) * (above / (above - before))[there]
            before, last = np.minimum(above, 1e9), t
            if t > 2.5 * first[:len(RATES)].min():
                break
        rows = torch.randint(len(X), (seeds, batch), generator=rng).repeat(k, 1)
        g = slopes(w, X[rows], y[rows])
        for name in w:
            shape = (-1, *[1] * (w[name].ndim - 1))
            m[name] = beta.reshape(shape) * m[name] + g[name]
            w[name] = w[name] - eta.reshape(shape) * m[name]
    return first


def at(name):
    """After each of the network's moments: it, its models and data, what is measured there, the goal, and the advice."""
    make, moments, _ = NETWORKS[name]
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
        yield moment, (net, models(net, loss), X, y), found, drop, advice


def compared(problem, seeds, goal, advice, i, model="network"):
    """Fewest steps of each momentum at batch i, and the steps of the two advised methods."""
    (net, of, X, y), step = problem, advice.methods["sgd"][i].long_run_step
    grid = [mb.Method.heavy_ball(float(step * r * (1 - b)), b) for b in MOMENTA for r in RATES]
    advised = [mb.Method.heavy_ball(step, 0.0), advice.methods["heavy_ball"][i]]
    steps = taken(net, of[model], X, y, grid + advised, BATCHES[i], seeds, goal)
    return steps[:-2].reshape(len(MOMENTA), len(RATES)).min(axis=1), steps[-2:]


def critical(steps):
    """The batch at which the samples have doubled from the first of ``BATCHES``, log-linear; inf where they have not."""
    samples = np.log(np.array(BATCHES) * steps)
    return float(np.exp(np.interp(samples[0] + np.log(2), samples, np.log(BATCHES)))) if samples[-1] > samples[0] + np.log(2) \
        else np.inf


def tables(name):
    """Print the tables of one network."""
    for moment, problem, found, drop, advice in at(name):
        H = found.inputs.spectrum
        print(f"\n### {name}, after {moment} steps\n\nloss {found.loss:.3f}, to fall by {drop:.3f}; R {found.excess:.3f}, "
              f"largest eigenvalue {H.largest:.3g}, trace {H.trace:.3g}, tau {found.inputs.factor:.2f}, "
              f"sigma {found.noise:.2f}, simple noise scale {found.simple_noise_scale:.3g}\n")
        print("| batch | SGD: advised steps, its run | grid | heavy ball: advised steps, its run | grid | best momentum: "
              "advised | measured | within a tenth of its steps |\n|---|---|---|---|---|---|---|---|")
        best = []
        for i, B in enumerate(BATCHES):
            grid, own = compared(problem, NETWORKS[name][2], found.loss - drop, advice, i)
            best.append((grid[0], grid.min()))
            near = ", ".join(f"{b:g}" for b, steps in zip(MOMENTA, grid, strict=True) if steps <= 1.1 * grid.min())
            print(f"| {B} | {advice.steps['sgd'][i]:.3g}, {own[0]:.3g} | {grid[0]:.3g} | {advice.steps['heavy_ball'][i]:.3g}, "
                  f"{own[1]:.3g} | {grid.min():.3g} | {advice.methods['heavy_ball'][i].beta:.2f} | "
                  f"{MOMENTA[int(np.argmin(grid))]:g} | {near} |", flush=True)
        sgd, heavy = np.transpose(best)
        print(f"\nCritical batch: SGD predicted {critical(advice.steps['sgd']):.0f}, measured {critical(sgd):.0f}; heavy ball "
              f"predicted {critical(advice.steps['heavy_ball']):.0f}, measured {critical(heavy):.0f}.", flush=True)


def noise_at_goal(problem, loss, found, drop):
    """The trace of the noise where gradient flow on the quadratic is at the goal, and what (network-noise) has there."""
    net, _, X, y = problem
    quadratic, H = GaussNewton(net, loss, X, y), found.inputs.spectrum
    g = quadratic.gradient()
    theta, U, V = lanczos(quadratic.product, g, 60)
    (theta, U), size = (part[..., theta > 1e-6 * H.largest] for part in (theta, U)), np.linalg.norm(g)
    fall = lambda log_t: size**2 * (U[0] ** 2 / theta) @ (1 - np.exp(-2 * theta * np.exp(log_t))) / 2  # noqa: E731
    t = np.exp(scipy.optimize.brentq(lambda log_t: fall(log_t) - drop, -20, 20))
    step = -size * (U[0] * (1 - np.exp(-theta * t)) / theta) @ U.T @ V
    there = g + quadratic.product(step)
    return (np.mean(quadratic.gradient_squares(step)) - there @ there,
            found.inputs.factor * (2 * (found.excess - drop) * H.trace + there @ there) + found.noise**2 * H.trace)


def causes(name):
    """Print the fewest steps by theory, and of the models of one network that lead from it to the network, not at the first of
    its moments."""
    for moment, problem, found, drop, advice in islice(at(name), 1, None):
        print(f"\n### {name}, after {moment} steps\n\n| model | SGD at " + ", ".join(map(str, BATCHES)) + " | heavy ball | "
              "critical batches |\n|---|---|---|---|")
        steps = {"theory": np.transpose([advice.steps["sgd"], advice.steps["heavy_ball"]])}
        for model in problem[1]:
            best = (compared(problem, NETWORKS[name][2], found.loss - drop, advice, i, model)[0] for i in range(len(BATCHES)))
            steps[model] = np.array([(grid[0], grid.min()) for grid in best])
        for model, found_steps in steps.items():
            columns = [", ".join(f"{s:.3g}" for s in column) for column in found_steps.T]
            doubled = ", ".join(f"{critical(column):.0f}" for column in found_steps.T)
            print(f"| {model} | {columns[0]} | {columns[1]} | {doubled} |", flush=True)
        print("\nNoise of one sample: {:.3g}; at the goal {:.3g}, where (network-noise) has {:.3g}.".format(
            found.noise_trace, *noise_at_goal(problem, torch.nn.functional.cross_entropy, found, drop)), flush=True)


def main(names):
    """Print the tables."""
    show, names = (causes, names[1:]) if names[:1] == ["causes"] else (tables, names)
    for name in names or NETWORKS:
        show(name)


if __name__ == "__main__":
    main(sys.argv[1:])
