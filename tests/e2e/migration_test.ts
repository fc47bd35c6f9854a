import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TABLE } from "../../commands/table.ts";
import { BUILT_IN } from "../../schedulers/mod.ts";
import { someOf } from "../support/amount.ts";
import { binary, mustRun, nextstat, type Ran, renderRun, spec10k } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = await readFile(root("docs/migration.md"), "utf8");
const chapters = page.split(/^##+ /m).slice(1).map((text) => ({
  title: text.slice(0, text.indexOf("\n")),
  blocks: [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block),
  rows: [...text.matchAll(/^\| (.*?) \| (.*?) *\|$/gm)].map(([, old = "", now = ""]) => ({ old: old.trim(), now }))
    .filter(({ now }) => now.includes("`")),
}));

/** A scheduler whose jobs are all run while they are submitted, by a worker loop; then its queue is empty. */
const SUBMIT = `
dir=$PWD
for word; do case $word in */slurm_array_job*.sh | */condor_job*.sub) dir=\${word%/*} ;; esac; done
[ ! -e "$dir/manifest.json" ] || nsfarm-deno work "$dir" >&2 || exit 1
case \${0##*/} in sbatch) echo 4242 ;; *) echo 4242.0 - 4242.3 ;; esac`;
const STAND_INS: Record<string, string> = {
  sbatch: SUBMIT,
  condor_submit: SUBMIT,
  squeue: 'echo "nsfarm|JOBID|STATE|REASON|NODELIST|COMMENT|NAME"',
  scancel: "",
  sacct: "",
  sinfo: "",
  sacctmgr: "",
  scontrol: 'echo "MaxArraySize = 1001"',
  condor_q: "",
  condor_history: "",
  condor_rm: "",
  condor_version: "",
  condor_status: "",
  condor_config_val: "",
  qconf: "",
  qstat: "",
};

async function withStandIns(
  work: (folder: string, sh: (text: string) => Promise<Ran>) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    for (const [name, text] of Object.entries(STAND_INS)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
      await chmod(join(bin, name), 0o755);
    }
    await Deno.symlink(binary(), join(bin, "nsfarm-deno"));
    const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: folder };
    await work(folder, (text) => mustRun(folder, ["-euc", text], 0, { program: "sh", env }));
  });
}

/** The page's commands for a small workload in a test's folder. */
const small = (text: string, folder: string) =>
  text.replaceAll("/shared/nextstat/benchmarks/unbinned/specs/pf31_gauss_exp_2m.json", `'${spec10k()}'`)
    .replaceAll("/shared/nextstat/target/release/nextstat", `'${nextstat()}'`)
    .replaceAll("/shared/nextstat_runs", `'${folder}/runs'`)
    .replaceAll("--n-toys 10000", "--n-toys 8").replaceAll("--shards 200", "--shards 4")
    .replaceAll("50,100,200,400", "2,4");

const isThere = (command: string) => TABLE.some((row) => row.name.split(" ")[0] === command);
const missing = (text: string): string => {
  const command = [...text.matchAll(/nsfarm-deno (\w+)/g)].map(([, name = ""]) => name).find((name) => !isThere(name));
  if (command) return `there is no command ${command}`;
  return /ssh|--hosts-file/.test(text) && !Object.hasOwn(BUILT_IN, "ssh") ? "there is no scheduler ssh" : "";
};

for (const { title, blocks } of chapters.filter(({ blocks }) => blocks.length > 0)) {
  const text = blocks.join("\n");
  const why = missing(text);
  Deno.test({
    name: `The commands of "${title}" do what they say, one after the other${why && ` (left out: ${why})`}`,
    ignore: why !== "",
    fn: () =>
      withStandIns(async (folder, sh) => {
        const { stdout } = await sh(small(text, folder));
        assert.match(stdout, /merged\.out\.json|summary\.md/);
      }),
  });
}

/** What stands for a word of the page in a test's folder. */
const wordsOf = (text: string, folder: string): string =>
  small(text, folder)
    .replaceAll("SPEC.json", `'${spec10k()}'`).replaceAll("GRIDENGINE", `'${root("plugins/gridengine.ts")}'`)
    .replaceAll(/(?<=\s)NEXTSTAT\b/g, `'${nextstat()}'`).replaceAll(/(?<=\s)RUNS\b/g, `'${folder}/runs'`)
    .replaceAll("MANIFEST", `'${folder}/runs/r/manifest.json'`).replaceAll(/(?<=\s)RUN\b/g, `'${folder}/runs/r'`)
    .replaceAll(/OUT([01])/g, `'${folder}/runs/r/shard_$1.out.json'`).replaceAll(
      "OTHER.json",
      `'${folder}/other.json'`,
    ).replaceAll(/\bSWEEP\b/g, `'${folder}/runs/s.sweep.json'`);

/** The command line of a row, with what it leaves out. */
function complete(text: string, folder: string): string {
  const [command = "", ...rest] = text.split(" ");
  const given = wordsOf(` ${rest.join(" ")}`, folder);
  if (command === "sweep") return completeSweep(text, given, folder);
  if (command !== "render" && command !== "run") return `nsfarm-deno ${command}${given}`;
  const scheduler = /--slurm-/.test(text) ? "slurm" : /--condor-/.test(text) ? "htcondor" : "local";
  const usual = {
    scheduler,
    config: `'${spec10k()}'`,
    "n-toys": "8",
    shards: "4",
    threads: "1",
    "nextstat-bin": `'${nextstat()}'`,
    "out-dir": `'${folder}/runs'`,
    "run-id": "other",
  };
  const added = Object.entries(usual).filter(([name]) => !new RegExp(`--${name}[ =]`).test(text));
  const check = /extra-arg|ssh/.test(text) ? "--explain" : "--no-check";
  return `nsfarm-deno ${command}${given} ${added.map(([name, value]) => `--${name} ${value}`).join(" ")} ${check}`;
}

/** What is done with a sweep needs one; what looks at its results needs these. */
function completeSweep(text: string, given: string, folder: string): string {
  const scheduler = /--slurm-/.test(text) ? "slurm" : /--condor-/.test(text) ? "htcondor" : "local";
  const usual = {
    scheduler,
    config: `'${spec10k()}'`,
    "n-toys": "8",
    threads: "1",
    "nextstat-bin": `'${nextstat()}'`,
    "out-root": `'${folder}/runs'`,
    "sweep-id": "s",
    "shards-list": "2,4",
  };
  const words = Object.entries(usual).filter(([name]) => !text.includes(`--${name} `));
  const rendering = `nsfarm-deno sweep render ${words.map(([name, value]) => `--${name} ${value}`).join(" ")}`;
  if (text.startsWith("sweep render")) return `${rendering}${given.replace(" render", "")}`;
  const submit = `nsfarm-deno sweep submit --sweep-json '${folder}/runs/s.sweep.json'`;
  const before = text.startsWith("sweep submit") ? rendering : `${rendering}\n${submit}`;
  return `${before}\nnsfarm-deno sweep${given}`;
}

const REPLACED = chapters.flatMap(({ title, rows }) =>
  rows.flatMap(({ old, now }) => [...now.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => ({ title, old, text })))
).filter(({ text }) => !text.startsWith("--"));

for (const { title, old, text } of someOf("lines of the page's tables", REPLACED, 3)) {
  const why = missing(`nsfarm-deno ${text}`);
  Deno.test({
    name: `${title}: in the place of ${old} there is ${text}${why && ` (left out: ${why})`}`,
    ignore: why !== "",
    fn: () =>
      withStandIns(async (folder, sh) => {
        if (/RUN\b|MANIFEST|OUT0/.test(text)) {
          await renderRun(folder, { toys: 8, shards: text.includes("OUT1") ? 2 : 4 });
          await mustRun(folder, ["work", join(folder, "runs", "r")]);
        }
        if (text.startsWith("preflight")) await sh(`${complete(text, folder)} --explain`);
        else await sh(complete(text, folder));
      }),
  });
}

Deno.test("a flag that kept its name keeps its value in the tables", () => {
  const valueOf = (text: string, flag: string) => new RegExp(`--${flag} ([\\w.:/,]+)`).exec(text)?.[1];
  const scripts = chapters.filter(({ title }) => title.endsWith(".py"));
  for (const { old, now } of scripts.flatMap(({ rows }) => rows)) {
    const flag = /--([a-z-]+)/.exec(old)?.[1] ?? "";
    if (valueOf(now, flag) !== undefined) assert.equal(valueOf(now, flag), valueOf(old, flag), `${old}: ${now}`);
  }
});

/** The flags of the old scripts, as their --help tells them. */
const OLD_FLAGS: Record<string, string> = {
  "render_unbinned_fit_toys_scheduler.py":
    "scheduler config n-toys seed shards threads nextstat-bin out-dir run-id slurm-cpus-per-task slurm-time " +
    "condor-request-cpus condor-request-memory condor-requirements",
  "collect_unbinned_fit_toys_scheduler.py": "manifest in-place out",
  "merge_unbinned_toys_results.py": "manifest input out",
  "preflight_cluster.py": "hosts-file ssh-user ssh-key ssh-port timeout-s jobs out",
  "run_unbinned_fit_toys_cluster.py":
    "hosts-file config n-toys seed preflight-json threads weight-mode nextstat-bin remote-workdir remote-base-dir " +
    "remote-config upload-config no-upload-config ssh-user ssh-key ssh-port connect-timeout-s command-timeout-s jobs " +
    "run-id local-out-dir log-level extra-arg pin-blas-threads no-pin-blas-threads allow-partial dry-run",
};

/** The sweep script had commands, and flags of each. */
const SWEEP_FLAGS =
  "render: scheduler config n-toys seed threads nextstat-bin out-root sweep-id shards-list slurm-cpus-per-task slurm-time " +
  "condor-request-cpus condor-request-memory condor-requirements; submit: sweep-json mode poll-s no-collect no-merge force; " +
  "collect: sweep-json; merge: sweep-json; summarize: sweep-json out-md";

Deno.test("Every flag of pf32_unbinned_shard_sweep.py has a line", () => {
  const rows = chapters.find(({ title }) => title === "pf32_unbinned_shard_sweep.py")?.rows ?? [];
  const reported = rows.map(({ old }) => /^`(\w+) --([a-z-]+)/.exec(old)?.slice(1).join(" ")).sort();
  const wanted = SWEEP_FLAGS.split("; ").flatMap((line) => {
    const [command = "", flags = ""] = line.split(": ");
    return flags.split(" ").map((flag) => `${command} ${flag}`);
  });
  assert.deepEqual(reported, wanted.sort());
});

for (const [script, flags] of Object.entries(OLD_FLAGS)) {
  Deno.test(`Every flag of ${script} has a line`, () => {
    const rows = chapters.find(({ title }) => title === script)?.rows ?? [];
    const reported = new Set(rows.flatMap(({ old }) => /^`--([a-z-]+)/.exec(old)?.[1] ?? []));
    assert.deepEqual([...reported].sort(), flags.split(" ").sort());
  });
}
