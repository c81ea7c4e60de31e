// A panel's picture: plotly's traces and layout, changed in place of what was there; theme, width, pictures to keep.
"use strict";
((mombook) => {
  const NARROW = 760;                                                   // narrower figures get their subplots under one another
  const HEIGHT = 450, LARGE_LEGEND = 1.3;                               // of a figure that says nothing; of a legend read from afar
  const ROOM = { l: 12, r: 12, b: 8 };                                  // beyond the margins: for tick labels, lest plotly draw twice
  const PRINT = 1050, FOOT = 26;                                        // a picture for paper: its width; room for the stamp
  const CORNERS = [[1, 1], [0, 0], [1, 0], [0, 1]];                      // right, top
  const POINTS = ["x", "y", "text", "customdata"];
  const AT_ONCE = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } };
  const config = { displayModeBar: false, responsive: false };

  class Figure {
    constructor(place, face) {
      this.place = place;
      this.face = face;
      this.data = face.figure.data;
      this.mapped = this.data.some(({ type }) => (type ?? "scatter") !== "scatter");     // a frame would take a map away
      this.layout = { ...face.figure.layout };
      delete this.layout.width;
      this.narrow = null;
      this.size = face.looks.normal;
      this.stale = true;                                                // something but points has changed since the last picture
      this.moved = new Map();                                           // trace name -> its points, changed since then
      this.titled = {};
      this.lit = {};                                                    // trace name -> points of a thin line under it
      this.named = "";                                                  // what these lines are
      this.fit();
      this.dress(face.looks[mombook.theme()]);
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
        const still = traces.length ? this.witnesses(traces) : [], data = [...moved.values(), ...still.map(() => ({}))];
        if (data.length) await Plotly.animate(this.place, { data, traces: [...traces, ...still] }, AT_ONCE).catch(overtaken);
        return;
      }
      this.stale = false;
      const layout = { ...this.layout, annotations: [...(this.layout.annotations || []), ...this.notes] };
      const drawn = Plotly.react(this.place, [...this.data, ...this.thin], layout, config);
      this.place.querySelector(":scope > img")?.remove();               // the picture that stood for it
      await drawn;
      if (this.drawn) return;
      this.drawn = true;
      const sized = new ResizeObserver(() => { if (this.fit()) this.draw(); });
      sized.observe(this.place);
      const themed = mombook.onTheme((theme) => { this.dress(this.face.looks[theme]); this.draw(); });
      this.leave = () => { sized.disconnect(); themed(); Plotly.purge(this.place); };
    }

    // From a subplot of which a frame has no trace plotly takes everything away: one that stands still for each of these.
    witnesses(moved) {
      const place = ({ xaxis = "x", yaxis = "y" }) => xaxis + yaxis;
      const seen = (k) => this.data[k].visible !== false && this.data[k].x?.length;
      const told = new Set(moved.filter(seen).map((k) => place(this.data[k])));
      const first = [...this.data.keys()].filter(seen).sort((a, b) => this.data[a].x.length - this.data[b].x.length);
      return first.filter((k) => !told.has(place(this.data[k])) && told.add(place(this.data[k])));
    }

    // Follow the width of the page; says whether anything changed.
    fit() {
      const width = Math.floor(this.place.clientWidth), narrow = width < NARROW;
      if (!width || width === this.layout.width) return false;
      if (narrow !== this.narrow) { this.narrow = narrow; this.arrange(); }
      this.stale = true;
      this.layout.width = width;
      return true;
    }

    // Set subplots beside or under one another, in the size of type that is wanted.
    arrange() {
      const { narrow, size, face } = this, large = size.tall || 1, arranged = narrow ? face.stacked : face.wide;
      this.layout.height = face.figure.layout.height ?? HEIGHT;
      merge(this.layout, arranged);
      const margin = { ...face.figure.layout.margin, ...arranged.margin };
      this.layout.margin = { ...margin, ...Object.fromEntries(Object.keys(ROOM).map((side) => [side, margin[side] + ROOM[side]])) };
      this.layout.height = Math.round(this.layout.height * large);
      this.layout.legend = { ...this.layout.legend, font: { size: (narrow ? 11 : 13) * (large > 1 ? LARGE_LEGEND : 1) } };
      this.place.style.minHeight = `${this.layout.height}px`;
    }

    // Large type, or normal.
    enlarge(large) {
      this.size = this.face.looks[large ? "large" : "normal"];
      this.dress(this.size);
      this.arrange();
      return this.draw();
    }

    // One of the looks: the colours of a page (methods keep theirs), or a size of type.
    dress(look) {
      this.change(look.traces);
      this.stale = true;
      this.layout = changed(this.layout, look.layout);
      (this.layout.annotations || []).forEach((note, k) => { if (look.notes[k]) note.font = changed(note.font || {}, look.notes[k]); });
    }

    // New arrays for traces by name; only what is given changes.
    change(traces) {
      this.data = this.data.map((trace) => {
        const given = traces[trace.name];
        if (!given) return trace;
        const emptied = given.x && Boolean(given.x.length) !== Boolean(trace.x?.length);
        const points = Object.fromEntries(Object.entries(given).filter(([key]) => POINTS.includes(key)));
        const rest = Object.entries(given).filter(([key, value]) => !POINTS.includes(key) && !alike(value, of(trace, key)));
        if (rest.length || emptied || this.mapped) this.stale = true;
        this.moved.set(trace.name, { ...this.moved.get(trace.name), ...points });
        return changed(trace, given);
      });
    }

    // Thin lines under some traces and what they are, or none: no part of the scenario, of its numbers or of its pictures. Says if
    // that is new.
    light(traces, named = "") {
      if (!Object.keys(traces).length && !Object.keys(this.lit).length) return false;
      this.lit = traces;
      this.named = named;
      this.stale = true;
      return true;
    }

    get thin() {
      return this.data.filter(({ name }) => name in this.lit).map(({ line, xaxis, yaxis, visible, name }) => (
        { ...this.lit[name], xaxis, yaxis, visible, name: `${name}: carried`, mode: "lines", line: { color: line.color, width: 1.5 },
          showlegend: false, hoverinfo: "skip" }));
    }

    // What the thin lines are, once in each subplot that has some, in the corner that the fewest lines pass.
    get notes() {
      const lines = [...this.data, ...this.thin].filter(({ visible, x }) => visible !== false && x?.length);
      const plots = new Map(this.thin.filter(({ visible }) => visible !== false).map((t) => [`${t.xaxis ?? "x"} ${t.yaxis ?? "y"}`, t]));
      return [...plots.values()].map(({ xaxis = "x", yaxis = "y" }) => {
        const here = lines.filter((trace) => (trace.xaxis ?? "x") === xaxis && (trace.yaxis ?? "y") === yaxis)
          .map((trace) => passed(trace, this.axis(xaxis), this.axis(yaxis)));
        const crowd = ([right, top]) => here.flat().filter(([u, v]) => (right ? u > 0.35 : u < 0.65) && (top ? v > 0.87 : v < 0.13)).length;
        const [right, top] = CORNERS.reduce((best, corner) => (crowd(corner) < crowd(best) ? corner : best));
        return { text: this.named, xref: `${xaxis} domain`, yref: `${yaxis} domain`, x: right ? 0.98 : 0.02, y: top ? 0.97 : 0.03,
          xanchor: right ? "right" : "left", yanchor: top ? "top" : "bottom", showarrow: false,
          font: { size: 12 / 13 * (this.layout.font?.size ?? 13) } };
      });
    }

    axis(name) { return this.layout[`${name[0]}axis${name.slice(1)}`]; }

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
      const own = this.place._fullData.slice(0, this.data.length);
      return Object.fromEntries(own.filter((trace) => trace.visible === true && trace.x).map((trace) => {
        const arrays = { x: numbers(trace.x), y: numbers(trace.y) };
        if (trace.z) arrays.z = Array.from(trace.z, numbers);
        if (trace.error_y?.array) arrays["error_y.array"] = numbers(trace.error_y.array);
        return [trace.name, arrays];
      }));
    }

    // For paper: light, of normal size, subplots beside one another, the stamp at its foot.
    printed(stamp) {
      const own = { ...structuredClone({ data: this.data, layout: this.layout }), moved: new Map() };
      const print = Object.assign(Object.create(Figure.prototype), own);
      print.dress(this.face.looks.light);
      print.dress(this.face.looks.normal);
      merge(print.layout, this.face.wide);
      const { layout } = print, b = (layout.margin?.b ?? 52) + FOOT;
      const width = PRINT, height = (this.face.wide.height ?? this.face.figure.layout.height ?? HEIGHT) + FOOT;
      merge(layout, { width, height, margin: { b } });
      layout.annotations = [...(layout.annotations || []), { text: stamp, xref: "paper", yref: "paper", x: 1, y: 0, xanchor: "right",
        yanchor: "top", yshift: 22 - b, showarrow: false, font: { size: 10, color: "#57606a" } }];
      return { figure: { data: print.data, layout }, width, height };
    }

    // Save the printed picture.
    picture(format, filename, stamp) {
      const { figure, width, height } = this.printed(stamp);
      return Plotly.downloadImage(figure, { format, filename, width, height, scale: format === "png" ? 3 : 1 });
    }

    // The printed picture as a PNG, in base64.
    async image(stamp) {
      const { figure, width, height } = this.printed(stamp);
      return (await Plotly.toImage(figure, { format: "png", width, height, scale: 1 })).split(",")[1];
    }
  }

  // An attribute such as "marker.line.color" of a trace; a trace is visible until told otherwise.
  const of = (trace, path) => path.split(".").reduce((part, name) => part?.[name], trace) ?? (path === "visible" ? true : undefined);
  const alike = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
  const numbers = (array) => (array ? Array.from(array) : []);

  // Points along a line, as shares of its two axes.
  function passed({ x, y }, across, up) {
    const share = (value, { type, range: [low, high] }) => ((type === "log" ? Math.log10(value) : value) - low) / (high - low);
    const points = Array.from(x, (value, k) => [share(value, across), share(y[k], up)]);
    return points.flatMap(([u, v], k) => {
      const [s, t] = points[k + 1] ?? [u, v];
      return Array.from({ length: 8 }, (_, j) => [u + (s - u) * j / 8, v + (t - v) * j / 8]);
    });
  }

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

  mombook.Figure = Figure;
})(mombook);
