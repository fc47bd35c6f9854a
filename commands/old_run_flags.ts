import type { Command } from "commander";
import type { Output } from "./command.ts";

/** A flag of the old runner on hosts, and what takes care of it now. */
interface OldFlag {
  flags: string;
  name: string;
  now: string;
}

const OLD: readonly OldFlag[] = [
  { flags: "--remote-workdir <dir>", name: "remoteWorkdir", now: "paths are absolute, wherever nextstat is started" },
  { flags: "--remote-config <path>", name: "remoteConfig", now: "every host runs the spec of --config" },
  { flags: "--upload-config", name: "uploadConfig", now: "inputs are sent to hosts that do not see them" },
  { flags: "--no-upload-config", name: "uploadConfig", now: "inputs are sent to hosts that do not see them" },
  { flags: "--jobs <n>", name: "jobs", now: "all hosts work at the same time" },
  { flags: "--log-level <level>", name: "logLevel", now: "progress is on stderr, all else in logs RUN_DIR SHARD" },
  { flags: "--pin-blas-threads", name: "pinBlasThreads", now: "each shard's BLAS has one thread, always" },
  { flags: "--no-pin-blas-threads", name: "pinBlasThreads", now: "each shard's BLAS has one thread, always" },
];

/** Old command lines go on to work: these are taken, and change nothing. */
export function defineOldFlags(command: Command): void {
  for (const { flags, now } of OLD) command.option(flags, `of the old runner, without effect: ${now}`);
}

/** Says of each that was given what takes care of it now. */
export function tellOldFlags(command_line: Record<string, unknown>, out: Output): void {
  const given = OLD.filter(({ name, flags }) => {
    const value = command_line[name];
    return flags.startsWith("--no-") ? value === false : value !== undefined && value !== false;
  });
  for (const { flags, now } of given) out.note(`${flags.split(" ")[0]} has no effect: ${now}`);
}
