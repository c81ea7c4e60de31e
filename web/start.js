// Draws the page's figures, opens the scenario its address names, and starts Python once all can be read.
"use strict";
(() => {
  const { Engine, Panel } = window.mombook;
  const engine = new Engine(JSON.parse(document.getElementById("live").textContent));
  const panels = [...document.querySelectorAll("figure.panel")].map((place) => new Panel(place, engine));
  panels.forEach((panel) => engine.add(panel));
  window.mombook.engine = engine;
  window.mombook.panels = panels;

  // The panel a line speaks to when it names none: the first that knows most of its words.
  function addressed(line) {
    const words = line.split(";").map((part) => part.split("=")[0].trim());
    const known = panels.map((panel) => words.filter((word) => word in panel.now).length);
    return panels[known.indexOf(Math.max(...known))];
  }

  // "#kappa=1e3;batch=8" speaks to the panel that has these, "#name:kappa=1e3" to the one so called, "&" joins several.
  function fragment() {
    let text = location.hash.slice(1);
    try { text = decodeURIComponent(text); } catch (error) { /* as it stands, then */ }
    if (!text.includes("=")) return [];                                 // a heading or an equation
    return text.split("&").map((part) => {
      const [, key, line] = /^(?:([\w-]+):)?(.*)$/s.exec(part);
      return { panel: key ? panels.find((panel) => panel.key === key) : addressed(line), key, line };
    });
  }

  function openFragment() {
    fragment().forEach(({ panel, key, line }, k) => {
      if (!panel) { panels[0]?.refused(`This link is for a panel this page does not have: ${key}; it has ${panels.map((p) => p.key).join(", ")}.`); return; }
      panel.ask(line, true);
      if (k === 0) panel.place.scrollIntoView({ block: "start" });
    });
  }

  window.mombook.addressed = addressed;
  window.mombook.keepInAddress = () => {
    const moved = panels.filter((panel) => panel.line !== panel.opening).map((panel) => panel.address).join("&");
    if (moved || fragment().length) history.replaceState(null, "", moved ? `#${moved}` : location.pathname + location.search);
  };

  const pause = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  async function start() {
    await pause();                                                      // the text first
    for (const panel of panels) { await panel.draw(); await pause(); }
    document.documentElement.dataset.drawn = "yes";
    openFragment();
    addEventListener("hashchange", openFragment);
    if (panels.length) (window.requestIdleCallback || setTimeout)(() => engine.start(), { timeout: 2000 });
  }
  if (document.readyState === "complete") start(); else addEventListener("load", start);
})();
