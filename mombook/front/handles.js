// Drag what is drawn: a trace that a panel names as a handle moves one or two sliders, which remain for the keyboard.
"use strict";
((mombook) => {
  const NEAR = 14, FINGER = 26;                                         // pixels to a handle, for a mouse and for a finger

  class Handles {
    // `handles`: trace name -> {x, y}, each a control's name, a list of them (one for each point), or null; `sliders` by name.
    constructor(place, handles, sliders) {
      Object.assign(this, { place, handles, sliders, held: null });
      place.style.touchAction = "pan-y";
      const listen = (type, act) => place.addEventListener(type, act, { capture: true });
      listen("pointerdown", (event) => this.take(event));
      listen("pointermove", (event) => this.move(event));
      for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) listen(type, () => { this.held = null; });
      for (const type of ["mousedown", "touchstart"]) {                 // plotly would begin to zoom, and the page to scroll
        place.addEventListener(type, (event) => {
          if (!this.held) return;
          if (type === "touchstart") event.preventDefault();
          event.stopPropagation();
        }, { capture: true, passive: false });
      }
    }

    // The handle under the pointer: its axes and the sliders that it moves; null where there is none.
    at(event) {
      const box = this.place.getBoundingClientRect(), { _fullLayout: layout, _fullData: traces } = this.place;
      const x = event.clientX - box.left, y = event.clientY - box.top, reach = event.pointerType === "touch" ? FINGER : NEAR;
      let best = null;
      for (const trace of traces || []) {
        const handle = trace.visible === true && this.handles[trace.name];
        if (!handle || !trace.x) continue;
        const across = layout[axis(trace.xaxis)], up = layout[axis(trace.yaxis)];
        if (!inside(x, across) || !inside(y, up)) continue;
        for (let k = 0; k < trace.x.length; k++) {
          const dx = Math.abs(across._offset + across.d2p(trace.x[k]) - x), dy = Math.abs(up._offset + up.d2p(trace.y[k]) - y);
          const far = handle.y ? (handle.x ? Math.hypot(dx, dy) : Math.max(dx, dy)) : dx;     // a line is taken anywhere along it
          const moved = { x: this.slider(handle.x, k), y: this.slider(handle.y, k) };
          if (far > reach || (best && best.far <= far) || !(moved.x || moved.y)) continue;
          best = { far, across, up, ...moved };
        }
      }
      return best;
    }

    // A slider, unless there is none or it stands still.
    slider(names, k) {
      const slider = names ? this.sliders[Array.isArray(names) ? names[k] : names] : null;
      return slider && !slider.range.disabled ? slider : null;
    }

    take(event) {
      this.held = event.button ? null : this.at(event);
      if (!this.held) return;
      this.place.setPointerCapture(event.pointerId);
      event.preventDefault();
      event.stopPropagation();
    }

    move(event) {
      if (!this.held) {
        const near = this.at(event);
        this.place.classList.toggle("grab", Boolean(near));
        this.place.style.setProperty("--grab", near ? (near.x && near.y ? "move" : near.x ? "ew-resize" : "ns-resize") : "auto");
        return;
      }
      const box = this.place.getBoundingClientRect(), { across, up, x, y } = this.held;
      x?.drag(across.p2d(event.clientX - box.left - across._offset));
      y?.drag(up.p2d(event.clientY - box.top - up._offset));
      event.stopPropagation();
    }
  }

  const axis = (name) => `${name[0]}axis${name.slice(1)}`;
  const inside = (pixel, { _offset, _length }) => pixel >= _offset - 4 && pixel <= _offset + _length + 4;

  mombook.Handles = Handles;
})(mombook);
