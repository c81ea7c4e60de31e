"""What advice is: tuned methods and steps over batches, the one that is named, and what one takes home of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .. import arguments, bounds, markup
from ..arrays import Floats
from ..data.fourth_moments import Inputs
from ..exact.row_moments import guaranteed_gap
from ..model.design import Design
from ..model.family import FAMILIES
from ..model.method import Method
from ..prose import given, percent, three, whole
from ..tuning.steps import whole_epochs
from .certainty import TAILS, interval
from .programs import line, script

WITHIN = {"forecast": 2.0, "measured": 1.5}
"""The most samples of a recommendation that is to save steps, over the fewest: of trained methods less than the promised two,
since a search among all methods finds fewer yet."""

HEAD = ("method", "batch", "steps", "samples", "doubling the batch divides steps by", "parameters")
"""The columns of the advice as a table."""


@dataclass(frozen=True)
class Pick:
    """One entry of the advice: a method at a batch.

    Attributes:
        family, batch: what it is for.
        method: the tuned ``Method``, of larger steps where a measurement says so, for gradients of (1/2)(y - x.w)^2.
        steps, samples: to the target in the mean; ``inf``: not reached.
        line: the optimizer as a line of PyTorch, for the loss of the advice.
        certainty: of the steps, ``"computed"``, ``"measured"`` or ``"forecast"``; see ``certainty``.
        interval: low and high, of what is measured, or forecast in shuffled epochs; ``None`` for what is computed, and where
            the benchmark has none.
    """

    family: str
    batch: float
    method: Method
    steps: float
    samples: float
    line: str
    certainty: str = "forecast"
    interval: tuple[float, float] | None = None

    def _repr_html_(self) -> str:
        known = f" ({count(self.interval[0])} to {count(self.interval[1])})" if self.interval else ""
        rows = [("method", FAMILIES[self.family].word), ("batch", self.batch),
                (f"steps, {self.certainty}", count(self.steps) + known), ("samples", count(self.samples)),
                ("PyTorch", self.line)]
        return markup.table("Advice for one batch", (), rows)


@dataclass(frozen=True, eq=False)
class Ladder:
    """Samples to the target that true runs of one family take, batch by batch, until they have doubled; see ``ladders``.

    Attributes:
        batches, samples: shape ``(k,)``.
        twice: twice the samples at the first batch of the advice.
    """

    batches: Floats
    samples: Floats
    twice: float

    @property
    def critical(self) -> float:
        """The batch at which samples have doubled, read off between batches; ``inf`` where they have not by the last one."""
        return _crossing(self.batches, self.samples, self.twice)


@dataclass(frozen=True, eq=False)
class Advice:
    """What ``advise`` found; arrays have one entry for each of ``batches``. Its repr is the advice in plain sentences.

    Attributes:
        inputs: what theory was told of the problem (``fourth_moments.Inputs``).
        batches: batch sizes, shape ``(n,)``.
        target: the share of the initial excess risk that training should reach.
        noise: standard deviation of the label noise.
        methods, steps: family -> tuned ``Method``s, and the steps to the target that theory expects, as ``tuning.steps`` counts
            them (``inf``: not reached). Entries have them in whole epochs, where label noise cancels at the end of one.
        design: the ``Design`` it is for; ``None`` where only a spectrum or ``Inputs`` were given.
        loss: ``"mse"`` or ``"half"``: the loss whose gradient the lines of PyTorch and the optimizer take.
        objective, overhead: what the recommendation is to save, as ``advise``.
        rows: how many rows are shuffled in epochs; ``None`` where every sample is drawn afresh.
        told: sentences about the target and the recommendation.
        checked: what is known of the recommendation, by name; see ``certainty``.
        measured: (family, index into ``batches``) -> the ``Pick`` that was trained on the rows; it takes the place of the
            forecast in entries, table and recommendation, and may have larger steps than ``methods``. See ``finalists``.
        choice: the key of the recommendation in ``measured``, which was trained again after it was chosen; ``None``: none was.
        ladders: family -> the ``Ladder`` of its ``methods``, where critical batches were measured.
    """

    inputs: Inputs
    batches: Floats
    target: float
    noise: float
    methods: dict[str, list[Method]]
    steps: dict[str, Floats]
    design: Design | None = None
    loss: str = "half"
    objective: str = "steps"
    overhead: float = 0.0
    rows: int | None = None
    told: tuple[str, ...] = ()
    checked: dict[str, float] = field(default_factory=dict)
    measured: dict[tuple[str, int], Pick] = field(default_factory=dict)
    choice: tuple[str, int] | None = None
    ladders: dict[str, Ladder] = field(default_factory=dict)

    @property
    def samples(self) -> dict[str, Floats]:
        """Family -> samples to the target, batches times steps."""
        return {f: self.batches * s for f, s in self.steps.items()}

    @property
    def critical(self) -> dict[str, float]:
        """Family -> the batch at which samples to the target have doubled from batch 1, read off between batches: of true runs
        where there is a ladder, else of ``samples``; ``inf`` where they have not by the last one."""
        return {f: self.ladders[f].critical if f in self.ladders else _crossing(self.batches, s, 2 * s[0])
                for f, s in self.samples.items()}

    def doubling(self, family: str, batch: float) -> float:
        """By which factor doubling the batch divides the steps, before these are rounded to whole epochs: 2 where it is free, 1
        where it is wasted.

        Raises:
            ValueError: a family that was not asked for, or a batch whose double is not among ``batches``.
        """
        family, batch = arguments.choice("family", family, tuple(self.steps)), arguments.number("batch", batch)
        here, there = (np.flatnonzero(self.batches == b) for b in (batch, 2 * batch))
        if not here.size or not there.size:
            arguments.refuse("batch", batch, f"one of {self.batches.tolist()} whose double is there too")
        return self._gain(family, int(here[0]), int(there[0]))

    def _gain(self, family, i, j):
        """Steps of an entry over those of another, both measured or both as theory has them."""
        both = (family, i) in self.measured and (family, j) in self.measured
        here, there = (self.measured[family, k].steps if both else self.steps[family][k] for k in (i, j))
        return float(here / there)

    @property
    def fewest(self) -> float:
        """The fewest samples of all that may be recommended, steps counted whole; ``inf``: nothing gets there."""
        return float(min((self.batches * s).min() for s in self.counted.values()))

    @property
    def counted(self) -> dict[str, Floats]:
        """Family -> whole steps of a run that is long enough; where finalists were trained, theirs alone."""
        if not self.measured:
            return {f: np.ceil(self._run(s, self.batches)) for f, s in self.steps.items()}
        counted = {f: np.full(s.shape, np.inf) for f, s in self.steps.items()}
        for (family, i), pick in self.measured.items():
            counted[family][i] = pick.steps
        return counted

    @property
    def best(self) -> tuple[str, int] | None:
        """(family, index into ``batches``) of the recommendation; ``None`` where nothing gets there.

        Of everything that costs at most twice the fewest samples (of what is ``measured``: one and a half times), the one of
        fewest steps (objective ``"steps"``) or of fewest samples (``"samples"``); of everything, the one of least time
        (``"time"``). A method with more parameters must save a tenth. Steps are counted whole, and those of finalists as the
        first runs had them.
        """
        if self.choice in self.measured:
            return self.choice
        most = self.fewest * WITHIN["measured" if self.measured else "forecast"]
        if not np.isfinite(most):
            return None
        least, at = {}, {}
        for family, steps in self.counted.items():
            samples = self.batches * steps
            cost = {"steps": steps, "samples": samples, "time": steps * (self.overhead + self.batches)}[self.objective]
            cost = np.where((samples <= most) | (self.objective == "time"), cost, np.inf)
            at[family] = int(np.argmin(cost))
            least[family] = cost[at[family]]
        family = simplest(least)
        return family, at[family]

    @property
    def pick(self) -> Pick:
        """The recommendation.

        Raises:
            ValueError: no method that was tried gets to the target.
        """
        if self.best is None:
            arguments.refuse("target", self.target, "one that some method reaches, to have a recommendation")
        return self._entry(*self.best)

    def __getitem__(self, which: tuple[str, float]) -> Pick:
        """``advice["asgd", 64]``: the entry of a family at a batch."""
        if not isinstance(which, tuple) or len(which) != 2:
            arguments.refuse("which", which, "a family and a batch, as in advice['asgd', 64]")
        family, batch = arguments.choice("family", which[0], tuple(self.steps)), arguments.number("batch", which[1])
        at = np.flatnonzero(self.batches == batch)
        if not at.size:
            arguments.refuse("batch", batch, f"one of {self.batches.tolist()}")
        return self._entry(family, int(at[0]))

    def _entry(self, family, i):
        if (family, i) in self.measured:
            return self.measured[family, i]
        B, method = float(self.batches[i]), self.methods[family][i]
        steps = float(self._run(self.steps[family][i], B))
        kind = "computed" if self._is_computed(family, i) else "forecast"
        likely = interval(steps, self.inputs.factor) if kind == "forecast" and self.rows is not None else None
        return Pick(family, B, method, steps, B * steps, line(method, self.loss, self.inputs.ridge), kind, likely)

    def _run(self, steps, batch):
        """Steps that theory expects as they are run."""
        return whole_epochs(steps, batch, self.rows if self.noise else None)

    def _is_computed(self, family, i):
        """Whether steps are exact: for Gaussian inputs, or on these rows where samples are drawn afresh."""
        return self.rows is None and (self.design is None or ("share" in self.checked and self.best == (family, i)))

    def _chosen(self, family, batch):
        """The entry of a family and a batch, each by default that of the recommendation."""
        if family is None and batch is None:
            return self.pick
        return self[(self.pick.family if family is None else family), (self.pick.batch if batch is None else batch)]

    # -- to take home -------------------------------------------------------------------------------------------------
    def torch(self, family: str, index: int) -> str:
        """The tuned method at ``batches[index]`` as a line to copy, for the loss of this advice; see ``line``."""
        n = len(self.methods[arguments.choice("family", family, tuple(self.methods))])
        return self._entry(family, arguments.whole("index", index, low=-n, high=n - 1) % n).line

    def optimizer(self, params: Iterable[Any], family: str | None = None, batch: float | None = None) -> Any:
        """The recommendation, or another entry, as ``mombook.torch.Momentum`` for the loss of this advice.

        Args:
            params: as every PyTorch optimizer takes them; family, batch: another entry than the recommendation.

        Raises:
            ImportError: PyTorch is missing. ValueError: an entry that is not there.
        """
        from .. import torch  # only here is PyTorch needed

        method = self._chosen(family, batch).method.for_loss(self.loss)
        return torch.Momentum.of(params, method, self.inputs.ridge * (2 if self.loss == "mse" else 1))

    def transformation(self, family: str | None = None, batch: float | None = None) -> Any:
        """The recommendation, or another entry, as an ``optax.GradientTransformation`` for the loss of this advice.

        Raises:
            ImportError: optax is missing. ValueError: an entry that is not there.
        """
        from .. import optax  # only here is optax needed

        return optax.of(self._chosen(family, batch).method.for_loss(self.loss),
                        self.inputs.ridge * (2 if self.loss == "mse" else 1))

    def training_loop(self, family: str | None = None, batch: float | None = None) -> str:
        """A script that trains with the recommendation, or another entry, in PyTorch; to be printed, saved or executed.

        Where the advice was given for an array, X and y must be there.

        Raises:
            ValueError: advice for something else than rows with labels, or an entry that is not there.
        """
        if self.design is None or self.design.labels is None:
            arguments.refuse("source", self.inputs.spectrum, "rows with labels, to have something to train on")
        pick = self._chosen(family, batch)
        if not np.isfinite(pick.steps):
            arguments.refuse("batch", pick.batch, "one at which the target is reached")
        return script(FAMILIES[pick.family].word, round(pick.batch), max(int(np.ceil(pick.steps)), 1), self.design.recipe,
                      pick.line, self.loss)

    def plot(self, path: str | PathLike[str] | None = None, *, dark: bool = False) -> Any:
        """Steps and samples to the target over the batch, as a plotly figure, which needs plotly and no Jupyter.

        Args:
            path: where to write it too, as ``.html``: one file that any browser shows, without a network.
            dark: for a dark page.

        Returns:
            ``plotly.graph_objects.Figure``: a notebook shows it; elsewhere ``.show()`` opens a browser.

        Raises:
            ImportError: plotly is missing. ValueError: a path that does not end in ``.html``.
        """
        dark = arguments.flag("dark", dark)
        if path is not None and (not isinstance(path, (str, PathLike)) or not str(path).endswith(".html")):
            arguments.refuse("path", path, "a path that ends in .html")
        from ..panels import results  # the look of the figures is the panels'

        try:
            figure = results.advice_figure(self, dark)
        except ImportError as missing:
            raise ImportError("plot needs plotly, which is missing: pip install plotly.") from missing
        if path is not None:
            figure.write_html(path, include_plotlyjs=True, config={"displaylogo": False})
        return figure

    def to_dict(self) -> dict[str, Any]:
        """The advice as plain numbers, lists and texts, as JSON takes them."""
        number = lambda v: float(v) if np.isfinite(v) else None  # noqa: E731
        entries = [{"family": p.family, "batch": p.batch, "steps": number(p.steps), "samples": number(p.samples),
                    "delta": p.method.delta, "eta": p.method.eta, "beta": p.method.beta, "torch": p.line,
                    "certainty": p.certainty, "low": number(p.interval[0]) if p.interval else None,
                    "high": number(p.interval[1]) if p.interval else None}
                   for p in (self._entry(f, i) for f in self.steps for i in range(self.batches.size))]
        best = None if self.best is None else {"family": self.pick.family, "batch": self.pick.batch}
        return {"name": self.inputs.spectrum.name, "target": self.target, "noise": self.noise,
                "noise_factor": self.inputs.factor, "ridge": self.inputs.ridge, "rows_in_an_epoch": self.rows,
                "loss": self.loss, "objective": self.objective,
                "recommendation": best, "checked": {k: number(v) for k, v in self.checked.items()},
                "certainty": self.certainty, "guaranteed": self.guaranteed,
                "critical": {f: number(c) for f, c in self.critical.items()}, "critical_measured": list(self.ladders),
                "entries": entries,
                "sentences": self.sentences()}

    def save(self, path: str | PathLike[str]) -> None:
        """Write ``to_dict`` as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def to_frame(self) -> Any:
        """Every family and batch as a pandas frame, which needs pandas."""
        try:
            import pandas
        except ImportError as missing:
            raise ImportError("to_frame needs pandas, which is missing: pip install pandas.") from missing
        return pandas.DataFrame(self.to_dict()["entries"])

    @property
    def certainty(self) -> dict[str, str]:
        """What kind of number each is: name -> ``"guaranteed"``, ``"computed"``, ``"measured"`` or ``"forecast"``.

        Guaranteed are the numbers of ``guaranteed``. Computed is what follows from the rows, or from the given law, without a
        model of them. Measured are the steps of ``measured`` entries, by true runs. A forecast replaces the fourth moments of
        the rows by one factor, the labels to come by their law, or shuffled epochs by draws whose label noise cancels to first
        order. A critical batch is measured where there is a ladder of true runs.
        """
        exact = self.design is None and self.rows is None
        kinds = {"spectrum": True, "noise": True, "noise factor": True, "steps": exact}
        return {**{name: "computed" if yes else "forecast" for name, yes in kinds.items()},
                **{f"critical batch of {FAMILIES[f].word}": self._critical_kind(f) for f in self.steps},
                "steps of the recommendation": "forecast" if self.best is None else self.pick.certainty,
                **dict.fromkeys(self.guaranteed, "guaranteed")}

    def _critical_kind(self, family):
        if family in self.ladders:
            return "measured"
        return "computed" if self.design is None and self.rows is None else "forecast"

    @property
    def guaranteed(self) -> dict[str, float]:
        """What a theorem promises, where the problem meets its assumptions: name -> number; empty where none does.

        For Gaussian inputs without ridge: the contraction gap that no method of the family exceeds at the recommended batch,
        (T5). For rows drawn with replacement: a gap that the recommendation has at least, whatever the labels; their noise
        adds a floor (``exact.row_moments.guaranteed_gap``).
        """
        if self.best is None or self.rows is not None:
            return {}
        pick, found = self.pick, {}
        if self.design is not None:
            if pick.batch == round(pick.batch):
                gap = guaranteed_gap(self.design.system, pick.method, round(pick.batch), "replacement", self.inputs.ridge)
                found = {"contraction gap of the recommendation, at least": gap} if gap > 0 else {}
        elif self.inputs.factor == 1 and not self.inputs.ridge:
            most = bounds.two_buffer_gap(self.inputs.spectrum, pick.batch)
            found = {"contraction gap of any method at this batch, at most": float(most.value)} if most.holds else {}
        return found

    # -- in words -----------------------------------------------------------------------------------------------------
    def table(self) -> str:
        """The advice as a Markdown table: every family at a few batches."""
        rows = (HEAD, *([*cells, f"`{torch}`"] for *cells, torch in self._rows()))
        head, *lines = ("| " + " | ".join(cells) + " |" for cells in rows)
        return "\n".join([head, "|" + "---|" * len(HEAD), *lines])

    def _rows(self):
        """The cells of the advice as a table, under ``HEAD``."""
        for f, steps in self.steps.items():
            for i in _few(self.batches.size):
                gain = three(self._gain(f, i, i + 1)) if i + 1 < steps.size and np.isfinite(steps[i]) else ""
                entry = self._entry(f, int(i))
                yield [FAMILIES[f].word, given(entry.batch), count(entry.steps), count(entry.samples), gain, entry.line]

    def _repr_html_(self) -> str:
        return markup.table("Steps and samples to the target", HEAD, self._rows(), lead=self.sentences())

    def sentences(self) -> list[str]:
        """The advice, a list of sentences; what loading decided about the design comes first."""
        said = [] if self.design is None else list(self.design.notes)
        said += [*self._problem(), *self.told]
        goal = f"To bring the excess risk to {percent(self.target)} of its start"
        goal += f" under label noise {three(self.noise)}" if self.noise else ""
        if self.best is None:
            return [*said, f"{goal}: no method tried gets there; larger batches, less noise, a milder target, or clipped "
                           "or whitened rows would help."]
        family, pick = self.best[0], self.pick
        epochs = f", {three(pick.samples / self.rows)} epochs" if self.rows else ""
        said.append(f"{goal}, take {FAMILIES[family].word} at batch {given(pick.batch)}: {count(pick.steps)} steps{epochs}.")
        said.append(self._known())
        if len(self.measured) > 1:
            said.append(f"Of all entries {len(self.measured)} were trained and are measured; the others are forecasts.")
        said.append(f"In PyTorch, with {'MSELoss' if self.loss == 'mse' else 'half of MSELoss'}: {pick.line}.")
        said += self._scaling()
        said.append("Learning rates are for standardised columns and the loss " +
                    ("(y - x.w)^2, averaged over the batch, as MSELoss has it; with a 1/2 before it double them."
                     if self.loss == "mse" else
                     "(1/2)(y - x.w)^2, averaged over the batch; without the 1/2 (PyTorch's MSELoss) halve them."))
        return said

    def _scaling(self):
        """What larger batches save: sentences about the recommendation and about every family."""
        family, i = self.best
        steps = self.steps[family]
        if i + 1 < steps.size and np.isfinite(steps[i + 1]):
            fewer = self._gain(family, i, i + 1)
            saves = f"divide the steps by {three(fewer)}" if fewer > 1 else "save no step"
            times = self.batches[i + 1] / self.batches[i]
            yield f"{'Doubling the batch' if times == 2 else f'A batch {three(times)} times as large'} would {saves}."
        kinds = {f: self._critical_kind(f) for f in self.steps}
        one = len(set(kinds.values())) == 1
        ends = [f"{FAMILIES[f].word} " + (count(c) if np.isfinite(c) else f"above {given(self.batches[-1])}") +
                ("" if one else f" ({kinds[f]})") for f, c in self.critical.items()]
        yield f"Batches at which the samples needed have doubled{f', {kinds[family]}' if one else ''}: {', '.join(ends)}."

    def _problem(self):
        """Sentences about the inputs and the labels."""
        H, tau = self.inputs.spectrum, self.inputs.factor
        ridge = f" with ridge {given(self.inputs.ridge)}" if self.inputs.ridge else ""
        labels = ""
        if self.design is not None:
            labels = ", no labels" if self.design.labels is None else f", label noise {three(self.noise)}"
        yield (f"{H.name}: {given(H.dim)} weights, κ = {three(self.inputs.kappa)}{ridge}, "
               f"tr/L = {three(H.trace / H.largest)}{labels}.")
        if self.design is None:
            return
        if abs(np.log(tau)) > np.log(1.1):
            yield (f"Its rows are {'more' if tau > 1 else 'less'} noisy than Gaussian ones: a batch of B does what "
                   f"B/{three(tau)} Gaussian samples would.")
        else:
            yield "Its rows are as noisy as Gaussian ones, within a tenth."
        if tau > TAILS:
            row, times, column = self.design.heaviest
            yield (f"Rare heavy rows do that, first of all row {row}, {three(times)} times the mean squared length, by "
                   f"column {column}: the mean below is theirs, and typical runs are faster. Look at those rows; clipping "
                   f"them, or leaving columns in their units (standardise=False), may pay more than any tuning.")

    def _known(self):
        """How sure the steps of the recommendation are."""
        how = f"in shuffled epochs of {self.rows} rows" if self.rows else "with samples drawn afresh"
        if self.design is None:
            return f"The steps are computed: exact in the mean for Gaussian inputs of this spectrum, {how}."
        if "share" in self.checked and self.rows is None:
            return (f"Computed from all moments of these rows, {how}: after those steps the expected excess risk is "
                    f"{percent(self.checked['share'])} of its start.")
        pick, of = self.pick, "nine in ten cases of the benchmark"
        said = f"The steps are a forecast, {how}"
        if pick.certainty == "measured":
            said, of = f"The steps are measured, {how}, on the labels as they are", "nine in ten means of eight runs"
        if pick.interval is not None:
            said += f"; {count(pick.interval[0])} to {count(pick.interval[1])} are likely ({of})"
        if "share" in self.checked:
            return (f"{said}. On all moments of these rows, batches drawn afresh, the expected excess risk is then "
                    f"{percent(self.checked['share'])} of its start.")
        return f"{said}. They were not checked on all moments of these rows."

    def __repr__(self) -> str:
        return "\n".join(self.sentences())


def _crossing(x, y, level):
    """Where y first passes above ``level``, log-linear between points; inf where it does not."""
    above = np.flatnonzero(y > level)
    if not above.size or not np.isfinite(level):
        return np.inf
    k = above[0]
    share = np.log(level / y[k - 1]) / np.log(y[k] / y[k - 1]) if np.isfinite(y[k]) else 0.0
    return float(np.exp(np.log(x[k - 1]) + share * np.log(x[k] / x[k - 1])))


def simplest(costs: dict[str, Any]) -> str:
    """The family of least cost; one with more parameters, which comes later in ``FAMILIES``, must save a tenth."""
    first, *others = sorted(costs, key=list(FAMILIES).index)
    for family in others:
        first = family if costs[family] < 0.9 * costs[first] else first
    return first


def count(x: float) -> str:
    """A number of steps, samples or rows, or "never" where it is infinite; otherwise as ``prose.whole``."""
    return whole(x) if np.isfinite(x) else "never"


def _few(n):
    """Indices of at most six of n batches, both ends included."""
    return np.unique(np.linspace(0, n - 1, min(n, 6)).round().astype(int))
