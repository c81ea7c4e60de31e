// What a panel needs from the page it is on: width, theme, clipboard, downloads, pictures, and names for screen readers.
const isDark = () => {
  const body = document.body;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  return Boolean(window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches);
};

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const until = async (found, seconds) => {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const it = found();
    if (it) return it;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("it did not come");
};

// Plotly keeps its maker of pictures behind the camera in its own toolbar. `_context` and `_modeBar` are plotly 7's.
async function picture(panel, { name, format }) {
  const plot = await until(() => {
    const it = panel.querySelector(".mombook-print .js-plotly-plot");
    return it?._fullLayout?._modeBar && it.querySelector(".cartesianlayer .subplot") && it;
  }, 15);
  const { width, height } = plot._fullLayout;
  plot._context.toImageButtonOptions = { format, filename: name, width, height, scale: format === "png" ? 3 : 1 };
  const camera = plot._fullLayout._modeBar.buttons.flat().find((button) => button.name === "toImage");
  await camera.click(plot);
  await new Promise((done) => setTimeout(done, 1500));        // the picture is made from the plot after the click returns
}

// ipywidgets ties a label to none of its sliders and fields; plotly draws a picture without a name.
function name(panel, said) {
  const set = (node, attribute, text) => {
    if (node && text && node.getAttribute(attribute) !== text) node.setAttribute(attribute, text);
  };
  for (const slider of panel.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.innerText.trim();
    const field = slider.parentElement.querySelector(".widget-text input");
    set(slider.querySelector("[role=slider]"), "aria-label", label);
    set(slider.querySelector("[role=slider]"), "aria-valuetext", field?.value);
    set(field, "aria-label", `${label}, typed`);
  }
  for (const box of panel.querySelectorAll(".widget-text, .widget-dropdown")) {
    const field = box.querySelector("input, select");
    if (field && !field.getAttribute("aria-label")) set(field, "aria-label", box.querySelector(".widget-label")?.innerText.trim());
  }
  for (const bar of panel.querySelectorAll(".progress")) set(bar, "aria-hidden", "true");
  for (const button of panel.querySelectorAll(".jupyter-button.widget-toggle-button")) {
    set(button, "aria-pressed", String(button.classList.contains("mod-active")));
  }
  panel.querySelectorAll(".js-plotly-plot .main-svg").forEach((drawing, k) => {
    if (k) return set(drawing, "aria-hidden", "true");
    set(drawing, "role", "img");
    set(drawing, "aria-label", said);
  });
}

// Keys of teacher mode; Lab would take them for commands of its own. Fields and sliders keep theirs.
function teach(model, event) {
  const { key, target } = event, keys = model.get("pressed");
  if (!keys.includes(key) || event.ctrlKey || event.altKey || event.metaKey) return;
  if (key !== "Escape" && target.closest("input[type=text], textarea, select")) return;
  if (key.startsWith("Page") && target.closest("[role=slider]")) return;
  event.preventDefault();
  event.stopPropagation();
  model.send({ action: "key", key });
}

export default {
  render({ model, el }) {
    el.classList.add("mombook-page");
    const panel = () => el.closest(".mombook-panel");
    let late = 0;
    const label = () => {
      clearTimeout(late);
      late = setTimeout(() => panel() && name(panel(), model.get("said")), 200);
    };
    const tell = () => {
      const width = Math.round(el.getBoundingClientRect().width);
      if (width > 0) model.set("width", width);
      model.set("dark", isDark());
      model.save_changes();
      label();
    };
    const act = async (message) => {
      let done = true;
      try {
        if (message.action === "copy") await navigator.clipboard.writeText(message.text);
        if (message.action === "download") save(message.name, message.text, message.type);
        if (message.action === "picture") await picture(panel(), message);
      } catch (error) {
        done = false;
      }
      model.send({ action: message.action, done });
    };
    const size = new ResizeObserver(tell), themes = new MutationObserver(tell), parts = new MutationObserver(label);
    size.observe(el);
    themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    const press = (event) => teach(model, event);
    const listen = () => {
      const it = panel();
      if (!it) return;
      it.removeEventListener("keydown", press, true);
      if (!model.get("pressed").length) return;
      it.addEventListener("keydown", press, true);            // before the fields, which keep their keys to themselves
      it.tabIndex = -1;
      if (!it.contains(document.activeElement)) it.focus({ preventScroll: true });
    };
    until(panel, 10).then((it) => {
      parts.observe(it, { childList: true, subtree: true });
      listen();
    }, () => {});
    model.on("change:pressed", listen);
    model.on("change:said", label);
    model.on("msg:custom", act);
    tell();
    return () => {
      [size, themes, parts].forEach((observer) => observer.disconnect());
      panel()?.removeEventListener("keydown", press, true);
      model.off("change:pressed", listen);
      model.off("change:said", label);
      model.off("msg:custom", act);
    };
  }
};
