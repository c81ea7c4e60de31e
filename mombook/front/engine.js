// Hands Python one call at a time, the most urgent first. A host posts a job and gives `take` what comes back.
"use strict";
((mombook) => {
  const MOVE = 0, CALL = 1, SETTLE = 2, AHEAD = 3, SAMPLE = 4;          // a panel's jobs, the most urgent first

  class Engine {
    constructor() {
      this.panels = [];
      this.state = "waiting";                                           // waiting, loading, ready, failed
      this.note = "";
      this.job = null;
    }

    add(panel) { this.panels.push(panel); }

    // Send the most urgent job, if none is under way.
    pump() {
      if (this.state !== "ready" || this.job) return;
      for (const urgency of [MOVE, CALL, SETTLE, AHEAD, SAMPLE]) {
        for (const panel of this.panels) {
          const job = panel.job(urgency);
          if (job) {
            this.job = job;
            this.post(job);
            return;
          }
        }
      }
    }

    // What a job's call gave: a head with its numbers beside it.
    take(head, numbers) {
      const { job } = this;
      this.job = null;
      const reply = unpacked(head, numbers);
      if (reply.error) console.error(reply.traceback || reply.error);
      const draw = job.done(reply);
      this.pump();                                                      // Python goes on while the page draws
      draw?.();
    }

    tell(state, note) {
      this.state = state;
      this.note = note;
      this.panels.forEach((panel) => panel.engineChanged());
    }
  }

  // Traces with their numbers in place of the marks {at: [start, stop], shape}.
  function unpacked(head, numbers) {
    for (const trace of Object.values(head.traces || {})) {
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

  Object.assign(Engine, { urgency: { MOVE, CALL, SETTLE, AHEAD, SAMPLE }, unpacked });
  mombook.Engine = Engine;
})(mombook);
