#!/usr/bin/env node
// Starts the program of this machine's package in place of this process's work, with its exit code.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const process = require("node:process");

const name = `nsfarm-deno-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/nsfarm-deno`);
} catch {
  console.error(`nsfarm-deno: Cannot start: the package ${name} is not installed`);
  console.error("nsfarm-deno: It exists for Linux; install without --omit=optional, or take the archive");
  process.exit(1);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// Both get Ctrl-C from the terminal; what is sent to this process alone is passed on.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`nsfarm-deno: Cannot start "${program}": ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (code === 1) warnOfGlibc();
  process.exit(code ?? 128 + constants.signals[signal]);
});

/** Node runs on older machines than the program; the loader then ends it with 1. */
function warnOfGlibc() {
  const { glibc } = require("./package.json")["nsfarm-deno"];
  const version = process.report?.getReport().header.glibcVersionRuntime;
  if (version === undefined || version.localeCompare(glibc, "en", { numeric: true }) >= 0) return;
  console.error(`nsfarm-deno: This machine has glibc ${version}; nsfarm-deno needs ${glibc} or newer`);
}
