import { join } from "node:path";
import { requestDir } from "../core/request.ts";
import { MANIFEST } from "../core/run_paths.ts";
import { quoteCommand } from "../core/shell_quote.ts";
import { splitWords } from "../core/toys.ts";
import { renderRun } from "../runtime/render/render.ts";
import { seedWarnings } from "../runtime/render/runs_beside.ts";
import { queryLimits } from "../runtime/scheduler/drive.ts";
import { recentNodeLines } from "../runtime/scheduler/recent_nodes.ts";
import { withShares } from "../runtime/ssh/preflight.ts";
import { readRunRequest, requestFlags } from "./request_flags.ts";
import { autoLines } from "../core/starts/words.ts";
import { defineRenderCommand } from "./scheduler_flags.ts";

export default defineRenderCommand({
  flags: requestFlags,
  run: async ({ options, adapter, out }) => {
    const request = await withShares(readRunRequest(options, adapter, "schedfarm"));
    const dir = requestDir(request);
    for (const warning of seedWarnings([request.run_id], request.out_dir, [request])) out.warn(warning);
    for (const line of recentNodeLines(adapter, request.options)) out.note(line);
    const { run, rendered } = await renderRun(request, adapter, await queryLimits(adapter));
    for (const line of autoLines(run.manifest.farm.starts)) out.note(line);
    for (const warning of rendered.warnings) out.warn(warning);
    if (request.shard_minutes !== null) {
      out.note(`${splitWords(run.manifest)}, by the time of the test fit's one toy; nsfarm-deno run measures more`);
    }
    const commands = [["nsfarm-deno", "submit", dir], ...rendered.by_hand];
    out.print([join(dir, MANIFEST), ...rendered.files.map((file) => join(dir, file.path))].join("\n"));
    out.note(`Submit it with:\n${commands.map((argv) => `  ${quoteCommand(argv)}`).join("\n  or by hand:\n")}`);
    out.document({
      run_dir: dir,
      manifest: join(dir, MANIFEST),
      files: rendered.files.map((file) => join(dir, file.path)),
      commands,
    });
  },
});
