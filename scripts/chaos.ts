/** `./dev chaos`: runs under random schedules of faults on the real thing; each must become whole. */

import { parseArgs } from "node:util";
import { BACKENDS } from "../tests/chaos/backends.ts";
import { scheduleText } from "../tests/chaos/schedule.ts";
import { nameTestPrograms } from "./bench/clusters.ts";
import { DevError, runMain } from "./tools/dev_error.ts";

async function main(): Promise<number> {
  const { backend: name, rounds, seed } = readArgs(Deno.args);
  const open = BACKENDS[name];
  if (!open) throw new DevError(`Cannot make chaos on "${name}": wanted one of ${Object.keys(BACKENDS).join(", ")}`);
  await nameTestPrograms();
  const backend = await open();
  let failed = 0;
  try {
    for (let n = seed; n < seed + rounds; n++) {
      try {
        const { steps, commands } = await backend.round(n);
        console.log(`seed ${n}: whole after ${commands} more commands (${scheduleText(steps)})`);
      } catch (error) {
        failed++;
        console.log(`FAILED ${error instanceof Error ? error.message : error}`);
        console.log(`again: ./dev chaos --backend ${name} --rounds 1 --seed ${n}\n`);
      }
    }
  } finally {
    backend.close();
  }
  console.log(`${rounds - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function readArgs(args: string[]): { backend: string; rounds: number; seed: number } {
  const options = {
    backend: { type: "string", default: "local" },
    rounds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  } as const;
  try {
    const { values } = parseArgs({ args, options });
    return { backend: values.backend, rounds: wholeNumber(values.rounds), seed: wholeNumber(values.seed) };
  } catch (error) {
    throw new DevError(`Cannot make chaos: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is no whole number`);
  return Number(text);
}

await runMain(main);
