// Before the first paint: the reader's theme, and that scripts run. A file of its own: the server allows no inline scripts.
"use strict";
((root) => {
  let chosen = null;
  try { chosen = localStorage.getItem("mombook-theme"); } catch (error) { /* storage may be forbidden */ }
  root.dataset.theme = chosen || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.scripts = "on";
})(document.documentElement);
