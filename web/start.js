// Starts Python, draws the page's figures, each with the answers the page brings along, and opens the scenario of its address.
"use strict";
((mombook) => {
  const engine = new mombook.Python(JSON.parse(document.getElementById("live").textContent));
  const address = (panel) => (addressed(panel.line) === panel ? panel.line : `${panel.key}:${panel.line}`);
  const host = { eager: true, link: (panel) => `${location.href.split("#")[0]}#${address(panel)}`, settled: keepInAddress, forbids };
  const panels = [...document.querySelectorAll("figure.panel")].map((place) =>
    new mombook.Panel(place, JSON.parse(place.querySelector("script.data").textContent), engine, host));
  Object.assign(mombook, { engine, panels });

  // Why a line may not be shown: a class link keeps answers locked.
  function forbids(line) {
    const reveals = line.split(";").map((part) => part.replace(/^[\s#]+/, "").split("="))
      .some(([name, value = ""]) => name.trim() === "reveal" && value.trim() !== "no");
    return reveals && window.mombookClass?.isLocked() ? window.mombookClass.sentence() : "";
  }

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
      panel.ask(line, { byLink: true });
      if (k === 0) panel.place.scrollIntoView({ block: "start" });
    });
  }

  function keepInAddress() {
    const moved = panels.filter((panel) => panel.line !== panel.opening).map(address).join("&");
    if (moved || fragment().length) history.replaceState(null, "", moved ? `#${moved}` : location.pathname + location.search);
  }

  // Answers as the site's builder packs them: JSON, and the upper halves of the numbers that it points into.
  async function inflated(text) {
    const bytes = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const packed = new Blob([bytes]).stream();
    return new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
  }

  mombook.bring = async (mark, ...parts) => {
    const [heads, bytes] = await Promise.all(parts.map(inflated)), n = bytes.length / 4, halves = new Uint32Array(2 * n);
    for (let k = 0, half = 0; k < n; k++) {
      half += bytes[k] + (bytes[n + k] << 8) + (bytes[2 * n + k] << 16) + (bytes[3 * n + k] << 24);
      halves[2 * k + 1] = half |= 0;
    }
    const { controls, answers } = JSON.parse(new TextDecoder().decode(heads)), numbers = new Float64Array(halves.buffer);
    Object.values(answers).forEach((head) => mombook.Engine.unpacked(head, numbers));
    panels.filter(({ place }) => place.dataset.answers === mark).forEach((panel) => panel.bring(controls, answers));
    brought.get(mark)?.();
  };

  // What a panel brings along comes as a script, so that a page opened from a file has it too. It is waited for until it is there,
  // or is not to be had.
  const brought = new Map();
  const fetchAnswers = ({ place: { dataset: { answers } } }) => answers && new Promise((done) => {
    brought.set(answers, done);
    document.head.append(Object.assign(document.createElement("script"), { src: `answers/${answers}.js`, onerror: done }));
  });

  const PATIENCE = 1000, CALM = 300;            // milliseconds: Python waits for these answers; other figures for a reader's hand
  const pause = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  async function start() {
    if (!panels.length) return;
    const [first, ...others] = panels, answers = fetchAnswers(first);
    await pause();                                                      // the text first,
    await first.draw();
    await Promise.race([answers, new Promise((done) => setTimeout(done, PATIENCE))]);    // then one figure that moves,
    engine.start();
    const start = performance.now(), last = ({ touched = 0, painted = 0 }) => Math.max(start, touched, painted);
    for (const panel of others) {                                       // then all else
      do await pause(); while (performance.now() - Math.max(...panels.map(last)) < CALM);
      await panel.draw();
    }
    document.documentElement.dataset.drawn = "yes";
    dispatchEvent(new Event("drawn"));
    others.forEach(fetchAnswers);
    openFragment();
    addEventListener("hashchange", openFragment);
  }
  start();
})(mombook);
