// A panel's picture: plotly's traces and layout, changed in place of what was there; theme, width, pictures to keep.
"use strict";
(() => {
  const NARROW = 760;                                                   // narrower figures get their subplots under one another
  const PRINT = 1050, FOOT = 26;                                        // a picture for paper: its width; room for the stamp
  const config = { displayModeBar: false, responsive: false };

  class Figure {
    constructor(place, face) {
      this.place = place;
      this.face = face;
      this.data = face.figure.data;
      this.layout = face.figure.layout;
      delete this.layout.width;
      this.narrow = null;
      this.fit();
      this.paint(window.mombook.theme());
    }

    async draw() {
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
      this.layout.width = width;
      this.layout.legend = { ...this.layout.legend, font: { size: narrow ? 11 : 13 } };
      this.place.style.minHeight = `${this.layout.height}px`;
      return true;
    }

    // The colours of a light or a dark page; methods keep theirs.
    paint(theme) {
      const colors = this.face.colors[theme];
      this.change(colors.traces);
      merge(this.layout, colors.layout);
      (this.layout.annotations || []).forEach((note, k) => { if (colors.notes[k]) note.font = { ...note.font, color: colors.notes[k] }; });
    }

    // New arrays for traces by name; only what is given changes.
    change(traces) {
      this.data = this.data.map((trace) => (traces[trace.name] ? changed(trace, traces[trace.name]) : trace));
    }

    title(texts) {
      (this.layout.annotations || []).forEach((annotation, k) => { if (k < texts.length) annotation.text = texts[k]; });
    }

    rescale(ranges) {
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
      const print = Object.assign(Object.create(Figure.prototype), { face, data: face.figure.data, layout: face.figure.layout });
      print.paint("light");
      merge(print.layout, face.wide);
      const { layout } = print, b = (layout.margin?.b ?? 52) + FOOT, width = PRINT, height = (layout.height ?? 450) + FOOT;
      merge(layout, { width, height, margin: { b } });
      layout.annotations = [...(layout.annotations || []), { text: stamp, xref: "paper", yref: "paper", x: 1, y: 0, xanchor: "right",
        yanchor: "top", yshift: 22 - b, showarrow: false, font: { size: 10, color: "#57606a" } }];
      return Plotly.downloadImage({ data: print.data, layout }, { format, filename, width, height, scale: format === "png" ? 3 : 1 });
    }
  }

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
