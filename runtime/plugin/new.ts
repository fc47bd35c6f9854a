import { resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { ADAPTER_NAME, type Command, type RenderedFile, type SchedulerAdapter } from "../../schedulers/adapter.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import skeleton from "../../templates/plugin_skeleton.ts" with { type: "text" };
import { exists, writeWhole } from "../fs/write.ts";
import { exampleContext, TOKEN } from "./check/cases.ts";

/**
 * Writes a commented adapter that passes the check into the working directory.
 * @returns its path
 * @throws {FarmError} usage, for an invalid name or an existing file
 */
export function newPlugin(name: string): string {
  if (!ADAPTER_NAME.test(name) || Object.hasOwn(BUILT_IN, name)) {
    throw new FarmError(
      "usage",
      `Cannot make a plugin "${name}": wanted a new name of small letters, digits, "-" and "_", first a letter`,
    );
  }
  const file = resolve(`${name}.ts`);
  if (exists(file)) throw new FarmError("usage", `Cannot make "${file}": it already exists`, "Choose another name");
  writeWhole(file, skeletonOf(name), 0o644);
  return file;
}

function skeletonOf(name: string): string {
  const word = name.replaceAll("_", "-");
  return skeleton
    .replaceAll("EXAMPLE_", `${word.replaceAll("-", "_").toUpperCase()}_`)
    .replaceAll("const example:", "const adapter:")
    .replaceAll("export default example;", "export default adapter;")
    .replaceAll("example_job.sh", `${name}_job.sh`)
    .replaceAll('name: "example"', `name: "${name}"`)
    .replaceAll("example-", `${word}-`)
    .replaceAll("example", name);
}

/** Returns the files and commands of an adapter for an example run. @throws {FarmError} where the adapter fails */
export function previewOf(
  adapter: SchedulerAdapter,
): { files: RenderedFile[]; commands: { why: string; argv: string[] }[] } {
  const context = exampleContext(adapter);
  const { files, chunks } = adapter.render(context);
  const handles = chunks.map((chunk) => ({ job_id: "1", token: TOKEN, chunk }));
  const named = (why: string, commands: Command[]) => commands.map(({ argv }) => ({ why, argv }));
  return {
    files,
    commands: [
      ...named("query the limits", adapter.probe("you")),
      ...named("submit", chunks.map((chunk) => adapter.submit(context, chunk, TOKEN))),
      ...named("find a lost submission", [adapter.find(context, TOKEN)]),
      ...named("query the jobs", adapter.query(context, handles, 0)),
      ...named("query the history", adapter.query(context, handles, 1)),
      ...named("cancel", adapter.cancel(context, handles, null)),
    ],
  };
}
