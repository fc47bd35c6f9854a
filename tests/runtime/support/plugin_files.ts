import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An adapter for a scheduler that nobody has, in as few words as can be. */
export const SMALL_PLUGIN = `
const ok = (value) => ({ kind: "ok", value });
export default {
  name: "toy",
  apiVersion: 1,
  summary: "a scheduler that nobody has",
  programs: ["toysub"],
  options: [{ name: "toy-queue", type: "string", help: "queue to run in" }],
  limits: { first_index: 0, arrays: true, dependencies: false, file_transfer: false },
  render: ({ run_dir, shards }) => ({
    files: [{ path: "toy_job.sh", text: "#!/bin/sh\\n", executable: true }],
    chunks: [{ index: 0, shards }],
    warnings: [],
    by_hand: [["toysub", run_dir + "/toy_job.sh"]],
  }),
  probe: () => [],
  readProbe: () => ({}),
  submit: (context, chunk, token) => ({ argv: ["toysub", "-N", token], timeout_s: 60 }),
  readSubmit: (result) => ok(result.stdout.trim()),
  find: () => ({ argv: ["toysub", "--list"], timeout_s: 60 }),
  readFind: () => ok(null),
  query: () => [],
  readQuery: () => ok([]),
  cancel: () => [],
  readCancel: () => ok(null),
};
`;

/** The small plugin with one text in it replaced. */
export function changed(from: string, to: string): string {
  if (!SMALL_PLUGIN.includes(from)) throw new Error(`the small plugin has no ${from}`);
  return SMALL_PLUGIN.replace(from, to);
}

/** Writes files into a folder of their own, and removes it afterwards. */
export async function withFiles(
  files: Record<string, string>,
  work: (folder: string) => Promise<void> | void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "nsfarm-plugin-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o644 });
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
