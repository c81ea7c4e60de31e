// A panel's picture: plotly's traces and layout, changed in place of what was there; theme, width, pictures to keep.
"use strict";
(() => {
  const NARROW = 760;                                                   // narrower figures get their subplots under one another
  const PRINT = 1050, FOOT = 26;                                        // a picture for paper: its width; room for the stamp
  const POINTS = ["x", "y", "text", "customdata"];
  const AT_ONCE = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } };
  const config = { displayModeBar: false, responsive: false };

  class Figure {
    constructor(place, face) {
      this.place = place;
      this.face = face;
      this.data = face.figure.data;
      this.layout = face.figure.layout;
      delete this.layout.width;
      this.narrow = null;
      this.stale = true;                                                // something but points has changed since the last picture
      this.moved = new Map();                                           // trace name -> its points, changed since then
      this.titled = {};
      this.fit();
      this.paint(window.mombook.theme());
    }

    // A frame without axes and legend costs a fifth of a whole picture, and is enough where only points have moved.
    async draw() {
      const { moved, titled } = this;
      this.moved = new Map();
      this.titled = {};
      if (this.drawn && !this.stale) {
        const traces = [...moved.keys()].map((name) => this.data.findIndex((trace) => trace.name === name));
        const overtaken = () => {};                                     // by the next frame
        if (Object.keys(titled).length) await Plotly.relayout(this.place, titled);
        if (traces.length) await Plotly.animate(this.place, { data: [...moved.values()], traces }, AT_ONCE).catch(overtaken);
        return;
      }
      this.stale = false;
      await Plotly.react(this.place, this.data, this.layout, config);
      if (this.drawn) return;
      this.drawn = true;
      new ResizeObserver(() => { if (this.fit()) this.draw(); }).observe(this.place);
      window.mombook.onTheme((theme) => { this.paint(theme); this.draw(); });
    }

    // Follow the width of the page; says whether anything changed.
    fit() {
      const width = Math.floor(this.place.clientWidth), narrow = width < NARROW;
      if (!width || width === this.layout.width) return false;
      if (narrow !== this.narrow) merge(this.layout, narrow ? this.face.stacked : this.face.wide);
      this.narrow = narrow;
      this.stale = true;
      this.layout.width = width;
      this.layout.legend = { ...this.layout.legend, font: { size: narrow ? 11 : 13 } };
      this.place.style.minHeight = `${this.layout.height}px`;
      return true;
    }

    // The colours of a light or a dark page; methods keep theirs.
    paint(theme) {
      const colors = this.face.colors[theme];
      this.change(colors.traces);
      this.stale = true;
      merge(this.layout, colors.layout);
      (this.layout.annotations || []).forEach((note, k) => { if (colors.notes[k]) note.font = { ...note.font, color: colors.notes[k] }; });
    }

    // New arrays for traces by name; only what is given changes.
    change(traces) {
      this.data = this.data.map((trace) => {
        const given = traces[trace.name];
        if (!given) return trace;
        const emptied = given.x && Boolean(given.x.length) !== Boolean(trace.x?.length);
        const points = Object.fromEntries(Object.entries(given).filter(([key]) => POINTS.includes(key)));
        const rest = Object.entries(given).filter(([key, value]) => !POINTS.includes(key) && !alike(value, of(trace, key)));
        if (rest.length || emptied || (trace.type ?? "scatter") !== "scatter") this.stale = true;
        this.moved.set(trace.name, { ...this.moved.get(trace.name), ...points });
        return changed(trace, given);
      });
    }

    title(texts) {
      (this.layout.annotations || []).forEach((annotation, k) => {
        if (k >= texts.length || annotation.text === texts[k]) return;
        annotation.text = texts[k];
        this.titled[`annotations[${k}].text`] = texts[k];
      });
    }

    rescale(ranges) {
      this.stale = true;
      for (const [axis, range] of Object.entries(ranges)) this.layout[axis] = { ...this.layout[axis], range };
    }

    // The drawn numbers: trace name -> its arrays.
    get plotted() {
      return Object.fromEntries(this.place._fullData.filter((trace) => trace.visible === true && trace.x).map((trace) => {
        const arrays = { x: numbers(trace.x), y: numbers(trace.y) };
        if (trace.z) arrays.z = Array.from(trace.z, numbers);
        if (trace.error_y?.array) arrays["error_y.array"] = numbers(trace.error_y.array);
        return [trace.name, arrays];
      }));
    }

    // Save as a picture for paper: light, subplots beside one another, the stamp at its foot.
    async picture(format, filename, stamp) {
      const face = { ...this.face, figure: structuredClone({ data: this.data, layout: this.layout }) };
      const { data, layout: bare } = face.figure, own = { face, data, layout: bare, moved: new Map(), titled: {} };
      const print = Object.assign(Object.create(Figure.prototype), own);
      print.paint("light");
      merge(print.layout, face.wide);
      const { layout } = print, b = (layout.margin?.b ?? 52) + FOOT, width = PRINT, height = (layout.height ?? 450) + FOOT;
      merge(layout, { width, height, margin: { b } });
      layout.annotations = [...(layout.annotations || []), { text: stamp, xref: "paper", yref: "paper", x: 1, y: 0, xanchor: "right",
        yanchor: "top", yshift: 22 - b, showarrow: false, font: { size: 10, color: "#57606a" } }];
      return Plotly.downloadImage({ data: print.data, layout }, { format, filename, width, height, scale: format === "png" ? 3 : 1 });
    }
  }

  // An attribute such as "marker.line.color" of a trace; a trace is visible until told otherwise.
  const of = (trace, path) => path.split(".").reduce((part, name) => part?.[name], trace) ?? (path === "visible" ? true : undefined);
  const alike = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
  const numbers = (array) => (array ? Array.from(array) : []);

  function merge(into, changes) {
    for (const [key, value] of Object.entries(changes)) {
      if (value && typeof value === "object" && !Array.isArray(value)) into[key] = merge({ ...into[key] }, value);
      else into[key] = value;
    }
    return into;
  }

  // A trace with attributes such as "marker.line.color" replaced; the old one is left as it was.
  function changed(trace, attributes) {
    const made = { ...trace };
    for (const [path, value] of Object.entries(attributes)) {
      const names = path.split("."), last = names.pop();
      let into = made;
      for (const name of names) into = into[name] = { ...into[name] };
      into[last] = value;
    }
    return made;
  }

  window.mombook.Figure = Figure;
})();
