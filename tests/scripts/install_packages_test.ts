import assert from "node:assert/strict";
import { join } from "node:path";
import { getuid } from "node:process";
import { installPackages } from "../../scripts/testing/install_packages.ts";
import { root } from "../../scripts/tool_paths.ts";

const program = join(root, "scripts/cluster/install_packages");
const asNobody = getuid?.() === 0 ? ["setpriv", "--reuid", "65534", "--clear-groups", "--"] : [];

Deno.test("who cannot install a package is told why, and that is no failure of the script's own", async () => {
  const [command = "", ...args] = [...asNobody, "bash", program, "nsfarm-no-such-package"];
  const { code, stdout } = await new Deno.Command(command, { args, cwd: "/", stderr: "null" }).output();
  assert.equal(code, 3);
  assert.match(new TextDecoder().decode(stdout), /^nsfarm-no-such-package: only (root|Debian)[^\n]+\n$/);
});

Deno.test("where nothing is needed nothing is installed, and nothing is told", async () => {
  assert.deepEqual(await installPackages([]), []);
});
