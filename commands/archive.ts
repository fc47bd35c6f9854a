import * as z from "zod/mini";
import { EXIT_CODES } from "../core/errors.ts";
import { plainPath } from "../core/parse_flag.ts";
import { writeArchive } from "../host/archive/write_archive.ts";
import type { CommandSpec } from "./command.ts";

const Flags = z.object({ out: z.optional(z.string()), allowPartial: z._default(z.boolean(), false) });

const archive: CommandSpec = {
  name: "archive",
  needs: ["read", "write"],
  define: (command) => {
    command
      .option("--out <path>", "where the .tar goes (default: beside the run directory)", plainPath("--out"))
      .option("--allow-partial", "archive what is there, also where the run does not verify or was not merged");
  },
  run: async ({ args, options, out }) => {
    const flags = Flags.parse(options);
    const written = await writeArchive(args[0] ?? "", flags.out ?? null, flags.allowPartial);
    for (const name of written.missing.slice(0, 20)) out.note(`not in it: ${name}`);
    if (written.missing.length > 20) out.note(`… and ${written.missing.length - 20} more`);
    for (const { what } of written.merged_check.findings) out.note(what);
    out.print(`${written.archive}\n${written.n_files} files, ${written.bytes} bytes, sha256 ${written.sha256}`);
    out.document(written);
    return EXIT_CODES.done;
  },
};
export default archive;
