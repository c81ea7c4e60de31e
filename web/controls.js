// A panel's controls as plain HTML: one class per kind, each with `box` (what is shown) and `put` (show a value, silently).
// Values are texts, as in a scenario line; `moved(name, text)` is called when a reader moves one.
"use strict";
(() => {
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  let count = 0;

  class Slider {
    constructor(control, moved) {
      this.control = control;
      const id = `control-${++count}`, help = control.help || control.label;
      this.positions = control.stops.map((stop) => this.place(stop));
      this.range = element("input", { type: "range", id, min: 0, max: control.stops.length - 1, step: 1, title: help });
      this.range.setAttribute("aria-label", `${control.label}: ${help}`);
      this.field = element("input", { type: "text", inputMode: "decimal", autocomplete: "off",
                                      title: `type a number from ${control.low} to ${control.high}` });
      this.field.setAttribute("aria-label", `${control.label}, typed`);
      this.box = element("div", { className: "slider" }, element("span", { textContent: control.label }), this.range, this.field);
      this.range.addEventListener("input", () => {
        const text = control.stops[+this.range.value];
        this.field.value = text;
        this.range.setAttribute("aria-valuetext", `${control.label} = ${text}`);
        moved(control.name, text);
      });
      this.field.addEventListener("change", () => moved(control.name, this.field.value.trim()));
    }

    place(text) { return this.control.log ? Math.log(+text) : +text; }

    put(text) {
      const at = this.place(text);
      let nearest = 0;
      this.positions.forEach((x, k) => { if (Math.abs(x - at) < Math.abs(this.positions[nearest] - at)) nearest = k; });
      this.range.value = nearest;
      this.range.setAttribute("aria-valuetext", `${this.control.label} = ${text}`);
      this.field.value = text;
    }

    // The next three stops on, if the slider goes on from one value past another as it did.
    onward(from, to) {
      const up = this.place(to) > this.place(from), here = this.place(to);
      const stops = up ? this.control.stops : [...this.control.stops].reverse();
      return stops.filter((stop) => (up ? this.place(stop) > here : this.place(stop) < here)).slice(0, 3);
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

  class Seed {                                                          // travels in the scenario line only
    put() {}
  }

  const kinds = { slider: Slider, toggles: Toggles, choice: Choice, switch: Switch, seed: Seed };
  window.mombook.control = (control, moved, refused) => new kinds[control.kind](control, moved, refused);
  window.mombook.element = element;
})();
