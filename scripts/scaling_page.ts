/** Makes docs/scaling.md and its figure: sweeps of the real nextstat on this machine, Slurm and HTCondor. Give it quiet. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asUser, giveAway, output } from "../tests/clusters/as_user.ts";
import { bringUpCondor } from "../tests/clusters/condor_pool.ts";
import { bringUpSlurm } from "../tests/clusters/slurm_cluster.ts";
import { nameTestPrograms } from "./testing/test_environment.ts";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { makeInputs } from "./make_inputs.ts";
import { inScratch, root, runMain } from "./tools.ts";

/** A sweep of the page. */
interface Study {
  title: string;
  about: string;
  id: string;
  /** Words after `nsfarm-deno sweep run`; the spec by its name alone. */
  words: string[];
}

const TOYS = ["--n-toys", "1000"];
const STUDIES: Record<"local" | "slurm" | "htcondor" | "large", Study> = {
  local: {
    title: "One machine",
    about: "1,000 toys in 2 to 200 shards, three times.",
    id: "local_10k",
    words: ["--config", "gauss_exp_10k.json", ...TOYS, "--shards-list", "2,4,8,40,200", "--repeats", "3"],
  },
  slurm: {
    title: "Slurm: two nodes of one CPU",
    about: "The same toys as job arrays; the driver asks Slurm every second.",
    id: "slurm_10k",
    words: [
      ...["--scheduler", "slurm", "--slurm-time", "00:10:00", "--config", "gauss_exp_10k.json", ...TOYS],
      ...["--shards-list", "4,8,40", "--repeats", "3", "--poll-s", "1"],
    ],
  },
  htcondor: {
    title: "HTCondor: two nodes of one CPU that share no disk",
    about: "With file transfer a small sh wrapper runs in the job; it cannot measure a fit's peak memory.",
    id: "htcondor_10k",
    words: [
      ...["--scheduler", "htcondor", "--mode", "transfer", "--config", "gauss_exp_10k.json", ...TOYS],
      ...["--shards-list", "4,8,40", "--poll-s", "1"],
    ],
  },
  large: {
    title: "2,000,000 events a toy",
    about:
      "A toy takes seconds, and each shard first fits the observed data: that is its start-up. These data are as many as the yields, so that the fits happen; those of the published pairing did not ([what they cost when they do](longest-shard.md)).",
    id: "local_2m",
    words: ["--config", "gauss_exp_2m.json", "--n-toys", "24", "--shards-list", "4,8,12"],
  },
};

/** Runs a program in a folder and returns what it printed. */
type Run = (words: string[]) => Promise<string>;

async function main(): Promise<number> {
  const [program, nextstat] = [await ensureBinary(), await nextstatBin()];
  await inScratch(async (scratch) => {
    const folder = join(scratch, "study");
    await makeInputs(folder, "10k");
    await makeInputs(folder, "2m");
    const run: Run = (words) => output([program, ...words, "--nextstat-bin", nextstat], { PWD: folder });
    const local = await section(STUDIES.local, folder, run);
    await output([program, "report", join(folder, "local_10k.sweep.json"), "--svg", join(folder, "figures")], {});
    await copyFile(join(folder, "figures", "makespan.svg"), join(root, "docs", "scaling-makespan.svg"));
    const large = await section(STUDIES.large, folder, run);
    const plan = await output([program, "plan", "--from", join(folder, "local_2m_sh8"), ...PLAN], {});
    const parts = [HEAD, local, await onSlurm(), await onCondor(), large, planned(plan.replaceAll(`${folder}/`, ""))];
    await writeFile(join(root, "docs", "scaling.md"), `${parts.join("\n\n")}\n`);
  });
  return 0;
}

const PLAN = ["--n-toys", "10000", "--slots", "74", "--shards-list", "74,148,222,296,800"];

const HEAD = `# Measured sweeps

Sweeps with the real nextstat on one machine of ${navigator.hardwareConcurrency} CPUs with nothing beside them, in the words of
\`nsfarm-deno sweep run\` itself; only paths were shortened. \`deno run -A scripts/scaling_page.ts\` makes this page. The
specs are those of \`./dev demo\`: 10,000 events a toy (\`gauss_exp_10k.json\`) and 2,000,000 (\`gauss_exp_2m.json\`).

The makespan is the time from the first start to the last end; the longest shard is another number, and no makespan
([why](longest-shard.md)).

![Makespan, and the longest shard beside it, against shards](scaling-makespan.svg)`;

const planned = (text: string): string =>
  `## What 10,000 such toys would cost on 74 slots

A plan made from the 8-shard run of 24 toys:

\`\`\`sh
nsfarm-deno plan --from local_2m_sh8 ${PLAN.join(" ")}
\`\`\`

\`\`\`text
${text.trimEnd()}
\`\`\``;

/** Runs a sweep and returns its part of the page: the command and the program's own summary. */
async function section({ title, about, id, words }: Study, folder: string, run: Run): Promise<string> {
  console.error(`dev: sweep ${id}`);
  const at = words.map((word) => word.endsWith(".json") ? join(folder, word) : word);
  await run(["sweep", "run", ...at, "--threads", "1", "--out-root", folder, "--sweep-id", id]);
  const summary = await readFile(join(folder, `${id}.summary.md`), "utf8");
  const shown = summary.replace(/^# .*\n/, "").replaceAll(/^##+ /gm, "### ").replaceAll(`${folder}/`, "").trim();
  const command = `nsfarm-deno sweep run ${words.join(" ")} --threads 1 --sweep-id ${id}`;
  return `## ${title}\n\n${about}\n\n\`\`\`sh\n${folded(command)}\n\`\`\`\n\n${shown}`;
}

/** Returns a command in lines of at most 110 characters. */
function folded(command: string): string {
  return command.replaceAll(/(.{60,108}) (?=--)/g, "$1 \\\n  ");
}

const onSlurm = (): Promise<string> => onCluster(STUDIES.slurm, () => bringUpSlurm(["--cpus-per-node", "1"]));
const onCondor = (): Promise<string> =>
  onCluster(STUDIES.htcondor, () => bringUpCondor({ slots: 1, nodes: 2, hidden: true }));

/** Variables that name the copies of the programs on a cluster that is up. */
const COPIES = ["NSFARM_TEST_BINARY", "NSFARM_TEST_NEXTSTAT", "NSFARM_TEST_INPUTS"];

/** Runs a study as an ordinary user on a cluster that is up for as long. */
async function onCluster(
  study: Study,
  bringUp: () => Promise<{ dir: string; env: Record<string, string>; down(): void }>,
): Promise<string> {
  // A cluster that went down took the copies of the programs with it.
  await nameTestPrograms();
  const cluster = await bringUp();
  try {
    const [program = "", nextstat = "", inputs = ""] = COPIES.map((name) => Deno.env.get(name) ?? "");
    const folder = join(cluster.dir, "study");
    await mkdir(folder);
    for (const name of ["gauss_exp_10k.json", "observed.parquet"]) {
      await copyFile(join(inputs, name), join(folder, name));
    }
    await giveAway(folder);
    const run: Run = (words) => output(asUser(program, ...words, "--nextstat-bin", nextstat), cluster.env);
    return await section(study, folder, run);
  } finally {
    cluster.down();
  }
}

await runMain(main);
