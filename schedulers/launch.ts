import { renderTemplate, verbatim } from "../core/render_template.ts";
import { quoteWord } from "../core/shell_quote.ts";
import launch from "../templates/launch.sh.mustache" with { type: "text" };
import setup from "../templates/setup.sh.mustache" with { type: "text" };
import type { RenderContext } from "./adapter.ts";
import { boundFolders, imageInSandbox } from "./container.ts";
import type { Site } from "./site_options.ts";

/** The lines of --setup, made ready to run in a script of ours; empty where there are none. */
export function setupLines({ setup: lines }: Site): string {
  return lines.length === 0 ? "" : renderTemplate(setup, { lines: lines.map(verbatim) }, quoteWord);
}

/**
 * Shell lines that hand over to `nsfarm-deno job` with the script's arguments, inside a container where one is wanted.
 * @param sandbox whether the job has only what was sent to it
 */
export function launchLines(context: RenderContext, { container }: Site, sandbox = false): string {
  const pulls = context.manifest.farm.pilots !== null && !sandbox;
  return renderTemplate(launch, {
    words: verbatim(pulls ? pilotWords(context) : `job ${sandbox ? "--sandbox ." : `"$run_dir"`} "$@"`),
    sandbox,
    container: container === undefined ? [] : [sandbox ? inSandbox(container) : onSharedDisk(context, container)],
  }, quoteWord);
}

/** A pilot takes whichever shard is open, not those of its task. */
function pilotWords({ options }: RenderContext): string {
  const beat = options["heartbeat-s"];
  return [
    `work "$run_dir" --pilot`,
    ...(options["speculate"] === true ? ["--speculate"] : []),
    ...(typeof beat === "number" ? [`--heartbeat-s ${beat}`] : []),
  ].join(" ");
}

const inSandbox = (container: string) => ({ image: imageInSandbox(container), binds: [verbatim(`"$PWD"`)] });

const onSharedDisk = (context: RenderContext, container: string) => ({
  image: container,
  binds: boundFolders(context),
});
