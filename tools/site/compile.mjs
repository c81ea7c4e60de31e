// Compiles wheels in Pyodide's own Python:  node compile.mjs CORE SCRIPT FOLDER   (see compiled.py)
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [core, script, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${core}/pyodide.mjs`).href);
const python = await loadPyodide();
python.FS.mkdirTree("/wheels");
python.mountNodeFS("/wheels", folder);
python.runPython(readFileSync(script, "utf8"));
