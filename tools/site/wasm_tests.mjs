// The engine's tests in Pyodide:  node wasm_tests.mjs DISTRIBUTION REPOSITORY [pytest's arguments]
// DISTRIBUTION is the site's pyodide/ folder with pytest and hypothesis in it. The exit status is pytest's.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [distribution, repository, ...given] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${distribution}/pyodide.mjs`).href);
const python = await loadPyodide();
await python.loadPackage(["mombook", "scikit-learn", "pytest", "hypothesis"], { messageCallback() {} });
python.FS.mkdirTree("/repository");
python.mountNodeFS("/repository", repository);
python.globals.set("given", python.toPy(given));
process.exitCode = python.runPython(readFileSync(new URL("wasm_tests.py", import.meta.url), "utf8"));
