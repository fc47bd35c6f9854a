/** `./dev bench`: how long the program takes to start, which every job of a run pays for. */

import { ensureBinary } from "./building/ensure_binary.ts";
import { runMain } from "./tools/dev_error.ts";
import { runTool } from "./tools/run_tool.ts";

const starts = 30;

async function main(): Promise<number> {
  const binary = await ensureBinary();
  await startMs(binary);
  const times: number[] = [];
  for (let i = 0; i < starts; i++) times.push(await startMs(binary));
  times.sort((a, b) => a - b);
  console.log(
    `--version, ${starts} starts: fastest ${ms(times[0])}, median ${ms(times[starts / 2])}, slowest ${
      ms(times.at(-1))
    }`,
  );
  return 0;
}

async function startMs(binary: string): Promise<number> {
  const begin = performance.now();
  await runTool(binary, ["--version"], { doing: "start the program", next: "run ./dev build" });
  return performance.now() - begin;
}

function ms(time = NaN): string {
  return `${time.toFixed(1)} ms`;
}

await runMain(main);
