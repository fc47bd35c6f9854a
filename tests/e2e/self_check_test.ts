import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nextstat } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";

interface Found {
  ok: boolean;
  program: { sha256: string };
  checks: { what: string; ok: boolean | null; found: string; facts?: Record<string, unknown> }[];
}

const GIVEN = ["--nextstat-bin", nextstat()];

Deno.test("self-check finds glibc, nextstat and the folder, fits three toys and leaves nothing", () =>
  inFolder(async (folder) => {
    const place = join(folder, "a place");
    await mkdir(place);
    const { stdout } = await mustRun(folder, ["self-check", place, ...GIVEN, "--json"]);
    const { ok, program, checks }: Found = JSON.parse(stdout);
    assert.equal(ok, true);
    assert.match(program.sha256, /^[0-9a-f]{64}$/);
    const of = (what: string) => checks.find((one) => one.what === what);
    assert.match(of("glibc")?.found ?? "", /^2\.\d+ \(needed: 2\.27 or newer\)$/);
    assert.equal(of("glibc")?.facts?.needed, "2.27");
    assert.match(of("nextstat")?.found ?? "", /^\d+\.\d+\.\d+ \(/);
    assert.equal(of("nextstat")?.facts?.path, GIVEN[1]);
    assert.match(of("folder")?.found ?? "", /a place \(.+\)$/);
    assert.match(`${of("folder")?.facts?.seen_by}`, /^(shared|local|memory|unknown)$/);
    assert.equal(of("links, locks, renames")?.found, "work");
    assert.deepEqual(of("links, locks, renames")?.facts, { links: true, locks: true, renames: true });
    assert.match(of("three toys")?.found ?? "", /^fitted and merged in \d/);
    assert.equal(typeof of("three toys")?.facts?.wall_s, "number");
    for (const name of ["slurm", "htcondor"]) assert.equal(typeof of(name)?.facts?.installed, "boolean");
    assert.deepEqual(await readdir(place), []);
  }));

Deno.test("self-check of a folder that is not there leaves none of the folders that it made", () =>
  inFolder(async (folder) => {
    await mustRun(folder, ["self-check", join(folder, "not", "there"), ...GIVEN]);
    assert.ok(!(await readdir(folder)).includes("not"));
  }));

Deno.test("self-check without nextstat names what is missing, and so does its exit code", () =>
  inFolder(async (folder) => {
    const { stdout } = await mustRun(folder, ["self-check", folder, "--nextstat-bin", join(folder, "none")], 3);
    assert.match(stdout, /^FAILED {2}nextstat .*none/m);
    assert.match(stdout, /^FAILED {2}three toys /m);
    assert.match(stdout, /^ok {6}links, locks, renames {2}work$/m);
  }));

Deno.test("self-check in a folder that cannot be written says so, and runs no toys there", () =>
  inFolder(async (folder) => {
    const { stdout } = await mustRun(folder, ["self-check", "/proc", ...GIVEN], 3);
    assert.match(stdout, /^FAILED {2}folder /m);
    assert.doesNotMatch(stdout, /three toys/);
  }));

Deno.test("self-check in a folder in memory says so, and that no run can be there", () =>
  inFolder(async (folder) => {
    const { stdout } = await mustRun(folder, ["self-check", "/dev/shm", ...GIVEN], 3);
    assert.match(stdout, /^ok {6}folder +\/dev\/shm \(tmpfs, in this machine's memory: others do not see it, and/m);
    assert.match(stdout, /^FAILED {2}three toys +Cannot write .*cannot use files below \/dev/m);
  }));
