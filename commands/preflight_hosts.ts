import { resolve } from "node:path";
import { EXIT_CODES } from "../core/errors.ts";
import type { FlagValues } from "../core/flags.ts";
import { SSH_CONNECTION, sshSettings } from "../core/ssh/ssh_flags.ts";
import { PREFLIGHT_SCHEMA } from "../core/contracts/preflight.ts";
import { describePreflight } from "../core/ssh/preflight.ts";
import { preflightHosts } from "../host/ssh/preflight_hosts.ts";
import { readHosts } from "../host/ssh/read_hosts.ts";
import { beginsWith, type OutKind, refuseOut } from "../host/disk/refuse_out.ts";
import { writeDocument } from "../host/disk/write_file.ts";
import type { Output } from "./command.ts";
import { defineFlags } from "./flags.ts";

export const preflightFlags = defineFlags({
  scheduler: { type: "string", placeholder: "name", help: "the scheduler to ask: slurm, htcondor …" },
  "hosts-file": { type: "path", placeholder: "path", help: "hosts to look at by ssh, one a line" },
  "timeout-s": { type: "number", min: 0.1, default: 20, placeholder: "s", help: "how long one host may take" },
  jobs: {
    type: "integer",
    min: 1,
    max: 1000,
    default: 16,
    placeholder: "n",
    help: "hosts that are looked at at the same time",
  },
  "nextstat-bin": { type: "path", placeholder: "path", help: "nextstat on the hosts (default: the one on PATH)" },
  "remote-base-dir": { type: "path", placeholder: "dir", help: "folder for runs on the hosts" },
  out: { type: "path", placeholder: "path", help: "also write the document there" },
  "write-profile": {
    type: "string",
    bare: true,
    placeholder: "file",
    help: "write a profile of what was found (default: nsfarm-deno.jsonc)",
  },
  ...SSH_CONNECTION,
});
type Flags = FlagValues<typeof preflightFlags.table>;

const PREFLIGHT_OUT: OutKind = {
  flag: "--out",
  what: "preflight",
  name: null,
  isOne: (path) => beginsWith(path, (head) => head.includes(PREFLIGHT_SCHEMA)),
};

/** Looks at every host of a hosts file; exit 4 when none can be used. */
export async function preflightOfHosts(hosts_file: string, flags: Flags, out: Output): Promise<number> {
  if (flags.out !== undefined) refuseOut(PREFLIGHT_OUT, flags.out);
  const hosts = readHosts(hosts_file);
  for (const warning of hosts.warnings) out.note(`warning: ${warning}`);
  const order = {
    base: flags.remoteBaseDir ?? null,
    nextstat: flags.nextstatBin ?? "nextstat",
    timeout_s: flags.timeoutS,
    jobs: flags.jobs,
  };
  const absolute = (path: string | undefined) => path && resolve(path);
  const reached = { ...flags, sshKey: absolute(flags.sshKey), sshConfig: absolute(flags.sshConfig) };
  const settings = sshSettings(reached, Math.max(1, Math.round(flags.timeoutS)));
  const found = await preflightHosts(resolve(hosts_file), hosts, settings, order);
  out.print(describePreflight(found));
  if (flags.out !== undefined) {
    writeDocument(resolve(flags.out), found);
    out.print(resolve(flags.out));
  }
  out.document(found);
  return found.stats.some((one) => one.ok) ? EXIT_CODES.done : EXIT_CODES.unreachable;
}
