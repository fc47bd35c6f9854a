import { renderTemplate, verbatim } from "../core/render_template.ts";
import { quoteWord } from "../core/shell_quote.ts";
import launch from "../templates/launch.sh.mustache" with { type: "text" };
import setup from "../templates/setup.sh.mustache" with { type: "text" };
import type { RenderContext } from "./adapter.ts";
import { boundFolders } from "./container.ts";
import type { Site } from "./site_options.ts";

/** The lines of --setup, made ready to run in a script of ours; empty where there are none. */
export function setupLines({ setup: lines }: Site): string {
  return lines.length === 0 ? "" : renderTemplate(setup, { lines: lines.map(verbatim) }, quoteWord);
}

/** Shell lines that hand over to `nsfarm-deno job` with the script's arguments, inside a container where one is wanted. */
export function launchLines(context: RenderContext, { container }: Site, run_dir = `"$run_dir"`): string {
  const binds = container === undefined ? [] : boundFolders(context);
  return renderTemplate(
    launch,
    { run_dir: verbatim(run_dir), container: container === undefined ? [] : [{ image: container, binds }] },
    quoteWord,
  );
}
