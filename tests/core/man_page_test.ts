import assert from "node:assert/strict";
import { manPage } from "../../core/man_page.ts";

Deno.test("the manual page has examples, files, exit codes and the environment, and its text contains no groff requests", () => {
  const options = [{ flags: "--seed <s>", description: ".seed of \\toy 0 (default: 42)" }];
  const page = manPage("0.1.0", [{ name: "run", args: "", summary: "all in one", options }], [["0", "done"]]);
  const heads = page.match(/^\.SH .*$/gm);
  assert.deepEqual(heads?.slice(2), [
    ...[".SH COMMANDS", ".SH EXAMPLES", ".SH FILES", ".SH EXIT STATUS", ".SH ENVIRONMENT"],
  ]);
  assert.match(page, /nsfarm\\-deno run \\-\\-config SPEC.json \\-\\-n\\-toys 2000/);
  assert.match(page, /^\.B RUN_DIR\/merged\.out\.json$/m);
  assert.match(page, /^\\&\.seed of \\etoy 0 \(default: 42\)$/m);
});
