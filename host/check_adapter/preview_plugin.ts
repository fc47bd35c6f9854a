import type { Command, RenderedFile, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { exampleContext, TOKEN } from "./example_run.ts";

/** What an adapter would write and run for a run that nobody has. */
interface Preview {
  files: RenderedFile[];
  /** What for, and the command. */
  commands: { why: string; argv: string[] }[];
}

/** @throws {FarmError} where the adapter refuses the example or makes a mistake */
export function previewOf(adapter: SchedulerAdapter): Preview {
  const context = exampleContext(adapter);
  const { files, chunks } = adapter.render(context);
  const handles = chunks.map((chunk) => ({ job_id: "1", token: TOKEN, chunk }));
  const named = (why: string, commands: Command[]) => commands.map(({ argv }) => ({ why, argv }));
  return {
    files,
    commands: [
      ...named("learn the limits", adapter.probe("you")),
      ...named("submit", chunks.map((chunk) => adapter.submit(context, chunk, TOKEN))),
      ...named("find a lost submission", [adapter.find(context, TOKEN)]),
      ...named("look", adapter.query(context, handles, 0)),
      ...named("look back", adapter.query(context, handles, 1)),
      ...named("cancel", adapter.cancel(context, handles, null)),
    ],
  };
}
