import type { Command } from "commander";
import type { PERMISSIONS } from "../host/machine/own_program.ts";

export type Permission = (typeof PERMISSIONS)[number];

/** Where a command's words go: stdout is the answer, stderr the progress. */
export interface Output {
  json: boolean;
  /** The answer: text, or with --json nothing. */
  print(text: string): void;
  /** The answer with --json: one document, on one line when `stream`. */
  document(value: unknown, stream?: boolean): void;
  /** Progress and warnings. */
  note(text: string): void;
}

interface Invocation {
  args: string[];
  options: Record<string, unknown>;
  out: Output;
  program: Program;
}

/** All commands, for those that speak of the others. */
export interface Program {
  rows: readonly TableRow[];
  /** A row with its flags, which may depend on what was typed. */
  build(row: TableRow, argv: readonly string[]): Promise<Command>;
  exit_words: readonly string[];
}

export interface TableRow {
  name: string;
  args: string;
  summary: string;
  /** The script of NextStat's scripts/farm that it comes from. */
  from: string;
  load: () => Promise<{ default: CommandSpec }>;
}

/** One command: its flags, and a call into host/. */
export interface CommandSpec {
  name: string;
  /** Kinds of permission that it keeps; the others are dropped before it runs. */
  needs: readonly Permission[];
  /** It speaks of a scheduler, so that plugins can be named. */
  schedulers?: true;
  /** argv is what was typed: flags may depend on it (a scheduler has its own). */
  define(command: Command, argv: readonly string[]): void | Promise<void>;
  run(invocation: Invocation): Promise<number>;
}
