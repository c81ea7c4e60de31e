// The page's one worker: starts it, posts the engine's jobs and hears what they gave.
"use strict";
((mombook) => {
  mombook.Python = class extends mombook.Engine {
    constructor(live) {
      super();
      this.live = live;
    }

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
      const { indexURL, lockFileURL, memory, integrity } = this.live;
      this.worker.postMessage({ open: {
        indexURL: absolute(indexURL), lockFileURL: absolute(lockFileURL), memory: absolute(memory), integrity, packages } });
      this.tell("loading", "Loading Python …");
    }

    post(job) { this.worker.postMessage({ call: job.call, args: job.args }); }

    hear(data) {
      if (data.anew) console.warn(`Python started anew, which takes longer: ${data.anew}`);
      if (data.loading) this.tell("loading", `Loading ${data.loading} …`);
      else if (data.ready) { this.tell("ready", ""); this.pump(); }
      else if (this.state === "failed") return;                         // the first reason is the one to show
      else if (this.state !== "ready") this.fail(data.failed);
      else this.take(data.failed ? { error: data.failed } : data.head, data.numbers);
    }

    tell(state, note) {
      document.documentElement.dataset.python = state;
      super.tell(state, note);
    }

    fail(why) {
      this.worker?.terminate();
      this.tell("failed", `Python does not run here, and only stored answers can be shown: ${why}.`);
    }
  };
})(mombook);
