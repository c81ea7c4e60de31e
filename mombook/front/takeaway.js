// What a reader takes away of a panel: scenario line, link, code, files and pictures in one menu, and the table of numbers.
"use strict";
((mombook) => {
  const { element } = mombook;

  class TakeAway {
    constructor(panel, button) {
      this.panel = panel;
      this.file = `mombook_${panel.face.name}`;
      this.written = element("input", { type: "text", spellcheck: false, autocomplete: "off" });
      this.written.setAttribute("aria-label", "scenario line");
      this.written.addEventListener("change", () => panel.ask(this.written.value));
      const python = (...what) => {                                     // a button that needs Python awake
        const made = button(...what);
        made.classList.add("python");
        return made;
      };
      const item = (make, label, title, act) => make(label, title, () => { this.menu.open = false; act(); });
      const items = [
        ...(panel.host.link ? [item(button, "Copy link", "a link that opens this page on this scenario",
                                    () => this.copy(panel.host.link(panel)))] : []),
        item(python, "Copy code", "three lines that bring this figure back in a notebook's cell",
             () => this.text("code", (text) => this.copy(text))),
        item(python, "CSV", "download the plotted numbers", () => this.csv()),
        item(python, "Script", "download a program that computes and prints every number in the figure", () => this.script()),
        item(python, "BibTeX", "download the works this panel rests on",
             () => this.text("bibtex", (text) => this.save(`${this.file}.bib`, "text/plain", text))),
        item(button, "PNG", "download the picture, in print size", () => this.picture("png")),
        item(button, "SVG", "download the picture as a drawing", () => this.picture("svg"))];
      this.menu = element("details", { className: "menu" }, element("summary", { textContent: "Export" }),
                          element("div", { className: "items" }, ...items));
      this.menu.addEventListener("focusout", ({ relatedTarget }) => {
        if (relatedTarget && !this.menu.contains(relatedTarget)) this.menu.open = false;
      });
      this.tabled = button("Table", "the plotted numbers as a table", () => {
        this.tabled.setAttribute("aria-pressed", String(this.tabled.getAttribute("aria-pressed") !== "true"));
        this.tabulate();
      });
      this.tabled.setAttribute("aria-pressed", "false");
      this.numbers = element("div", { className: "numbers", hidden: true, tabIndex: 0 });
      this.numbers.setAttribute("role", "region");
      this.numbers.setAttribute("aria-label", "table of the plotted numbers");
      this.boxes = [element("div", { className: "line" }, element("span", { textContent: "scenario" }), this.written),
                    button("Copy", "copy the scenario line", () => this.copy(panel.line)), this.menu, this.tabled];
    }

    // Escape closes the menu; says whether it did.
    escape() {
      if (!this.menu.open) return false;
      this.menu.open = false;
      this.menu.firstChild.focus();
      return true;
    }

    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        this.panel.say("Copied.");
      } catch (error) {
        this.panel.say("The browser did not allow copying; select the text and copy it by hand.", true);
      }
    }

    save(name, type, text) {
      const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    text(what, done) { this.panel.run("text", [this.panel.line, what], (reply) => { done(reply.text, reply); }); }

    script() {
      this.text("script", (text, { lacks }) => {
        this.save(`${this.file}.py`, "text/x-python", text);
        if (lacks) this.panel.say(lacks);
      });
    }

    csv() {
      this.panel.run("csv", [this.panel.line, JSON.stringify(this.panel.figure.plotted)],
                     (reply) => { this.save(`${this.file}.csv`, "text/csv", reply.text); });
    }

    async picture(format) {
      try {
        await this.panel.figure.picture(format, this.file, this.panel.stamp);
      } catch (error) {
        this.panel.say("The browser could not draw the picture.", true);
      }
    }

    // Fill the table while it is open: with what came with the panel, or with what Python makes of what is drawn now.
    tabulate() {
      const { panel } = this;
      this.numbers.hidden = this.tabled.getAttribute("aria-pressed") !== "true";
      if (this.numbers.hidden) return;
      if (panel.engine.state !== "ready") {
        this.numbers.innerHTML = panel.line === panel.opening && panel.face.table || "The table follows when Python runs.";
        return;
      }
      panel.run("table", [panel.line, JSON.stringify(panel.figure.plotted), JSON.stringify(panel.face.axes)],
                (reply) => { this.numbers.innerHTML = reply.text; });
    }
  }

  mombook.TakeAway = TakeAway;
})(mombook);
