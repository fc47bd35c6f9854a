import { resolve } from "node:path";
import { EXIT_CODES } from "../core/errors.ts";
import { textTable } from "../core/format.ts";
import { selfCheck } from "../runtime/output/self_check.ts";
import { defineCommand, defineFlags } from "./flags.ts";

const selfCheckFlags = defineFlags({
  "nextstat-bin": { type: "path", help: "path of nextstat (default: beside this program, or on PATH)" },
});

const MARKS = new Map([[true, "ok"], [false, "FAILED"], [null, "-"]]);

export default defineCommand({
  flags: selfCheckFlags,
  run: async ({ args, flags, out }) => {
    const found = await selfCheck(resolve(args[0] ?? "."), flags.nextstatBin);
    const { version, deno, program, host, kernel, cpus_allowed } = found;
    out.print(`nsfarm-deno ${version} (Deno ${deno}) on ${host}, Linux ${kernel ?? "unknown"}, ${cpus_allowed} CPUs`);
    out.print(`${program.path}\nsha256 ${program.sha256}`);
    out.print(textTable(found.checks.map((one) => [MARKS.get(one.ok) ?? "", one.what, one.found])).join("\n"));
    out.document(found);
    return found.ok ? EXIT_CODES.done : EXIT_CODES.input;
  },
});
