// A class link, "#class=maple.fingerprint": until the word with this fingerprint is typed, pages of this browser keep answers and
// solutions locked (the style sheet hides them, start.js asks here before a question is answered). A courtesy: whoever reads the
// source finds every answer. Runs before the first paint, and takes the link out of the address before others read it.
"use strict";
(() => {
  const root = document.documentElement, KEPT = "mombook-class", LINK = /^class=([\p{L}\p{N}_-]{1,40})\.([0-9a-f]{16})$/u;
  let lock = null, place = null, unsaid = "";

  const store = (name) => { try { return name(localStorage); } catch (error) { return null; } };    // storage may be forbidden
  const plain = (word) => word.normalize("NFC").trim().toLowerCase();

  // FNV-1a of 64 bits: no secret is safe behind it, and it needs no secure connection.
  function fingerprint(called, word) {
    let sum = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(`${plain(called)} ${plain(word)}`)) {
      sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
    }
    return sum.toString(16).padStart(16, "0");
  }

  const decoded = (text) => { try { return decodeURIComponent(text); } catch (error) { return text; } };
  const made = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // What a link in the address says; it is taken out of there.
  function read() {
    const parts = location.hash.slice(1).split("&").map(decoded), ours = parts.filter((part) => part.startsWith("class="));
    if (!ours.length) return;
    const rest = parts.filter((part) => !ours.includes(part)).join("&"), [, called, mark] = LINK.exec(ours.at(-1)) || [];
    history.replaceState(null, "", rest ? `#${rest}` : location.pathname + location.search);
    if (!mark) { say("This link to a class is incomplete: nothing is locked by it."); return; }
    lock = { called, mark };
    store((kept) => kept.setItem(KEPT, JSON.stringify(lock)));
    show();
  }

  const isLocked = () => Boolean(lock);
  const sentence = () => `Answers and solutions are locked for class ${lock.called} until your teacher's word is typed at the top of the page.`;

  function open(word) {
    if (!lock || fingerprint(lock.called, word) !== lock.mark) return false;
    lock = null;
    store((kept) => kept.removeItem(KEPT));
    show();
    return true;
  }

  function say(text, alarm = false) {
    if (!place) { unsaid = text; return; }
    const said = place.querySelector(".said");
    said.textContent = text;
    said.classList.toggle("alarm", alarm);
    place.hidden = !text && !lock;
  }

  function show() {
    if (lock) root.dataset.class = lock.called; else delete root.dataset.class;
    if (!place) return;
    place.querySelector(".told").textContent = lock ? `Class ${lock.called}: answers and solutions are locked.` : "";
    place.querySelector("form").hidden = !lock;
    place.hidden = !lock;
    for (const panel of (lock && window.mombook?.panels) || []) {        // what was revealed is hidden again
      if (panel.now.reveal === "yes") panel.move({ ...panel.now, reveal: "no" });
    }
  }

  function build() {
    const field = made("input", { type: "text", autocomplete: "off", id: "class-word" }), said = made("span", { className: "said" });
    said.setAttribute("role", "status");
    const form = made("form", {}, made("label", { htmlFor: field.id, textContent: "your teacher's word" }), field,
                      made("button", { type: "submit", textContent: "Open" }));
    place = made("aside", { className: "lock", hidden: true }, made("span", { className: "told" }), form, said);
    place.setAttribute("aria-label", "Class");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { called } = lock, word = field.value.trim();
      field.value = "";
      if (open(word)) say(`Class ${called}: answers and solutions are open.`);
      else say(word ? `“${word}” is not the word that opens class ${called}. Nothing has changed.` : "Type the word first.", true);
    });
    document.querySelector("header.bar, #theme").after(place);
    makeLinks();
    show();
    if (unsaid) say(unsaid);
  }

  // Where TEACHING.md speaks of it: two words make a link.
  function makeLinks() {
    const heading = document.getElementById("a-link-for-a-class");
    if (!heading) return;
    const [called, word] = ["class", "word that opens"].map((label) => [label, made("input", { type: "text", autocomplete: "off" })]);
    const link = made("input", { type: "text", readOnly: true, className: "link" });
    const row = made("p", { className: "class-link" }, ...[called, word, ["link", link]].map(([label, field]) => made("label", {}, `${label} `, field)));
    row.addEventListener("input", () => {
      const part = `class=${called[1].value.trim()}.${fingerprint(called[1].value, word[1].value)}`;
      const told = !called[1].value.trim() || !word[1].value.trim() ? ""
        : LINK.test(part) ? new URL(`index.html#${part}`, location.href).href : "a class is one word of letters, digits, - or _";
      link.value = told;
    });
    heading.after(row);
  }

  window.mombookClass = { isLocked, sentence, open, fingerprint };
  const kept = store((at) => at.getItem(KEPT));
  try { lock = JSON.parse(kept); } catch (error) { /* not ours, then */ }
  if (!LINK.test(`class=${lock?.called}.${lock?.mark}`)) lock = null;
  read();
  show();
  addEventListener("hashchange", read);
  addEventListener("storage", (event) => {                              // another tab was locked or opened
    if (event.key !== KEPT) return;
    try { lock = JSON.parse(event.newValue); } catch (error) { lock = null; }
    show();
  });
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", build); else build();
})();
