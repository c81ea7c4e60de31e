// Python beside the page: loads Pyodide and mombook once, then answers one call after another.
const NEEDS = { own: ["pandas"] };                                     // what a call needs, loaded when it first comes
let answer, python;

// Where Pyodide cannot fetch or start its wasm it says so on the console and then waits for ever.
const failed = (reason) => answer || postMessage({ failed: `Python cannot be loaded (${reason})` });
addEventListener("unhandledrejection", ({ reason }) => failed(reason?.message || reason));
const warn = console.warn;
console.warn = (...said) => {
  warn(...said);
  if (String(said[0]).startsWith("wasm instantiation failed")) failed("its wasm does not start");
};

async function open({ indexURL, lockFileURL, packages }) {
  const say = (loading) => postMessage({ loading });
  say("Python");
  const { loadPyodide } = await import(new URL("pyodide.mjs", indexURL).href);
  python = await loadPyodide({ indexURL, lockFileURL });
  say("numpy, scipy and mombook");
  await python.loadPackage(["mombook", ...packages], { messageCallback() {} });
  say("the panels");
  answer = python.runPython("from mombook.panels.remote import Remote; Remote().answer");
}

onmessage = async ({ data }) => {
  try {
    if (data.open) {
      await open(data.open);
      postMessage({ ready: true });
      return;
    }
    if (NEEDS[data.call]) await python.loadPackage(NEEDS[data.call], { messageCallback() {} });
    const pair = answer(data.call, ...data.args);
    const [head, numbers] = pair.toJs();
    pair.destroy();
    postMessage({ head: JSON.parse(head), numbers }, [numbers.buffer]);
  } catch (error) {
    postMessage({ failed: String(error.message || error) });
  }
};
