// A panel: the exact layer follows every move at once; when the controls have rested, the refined layer and the axes follow,
// and the simulation runs in pieces until something moves. Its host says where it stands and what else happens then:
// `moved` (another scenario is shown), `settled` (it is refined), `rested` (its simulation too is done), `taught` (teacher mode
// begins or ends), `forbids` (a sentence why a line may not be shown, or ""), `link` (its address), `eager` (whether Python has
// nothing better to do than to look ahead from the start).
"use strict";
((mombook) => {
  const REST = 300;                                                     // ms without a change: the controls are released
  const PATIENT = 3, LATEST = 1500;                                     // where answers take long, so many times as long: nothing
                                                                        // else is answered while Python refines; at most ms
  const DRAWN = 250;                                                    // ms between two pictures of a running simulation
  const SLOW = 1000;                                                    // ms after which a missing answer is worth a word
  const KEPT = 300;                                                     // answers a panel keeps: sliders pass the same stops again
  const AROUND = 8;                                                     // stops on either side to have ready when there is time
  const LARGEST = 5e6;                                                  // bytes of a file that may be dropped on a panel
  const PIECE = 0.03;                                                   // s of simulation before Python looks up
  const { Bars, Engine, Figure, TakeAway, Teacher, control, element } = mombook;
  const { MOVE, CALL, SETTLE, AHEAD, SAMPLE } = Engine.urgency;
  const UNKNOWN = { refused: "Without Python the figure shows what is one control away from where it opened; Reset leads back." };
  const STANDS = "The figure still shows the last good scenario.";

  class Panel {
    constructor(place, face, engine, host = {}) {
      this.place = place;
      this.engine = engine;
      this.host = host;
      this.face = face;
      this.key = face.key;
      this.opening = face.line;
      this.now = this.shown = face.values;                              // what the controls say; what the figure shows
      this.line = face.line;
      this.isBlank = this.hidden = this.asked = false;
      this.calm = REST;
      this.ahead = [];
      this.calls = [];
      this.known = new Map();                                           // scenario line -> its coarse layer
      this.stored = new Map();                                          // the same, as the page brings it along
      this.movable = [];                                                // the controls that the stored answers follow
      this.part = (name) => place.querySelector(`.${name}`);
      this.build();
      this.put(this.now, face.spectrum);
      engine.add(this);
    }

    // -- building ----------------------------------------------------------------------------------------------------
    build() {
      const { face } = this, refused = (sentence) => this.refused(sentence);
      const moved = (name, text) => this.move({ ...this.now, [name]: text }, name);
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
      const words = (changes) => Object.entries(changes).map(([name, text]) => `${name} ${text}`).join(", ");
      const presets = face.presets.map(([label, changes]) => button(label, words(changes), () => this.preset(changes)));
      const guides = face.guides.map(([title, steps]) => {
        let at = 0;
        const made = button(steps[0][0], title, () => {
          this.preset(steps[at][1]);
          at = (at + 1) % steps.length;
          made.textContent = steps[at][0];
        });
        return made;
      });
      const searches = face.searches.map((label) => button(label, "search, and move the controls there", () => this.search(label)));
      this.chooser = element("input", { type: "file", accept: ".csv,.parquet", hidden: true });
      this.chooser.addEventListener("change", () => { if (this.chooser.files.length) this.drop(this.chooser.files[0]); });
      this.choose = button("Your data …", "a table in a CSV file, which may also be dropped here: its spectrum takes the sliders' place",
                           () => { this.chooser.value = ""; this.chooser.click(); });
      this.choose.classList.add("python");
      this.presets = row(element("span", { className: "name", textContent: "presets" }), ...presets,
                         button("Reset", "back to where this panel opens", () => this.reset()),
                         ...(face.takes.length ? [this.choose, this.chooser] : []));
      this.own = element("div", { className: "own", hidden: true }, element("span", { textContent: "spectrum" }),
                         this.ownName = element("span", { className: "told" }),
                         button("Power law", "back to the sliders", () => this.move(this.powerLaw)));
      this.strip = face.takes.length ? new Bars(this) : null;
      const folded = this.boxes(({ more }) => more), strip = this.strip ? [this.strip.box] : [];
      this.part("controls").append(
        this.own, row(...this.boxes(({ more }) => !more), ...(folded.length ? [] : strip)), this.presets,
        ...(guides.length || searches.length ? [row(...guides, ...searches)] : []),
        ...(folded.length
          ? [row(element("details", { className: "more" }, element("summary", { textContent: "more" }), row(...folded)), ...strip)]
          : []));

      this.status = element("span", { className: "status", role: "status" });
      this.took = element("span", { className: "took" });
      this.took.setAttribute("aria-hidden", "true");
      this.remedy = button("", "", () => this.engine.remedy());
      this.remedy.hidden = true;
      this.progress = element("progress", { max: 1, value: 0, hidden: true });
      this.progress.setAttribute("aria-label", "simulation");
      this.stop = button("Stop", "stop the simulation; what has arrived stays", () => this.halt());
      this.again = button("Simulate", "run the simulation again, with the next seed", () => this.reseed());
      this.again.classList.add("python");
      this.stop.disabled = true;
      this.take = new TakeAway(this, button);
      this.teacher = new Teacher(this, button);
      const copyText = button("Copy text", "copy these lines", () => this.take.copy(this.part("readout").textContent));
      this.part("after").append(
        ...(face.text ? [row(copyText)] : []),
        row(...(face.simulates ? [this.again, this.stop, this.progress] : []), this.status, this.remedy, this.took),
        row(...this.take.boxes, this.teacher.toggle), this.teacher.box, this.take.numbers);
      if (face.takes.length) this.takeFiles();
      this.place.tabIndex = -1;
      this.place.addEventListener("keydown", (event) => { if (this.pressed(event)) event.preventDefault(); });
      this.engineChanged();
    }

    // Let a table be dropped on the panel.
    takeFiles() {
      const { place } = this, files = ({ dataTransfer }) => [...(dataTransfer?.types || [])].includes("Files");
      place.addEventListener("dragover", (event) => {
        if (!files(event)) return;
        event.preventDefault();
        place.classList.add("over");
      });
      place.addEventListener("dragleave", (event) => { if (!place.contains(event.relatedTarget)) place.classList.remove("over"); });
      place.addEventListener("drop", (event) => {
        if (!files(event)) return;
        event.preventDefault();
        event.stopPropagation();
        place.classList.remove("over");
        this.drop(event.dataTransfer.files[0]);
      });
    }

    // What is shown of those controls that are `wanted`.
    boxes(wanted) { return this.face.controls.filter(wanted).map((each) => this.controls[each.name].box).filter(Boolean); }

    async draw() {
      if (!this.figure) {
        this.figure = new Figure(this.part("plot"), this.face);
        if (Object.keys(this.face.handles).length) new mombook.Handles(this.part("plot"), this.face.handles, this.controls);
      }
      await this.figure.draw();
      this.catchUp();
    }

    // Answers that the page brings along, for these controls: line -> what Python says while a slider is dragged.
    bring(names, answers) {
      this.stored = new Map(Object.entries(answers));
      this.movable = names;
      this.engineChanged();
      this.catchUp();
    }

    // A key on the panel; says whether it meant something here.
    pressed(event) {
      return (event.key === "Escape" && this.take.escape()) || this.strip?.key(event) || this.teacher.key(event);
    }

    // -- moving ------------------------------------------------------------------------------------------------------
    // The line of these values: a spectrum of the reader's own has taken the place of some controls.
    joined(values) {
      const said = ({ name, unsaid }) => name in values && values[name] !== unsaid;
      const names = [...this.face.controls, { name: "spectrum" }].filter(said).map(({ name }) => name);
      return names.map((name) => `${name}=${values[name]}`).join(";");
    }

    // Of a long spectrum a picture shows the beginning.
    get stamp() { return this.face.stamp + this.line.replace(/(\bspectrum=.{60}).+/, "$1…"); }

    // Go to these values, whatever was asked for before; `from` names the control that was moved.
    move(values, from = null) {
      this.now = values;
      this.ask(this.joined(values), { from });
    }

    // A preset of the power law leads back to it.
    preset(changes) {
      const back = Object.keys(changes).some((name) => !(name in this.now));
      this.move(back ? { ...this.powerLaw, ...changes } : { ...this.now, ...changes });
    }

    // The scenario with the sliders of the power law in the place of the reader's own spectrum.
    get powerLaw() {
      const { spectrum, ...rest } = this.now;
      return { ...this.face.defaults, ...rest };
    }

    // A file with a table was dropped on the panel: its spectrum takes the place of the power law's sliders.
    async drop(file) {
      if (this.engine.state !== "ready") { this.refused("The file can be read when Python runs."); return; }
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (bytes.length > LARGEST) { this.refused(`A file dropped here may have ${LARGEST / 1e6} MB at most.`); return; }
      let text = "";
      for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
      this.say(`Reading ${file.name} …`);
      this.run("own", [this.line, file.name, btoa(text)], (reply) => {
        this.now = reply.values;
        this.ask(reply.line);
        if (reply.notes) this.say(reply.notes);
      });
    }

    reset() { this.move(this.face.defaults); }

    // Go to where a bar of this line's spectrum has another level: that line is Python's to write.
    bend(line, bar, level) { this.ask("", { bend: [line, bar, level] }); }

    // Go to a scenario line, as typed or as a link brought it.
    ask(line, { byLink = false, from = null, bend = null } = {}) {
      const why = this.host.forbids?.(line);
      if (why) {
        this.now = this.shown;
        this.put(this.shown);
        this.refused(why);
        return;
      }
      this.wanted = { line, byLink, from, bend, since: performance.now() };
      this.touched = performance.now();
      this.running = this.unsettled = false;
      this.ahead = [];
      if (this.catchUp()) return;
      this.busy();
      if (this.engine.state !== "ready") this.report();
    }

    // What is known of a line without asking.
    find(line) { return this.known.get(line) || (!this.hidden && this.stored.get(line)); }

    // Draw what is wanted if it is known already, or if it never will be; says whether it did.
    catchUp() {
      const { wanted, stored, engine } = this;
      const reply = wanted && this.figure?.drawn && (this.find(wanted.line) || (stored.size && engine.state === "failed" && UNKNOWN));
      if (reply) this.wanted = null;
      const draw = reply ? this.follow(reply, wanted) : null;
      engine.pump();
      draw?.();
      return Boolean(reply);
    }

    // An answer is waited for: at once for assistive technology, after a while in words.
    busy() {
      this.place.setAttribute("aria-busy", "true");
      clearTimeout(this.slow);
      this.slow = setTimeout(() => { if (this.engine.state === "ready") this.say("Computing …"); }, SLOW);
    }

    idle() {
      this.place.removeAttribute("aria-busy");
      clearTimeout(this.slow);
      if (!this.isAlarmed) this.report();
    }

    // The engine asks: is there something this urgent to do?
    job(urgency) {
      if (!this.figure?.drawn) return null;
      const { hidden } = this, call = (name, args, done) => ({ urgency, call: name, args: [this.key, this.face.name, ...args], done });
      // Theory may have been hidden or shown meanwhile: then `again` asks once more.
      const unless = (name, args, done, again = () => {}) => call(name, [...args, hidden], (reply) => {
        if (hidden === this.hidden) return done(reply);
        again();
        return null;
      });
      const exact = (line, final, ...then) => unless("exact", [line, final], ...then);
      if (urgency === MOVE && this.wanted) {
        const { wanted } = this;
        this.wanted = null;
        wanted.posted = performance.now();
        return unless(...(wanted.bend ? ["bend", wanted.bend] : ["exact", [wanted.line, false]]),
                      (reply) => { this.keep(reply); return this.follow(reply, wanted); }, () => { this.wanted ??= wanted; });
      }
      if (urgency === CALL && this.calls.length) {
        const { name, args, done } = this.calls.shift();
        return call(name, args, done);
      }
      if (urgency === SETTLE && this.unsettled && performance.now() - this.touched >= this.calm) {
        this.unsettled = false;
        return exact(this.line, true, (reply) => this.settle(reply), () => { this.unsettled = true; });
      }
      if (urgency === AHEAD) {
        const line = this.ahead.find((each) => !this.find(each));
        this.ahead = line ? this.ahead.slice(this.ahead.indexOf(line) + 1) : [];
        if (line) return exact(line, false, (reply) => {                 // a guess; if it fails it is heard when it comes true
          this.keep(reply);
          this.catchUp();
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
        if (!this.wanted) { this.idle(); this.put(this.shown); this.strip?.rest(true); }
        this.refuse(reply, wanted);
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
      this.calm = Math.min(Math.max(REST, PATIENT * (this.touched - (wanted.posted ?? this.touched))), LATEST);
      setTimeout(() => (this.engine.state === "ready" ? this.engine.pump() : this.restOn(reply)), this.calm + 5);
      return () => {
        if (!this.isBlank) this.blankOut(reply.blank);
        this.show(reply, false);
        if (!this.wanted) { this.put(reply.values, reply.spectrum); this.idle(); }
        this.figure.draw().then(() => requestAnimationFrame(() => {
          this.painted = performance.now();
          this.latency = this.painted - wanted.since;
          this.took.textContent = `${Math.round(this.latency)} ms`;
          this.host.moved?.(this);
        }));
      };
    }

    // The refined exact layer has come, and with it the axes.
    settle(reply) {
      if (reply.error || reply.refused) { this.refuse(reply); return null; }
      if (this.wanted || reply.line !== this.line) return null;
      this.running = this.face.simulates && (this.face.auto !== false || this.asked);
      this.asked = false;
      this.arrived = { traces: {}, drawn: 0 };
      this.stop.disabled = !this.running;
      this.progress.hidden = !this.running;
      this.progress.value = 0;
      this.host.settled?.(this);
      return () => {
        this.show(reply, true);
        this.strip?.rest();
        this.figure.draw().then(() => { this.take.tabulate(); if (!this.running) this.host.rested?.(this); });
      };
    }

    // The controls rest and Python cannot refine the answer yet: the axes follow it as it is.
    restOn(reply) {
      if (this.wanted || this.line !== reply.line || performance.now() - this.touched < this.calm) return;
      this.show(reply, true);
      this.host.settled?.(this);
      this.figure.draw().then(() => this.take.tabulate());
    }

    // Refine what is shown and simulate it, though nothing has moved.
    resettle() {
      this.unsettled = true;
      this.touched = -Infinity;
      this.engine.pump();
    }

    // A piece of simulation has come.
    arrive(reply) {
      if (reply.error) { this.rest(); this.refused(`${reply.error} The exact curves still stand.`); return null; }
      if (!this.running) return null;
      for (const [name, changes] of Object.entries(reply.traces)) this.arrived.traces[name] = { ...this.arrived.traces[name], ...changes };
      this.progress.value = reply.fraction;
      if (reply.sentence) this.arrived.heard = reply.sentence;
      if (reply.done) { this.rest(); if (this.lastMoved) this.expect(this.lastMoved); }
      const now = performance.now();
      if (!reply.done && now - this.arrived.drawn < DRAWN) return null;
      return () => {
        this.arrived.drawn = now;
        if (Object.keys(this.arrived.traces).length) this.isBlank = false;
        this.figure.change(this.arrived.traces);
        this.arrived.traces = {};
        if (this.arrived.heard) this.part("heard").textContent = this.arrived.heard;
        this.figure.draw().then(() => { if (reply.done) { this.take.tabulate(); this.host.rested?.(this); } });
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
      this.host.rested?.(this);
    }

    reseed() {
      this.asked = true;
      if ("seed" in this.now) this.move({ ...this.now, seed: String((+this.now.seed + 1) % 2 ** 32) });
      else this.resettle();
    }

    // Hide theory, or show it again.
    hide(hidden) {
      this.hidden = hidden;
      this.known.clear();
      const shown = Object.fromEntries(this.face.theory.map((name) => [name, { visible: true }]));
      if (!hidden) this.figure.change(shown);                           // whatever answer comes next draws it
      this.run("exact", [this.line, !this.unsettled, hidden], (reply) => {
        if (hidden !== this.hidden || reply.line !== this.line) return null;
        return () => { this.show(reply, false); this.figure.draw(); };
      });
    }

    search(label) {
      this.say("searching …");
      this.run("search", [this.line, label], (reply) => { this.now = reply.values; this.ask(reply.line); });
    }

    // One call that is not about the sliders.
    run(name, args, done) {
      this.calls.push({ name, args, done: (reply) => {
        if (reply.error || reply.refused) { this.refuse(reply); return null; }
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
      this.state(view.sentence);
      this.part("lamps").replaceChildren(...view.lamps.filter(([, met]) => !met)
        .map(([what, , why]) => element("p", { textContent: `○ ${what}: ${why}` })));
      this.part("readout").textContent = view.text;
      this.part("readout").hidden = !view.text;
      if (!rescale) this.isAlarmed = false;                             // what went wrong stays until something else moves
    }

    // What is seen, in words: the claim first, where there is one, and its numbers smaller.
    state(sentence) {
      const end = this.face.claims ? sentence.indexOf(". ") + 1 : 0;
      const [claim, rest] = end ? [sentence.slice(0, end), sentence.slice(end)] : [sentence, ""];
      this.part("sentence").replaceChildren(claim, element("span", { className: "rest", textContent: rest }));
    }

    put(values, spectrum = this.shownSpectrum) {
      const still = this.strip?.held?.pressed;                           // nothing may move away under the hand that holds a bar
      this.shownSpectrum = spectrum;
      if (!still) this.own.hidden = !("spectrum" in values);
      this.ownName.textContent = spectrum;
      for (const [name, each] of Object.entries(this.controls)) {
        if (each.box && !still) each.box.hidden = !(name in values);
        if (name in values) each.put(values[name]);
      }
      this.take.written.value = this.joined(values);
      this.strip?.follow();
    }

    say(sentence, alarm = false) {
      this.isAlarmed = alarm;
      this.status.textContent = sentence;
      this.status.classList.toggle("alarm", alarm);
      this.status.setAttribute("role", alarm ? "alert" : "status");
    }

    refused(sentence) { this.say(sentence, true); }

    // What was asked for cannot be: beside the control that asked, or in the status line.
    refuse({ refused, error }, { byLink = false, from = null } = {}) {
      const beside = refused && from && this.controls[from].refuse;
      if (beside) this.controls[from].refuse(`${refused} Nothing has changed.`);
      else if (error) this.refused(`${error} ${STANDS}`);
      else this.refused(`${byLink ? `This link's scenario cannot be shown: ${refused}` : refused} Nothing has changed.`);
    }

    // What the engine is at, on the figure too if it is waited for; nothing where stored answers do.
    report() {
      const { state, note, remedy } = this.engine, failed = state === "failed", waits = this.wanted && state !== "ready";
      const follows = failed ? `The scenario asked for, ${this.wanted?.line || "a changed spectrum"}, cannot be computed.` : "The figure will follow.";
      const text = waits ? `${note} ${follows}`.trim() : this.stored.size && !failed ? "" : note;
      this.part("plot").dataset.waits = waits ? text : "";
      this.say(text, failed && Boolean(remedy));
    }

    engineChanged() {
      const { state } = this.engine, ready = state === "ready", failed = state === "failed";
      const open = this.stored.size ? [this.presets, ...this.movable.map((name) => this.controls[name].box)] : [];
      this.place.querySelectorAll(".controls input, .controls button, .controls select, .line input")
        .forEach((each) => { each.disabled = failed && !open.some((box) => box.contains(each)); });
      this.place.querySelectorAll("button.python").forEach((each) => { each.disabled = !ready; });
      for (const name of this.movable.filter((each) => this.controls[each].limit)) {
        const { stops } = this.controls[name].control, near = (stop) => this.joined({ ...this.face.values, [name]: stop });
        this.controls[name].limit(ready ? stops : stops.filter((stop) => this.stored.has(near(stop))), this.now[name]);
      }
      this.remedy.hidden = !(failed && this.engine.remedy);
      this.remedy.textContent = this.engine.remedyLabel || "";
      if (!this.catchUp()) this.report();
      this.strip?.follow();
      const first = this.face.controls.find(({ kind }) => kind === "slider");
      if (ready && first && this.host.eager) this.expect(first.name);
    }
  }

  mombook.Panel = Panel;
})(mombook);
