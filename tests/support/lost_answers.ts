import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nsfarm, type Ran, readText } from "./farm.ts";
import { whyNotInstalled } from "./packages.ts";

/** The calls whose answers can be lost. */
export const LOSABLE = ["rename", "link", "mkdir", "unlink"] as const;
export type Losable = (typeof LOSABLE)[number];

/** Why answers cannot be lost here: there is no C compiler, and none can be installed. Empty where they can. */
export const whyNoneLost = hasCompiler() ? "" : whyNotInstalled("gcc", "libc6-dev");

const SOURCE = fileURLToPath(new URL("lost_answers.c", import.meta.url));

/** A library that makes the program believe that a call failed which was carried out. */
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
   * Runs the program; the answer to its call of that number is lost (0: none is), and that of whatever it starts of itself.
   * @returns the names that the call was for, process by process
   */
  async run(words: string[], call: Losable, at: number): Promise<Ran & { calls: string[][] }> {
    await rm(this.#log, { force: true });
    const env = {
      LD_PRELOAD: this.#library,
      NSFARM_LOST_CALL: call,
      NSFARM_LOST_AT: `${at}`,
      NSFARM_LOST_LOG: this.#log,
    };
    const ran = await nsfarm(this.folder, words, { env });
    const lines = (await readText(this.#log)).split("\n").flatMap((line) => /^(\d+) \w+ (.*)$/.exec(line) ?? []);
    return { ...ran, calls: byProcess(lines) };
  }
}

function byProcess(parts: string[]): string[][] {
  const found = new Map<string, string[]>();
  for (let i = 0; i < parts.length; i += 3) {
    const [pid = "", path = ""] = [parts[i + 1], parts[i + 2]];
    found.set(pid, [...(found.get(pid) ?? []), path]);
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
