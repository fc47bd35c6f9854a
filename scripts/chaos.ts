/** `./dev chaos`: runs under random schedules of faults on the real thing; each must become whole. */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { BACKENDS } from "../tests/chaos/backends.ts";
import { type BackendRounds, faultsPage } from "../tests/chaos/faults_page.ts";
import { scheduleText } from "../tests/chaos/schedule.ts";
import { nameTestPrograms } from "./bench/clusters.ts";
import { root } from "./tool_paths.ts";
import { DevError, runMain } from "./tools/dev_error.ts";

interface Choice {
  backends: string[];
  rounds: number;
  seed: number;
  /** Whether docs/faults.md is written anew. */
  page: boolean;
}

async function main(): Promise<number> {
  const choice = readArgs(Deno.args);
  const results: BackendRounds[] = [];
  for (const name of choice.backends) {
    await nameTestPrograms();
    results.push(await makeChaos(name, choice));
    Deno.env.delete("TMPDIR");
  }
  if (choice.page) await Deno.writeTextFile(join(root, "docs", "faults.md"), faultsPage(results));
  const sum = (count: (one: BackendRounds) => number) => results.reduce((all, one) => all + count(one), 0);
  const failed = sum((one) => one.failed);
  console.log(`${sum((one) => one.passed.length)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function makeChaos(name: string, { rounds, seed }: Choice): Promise<BackendRounds> {
  const backend = await BACKENDS[name]?.();
  if (!backend) throw new DevError(`Cannot make chaos on "${name}": wanted all, ${Object.keys(BACKENDS).join(", ")}`);
  const result: BackendRounds = { name, passed: [], failed: 0 };
  try {
    for (let n = seed; n < seed + rounds; n++) {
      try {
        const round = await backend.round(n);
        result.passed.push(round);
        console.log(`${name}, seed ${n}: whole after ${round.commands} more commands (${scheduleText(round.steps)})`);
      } catch (error) {
        result.failed++;
        console.log(`FAILED ${error instanceof Error ? error.message : error}`);
        console.log(`again: ./dev chaos --backend ${name} --rounds 1 --seed ${n}\n`);
      }
    }
  } finally {
    backend.close();
  }
  return result;
}

function readArgs(args: string[]): Choice {
  const options = {
    backend: { type: "string", default: "local" },
    rounds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    page: { type: "boolean", default: false },
  } as const;
  try {
    const { backend, rounds, seed, page } = parseArgs({ args, options }).values;
    const backends = backend === "all" ? Object.keys(BACKENDS) : [backend];
    return { backends, rounds: wholeNumber(rounds), seed: wholeNumber(seed), page };
  } catch (error) {
    throw new DevError(`Cannot make chaos: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is no whole number`);
  return Number(text);
}

await runMain(main);
