/** Which glibc a program needs, read from the program itself. */

import { readFile } from "node:fs/promises";
import { DevError } from "../tools/dev_error.ts";
import { elfTarget } from "./elf_target.ts";

const versionNeeds = 0x6ffffffe;

interface Section {
  type: number;
  start: number;
  size: number;
  link: number;
  count: number;
}

/**
 * The smallest glibc that a 64-bit Linux program runs with, e.g. "2.27"; undefined where it needs none (a static one).
 *
 * @throws DevError if the file is not a program for x86-64 or arm64 Linux
 */
export async function smallestGlibc(path: string): Promise<string | undefined> {
  const bytes = await readFile(path);
  if (elfTarget(bytes) === undefined) {
    throw new DevError(`Cannot read the glibc that "${path}" needs: it is not a 64-bit Linux program`);
  }
  const versions = neededVersions(bytes).flatMap(glibcVersion);
  return versions.sort(byVersion).at(-1)?.join(".");
}

// "GLIBC_2.27" is a version; GLIBC_PRIVATE and GLIBC_ABI_DT_RELR are not, and come with one that is.
function glibcVersion(name: string): [number, number][] {
  const match = /^GLIBC_(\d+)\.(\d+)/.exec(name);
  return match ? [[Number(match[1]), Number(match[2])]] : [];
}

function byVersion(a: [number, number], b: [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** The names in the section .gnu.version_r, of every library alike. */
function neededVersions(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = readSections(view);
  const needs = sections.find((section) => section.type === versionNeeds);
  if (needs === undefined) return [];
  const names = sections[needs.link];
  return names === undefined ? [] : walkNeeds(view, needs).map((offset) => textAt(bytes, names.start + offset));
}

function readSections(view: DataView): Section[] {
  const table = Number(view.getBigUint64(0x28, true));
  const size = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  return Array.from({ length: count }, (_, i) => readSection(view, table + i * size));
}

function readSection(view: DataView, at: number): Section {
  return {
    type: view.getUint32(at + 4, true),
    start: Number(view.getBigUint64(at + 0x18, true)),
    size: Number(view.getBigUint64(at + 0x20, true)),
    link: view.getUint32(at + 0x28, true),
    count: view.getUint32(at + 0x2c, true),
  };
}

/** The section is a list of libraries, each with a list of versions; the answer is where their names are. */
function walkNeeds(view: DataView, needs: Section): number[] {
  const offsets: number[] = [];
  let library = needs.start;
  for (let i = 0; i < needs.count; i++) {
    offsets.push(...walkVersions(view, library));
    library += view.getUint32(library + 12, true);
  }
  return offsets;
}

function walkVersions(view: DataView, library: number): number[] {
  const offsets: number[] = [];
  let version = library + view.getUint32(library + 8, true);
  for (let i = 0; i < view.getUint16(library + 2, true); i++) {
    offsets.push(view.getUint32(version + 8, true));
    version += view.getUint32(version + 12, true);
  }
  return offsets;
}

function textAt(bytes: Uint8Array, start: number): string {
  return new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
}
