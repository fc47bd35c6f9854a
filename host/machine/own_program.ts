import { fileURLToPath } from "node:url";

/** The permissions of the compiled binary; a development run passes the same ones on. */
export const PERMISSIONS = ["read", "write", "run", "env", "sys"] as const;

/** This program as argv: the resolved binary, or deno and the sources while developing. */
export function ownCommand(): string[] {
  const exec = Deno.realPathSync(Deno.execPath());
  if (Deno.build.standalone) return [exec];
  return [
    exec,
    "run",
    "--quiet",
    "--no-prompt",
    ...PERMISSIONS.map((kind) => `--allow-${kind}`),
    fileURLToPath(new URL("../../main.ts", import.meta.url)),
  ];
}

/** The path that job scripts run: the resolved binary, so that a link that moves does not change a run. */
export function ownBinary(): string {
  const exec = Deno.realPathSync(Deno.execPath());
  return Deno.build.standalone ? exec : Deno.env.get("NSFARM_BINARY") ?? exec;
}
