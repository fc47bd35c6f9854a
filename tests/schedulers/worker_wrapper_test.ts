import assert from "node:assert/strict";
import local from "../../schedulers/local.ts";
import ssh from "../../schedulers/ssh.ts";
import { exampleContext, exampleManifest } from "../fixtures/context.ts";

Deno.test("a wrapper that runs without a scheduler's jobs do not use is said to have no effect", () => {
  const warned = (backend: typeof local, wrapper: "binary" | "sh") =>
    backend.render(exampleContext(exampleManifest(4, { wrapper, wrapper_given: true }))).warnings.join();
  assert.match(warned(local, "sh"), /^--wrapper sh has no effect/);
  assert.equal(warned(local, "binary"), "");
  assert.match(warned(ssh, "binary"), /^--wrapper binary has no effect/);
  assert.equal(warned(ssh, "sh"), "");
});
