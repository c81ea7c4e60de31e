// What every page has: theme, code switch, contents, scrollable parts that the keyboard reaches.
"use strict";
(() => {
  const LATEST = 5000;                                                  // ms that what can wait waits for figures
  const root = document.documentElement, listeners = new Set();
  const remember = (theme) => { try { localStorage.setItem("mombook-theme", theme); } catch (error) { /* not kept, then */ } };

  function paint(theme) {
    root.dataset.theme = theme;
    const button = document.getElementById("theme");
    button.setAttribute("aria-pressed", String(theme === "dark"));
    listeners.forEach((listener) => listener(theme));
  }
  const onTheme = (listener) => { listeners.add(listener); return () => listeners.delete(listener); };
  window.mombook = { theme: () => root.dataset.theme, onTheme };

  document.getElementById("theme").addEventListener("click", () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    remember(theme);
    paint(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => paint(event.matches ? "dark" : "light"));
  paint(root.dataset.theme);

  const code = document.getElementById("code");
  code?.addEventListener("click", () => {
    const open = code.getAttribute("aria-pressed") !== "true";
    code.setAttribute("aria-pressed", String(open));
    root.dataset.code = open ? "open" : "folded";                       // :has(#code) would cost each new picture 0.2 s
    document.querySelectorAll("details.code").forEach((cell) => { cell.open = open; });
  });

  const contents = document.querySelector(".contents details");
  if (contents && matchMedia("(max-width: 62rem)").matches) contents.open = false;

  // What measures the page waits until there is time: laying all of it out would hold up the figures.
  const soon = window.requestIdleCallback ?? ((act) => setTimeout(act, 0, { timeRemaining: () => Infinity }));
  const idle = (act) => {
    let waiting = false;
    const later = (deadline) => {
      waiting = false;
      act(deadline);
    };
    return () => { if (!waiting) soon(later); waiting = true; };
  };

  // A part that scrolls sideways must be reachable without a mouse. To ask lays out what is far below, so figures come first.
  let parts = [], awaited = Boolean(document.querySelector("figure.panel"));
  const look = (deadline) => {
    while (parts.length && deadline.timeRemaining() > 1) {
      const part = parts.shift();
      if (part.scrollWidth > part.clientWidth + 1) part.tabIndex = 0; else part.removeAttribute("tabindex");
    }
    if (parts.length) soon(look);
  };
  const reachable = idle((deadline) => {
    if (awaited) return;
    const isUnderWay = parts.length;
    parts = [...document.querySelectorAll(".equation, pre, .scroll, .chapters")];
    if (!isUnderWay) look(deadline);
  });
  const drawn = () => {
    awaited = false;
    reachable();
  };
  if (awaited) addEventListener("drawn", drawn); else reachable();
  setTimeout(drawn, LATEST);
  new ResizeObserver(reachable).observe(document.body);
  document.querySelectorAll("details").forEach((each) => each.addEventListener("toggle", reachable));

  // The contents follow the reading.
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const headings = [...document.querySelectorAll("main h2, main h3")].filter((heading) => links.has(heading.id));
  if (headings.length) {
    const follow = idle(() => {
      const isAbove = (part) => part.getBoundingClientRect().top < 120;   // of a heading only if its block has begun
      const above = headings.filter((heading) => isAbove(heading.closest("main > *")) && isAbove(heading));
      links.forEach((link) => link.classList.remove("here"));
      if (above.length) links.get(above.at(-1).id).classList.add("here");
    });
    addEventListener("scroll", follow, { passive: true });
    follow();
  }
})();
