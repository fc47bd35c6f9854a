import { writeArchive } from "../runtime/output/archive.ts";
import { defineCommand, defineFlags } from "./flags.ts";

const archiveFlags = defineFlags({
  out: { type: "path", help: "path of the .tar (default: beside the run directory)" },
  "allow-partial": { type: "boolean", help: "archive the run even if it does not verify or is not merged" },
  inputs: {
    type: "boolean",
    default: true,
    help: "leave out the spec and the files that it names, where they are too large",
  },
});

export default defineCommand({
  needs: ["read", "write"],
  flags: archiveFlags,
  run: async ({ args, flags, out }) => {
    const written = await writeArchive(args[0] ?? "", {
      out: flags.out ?? null,
      allow_partial: flags.allowPartial,
      inputs: flags.inputs,
    });
    for (const name of written.missing.slice(0, 20)) out.note(`not in it: ${name}`);
    if (written.missing.length > 20) out.note(`… and ${written.missing.length - 20} more`);
    for (const { path, what } of written.missing_inputs) out.note(`not in it: "${path}", an input: it ${what}`);
    for (const { what } of written.merged_check.findings) out.note(what);
    out.print(`${written.archive}\n${written.n_files} files, ${written.bytes} bytes, sha256 ${written.sha256}`);
    out.document(written);
  },
});
