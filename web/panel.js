// A panel in the page: follows its controls as the one in Jupyter does. The exact layer follows every move at once; when
// the controls have rested, the refined layer and the axes follow, and the simulation runs in pieces until something moves.
"use strict";
(() => {
  const REST = 300;                                                     // ms without a change: the controls are released
  const DRAWN = 250;                                                    // ms between two pictures of a running simulation
  const KEPT = 300;                                                     // answers a panel keeps: sliders pass the same stops again
  const AROUND = 8;                                                     // stops on either side to have ready when there is time
  const PIECE = 0.03;                                                   // s of simulation before Python looks up
  const { Engine, Figure, control, element } = window.mombook;
  const { WISH, ERRAND, SETTLE, AHEAD, SAMPLE } = Engine.urgency;

  class Panel {
    constructor(place, engine) {
      this.place = place;
      this.engine = engine;
      this.face = JSON.parse(place.querySelector("script.data").textContent);
      this.key = this.face.key;
      this.opening = this.face.line;
      this.now = this.shown = this.face.values;                         // what the controls say; what the figure shows
      this.line = this.face.line;
      this.isBlank = false;
      this.ahead = [];
      this.errands = [];
      this.known = new Map();                                           // scenario line -> its coarse layer
      this.part = (name) => place.querySelector(`.${name}`);
      this.build();
      this.put(this.now);
    }

    // -- building ----------------------------------------------------------------------------------------------------
    build() {
      const { face } = this, refused = (sentence) => this.refused(sentence);
      const moved = (name, text) => this.wish({ ...this.now, [name]: text });
      this.controls = Object.fromEntries(face.controls.map((each) => [each.name, control(each, moved, refused)]));
      for (const each of Object.values(this.controls).filter(({ range }) => range)) {
        for (const event of ["focus", "pointerenter"]) each.range.addEventListener(event, () => this.expect(each.control.name));
      }
      const row = (...parts) => element("div", { className: "row" }, ...parts);
      const button = (textContent, title, act) => {
        const made = element("button", { type: "button", textContent, title });
        made.addEventListener("click", act);
        return made;
      };
      const python = (...what) => {                                     // a button that has nothing to say before Python has
        const made = button(...what);
        made.classList.add("python");
        return made;
      };
      const go = (changes) => this.wish({ ...this.now, ...changes });
      const told = (changes) => Object.entries(changes).map(([name, text]) => `${name} ${text}`).join(", ");
      const presets = face.presets.map(([label, changes]) => button(label, told(changes), () => go(changes)));
      const guides = face.guides.map(([said, steps]) => {
        let at = 0;
        const made = button(steps[0][0], said, () => {
          go(steps[at][1]);
          at = (at + 1) % steps.length;
          made.textContent = steps[at][0];
        });
        return made;
      });
      const searches = face.searches.map((label) => button(label, "search, and move the controls there", () => this.search(label)));
      this.part("controls").append(
        row(...face.controls.map((each) => this.controls[each.name].box).filter(Boolean)),
        row(element("span", { className: "name", textContent: "presets" }), ...presets,
            button("Reset", "back to where this panel opens", () => this.wish(this.face.defaults))),
        ...(guides.length || searches.length ? [row(...guides, ...searches)] : []));

      this.status = element("span", { className: "status", role: "status" });
      this.progress = element("progress", { max: 1, value: 0, hidden: true });
      this.progress.setAttribute("aria-label", "simulation");
      this.stop = button("Stop", "stop the simulation; what has arrived stays", () => this.halt());
      this.again = python("Simulate", "run the simulation again, with the next seed", () => this.reseed());
      this.stop.disabled = true;
      this.tabled = button("Table", "the plotted numbers as a table", () => {
        this.tabled.setAttribute("aria-pressed", String(this.tabled.getAttribute("aria-pressed") !== "true"));
        this.tabulate();
      });
      this.tabled.setAttribute("aria-pressed", "false");
      this.numbers = element("div", { className: "numbers", hidden: true, tabIndex: 0 });
      this.numbers.setAttribute("role", "region");
      this.numbers.setAttribute("aria-label", "table of the plotted numbers");
      this.written = element("input", { type: "text", spellcheck: false, autocomplete: "off" });
      this.written.setAttribute("aria-label", "scenario line");
      this.written.addEventListener("change", () => this.ask(this.written.value));
      const copyText = button("Copy text", "copy these lines", () => this.copy(this.part("text").textContent));
      this.part("after").append(
        ...(face.text ? [row(copyText)] : []),
        row(...(face.simulates ? [this.again, this.stop, this.progress] : []), this.status),
        row(element("div", { className: "line" }, element("span", { textContent: "scenario" }), this.written),
            button("Copy", "copy the scenario line", () => this.copy(this.line)),
            button("Copy link", "copy a link that opens this page on this scenario", () => this.copy(this.link())),
            python("Copy code", "copy three lines that bring this figure back in a notebook's cell",
                   () => this.run("text", [this.line, "code"], (reply) => { this.copy(reply.text); })),
            python("CSV", "download the plotted numbers", () => this.csv()),
            python("Script", "download a program that computes and prints every number in the figure", () => this.file("script", "py")),
            python("BibTeX", "download the works this panel rests on", () => this.file("bibtex", "bib")),
            this.tabled,
            button("PNG", "download the picture, in print size", () => this.picture("png")),
            button("SVG", "download the picture as a drawing", () => this.picture("svg"))), this.numbers);
      this.heardOfEngine(this.engine.state, this.engine.note);
    }

    async draw() {
      this.figure ??= new Figure(this.part("plot"), this.face);
      await this.figure.draw();
    }

    // -- moving ------------------------------------------------------------------------------------------------------
    joined(values) { return this.face.controls.map(({ name }) => `${name}=${values[name]}`).join(";"); }

    // Go to these values, whatever was wished before.
    wish(values) {
      this.now = values;
      this.ask(this.joined(values));
    }

    // Go to a scenario line, as typed or as a link brought it.
    ask(line, byLink = false) {
      this.wanted = { line, byLink, since: performance.now() };
      this.touched = performance.now();
      this.running = this.unsettled = false;
      this.ahead = [];
      if (this.engine.state !== "ready") this.say(this.engine.state === "failed" ? this.engine.note : `${this.engine.note} The figure will follow.`);
      if (this.known.has(line)) { this.serve(); return; }
      this.engine.pump();
    }

    // Draw what is wanted, which is known already.
    serve() {
      const { wanted } = this;
      this.wanted = null;
      const draw = this.follow(this.known.get(wanted.line), wanted);
      this.engine.pump();
      draw();
    }

    // The engine asks: is there something this urgent to do?
    job(urgency) {
      const call = (name, args, done) => ({ urgency, call: name, args: [this.key, this.face.name, ...args], done });
      if (urgency === WISH && this.wanted) {
        const wanted = this.wanted;
        this.wanted = null;
        return call("exact", [wanted.line, false], (reply) => { this.keep(reply); return this.follow(reply, wanted); });
      }
      if (urgency === ERRAND && this.errands.length) {
        const { name, args, done } = this.errands.shift();
        return call(name, args, done);
      }
      if (urgency === SETTLE && this.unsettled && performance.now() - this.touched >= REST) {
        this.unsettled = false;
        return call("exact", [this.line, true], (reply) => this.settle(reply));
      }
      if (urgency === AHEAD) {
        const line = this.ahead.find((each) => !this.known.has(each));
        this.ahead = line ? this.ahead.slice(this.ahead.indexOf(line) + 1) : [];
        if (line) return call("exact", [line, false], (reply) => {       // a guess; if it fails it is heard when it comes true
          this.keep(reply);
          if (this.wanted && this.known.has(this.wanted.line)) this.serve();
        });
      }
      if (urgency === SAMPLE && this.running) return call("sample", [this.line, PIECE], (reply) => this.arrive(reply));
      return null;
    }

    keep(reply) {
      if (!reply.line) return;
      if (this.known.size >= KEPT) this.known.delete(this.known.keys().next().value);
      this.known.set(reply.line, reply);
    }

    // A coarse exact layer has come.
    follow(reply, wanted) {
      if (reply.refused || reply.error) {
        this.now = this.shown;
        if (!this.wanted) this.put(this.shown);
        this.refused(reply.error || (wanted.byLink ? `This link's scenario cannot be shown: ${reply.refused}` : reply.refused));
        return null;
      }
      const before = this.shown;
      this.shown = reply.values;
      this.line = reply.line;
      if (!this.wanted) {
        this.now = reply.values;
        this.ahead = this.next(before, reply.values);
      }
      this.unsettled = true;
      this.touched = performance.now();                                 // a slow answer must not count as rest
      setTimeout(() => this.engine.pump(), REST + 5);
      return () => {
        if (!this.isBlank) this.blankOut(reply.blank);
        this.show(reply, false);
        if (!this.wanted) this.put(reply.values);
        this.figure.draw().then(() => requestAnimationFrame(() => {
          const ms = performance.now() - wanted.since;
          this.latency = ms;
          if (!this.isAlarmed) this.say(`${Math.round(ms)} ms`);
        }));
      };
    }

    // The refined exact layer has come, and with it the axes.
    settle(reply) {
      if (reply.error || reply.refused) { this.refused(reply.error || reply.refused); return null; }
      if (this.wanted || reply.line !== this.line) return null;
      this.running = this.face.simulates;
      this.arrived = { traces: {}, drawn: 0 };
      this.stop.disabled = !this.running;
      this.progress.hidden = !this.running;
      this.progress.value = 0;
      this.keepInAddress();
      return () => { this.show(reply, true); this.figure.draw().then(() => this.tabulate()); };
    }

    // A piece of simulation has come.
    arrive(reply) {
      if (reply.error) { this.running = false; this.refused(`${reply.error} The exact curves still stand.`); return null; }
      if (!this.running) return null;
      for (const [name, changes] of Object.entries(reply.traces)) this.arrived.traces[name] = { ...this.arrived.traces[name], ...changes };
      this.progress.value = reply.fraction;
      if (reply.sentence) this.arrived.said = reply.sentence;
      if (reply.done) { this.rest(); if (this.lastMoved) this.expect(this.lastMoved); }
      const now = performance.now();
      if (!reply.done && now - this.arrived.drawn < DRAWN) return null;
      return () => {
        this.arrived.drawn = now;
        if (Object.keys(this.arrived.traces).length) this.isBlank = false;
        this.figure.change(this.arrived.traces);
        this.arrived.traces = {};
        if (this.arrived.said) this.part("heard").textContent = this.arrived.said;
        this.figure.draw().then(() => { if (reply.done) this.tabulate(); });
      };
    }

    // No dots of another scenario beside this one's curves.
    blankOut(traces) {
      this.figure.change(traces);
      this.part("heard").textContent = "";
      this.isBlank = true;
    }

    rest() {
      this.running = false;
      this.stop.disabled = true;
      this.progress.hidden = true;
    }

    halt() {
      this.rest();
      this.say("Stopped; what has been simulated so far stays.");
    }

    reseed() {
      if ("seed" in this.now) this.wish({ ...this.now, seed: String((+this.now.seed + 1) % 2 ** 32) });
    }

    search(label) {
      this.say("searching …");
      this.run("search", [this.line, label], (reply) => { this.now = reply.values; this.ask(reply.line); });
    }

    // One call that is not about the sliders.
    run(name, args, done) {
      this.errands.push({ name, args, done: (reply) => {
        if (reply.error || reply.refused) { this.refused(reply.error || reply.refused); return null; }
        return done(reply);
      } });
      this.engine.pump();
    }

    // Where the one slider that moved will come to if it goes on: lines for Python to have ready.
    next(before, after) {
      const moved = this.face.controls.filter(({ name }) => before[name] !== after[name]);
      if (moved.length !== 1 || moved[0].kind !== "slider") return [];
      const { name } = moved[0];
      this.lastMoved = name;
      return this.controls[name].onward(before[name], after[name]).map((stop) => this.joined({ ...after, [name]: stop }));
    }

    // A reader is about to move this slider: have its neighbours ready.
    expect(name) {
      if (this.wanted || this.unsettled || this.running) return;
      const { stops } = this.controls[name].control, at = stops.indexOf(this.shown[name]);
      const places = at < 0 ? [] : Array.from({ length: 2 * AROUND }, (_, k) => at + (k % 2 ? -1 : 1) * (1 + (k >> 1)));
      this.ahead = places.map((k) => stops[k]).filter(Boolean).map((stop) => this.joined({ ...this.shown, [name]: stop }));
      this.engine.pump();
    }

    // -- showing -----------------------------------------------------------------------------------------------------
    show(view, rescale) {
      this.figure.change(view.traces);
      this.figure.title(view.titles);
      if (rescale) this.figure.rescale(view.ranges);
      this.part("sentence").textContent = view.sentence;
      this.part("lamps").replaceChildren(...view.lamps.filter(([, met]) => !met)
        .map(([what, , why]) => element("p", { textContent: `○ ${what}: ${why}` })));
      this.part("text").textContent = view.text;
      this.part("text").hidden = !view.text;
      this.isAlarmed = false;
    }

    put(values) {
      for (const [name, each] of Object.entries(this.controls)) each.put(values[name]);
      this.written.value = this.joined(values);
    }

    say(sentence, alarm = false) {
      this.isAlarmed = alarm;
      this.status.textContent = sentence;
      this.status.classList.toggle("alarm", alarm);
      this.status.setAttribute("role", alarm ? "alert" : "status");
    }

    refused(sentence) { this.say(`${sentence} Nothing has changed.`, true); }

    heardOfEngine(state, note) {
      const failed = state === "failed";
      this.place.querySelectorAll(".controls input, .controls button, .controls select, .line input").forEach((each) => { each.disabled = failed; });
      this.place.querySelectorAll("button.python").forEach((each) => { each.disabled = state !== "ready"; });
      const asked = this.wanted ? (failed ? ` The scenario asked for, ${this.wanted.line}, cannot be computed.` : " The figure will follow.") : "";
      this.say(note + asked);
      const first = this.face.controls.find(({ kind }) => kind === "slider");
      if (state === "ready" && first) this.expect(first.name);
    }

    // -- taking away ---------------------------------------------------------------------------------------------------
    get address() { return window.mombook.addressed(this.line) === this ? this.line : `${this.key}:${this.line}`; }

    link() { return `${location.href.split("#")[0]}#${this.address}`; }

    keepInAddress() { window.mombook.keepInAddress?.(); }

    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        this.say("Copied.");
      } catch (error) {
        this.say("The browser did not allow copying; select the text and copy it by hand.", true);
      }
    }

    save(name, type, text) {
      const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    csv() {
      this.run("csv", [this.line, JSON.stringify(this.figure.plotted)], (reply) => this.save(`mombook_${this.key}.csv`, "text/csv", reply.text));
    }

    // Fill the table while it is open: with what was built into the page, or with what Python says of what is drawn now.
    tabulate() {
      const open = this.tabled.getAttribute("aria-pressed") === "true";
      this.numbers.hidden = !open;
      if (!open) return;
      if (this.engine.state !== "ready") { this.numbers.innerHTML = this.face.table; return; }
      this.run("table", [this.line, JSON.stringify(this.figure.plotted), JSON.stringify(this.face.axes)],
               (reply) => { this.numbers.innerHTML = reply.text; });
    }

    picture(format) { return this.figure.picture(format, `mombook_${this.key}`, this.face.stamp + this.line); }

    file(what, ending) {
      this.run("text", [this.line, what], (reply) => this.save(`mombook_${this.key}.${ending}`, "text/plain", reply.text));
    }
  }

  window.mombook.Panel = Panel;
})();
