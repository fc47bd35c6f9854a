import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LOADER } from "../../runtime/system/second_thread.ts";
import { root } from "../../scripts/tools.ts";
import { inFolder } from "../support/scratch.ts";

/** A program whose scripts load late, and whose second thread sends back what it gets. */
const PARTS = `
const program = \`(function(require,module,exports){
  exports.loadThread = async (name) => {
    globalThis.onmessage = ({ data }) => globalThis.postMessage([name, data]);
  };
})\`;
const scripts = async () => {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { default: { program } };
};
export default new Map([["run", { scripts }]]);
`;

Deno.test("a second thread of the built program answers messages that come while its modules are loaded", () =>
  inFolder(async (folder) => {
    await copyFile(join(root, "scripts", "building", LOADER), join(folder, LOADER));
    await writeFile(join(folder, "parts.js"), PARTS);
    const worker = new Worker(pathToFileURL(join(folder, LOADER)), { type: "module", name: "echo" });
    const answers: unknown[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the thread has answered ${answers.length} of 3`)), 5000);
        worker.onmessage = ({ data }) => {
          answers.push(data);
          if (answers.length < 3) return;
          clearTimeout(timer);
          resolve();
        };
        worker.postMessage("at once");
        worker.postMessage("then");
        setTimeout(() => worker.postMessage("later"), 100);
      });
    } finally {
      worker.terminate();
    }
    assert.deepEqual(answers, [["echo", "at once"], ["echo", "then"], ["echo", "later"]]);
  }));
