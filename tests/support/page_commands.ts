/** A command of a page, as typed, and what the page prints below it. */
export interface PageCommand {
  line: string;
  printed: string;
}

const BLOCK = /^```console\n([\s\S]*?)^```$/gm;

/** Returns the commands of a page's console blocks: `$ ` begins one, `> ` or a backslash before it continues it. */
export function commandsOf(page: string): PageCommand[] {
  return [...page.matchAll(BLOCK)].flatMap(([, block = ""]) => block.split(/^\$ /m).slice(1)).map((text) => {
    const lines = text.trimEnd().split("\n");
    const isMore = (line: string, i: number) => i === 0 || line.startsWith("> ");
    const end = lines.findIndex((line, i) => !isMore(line, i));
    const typed = end < 0 ? lines : lines.slice(0, end);
    return {
      line: typed.map((line, i) => i === 0 ? line : line.slice(2)).join("\n"),
      printed: end < 0 ? "" : lines.slice(end).join("\n"),
    };
  });
}

/** Returns the page with what its commands printed now, in their order. */
export function withPrinted(page: string, printed: readonly string[]): string {
  let i = 0;
  return page.replaceAll(BLOCK, (block) => {
    const parts = commandsOf(block).map(({ line }) => {
      const typed = `$ ${line.replaceAll("\n", "\n> ")}`;
      return [typed, printed[i++] ?? ""].filter((text) => text !== "").join("\n");
    });
    return `\`\`\`console\n${parts.join("\n\n")}\n\`\`\``;
  });
}

/** What differs from one machine and day to the next; everything else that a page prints is compared as it is. */
const CHANGING: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["(WAVES)", /\(\d+ waves?: at most \d+ shards at a time\)/g],
  ["--shard-minutes M, about N shards", /--shard-minutes [\d.]+, about \d+ shards?/g],
  ["COST", /^about [\d.]+ CPU \w+ \(.*\)$/gm],
  ["HASH", /\b[0-9a-f]{16,64}\b/g],
  ["MOMENT", /\b\d{4}-\d\d-\d\dT[\d:.]+Z/g],
  ["TIME", /\b\d+(\.\d+)? (ms|s|min|h)( \d+ (ms|s|min|h))*(?![\w/])/g],
  ["TIME", /\b\d\d:\d\d:\d\d\b/g],
  ["RATE", /\b\d+(\.\d+)? toys\/s|(?<=TIME +)\d+(\.\d+)?(?= +TIME)/g],
  ["RATIO", /\b\d+(\.\d+)? %/g],
  ["VERSION", /\b\d+\.\d+\.\d+\b/g],
  ["slurm job ID", /\bslurm job \d+/g],
  ["slurm_ID_", /\bslurm_\d+_/g],
  ["HOST", /\bn[12]\b/g],
  ["SIZE", /\b\d+ bytes\b/g], // of an archive, whose documents hold times
];

/** Returns what is printed but for times, rates, job ids, hosts, hashes and versions, with one blank for many. */
export function withoutChanging(printed: string): string {
  return CHANGING.reduce((text, [name, pattern]) => text.replaceAll(pattern, name), printed).replaceAll(/ +/g, " ");
}
