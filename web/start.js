// Draws the page's figures, opens the scenario its address names, and starts Python once all can be read.
"use strict";
(() => {
  const { Engine, Panel } = window.mombook;
  const engine = new Engine(JSON.parse(document.getElementById("live").textContent));
  const panels = [...document.querySelectorAll("figure.panel")].map((place) => new Panel(place, engine));
  panels.forEach((panel, k) => { panel.isFirst = k === 0; engine.add(panel); });
  window.mombook.engine = engine;
  window.mombook.panels = panels;

  // "#kappa=1e3;batch=8" speaks to the page's first panel, "#name:kappa=1e3" to another, "&" joins several.
  function fragment() {
    let text = location.hash.slice(1);
    try { text = decodeURIComponent(text); } catch (error) { /* as it stands, then */ }
    if (!text.includes("=")) return [];                                 // a heading or an equation
    return text.split("&").map((part) => {
      const [, key, line] = /^(?:([\w-]+):)?(.*)$/s.exec(part);
      return { panel: key ? panels.find((panel) => panel.key === key) : panels[0], key, line };
    });
  }

  function openFragment() {
    fragment().forEach(({ panel, key, line }, k) => {
      if (!panel) { panels[0]?.refused(`This link is for a panel this page does not have: ${key}; it has ${panels.map((p) => p.key).join(", ")}.`); return; }
      panel.ask(line, true);
      if (k === 0 && !panel.isFirst) panel.place.scrollIntoView({ block: "start" });
    });
  }

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
