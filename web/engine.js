// The page's one worker: starts it when the page has been drawn, hands it one call at a time, the most urgent first.
"use strict";
(() => {
  const WISH = 0, ERRAND = 1, SETTLE = 2, AHEAD = 3, SAMPLE = 4;        // a panel's jobs, the most urgent first

  class Engine {
    constructor(live) {
      this.live = live;
      this.panels = [];
      this.state = "waiting";                                           // waiting, loading, ready, failed
      this.note = "";
      this.job = null;
    }

    add(panel) { this.panels.push(panel); }

    start() {
      const why = !this.live ? "this copy was built without Python for the browser"
        : location.protocol === "file:" ? "pages opened from a file may not run Python; make serve shows them alive"
          : typeof WebAssembly !== "object" || typeof Worker !== "function" ? "this browser runs no WebAssembly in workers" : "";
      if (why) { this.fail(why); return; }
      const absolute = (address) => new URL(address, location.href).href;
      try {
        this.worker = new Worker("worker.mjs", { type: "module" });
      } catch (error) { this.fail(error.message); return; }
      this.worker.onmessage = ({ data }) => this.hear(data);
      this.worker.onerror = (event) => this.fail(event.message || "its worker is blocked or missing");
      const packages = [...new Set(this.panels.flatMap((panel) => panel.face.needs))];
      const { indexURL, lockFileURL } = this.live;
      this.worker.postMessage({ open: { indexURL: absolute(indexURL), lockFileURL: absolute(lockFileURL), packages } });
      this.tell("loading", "Python is being loaded");
    }

    hear(data) {
      if (data.loading) this.tell("loading", `Loading ${data.loading} …`);
      else if (data.ready) { this.tell("ready", ""); this.pump(); }
      else if (this.state === "failed") return;                         // the first reason is the one to tell
      else if (this.state !== "ready") this.fail(data.failed);
      else {
        const job = this.job;
        this.job = null;
        const reply = data.failed ? { error: data.failed, traces: {} } : unpacked(data.head, data.numbers);
        if (reply.error) console.error(reply.traceback || reply.error);
        const draw = job.done(reply);
        this.pump();                                                    // Python goes on while the page draws
        draw?.();
      }
    }

    // Send the most urgent job, if none is under way.
    pump() {
      if (this.state !== "ready" || this.job) return;
      for (const urgency of [WISH, ERRAND, SETTLE, AHEAD, SAMPLE]) {
        for (const panel of this.panels) {
          const job = panel.job(urgency);
          if (job) {
            this.job = job;
            this.worker.postMessage({ call: job.call, args: job.args });
            return;
          }
        }
      }
    }

    tell(state, note) {
      this.state = state;
      this.note = note;
      document.documentElement.dataset.python = state;
      this.panels.forEach((panel) => panel.heardOfEngine(state, note));
    }

    fail(why) {
      this.worker?.terminate();
      this.tell("failed", `The figures stand still here: ${why}.`);
    }
  }

  // Traces with their numbers in place of the marks {at: [start, stop], shape}.
  function unpacked(head, numbers) {
    for (const trace of Object.values(head.traces)) {
      for (const [key, value] of Object.entries(trace)) {
        if (!Array.isArray(value?.at)) continue;                             // lists have a method of that name
        const all = numbers.subarray(...value.at), [rows, columns] = value.shape;
        trace[key] = value.shape.length === 0 ? all[0]
          : value.shape.length === 1 ? all
            : Array.from({ length: rows }, (_, row) => all.subarray(row * columns, (row + 1) * columns));
      }
    }
    return head;
  }

  Engine.urgency = { WISH, ERRAND, SETTLE, AHEAD, SAMPLE };
  window.mombook.Engine = Engine;
})();
