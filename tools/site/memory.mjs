// Starts Pyodide and keeps its memory:  node memory.mjs CORE WHEEL MODULES TARGET   (see memory.py)
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [core, wheel, modules, target] = process.argv.slice(2);
process.argv.splice(1, 9, "python");                                    // Python would keep where this file is
const { loadPyodide } = await import(pathToFileURL(`${core}/pyodide.mjs`).href);

// Memory is kept, and what else Python has outside of it is not: this module makes a function in the table of functions.
const APART = ["ctypes"];

// What the modules and the wheel's package need of the standard library.
const first = await loadPyodide();
first.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: first.runPython("import site; site.getsitepackages()[0]") });
first.globals.set("modules", modules);
const needed = first.runPython(`
import contextlib, importlib, json, sys
importlib.invalidate_caches()
for name in ("numpy", *modules.split()):
    with contextlib.suppress(ImportError):                              # the browser's Python lacks a few
        importlib.import_module(name)
json.dumps([name for name, module in sys.modules.items()
            if ".zip/" in (getattr(module, "__file__", None) or "") and name.split(".")[0] not in ${JSON.stringify(APART)}])`);

// Python with these imported and nothing else.
const second = await loadPyodide({ _makeSnapshot: true });
const functions = second._module.wasmTable.length;
second.globals.set("needed", needed);
second.runPython(`
import gc, importlib, json
for name in json.loads(needed):
    importlib.import_module(name)
del needed, name
gc.collect()`);
if (second._module.wasmTable.length !== functions) throw new Error("a module that was imported made a function: name it in APART");

// What was freed is written over with zeros, which pack to nothing, as far as that takes no more memory.
const { _malloc, _free, _sbrk, HEAPU8 } = second._module, held = [];
let end = _sbrk(0);
for (let size = 1 << 20; size >= 16; size /= 2) {
  for (let block = _malloc(size); ; block = _malloc(size)) {
    held.push(block);
    if (_sbrk(0) > end) { end = _sbrk(0); break; }
    HEAPU8.fill(0, block, block + size);
  }
}
held.forEach(_free);
writeFileSync(target, gzipSync(second.makeMemorySnapshot(), { level: 9 }));
