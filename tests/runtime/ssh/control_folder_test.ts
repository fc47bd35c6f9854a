import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { makeScratch } from "../../../runtime/run/temporary.ts";
import { openControlFolder } from "../../../runtime/ssh/stage.ts";
import { inspectMachine } from "../../../runtime/system/machine.ts";

/** Runs a test with a folder for sockets whose path is short enough for them. */
async function inRuntimeFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const before = Deno.env.get("XDG_RUNTIME_DIR");
  const folder = await mkdtemp("/tmp/nsfarm-xdg-");
  Deno.env.set("XDG_RUNTIME_DIR", folder);
  try {
    await work(folder);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_RUNTIME_DIR");
    else Deno.env.set("XDG_RUNTIME_DIR", before);
    await rm(folder, { recursive: true });
  }
}

const OF_DEAD = "nsfarm-ssh-4194000-1-abc";

Deno.test("the folder for sockets of a dead driver is removed, that of a living one stays", () =>
  inRuntimeFolder(async (folder) => {
    await mkdir(join(folder, OF_DEAD));
    const first = await openControlFolder(await inspectMachine());
    const second = await openControlFolder(await inspectMachine());
    assert.equal((await readdir(folder)).filter((name) => name.startsWith("nsfarm-ssh-")).length, 2);
    first.remove();
    second.remove();
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test("folders of processes in another PID namespace, for sockets or trial fits, stay", () =>
  inRuntimeFolder(async (folder) => {
    const [sockets, fits] = ["nsfarm-ssh-4194000-1n1ulcobm-abc", `nsfarm-4194000-${Deno.hostname()}.pid4026532178-abc`];
    const of_dead = `nsfarm-4194000-${Deno.hostname()}-abc`;
    for (const name of [sockets, fits, of_dead]) await mkdir(join(folder, name));
    const before = Deno.env.get("TMPDIR");
    Deno.env.set("TMPDIR", folder);
    try {
      (await openControlFolder(await inspectMachine())).remove();
      await rmdir(makeScratch(folder));
    } finally {
      if (before === undefined) Deno.env.delete("TMPDIR");
      else Deno.env.set("TMPDIR", before);
    }
    assert.deepEqual((await readdir(folder)).sort(), [fits, sockets].sort());
  }));

Deno.test("a folder for sockets that another driver removes just now is no fault", () =>
  inRuntimeFolder(async (folder) => {
    await mkdir(join(folder, OF_DEAD));
    const real = Deno.lstatSync;
    // As if its driver had ended between the listing and this look.
    Deno.lstatSync = (path) => {
      if (`${path}`.endsWith(OF_DEAD)) Deno.removeSync(path);
      return real(path);
    };
    try {
      (await openControlFolder(await inspectMachine())).remove();
    } finally {
      Deno.lstatSync = real;
    }
    assert.deepEqual(await readdir(folder), []);
  }));
