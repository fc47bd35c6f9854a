import { resolve } from "node:path";
import * as z from "zod/mini";
import { EXIT_CODES } from "../core/errors.ts";
import { PREFLIGHT_SCHEMA } from "../core/contracts/preflight.ts";
import { describePreflight } from "../core/ssh/preflight.ts";
import { preflightHosts } from "../host/ssh/preflight_hosts.ts";
import { readHosts } from "../host/ssh/read_hosts.ts";
import { beginsWith, type OutKind, refuseOut } from "../host/disk/refuse_out.ts";
import { writeDocument } from "../host/disk/write_file.ts";
import type { Output } from "./command.ts";
import { readSshFlags } from "./ssh_flags.ts";

const Flags = z.object({
  hostsFile: z.string(),
  timeoutS: z.number(),
  jobs: z.number(),
  nextstatBin: z._default(z.string(), "nextstat"),
  remoteBaseDir: z.optional(z.string()),
  out: z.optional(z.string()),
});

const PREFLIGHT_OUT: OutKind = {
  flag: "--out",
  what: "preflight",
  name: null,
  isOne: (path) => beginsWith(path, (head) => head.includes(PREFLIGHT_SCHEMA)),
};

/** Looks at every host of a hosts file; exit 4 when none can be used. */
export async function preflightOfHosts(options: Record<string, unknown>, out: Output): Promise<number> {
  const flags = Flags.parse(options);
  if (flags.out !== undefined) refuseOut(PREFLIGHT_OUT, flags.out);
  const hosts = readHosts(flags.hostsFile);
  for (const warning of hosts.warnings) out.note(`warning: ${warning}`);
  const order = {
    base: flags.remoteBaseDir ?? null,
    nextstat: flags.nextstatBin,
    timeout_s: flags.timeoutS,
    jobs: flags.jobs,
  };
  const settings = readSshFlags(options, flags.timeoutS);
  const found = await preflightHosts(resolve(flags.hostsFile), hosts, settings, order);
  out.print(describePreflight(found));
  if (flags.out !== undefined) {
    writeDocument(resolve(flags.out), found);
    out.print(resolve(flags.out));
  }
  out.document(found);
  return found.stats.some((one) => one.ok) ? EXIT_CODES.done : EXIT_CODES.unreachable;
}
