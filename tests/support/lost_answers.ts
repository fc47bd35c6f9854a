import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nsfarm, type Ran, readText } from "./farm.ts";
import { whyNotInstalled } from "./packages.ts";

/** Calls whose results can be lost. */
export const LOSABLE = ["rename", "link", "mkdir", "unlink"] as const;
export type Losable = (typeof LOSABLE)[number];

interface NotedCall {
  call: string;
  /** (New) name in the call. */
  path: string;
}

/** Why no result can be lost here: there is no C compiler, and none can be installed. Empty if it can. */
export const whyNoneLost = hasCompiler() ? "" : whyNotInstalled("gcc", "libc6-dev");

const SOURCE = fileURLToPath(new URL("lost_answers.c", import.meta.url));

/** Library that makes the program believe that a successful call failed. */
export class LostAnswers {
  readonly #library: string;
  readonly #log: string;

  constructor(readonly folder: string) {
    this.#library = join(folder, "lost_answers.so");
    this.#log = join(folder, "calls.log");
    const args = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", this.#library, SOURCE, "-ldl"];
    const { success, stderr } = new Deno.Command("gcc", { args }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
  }

  /**
   * Runs the program; it loses the result of its call with this number, also in programs that it starts. Without a call
   * it loses none.
   * @returns the noted calls by process
   */
  async run(words: string[], call: Losable | "" = "", at = 0): Promise<Ran & { calls: NotedCall[][] }> {
    await rm(this.#log, { force: true });
    const env = {
      LD_PRELOAD: this.#library,
      NSFARM_LOST_CALL: call,
      NSFARM_LOST_AT: `${at}`,
      NSFARM_LOST_LOG: this.#log,
    };
    const ran = await nsfarm(this.folder, words, { env });
    const lines = (await readText(this.#log)).split("\n").flatMap((line) => /^(\d+) (\w+) (.*)$/.exec(line) ?? []);
    return { ...ran, calls: byProcess(lines) };
  }
}

function byProcess(parts: string[]): NotedCall[][] {
  const found = new Map<string, NotedCall[]>();
  for (let i = 0; i < parts.length; i += 4) {
    const [pid = "", call = "", path = ""] = parts.slice(i + 1, i + 4);
    found.set(pid, [...(found.get(pid) ?? []), { call, path }]);
  }
  return [...found.values()];
}

function hasCompiler(): boolean {
  try {
    const args = ["-E", "-include", "dlfcn.h", "-x", "c", "/dev/null"];
    return new Deno.Command("gcc", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
