import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/tools.ts";

const textOf = (path: string) => readFile(join(root, path), "utf8");

/** Folders whose files are kept to the byte. */
const EXACT = ["tests/golden", "tests/recorded", "tests/samples"];

Deno.test("editors break lines where deno fmt does, and leave recorded files as they are", async () => {
  const { fmt } = JSON.parse(await textOf("deno.json"));
  const editorconfig = await textOf(".editorconfig");
  assert.match(editorconfig, new RegExp(`^max_line_length = ${fmt.lineWidth}$`, "m"));
  assert.match(editorconfig, new RegExp(`^\\[\\{${EXACT.join(",")}\\}/\\*\\*\\]$`, "m"));
  assert.deepEqual((await textOf(".gitattributes")).match(/^tests\S+(?=\/\*\* -text$)/gm), EXACT);
  assert.deepEqual(EXACT.filter((folder) => !fmt.exclude.includes(folder)), []);
});

Deno.test("VS Code uses Deno with this configuration", async () => {
  const settings = JSON.parse(await textOf(".vscode/settings.json"));
  assert.equal(settings["deno.enable"], true);
  assert.equal(settings["deno.config"], "./deno.json");
  assert.ok(JSON.parse(await textOf(".vscode/extensions.json")).recommendations.includes("denoland.vscode-deno"));
});

Deno.test("each text file of the repository ends its lines as .editorconfig says", async () => {
  const listed = await new Deno.Command("git", { args: ["ls-files", "-z"], cwd: root }).output();
  const paths = new TextDecoder().decode(listed.stdout).split("\0").filter((path) =>
    path !== "" && !EXACT.some((folder) => path.startsWith(`${folder}/`)) && !/\.(png|parquet|gz)$/.test(path)
  );
  assert.ok(paths.length > 500);
  const wrong = [];
  for (const path of paths) {
    const text = await textOf(path).catch(() => "\n");
    if (text !== "" && (/[ \t\r]$/m.test(text) || !text.endsWith("\n"))) wrong.push(path);
  }
  assert.deepEqual(wrong, []);
});
