// Teacher mode: large type, presets under the number keys, theory hidden until the class has guessed.
"use strict";
((mombook) => {
  const { element } = mombook;

  class Teacher {
    constructor(panel, button) {
      this.panel = panel;
      this.presets = panel.face.presets;
      this.at = -1;
      this.on = this.hides = false;
      const { theory, simulates } = panel.face, numbered = this.presets.slice(0, 9);
      this.acts = { 0: () => this.reset(), n: () => this.step(1), PageDown: () => this.step(1), p: () => this.step(-1),
                    PageUp: () => this.step(-1), Escape: () => this.teach(false) };
      numbered.forEach((_, k) => { this.acts[k + 1] = () => this.go(k); });
      if (theory.length) this.acts.t = () => { if (!this.theoryButton.disabled) this.hide(!this.hides); };
      if (simulates) this.acts.s = () => panel.reseed();
      this.toggle = button("Teach", "large type; keys step through presets and hide theory", () => this.teach(!this.on));
      this.toggle.setAttribute("aria-pressed", "false");
      this.theoryButton = button("Hide theory", "hide what theory says until the class has guessed (t)", () => this.hide(!this.hides));
      this.theoryButton.classList.add("python");                                // what is hidden is computed anew
      const keys = [...numbered.map(([label], k) => [k + 1, label]), [0, "paper's values"], ["n", "next"], ["p", "previous"],
                    ...(theory.length ? [["t", "theory"]] : []), ...(simulates ? [["s", "simulate"]] : []), ["Esc", "leave"]];
      this.box = element("div", { className: "row keys", hidden: true }, ...(theory.length ? [this.theoryButton] : []), "keys:",
                         ...keys.map(([key, what]) => element("span", {}, element("kbd", { textContent: key }), ` ${what}`)));
    }

    // Begin or end; at the end theory is shown again.
    teach(on) {
      if (on === this.on) return;
      this.on = on;
      this.toggle.setAttribute("aria-pressed", String(on));
      this.box.hidden = !on;
      this.panel.place.classList.toggle("teaching", on);
      if (on && !this.panel.place.contains(document.activeElement)) this.panel.place.focus({ preventScroll: true });
      if (!on && this.hides) this.hide(false);
      this.panel.figure.enlarge(on);
      this.panel.host.taught?.(on);
    }

    hide(hidden) {
      this.hides = hidden;
      this.theoryButton.textContent = hidden ? "Show theory" : "Hide theory";
      this.panel.hide(hidden);
    }

    // A key was pressed on the panel; fields and sliders keep theirs. Says whether it meant something here.
    key({ key, target, ctrlKey, altKey, metaKey }) {
      if (!this.on || !(key in this.acts) || ctrlKey || altKey || metaKey) return false;
      if (key !== "Escape" && target.closest?.("input[type=text], textarea, select")) return false;
      if (key.startsWith("Page") && target.closest?.("input[type=range]")) return false;
      this.acts[key]();
      return true;
    }

    step(by) {
      const count = this.presets.length;
      if (count) this.go(this.at < 0 ? (by > 0 ? 0 : count - 1) : (this.at + by + count) % count);
    }

    go(k) {
      this.at = k;
      this.panel.preset(this.presets[k][1]);
    }

    reset() {
      this.at = -1;
      this.panel.reset();
    }
  }

  mombook.Teacher = Teacher;
})(mombook);
