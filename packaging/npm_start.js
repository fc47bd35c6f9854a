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
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
