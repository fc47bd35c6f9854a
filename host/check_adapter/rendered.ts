import type { Chunk, Rendered, RenderedFile, SchedulerAdapter } from "../../schedulers/adapter.ts";
import { type Example, exampleContext } from "./example_run.ts";
import { type AdapterFinding, askAnd, finding } from "./finding.ts";

/** One shard, some, and more than any default limit. */
const SIZES = [1, 40, 10_001];

/** Every way in which an adapter may be asked to render. */
export function examplesFor({ limits }: SchedulerAdapter): Example[] {
  const modes = limits.file_transfer ? ["shared", "transfer"] as const : ["shared"] as const;
  return modes.flatMap((mode) => (["binary", "sh"] as const).map((wrapper) => ({ farm: { mode, wrapper } })));
}

export function renderFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  return [
    ...SIZES.flatMap((shards) => oneRender(adapter, { shards }, `for ${shards} shards`)),
    ...examplesFor(adapter).flatMap((one) => oneRender(adapter, one, `with --mode ${one.farm?.mode}`)),
  ];
}

function oneRender(adapter: SchedulerAdapter, example: Example, doing: string): AdapterFinding[] {
  const context = exampleContext(adapter, example);
  const before = JSON.stringify(context);
  return askAnd("render", doing, () => adapter.render(context), (rendered) => [
    ...filesFindings("render", rendered.files),
    ...chunksFindings(rendered.chunks, context.shards, doing),
    ...byHandFindings(adapter, rendered),
    ...(JSON.stringify(context) === before ? [] : [finding("render", "changes what it was given")]),
    ...askAnd(
      "render",
      "the second time",
      () => adapter.render(context),
      (again) =>
        JSON.stringify(again) === JSON.stringify(rendered) ? [] : [
          finding("render", "gives something else the second time, wanted the same for the same run"),
        ],
    ),
  ]);
}

/** Files that an adapter wants written. */
export function filesFindings(member: string, files: RenderedFile[]): AdapterFinding[] {
  const paths = files.map(({ path }) => path);
  const twice = paths.filter((path, i) => paths.indexOf(path) !== i);
  return [
    ...twice.map((path) => finding(member, `writes "${path}" twice`)),
    ...files.filter(({ text }) => /\{\{[#^/]?[\w.]+\}\}/.test(text))
      .map(({ path }) => finding(member, `leaves a tag of a template in "${path}"`)),
  ];
}

/** Every shard is in one task of one chunk. */
function chunksFindings(chunks: Chunk[], shards: number[], doing: string): AdapterFinding[] {
  const given = chunks.flatMap((chunk) => chunk.shards).sort((a, b) => a - b);
  const once = given.length === shards.length && given.every((shard, i) => shard === shards[i]);
  return [
    ...(once ? [] : [finding("render", `does not put each shard into one chunk ${doing}`)]),
    ...chunks.flatMap(({ index }, i) => index === i ? [] : [finding("render", `numbers chunk ${i} as ${index}`)]),
  ];
}

function byHandFindings({ programs }: SchedulerAdapter, { by_hand }: Rendered): AdapterFinding[] {
  return by_hand.filter(([program = ""]) => !programs.includes(program))
    .map(([program]) => finding("render", `names "${program}" to type by hand, which is not among its programs`));
}
