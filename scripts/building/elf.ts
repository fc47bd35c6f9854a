/** Reads from a program which glibc it needs. */
import { readFile } from "node:fs/promises";
import { DevError } from "../tools.ts";

/**
 * Matches a version among a program's names (elf(5), .dynstr); GLIBC_PRIVATE and GLIBC_ABI_DT_RELR occur only beside
 * one.
 */
const VERSION = /^\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?\0/;

/**
 * Returns the smallest glibc that a 64-bit Linux program runs with, e.g. "2.27"; undefined for a static program, which
 * needs none.
 * @throws DevError if the file is not a program for x86-64 or arm64 Linux
 */
export async function smallestGlibc(path: string): Promise<string | undefined> {
  const bytes = await readFile(path);
  if (elfTarget(bytes) === undefined) {
    throw new DevError(`Cannot read the glibc that "${path}" needs: it is not a 64-bit Linux program`);
  }
  const versions: [number, number][] = [];
  for (let at = bytes.indexOf("\0GLIBC_"); at >= 0; at = bytes.indexOf("\0GLIBC_", at + 1)) {
    const [, major, minor] = VERSION.exec(bytes.toString("latin1", at, at + 40)) ?? [];
    if (major !== undefined) versions.push([Number(major), Number(minor)]);
  }
  return versions.sort((a, b) => a[0] - b[0] || a[1] - b[1]).at(-1)?.join(".");
}

const machines = new Map([[62, "x86_64-unknown-linux-gnu"], [183, "aarch64-unknown-linux-gnu"]]);

/** Returns the machine of a Linux program, by the names of the build targets; undefined for anything else. */
export function elfTarget(program: Uint8Array): string | undefined {
  const isElf64 = program[0] === 0x7f && program[1] === 0x45 && program[2] === 0x4c && program[3] === 0x46 &&
    program[4] === 2 && program[5] === 1;
  if (!isElf64 || program.length < 64) return undefined;
  return machines.get(program[18]! + program[19]! * 256);
}
