// What a panel needs from the page it is on: its width, whether it is dark, the clipboard and downloads.
function isDark() {
  const body = document.body;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  return window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
}
export default {
  render({ model, el }) {
    el.className = "mombook-page";
    const tell = () => {
      const width = Math.round(el.getBoundingClientRect().width);
      if (width > 0) model.set("width", width);
      model.set("dark", Boolean(isDark()));
      model.save_changes();
    };
    const size = new ResizeObserver(tell);
    size.observe(el);
    const themes = new MutationObserver(tell);
    themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    const act = async (message) => {
      let done = true;
      try {
        if (message.action === "copy") await navigator.clipboard.writeText(message.text);
        if (message.action === "download") {
          const link = document.createElement("a");
          link.href = URL.createObjectURL(new Blob([message.text], { type: message.type }));
          link.download = message.name;
          link.click();
          URL.revokeObjectURL(link.href);
        }
      } catch (error) { done = false; }
      model.send({ action: message.action, done });
    };
    model.on("msg:custom", act);
    tell();
    return () => { size.disconnect(); themes.disconnect(); model.off("msg:custom", act); };
  }
};
