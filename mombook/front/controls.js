// A panel's controls as plain HTML: one class per kind, each with `box` (what is shown) and `put` (show a value, silently).
// Values are texts, as in a scenario line; `moved(name, text)` is called when a reader moves one, and `refuse` shows beside a
// control why what was asked of it cannot be.
"use strict";
((mombook) => {
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const LEAP = 4;                                                       // stops between: more are no walk
  let count = 0;

  // Beside a control: the sentence, which names it as a scenario line does, with the name that is on screen.
  const refuse = ({ control, field, refusal }, sentence) => {
    refusal.textContent = sentence.replace(`${control.name} must`, `${control.label} must`);
    refusal.hidden = false;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", refusal.id);
  };

  class Slider {
    constructor(control, moved) {
      this.control = control;
      const id = `control-${++count}`, help = control.help || control.label;
      this.range = element("input", { type: "range", id, min: 0, step: 1, title: help });
      this.limit(control.stops, control.stops[0]);
      this.range.setAttribute("aria-label", `${control.label}: ${help}`);
      this.field = element("input", { type: "text", inputMode: "decimal", autocomplete: "off",
                                      title: `type a number from ${control.low} to ${control.high}` });
      this.field.setAttribute("aria-label", `${control.label}, typed`);
      this.refusal = element("span", { className: "refusal", id: `${id}-refusal`, hidden: true });
      this.refusal.setAttribute("role", "alert");
      this.box = element("div", { className: "slider" }, element("span", { textContent: control.label }), this.range, this.field,
                         this.refusal);
      this.range.addEventListener("input", () => {
        const text = this.stops[+this.range.value];
        this.field.value = text;
        this.range.setAttribute("aria-valuetext", `${control.label} = ${text}`);
        moved(control.name, text);
      });
      this.field.addEventListener("change", () => moved(control.name, this.field.value.trim()));
    }

    place(text) { return this.control.log ? Math.log(+text) : +text; }

    // The stops that a drag can reach, and where it begins.
    limit(stops, text) {
      this.stops = stops;
      this.positions = stops.map((stop) => this.place(stop));
      this.range.max = stops.length - 1;
      this.range.value = this.nearest(this.place(text));
    }

    nearest(at) {
      const far = this.positions.map((x) => Math.abs(x - at));
      return far.indexOf(Math.min(...far));
    }

    put(text) {
      this.range.value = this.nearest(this.place(text));
      this.range.setAttribute("aria-valuetext", `${this.control.label} = ${text}`);
      this.field.value = text;
      this.refusal.hidden = true;
      this.field.removeAttribute("aria-invalid");
    }

    // To the stop nearest to a value, as if the slider itself had been dragged.
    drag(value) {
      const nearest = this.nearest(this.control.log ? Math.log(Math.max(value, Number.MIN_VALUE)) : value);
      if (+this.range.value === nearest) return;
      this.range.value = nearest;
      this.range.dispatchEvent(new Event("input"));
    }

    refuse(sentence) { refuse(this, sentence); }

    // The next three stops on, if the slider goes on from one value past another as it did: none after a leap.
    onward(from, to) {
      const up = this.place(to) > this.place(from), here = this.place(to);
      const stops = up ? this.control.stops : [...this.control.stops].reverse();
      const passed = stops.filter((stop) => (this.place(stop) - this.place(from)) * (here - this.place(stop)) > 0);
      return passed.length > LEAP ? [] : stops.filter((stop) => (up ? this.place(stop) > here : this.place(stop) < here)).slice(0, 3);
    }
  }

  class Toggles {
    constructor(control, moved, refused) {
      this.buttons = new Map(control.options.map(([option, word]) => {
        const button = element("button", { type: "button", textContent: word, title: `show or hide ${word}` });
        if (control.colors[option]) {
          button.classList.add("method");
          button.style.setProperty("--method", control.colors[option]);
        }
        button.addEventListener("click", () => {
          const on = control.options.map(([o]) => o).filter((o) => (o === option) !== this.isOn(o));
          if (!on.length) { refused(`At least one of the ${control.label} stays on.`); return; }
          this.put(on.join("+"));
          moved(control.name, on.join("+"));
        });
        return [option, button];
      }));
      this.box = element("div", { className: "group", role: "group" }, element("span", { textContent: control.label }),
                         ...this.buttons.values());
      this.box.setAttribute("aria-label", control.label);
    }

    isOn(option) { return this.buttons.get(option).getAttribute("aria-pressed") === "true"; }

    put(text) {
      const on = text.split("+");
      this.buttons.forEach((button, option) => button.setAttribute("aria-pressed", String(on.includes(option))));
    }
  }

  class Choice {
    constructor(control, moved) {
      const options = control.options.map(([value, textContent]) => element("option", { value, textContent }));
      this.select = element("select", { title: control.help }, ...options);
      this.box = element("label", { className: "group" }, element("span", { textContent: control.label }), this.select);
      this.select.addEventListener("change", () => moved(control.name, this.select.value));
    }

    put(text) { this.select.value = text; }
  }

  class Switch {
    constructor(control, moved) {
      this.box = element("button", { type: "button", textContent: control.label, title: control.help });
      this.box.addEventListener("click", () => {
        const on = this.box.getAttribute("aria-pressed") === "true" ? "no" : "yes";
        this.put(on);
        moved(control.name, on);
      });
    }

    put(text) { this.box.setAttribute("aria-pressed", String(text === "yes")); }
  }

  class Written {                                                       // a line of text; empty, it is in no scenario line
    constructor(control, moved) {
      this.control = control;
      const id = `control-${++count}`;
      this.field = element("input", { type: "text", id, autocomplete: "off", spellcheck: false, title: control.help,
                                      placeholder: control.example });
      this.refusal = element("span", { className: "refusal", id: `${id}-refusal`, hidden: true });
      this.refusal.setAttribute("role", "alert");
      this.box = element("div", { className: "written" }, element("label", { textContent: control.label, htmlFor: id }), this.field,
                         this.refusal);
      this.field.addEventListener("change", () => {
        this.typed = this.field.value;
        moved(control.name, this.typed.replaceAll(";", ",").trim());
      });
    }

    put(text) {
      this.field.value = text;
      this.refusal.hidden = true;
      this.field.removeAttribute("aria-invalid");
    }

    // What was typed stays, to be mended.
    refuse(sentence) {
      this.field.value = this.typed;
      refuse(this, sentence);
    }
  }

  class Seed {                                                          // travels in the scenario line only
    put() {}
  }

  const kinds = { slider: Slider, toggles: Toggles, choice: Choice, switch: Switch, seed: Seed, written: Written };
  mombook.control = (control, moved, refused) => new kinds[control.kind](control, moved, refused);
  mombook.element = element;
})(mombook);
