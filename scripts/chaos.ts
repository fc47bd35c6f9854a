/** `./dev chaos`: runs under random schedules of faults with real programs; each run must become whole. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { BACKENDS } from "../tests/chaos/backends.ts";
import { faultsPage } from "../tests/chaos/faults_page.ts";
import type { Backend } from "../tests/chaos/parts.ts";
import { NotWhole } from "../tests/chaos/round.ts";
import { noteRound, readRounds, type RoundLine } from "../tests/chaos/rounds_log.ts";
import { scheduleText } from "../tests/chaos/schedule.ts";
import { nameTestPrograms } from "./testing/test_environment.ts";
import { DevError, root, runMain, toolsDir } from "./tools.ts";

interface Choice {
  backends: string[];
  rounds: number;
  seed: number;
  /** The log of all rounds, from which the page is made. */
  log: string;
  /** Whether docs/faults.md is written anew. */
  page: boolean;
}

async function main(): Promise<number> {
  const choice = readArgs(Deno.args);
  await mkdir(dirname(choice.log), { recursive: true });
  const results: RoundLine[] = [];
  if (choice.rounds > 0) {
    for (const name of choice.backends) {
      await nameTestPrograms();
      results.push(...await makeChaos(name, choice));
      Deno.env.delete("TMPDIR");
    }
  }
  if (choice.page) {
    const names = Object.keys(BACKENDS);
    const rounds = (await readRounds(choice.log)).toSorted((a, b) =>
      names.indexOf(a.backend) - names.indexOf(b.backend)
    );
    await Deno.writeTextFile(join(root, "docs", "faults.md"), faultsPage(rounds));
  }
  const failed = results.filter(({ whole }) => !whole).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function makeChaos(name: string, { rounds, seed, log }: Choice): Promise<RoundLine[]> {
  const backend = await BACKENDS[name]?.();
  if (!backend) throw new DevError(`Cannot make chaos on "${name}": wanted all, ${Object.keys(BACKENDS).join(", ")}`);
  const results: RoundLine[] = [];
  try {
    for (let n = seed; n < seed + rounds; n++) {
      const result = { backend: name, ...await makeRound(name, backend, n) };
      await noteRound(log, result);
      results.push(result);
    }
  } finally {
    backend.close();
  }
  return results;
}

async function makeRound(name: string, backend: Backend, seed: number): Promise<Omit<RoundLine, "backend">> {
  try {
    const round = await backend.round(seed);
    console.log(`${name}, seed ${seed}: whole after ${round.commands} more commands (${scheduleText(round.steps)})`);
    return { ...round, whole: true };
  } catch (error) {
    if (!(error instanceof NotWhole)) throw error;
    console.log(`FAILED ${error.message}`);
    console.log(`again: ./dev chaos --backend ${name} --rounds 1 --seed ${seed}\n`);
    return { seed, whole: false, commands: 0, steps: [] };
  }
}

function readArgs(args: string[]): Choice {
  const options = {
    backend: { type: "string", default: "local" },
    rounds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    log: { type: "string", default: join(toolsDir, "chaos", "rounds.jsonl") },
    page: { type: "boolean", default: false },
  } as const;
  try {
    const { backend, rounds, seed, log, page } = parseArgs({ args, options }).values;
    const backends = backend === "all" ? Object.keys(BACKENDS) : [backend];
    return { backends, rounds: wholeNumber(rounds), seed: wholeNumber(seed), log, page };
  } catch (error) {
    throw new DevError(`Cannot make chaos: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is no whole number`);
  return Number(text);
}

await runMain(main);
