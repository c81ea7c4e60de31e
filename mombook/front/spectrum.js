// The spectrum as bars over the ranks of its directions, folded away until it is opened. The top of a bar is dragged, or moved by
// keys while it has the focus: the panel follows to the spectrum that Python makes of it. Nothing is asked for while it is closed.
"use strict";
((mombook) => {
  const { Engine, element } = mombook;
  const { MOVE, SETTLE } = Engine.urgency;
  const HIGH = 190, WIDEST = 640, LEFT = 44, BOTTOM = 34, TOP = 18;     // pixels: the picture, its margins
  const CALM = 150;                                                     // ms that a pointer stays before what it is on is lit
  const KEYS = { ArrowUp: 0.05, ArrowRight: 0.05, ArrowDown: -0.05, ArrowLeft: -0.05, PageUp: 0.5, PageDown: -0.5 };    // decades
  const HELP = "A bar stands for neighbouring directions. Drag its top, or focus it and press ↑ or ↓ (Page Up or Page Down for ten "
    + "times as far), to scale their eigenvalues together.";
  const LIT = " While you point at it, thin lines under the learning curves show the risk that its directions carry.";
  const svg = (tag, attributes = {}, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    set(made, attributes);
    made.append(...children);
    return made;
  };
  const set = (part, attributes) => Object.entries(attributes).forEach(([name, value]) => part.setAttribute(name, value));
  const power = (k) => (k === 0 ? "1" : k === 1 ? "10" : `10${String(k).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻")}`);

  class Bars {
    constructor(panel) {
      Object.assign(this, { panel, bars: panel.face.bars, held: null });
      this.known = this.of(panel.shown);
      this.marks = [];
      this.axes = svg("g", { "aria-hidden": "true" });
      this.picture = svg("svg", { height: HIGH, role: "group", "aria-label": "spectrum, bar by bar" }, this.axes);
      this.words = element("p", { className: "bar-said" });
      this.box = element("details", { className: "spectrum" }, element("summary", { textContent: "spectrum" }), this.picture,
                         this.words, element("p", { className: "hint", textContent: panel.face.learns ? HELP + LIT : HELP }));
      this.box.addEventListener("toggle", () => {
        if (!this.box.open) this.brush(-1);
        this.follow();
      });
      new ResizeObserver(() => { if (this.box.open) this.draw(); }).observe(this.box);
      const listen = (type, act) => this.picture.addEventListener(type, (event) => act(event, this.at(event)));
      listen("pointerdown", (event, k) => this.take(event, k));
      listen("pointermove", (event) => this.drag(event));
      for (const type of ["pointerover", "focusin"]) listen(type, (_, k) => { if (k >= 0) this.brush(k); });
      for (const type of ["pointerleave", "focusout"]) listen(type, () => this.brush(this.marks.indexOf(document.activeElement)));
      for (const type of ["pointerup", "pointercancel"]) listen(type, () => this.drop());
    }

    // What the bars depend on.
    of(values) { return [...this.panel.face.takes, "spectrum"].map((name) => values[name]).join(";"); }

    at({ target }) { return this.marks.findIndex((mark) => mark.contains(target)); }

    // A bar is pointed at, or none any more: when the panel rests, the figure shows what the bar carries.
    brush(k) {
      const { panel } = this;
      if (this.held || k === this.brushed) return;
      this.brushed = k;
      clearTimeout(this.waiting);
      if (k >= 0) this.tell(k);
      if (k < 0 && panel.figure?.light({})) panel.figure.draw();
      if (k >= 0 && panel.face.learns) this.waiting = setTimeout(() => this.light(), CALM);
    }

    light() {
      const { panel, brushed } = this, { line, hidden } = panel;
      if (this.held || !(brushed >= 0) || !panel.face.learns || !this.rests) return;
      panel.calls = panel.calls.filter(({ name }) => name !== "carried");
      panel.run("carried", [line, brushed, hidden], (reply) => () => {
        if (brushed !== this.brushed || line !== panel.line || hidden !== panel.hidden || this.held || panel.wanted) return;
        this.lit = { line, bar: brushed };
        const { ranks } = this.bars[brushed];
        if (panel.figure.light(reply.traces, `thin: the risk of ${ranks.toLowerCase()}`)) panel.figure.draw();
      });
    }

    get rests() {
      const { engine, wanted, unsettled } = this.panel;
      return engine.state === "ready" && this.box.open && !wanted && !unsettled && this.known === this.of(this.panel.shown);
    }

    // Something else is shown: its bars are asked for, the latest only, unless they are here.
    follow() {
      const { panel } = this;
      if (this.lit?.line !== panel.line) panel.figure?.light({});
      if (!this.box.open || this.held) return;
      if (this.known === this.of(panel.shown)) { this.draw(); return; }
      if (panel.engine.state !== "ready") { this.words.textContent = "The bars follow when Python runs."; return; }
      panel.calls = panel.calls.filter(({ name }) => name !== "bars");
      const values = panel.shown;
      panel.run("bars", [panel.line], (reply) => () => {
        if (this.held) return;
        this.bars = reply.bars;
        this.known = this.of(values);
        this.draw();
        if (this.marks.includes(document.activeElement)) this.marks[this.nearest].focus({ preventScroll: true });
        this.tell(this.nearest);
        this.light();
      });
    }

    // The bar that keys have moved, which may have another rank now; or else the one that was told of last.
    get nearest() {
      const off = this.bars.map(({ level }) => Math.abs(Math.log(level / (this.level ?? 1))));
      return this.level ? off.indexOf(Math.min(...off)) : Math.min(this.told ?? 0, this.bars.length - 1);
    }

    // The panel rests, or refused what was asked for: the bars are as it shows them, unless one is still held.
    rest(refused = false) {
      if (!this.held) this.light();
      if (!this.held || (this.held.pressed && !refused)) return;
      this.level = refused || "from" in this.held ? null : this.held.level;
      this.held = null;
      this.panel.put(this.panel.shown);
    }

    // -- moving ------------------------------------------------------------------------------------------------------
    take(event, k) {
      if (k < 0 || event.button) return;
      this.marks[k].focus({ preventScroll: true });
      if (!event.target.classList.contains("top")) return;
      event.preventDefault();
      if (!this.hold(k)) return;
      Object.assign(this.held, { pressed: true, from: event.clientY - this.y(this.bars[k].level) });
      this.picture.setPointerCapture(event.pointerId);
    }

    drag(event) {
      if (!this.held?.pressed) return;
      const share = (HIGH - BOTTOM - (event.clientY - this.held.from)) / (HIGH - BOTTOM - TOP);
      this.move(10 ** (this.low + Math.min(Math.max(share, 0), 1) * (this.high - this.low)));
    }

    drop() {
      if (!this.held?.pressed) return;
      const { key, wanted, unsettled, engine: { job } } = this.panel;
      this.held.pressed = false;
      if (!wanted && !unsettled && !(job?.args[0] === key && [MOVE, SETTLE].includes(job.urgency))) this.rest();
    }

    // A key on a bar; says whether it meant something here.
    key(event) {
      const k = this.at(event), by = KEYS[event.key];
      if (k < 0 || !by || event.ctrlKey || event.altKey || event.metaKey) return false;
      if (this.hold(k)) this.move(Math.min(Math.max(this.held.level * 10 ** by, 10 ** this.low), 10 ** this.high));
      return true;
    }

    // Begin to move a bar of what is shown, or go on; says whether it can be.
    hold(k) {
      const { panel } = this;
      if (this.held?.k === k) return true;
      if (panel.engine.state !== "ready") { panel.refused("The spectrum can be changed when Python runs."); return false; }
      if (this.held || this.known !== this.of(panel.shown)) return false;
      this.held = { k, line: panel.line, level: this.bars[k].level };
      return true;
    }

    move(level) {
      const { held, panel } = this;
      if (level === held.level) return;
      held.level = level;
      this.draw();
      this.tell(held.k);
      panel.bend(held.line, held.k, level);
    }

    // -- showing -----------------------------------------------------------------------------------------------------
    tell(k) {
      if (k < 0) return;
      this.told = k;
      const { held } = this, bar = this.bars[k];
      this.words.textContent = held ? `${bar.ranks}: from ${short(bar.level)} to ${short(held.level)}.` : bar.said;
      this.marks.forEach((mark, j) => mark.classList.toggle("told", j === k));
    }

    y(value) { return HIGH - BOTTOM - (Math.log10(value) - this.low) / (this.high - this.low) * (HIGH - BOTTOM - TOP); }
    x(rank) { return LEFT + (Math.log10(rank) + 0.2) / (this.decades + 0.2) * (this.wide - LEFT - 8); }

    draw() {
      const { bars, marks, held } = this, place = this.box.clientWidth;
      if (!place) return;
      this.wide = Math.min(place, WIDEST);
      this.decades = Math.log10(bars.at(-1).right);
      if (!held) {
        this.low = Math.floor(Math.log10(Math.min(...bars.map(({ tops }) => tops[1]))) - 0.5);
        this.high = Math.ceil(Math.log10(bars[0].tops[0]) + 0.5);
      }
      this.picture.setAttribute("width", this.wide);
      this.rule();
      while (marks.length > bars.length) marks.pop().remove();
      while (marks.length < bars.length) {
        const mark = svg("g", { class: "bar", role: "slider", tabindex: 0, "aria-orientation": "vertical" },
                         svg("polygon"), svg("circle", { r: 5 }), svg("rect", { class: "top" }));
        marks.push(mark);
        this.picture.append(mark);
      }
      bars.forEach((bar, k) => {
        const times = held?.k === k ? held.level / bar.level : 1, level = bar.level * times;
        const [left, right] = [bar.left, bar.right].map((rank) => this.x(rank)), foot = HIGH - BOTTOM, middle = (left + right) / 2;
        const [first, last] = bar.tops.map((value) => this.y(value * times)), height = this.y(level);
        const [area, ring, top] = marks[k].children, wide = Math.max(right - left, 24), from = Math.min(first, height - 14);
        set(area, { points: `${left},${foot} ${left},${first} ${right},${last} ${right},${foot}`, "fill-opacity": bar.shade });
        set(ring, { cx: middle, cy: height });
        set(top, { x: middle - wide / 2, width: wide, y: from, height: Math.max(last, height + 14) - from });
        set(marks[k], { "aria-label": bar.ranks, "aria-valuemin": 10 ** this.low, "aria-valuemax": 10 ** this.high,
                        "aria-valuenow": level, "aria-valuetext": `level ${short(level)}; ${bar.said}` });
      });
      if (!held) this.tell(this.told === undefined ? 0 : Math.min(this.told, bars.length - 1));
    }

    // Axes, with at most seven numbers each.
    rule() {
      const some = (low, high) => Array.from({ length: high - low + 1 }, (_, k) => low + k)
        .filter((k) => (k - low) % Math.ceil((high - low + 1) / 7) === 0);
      const across = some(0, Math.floor(this.decades)).map((k) =>
        svg("text", { x: this.x(10 ** k), y: HIGH - BOTTOM + 14, "text-anchor": "middle" }, power(k)));
      const up = some(this.low, this.high).flatMap((k) => [
        svg("line", { x1: LEFT, x2: this.wide, y1: this.y(10 ** k), y2: this.y(10 ** k) }),
        svg("text", { x: LEFT - 6, y: this.y(10 ** k) + 4, "text-anchor": "end" }, power(k))]);
      this.axes.replaceChildren(...up, ...across, svg("text", { x: 0, y: 10 }, "eigenvalue"),
                                svg("text", { x: this.wide, y: HIGH - 4, "text-anchor": "end" }, "rank of the direction"));
    }
  }

  const short = (x) => Number(x.toPrecision(3)).toString().replace(/e([+-]?)(\d+)/, (_, sign, k) => ` × ${power(+(sign + k))}`);

  mombook.Bars = Bars;
})(mombook);
