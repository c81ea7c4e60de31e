// Python beside the page: loads Pyodide and mombook once, then answers one call after another.
const NEEDS = { own: ["pandas"] };                                     // what a call needs, loaded when it first comes
const there = new Set();                                               // packages that have come
let answer, lock, python;

// Where Pyodide cannot fetch or start its wasm it says so on the console and then waits for ever.
const failed = (reason) => answer || postMessage({ failed: `Python cannot be loaded (${reason})` });
addEventListener("unhandledrejection", ({ reason }) => failed(reason?.message || reason));
const warn = console.warn;
console.warn = (...said) => {
  warn(...said);
  if (String(said[0]).startsWith("wasm instantiation failed")) failed("its wasm does not start");
};

// The wheels of these packages and of all that they depend on, as the lock names them, but for those that are there.
async function wheels(names) {
  const { packages } = await lock, more = new Set(names);
  for (const name of more) if (there.has(name)) more.delete(name); else packages[name].depends.forEach((each) => more.add(each));
  return Promise.all([...more].map(async (name) => {
    const { file_name: file, sha256 } = packages[name];
    const integrity = `sha256-${btoa(String.fromCharCode(...sha256.match(/../g).map((byte) => parseInt(byte, 16))))}`;
    const bytes = await (await fetch(new URL(file, (await lock).url), { integrity })).arrayBuffer();
    there.add(name);
    return bytes;
  }));
}

// Pyodide's own loadPackage would compile every extension of scipy here; this leaves each until it is imported.
async function unpack(coming) {
  const extractDir = python.runPython("import site; site.getsitepackages()[0]");
  for (const wheel of await coming) python.unpackArchive(wheel, "wheel", { extractDir });
  python.runPython("import importlib; importlib.invalidate_caches()");
}

// Begins with Python's memory as it is a moment after a start (tools/site/memory.py). Where that cannot be had, for whatever
// reason, Python starts anew, and the reason is returned.
async function start({ indexURL, lockFileURL, memory, integrity }) {
  const { loadPyodide } = await import(new URL("pyodide.mjs", indexURL).href);
  try {
    const unpacked = (await fetch(memory, { integrity })).body.pipeThrough(new DecompressionStream("gzip"));
    const _loadSnapshot = new Uint8Array(await new Response(unpacked).arrayBuffer());
    python = await loadPyodide({ indexURL, lockFileURL, _loadSnapshot });
    return "";
  } catch (error) {
    python = await loadPyodide({ indexURL, lockFileURL });
    return String(error.message || error);
  }
}

async function open({ indexURL, lockFileURL, memory, integrity, packages }) {
  const say = (loading) => postMessage({ loading });
  say("Python");
  lock = fetch(lockFileURL).then((got) => got.json()).then((read) => ({ ...read, url: lockFileURL }));
  const coming = wheels(["mombook", ...packages]);
  const anew = await start({ indexURL, lockFileURL, memory, integrity });
  say("numpy, scipy and mombook");
  await unpack(coming);
  say("the panels");
  answer = python.runPython("from mombook.panels.remote import Remote; Remote().answer");
  return anew;
}

onmessage = async ({ data }) => {
  try {
    if (data.open) {
      postMessage({ ready: true, anew: await open(data.open) });
      return;
    }
    if (NEEDS[data.call]) await unpack(wheels(NEEDS[data.call]));
    const pair = answer(data.call, ...data.args);
    const [head, numbers] = pair.toJs();
    pair.destroy();
    postMessage({ head: JSON.parse(head), numbers }, [numbers.buffer]);
  } catch (error) {
    postMessage({ failed: String(error.message || error) });
  }
};
