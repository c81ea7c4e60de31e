// A panel's host in Jupyter: brings the front end to the page, once, from the kernel; posts the panel's calls to the kernel;
// says when the kernel is gone; and keeps in the notebook a picture and the sentence of what was drawn last.
const PATIENCE = 10000;                                                 // ms after which a panel that is not there yet says why
const GONE = "The kernel has stopped or restarted, and the figure stands still. Run the notebook again to go on from here.";
const CUT = "The kernel cannot be reached; the figure follows when it can.";
const PANEL = "application/vnd.mombook.panel+json", VIEW = "application/vnd.jupyter.widget-view+json";
const ESCAPES = (event) => event.key === "Escape" || event.ctrlKey || event.metaKey || (event.shiftKey && event.key === "Enter");
const page = (globalThis.mombookInJupyter ??= { fronts: {}, left: new WeakMap() });     // left: cell -> where its panel was left

// -- what the page is like -----------------------------------------------------------------------------------------------
const theme = () => {
  const { jpThemeLight } = document.body.dataset;
  return (jpThemeLight ? jpThemeLight === "false" : matchMedia("(prefers-color-scheme: dark)").matches) ? "dark" : "light";
};

function onTheme(listener) {
  const seen = new MutationObserver(() => listener(theme()));
  seen.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => seen.disconnect();
}

// -- what comes from the kernel ------------------------------------------------------------------------------------------
function ask(model, call) {
  const id = Math.random().toString(36).slice(2);
  return new Promise((resolve) => {
    const heard = (message, buffers) => {
      if (message.id !== id) return;
      model.off("msg:custom", heard);
      resolve({ message, buffers });
    };
    model.on("msg:custom", heard);
    model.send({ id, call });
  });
}

async function load(model) {
  const { buffers } = await ask(model, "front");
  const packed = new Blob([buffers[0]]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { plotly, scripts, style } = JSON.parse(await new Response(packed).text());
  const before = globalThis.Plotly;
  const source = `const module = { exports: {} }, exports = module.exports, define = undefined;\n${plotly}
export default (mombook) => { const Plotly = module.exports;\n${scripts}\nreturn mombook; };`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    const front = (await import(url)).default({ theme, onTheme });
    document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
    return front;
  } finally {
    URL.revokeObjectURL(url);
    globalThis.Plotly = before;
  }
}

// The front end of one version of mombook: notebooks of several kernels may stand in one page.
function front(model) {
  const version = model.get("_front");
  page.fronts[version] ??= load(model);
  page.fronts[version].catch(() => { delete page.fronts[version]; });
  return page.fronts[version];
}

// -- a view --------------------------------------------------------------------------------------------------------------
const SKELETON = `<div class="controls"></div><div class="plot" role="img"></div><div class="caption">
  <p class="sentence" role="status"></p><div class="lamps"></div><pre class="readout" hidden></pre><p class="heard"></p>
  <div class="after"></div><details class="help"><summary>How to read this</summary><p></p></details></div>`;

async function open(model, el, ends, wanted) {
  const [mombook, { message: { face } }] = await Promise.all([front(model), ask(model, "face")]);
  if (!wanted()) return;
  const view = Math.random().toString(36).slice(2), cell = el.closest(".jp-Cell"), { kernel, context } = model.widget_manager;

  const engine = new class extends mombook.Engine {
    count = 0;
    remedyLabel = "Run the notebook again";

    post(job) {
      this.count += 1;
      model.send({ view, id: this.count, call: job.call, args: job.args });
    }

    hear({ view: whose, id, head }, [numbers]) {
      if (whose !== view || id !== this.count || !this.job) return;
      this.take(head, new Float64Array(numbers.buffer.slice(numbers.byteOffset, numbers.byteOffset + numbers.byteLength)));
    }

    // Jupyter's own button, which asks before it restarts the kernel.
    remedy() { el.closest(".jp-NotebookPanel")?.querySelector('[data-command="notebook:restart-run-all"]')?.click(); }

    gone() {
      if (this.state === "failed") return;
      this.job = null;
      if (cell) page.left.set(cell, { line: panel.line, source: find(face.model, context)?.source });
      this.tell("failed", GONE);
    }

    // The connection is back: what was under way is asked for once more.
    back() {
      this.tell("ready", "");
      if (this.job) this.post(this.job); else this.pump();
    }
  }();

  const place = document.createElement("figure");
  place.className = "mombook-panel";
  place.setAttribute("aria-label", face.title);
  place.innerHTML = SKELETON;
  const part = (name) => place.querySelector(`.${name}`);
  Object.assign(part("sentence"), { id: `sentence-${view}`, textContent: face.sentence });
  part("plot").setAttribute("aria-labelledby", `sentence-${view}`);
  Object.assign(part("readout"), { textContent: face.text, hidden: !face.text });
  part("heard").textContent = face.simulated;
  part("help").lastChild.textContent = face.help;

  const shade = (now) => { el.style.colorScheme = now; };
  shade(theme());
  ends.push(onTheme(shade));
  const sync = (name, value) => {
    if (model.get(name) === value) return;
    model.set(name, value);
    model.save_changes();
  };
  const host = {
    moved: () => sync("scenario", panel.line),
    taught: (on) => sync("teaching", on),
    rested: () => keep(panel, face.model, context).catch((error) => console.error(error)),
  };
  const panel = new mombook.Panel(place, { ...face, key: view, auto: model.get("simulates") }, engine, host);
  place.mombook = panel;                                                // for tests and the curious
  const heard = (message, buffers) => {
    if (message.simulate && !model.get("simulates")) { panel.asked = true; panel.resettle(); }
    else if (message.view) engine.hear(message, buffers);
  };
  const elsewhere = () => { if (model.get("scenario") !== panel.line) panel.ask(model.get("scenario")); };
  const taught = () => panel.teacher.teach(model.get("teaching"));
  model.on("msg:custom", heard);
  model.on("change:scenario", elsewhere);
  model.on("change:teaching", taught);
  const keys = (event) => {                                             // before Jupyter takes them for its own commands
    if (!place.contains(event.target) || ESCAPES(event)) return;
    if (panel.pressed(event)) event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("keydown", keys, true);
  const status = (_, now) => { if (/dead|restarting|terminating/.test(now)) engine.gone(); };
  const connection = (_, now) => {
    if (engine.state === "failed") return;
    if (now === "connected" && engine.state === "loading") engine.back();
    else if (now !== "connected") engine.tell("loading", CUT);
  };
  kernel?.statusChanged?.connect(status);
  kernel?.connectionStatusChanged?.connect(connection);
  ends.push(() => {
    model.off("msg:custom", heard);
    model.off("change:scenario", elsewhere);
    model.off("change:teaching", taught);
    removeEventListener("keydown", keys, true);
    kernel?.statusChanged?.disconnect(status);
    kernel?.connectionStatusChanged?.disconnect(connection);
    panel.figure?.leave?.();
  });
  el.replaceChildren(place);
  await panel.draw();
  engine.tell("ready", "");
  taught();
  const left = cell && page.left.get(cell);
  page.left.delete(cell);
  if (left && left.line !== panel.line && left.source === find(face.model, context)?.source) panel.ask(left.line);
  else if (model.get("scenario") !== panel.line) elsewhere();           // it was moved while the scripts were on their way
  else panel.resettle();
}

// -- what a saved notebook keeps -----------------------------------------------------------------------------------------
// The two outputs after the widget's: its sentence, and a picture. Written only when what they show is not what is drawn.
async function keep(panel, id, context) {
  const { line } = panel, kept = find(id, context);
  if (!kept || (kept.scenario === line && kept.picture)) return;
  const image = await panel.figure.image(panel.stamp), sentence = panel.part("sentence").textContent, now = find(id, context);
  if (!now || panel.line !== line || panel.wanted) return;
  const style = ".jupyter-widgets-error-widget, .jp-OutputArea-output.jupyter-widgets:not(:has(*)) { display: none; }";
  const text = Object.assign(document.createElement("p"), { className: "mombook-still", textContent: sentence });
  const put = (at, data) => now.outputs.set(at, { output_type: "display_data", data, metadata: {} });
  put(now.at + 1, { [PANEL]: { panel: panel.face.name, scenario: line }, "text/plain": sentence,
                    "text/html": `<style>${style}</style>${text.outerHTML}` });
  put(now.at + 2, { "image/png": image, "text/plain": `the picture of the panel ${panel.face.name}` });
}

// Where in the notebook the widget and what is kept of it stand; null in a host that shows its notebook to nobody.
function find(id, context) {
  for (const { type, outputs, sharedModel } of context?.model?.cells ?? []) {
    for (let at = 0; type === "code" && at + 2 < outputs.length; at++) {
      const [widget, words, picture] = [0, 1, 2].map((by) => outputs.get(at + by).toJSON().data ?? {});
      if (widget[VIEW]?.model_id !== id || !words[PANEL]) continue;
      return { outputs, at, source: sharedModel.getSource(), scenario: words[PANEL].scenario, picture: Boolean(picture["image/png"]) };
    }
  }
  return null;
}

export default {
  render({ model, el }) {
    el.classList.add("mombook");
    const ends = [];
    let turn = 0;
    const say = (sentence, role) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again", onclick: begin });
      const text = Object.assign(document.createElement("p"), { textContent: `${sentence} ` });
      text.setAttribute("role", role);
      text.append(button);
      el.replaceChildren(text);
    };
    function begin() {
      const mine = ++turn;
      const late = setTimeout(() => {
        if (!el.querySelector("figure")) say("The panel waits for the kernel, which may be busy with a cell.", "status");
      }, PATIENCE);
      el.textContent = "The panel is being drawn …";
      open(model, el, ends, () => mine === turn)
        .catch((error) => say(`The panel cannot be drawn: ${error.message}.`, "alert"))
        .finally(() => clearTimeout(late));
    }
    begin();
    return () => {
      turn += 1;
      ends.forEach((end) => end());
    };
  },
};
