import { EXIT_CODES } from "../core/errors.ts";
import { textTable } from "../core/format.ts";
import { quoteCommand } from "../core/shell_quote.ts";

type Example = readonly [purpose: string, command: string];

const LOCAL: Example = [
  "2,000 toys on this machine, in 40 shards:",
  "nsfarm-deno run --config SPEC.json --n-toys 2000 --shards 40",
];

const SWEEP = "--sweep-json study.sweep.json";

const LIMIT = "--limit-json higgs.limit.json";
const INJECT = "--inject-json closure.inject.json";

const ABOUT_SWEEP =
  "nsfarm-deno sweep render --config SPEC.json --n-toys 10000 --shards-list 50,100,200 --repeats 3 --sweep-id study";

/** Examples at the end of each command's help; RUN_DIR is `study1` in all of them. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  run: [
    LOCAL,
    [
      "On Slurm, one hour for each job:",
      "nsfarm-deno run --scheduler slurm --slurm-time 1:00:00 --config SPEC.json --n-toys 10000 --shards 200",
    ],
    [
      "On hosts behind ssh, one host per line of the file:",
      "nsfarm-deno run --scheduler ssh --hosts-file hosts --config SPEC.json --n-toys 10000 --shards 400",
    ],
  ],
  render: [
    [
      "A run directory for Slurm:",
      "nsfarm-deno render --scheduler slurm --config SPEC.json --n-toys 10000 --shards 200 --run-id study1",
    ],
    [
      "For HTCondor without a shared file system:",
      "nsfarm-deno render --scheduler htcondor --mode transfer --config SPEC.json --n-toys 10000 --shards 200 --run-id study2",
    ],
  ],
  submit: [
    ["Submit, with a last job that collects and merges; then log out:", "nsfarm-deno submit study1 --finish"],
    ["The same, and rerun what fails as its cause needs:", "nsfarm-deno submit study1 --finish --recover 3"],
    ["Submit and wait here for the merged result:", "nsfarm-deno submit study1 --wait"],
  ],
  status: [
    ["Where the run stands now:", "nsfarm-deno status study1"],
    ["Follow it to its end:", "nsfarm-deno status study1 --watch"],
    ["For a script, as one JSON document:", "nsfarm-deno status study1 --json"],
  ],
  cancel: [
    ["Stop all jobs of a run; finished shards are kept:", "nsfarm-deno cancel study1"],
    ["Go on later:", "nsfarm-deno retry study1"],
  ],
  pause: [
    ["Start no new fit, for example while a file server is serviced:", "nsfarm-deno pause study1"],
    ["Go on:", "nsfarm-deno resume study1"],
  ],
  resume: [["Release the jobs that pause held, and no others:", "nsfarm-deno resume study1"]],
  throttle: [
    ["At most 20 fits at a time, from now on:", "nsfarm-deno throttle study1 20"],
    ["No limit any more:", "nsfarm-deno throttle study1 off"],
  ],
  pilots: [
    ["Four pilots more:", "nsfarm-deno pilots study1 +4"],
    ["Two fewer: those that wait first, no running fit is lost:", "nsfarm-deno pilots study1 -2"],
  ],
  retry: [
    ["Rerun only the shards without a valid result:", "nsfarm-deno retry study1"],
    ["With half as much memory again, and wait for the result:", "nsfarm-deno retry study1 --more-memory --wait"],
    ["Cut the open shards in two, to fit into the time limit:", "nsfarm-deno retry study1 --split"],
  ],
  logs: [
    ["Output and attempts of shard 7:", "nsfarm-deno logs study1 7"],
    ["The same as one JSON document:", "nsfarm-deno logs study1 7 --json"],
  ],
  doctor: [
    ["What went wrong, and the next command:", "nsfarm-deno doctor study1"],
    ["For a script:", "nsfarm-deno doctor study1 --json"],
  ],
  collect: [
    ["Check all shards of a run:", "nsfarm-deno collect study1"],
    ["As the old script did:", "nsfarm-deno collect --manifest study1/manifest.json --in-place"],
  ],
  merge: [
    ["Merge a whole run:", "nsfarm-deno merge study1"],
    ["Merge the valid shards of a run that is not whole:", "nsfarm-deno merge study1 --allow-partial"],
    ["With guardrails on the merged set:", "nsfarm-deno merge study1 --require-all-converged"],
  ],
  finish: [
    ["Collect and merge a run whose jobs have ended:", "nsfarm-deno finish study1"],
    ["Wait for them first:", "nsfarm-deno finish study1 --wait"],
  ],
  verify: [
    ["Check every file of a run again:", "nsfarm-deno verify study1"],
    ["Check an archive:", "nsfarm-deno verify study1.tar"],
  ],
  "sweep run": [
    [
      "Measure three shard counts, three times each:",
      "nsfarm-deno sweep run --config SPEC.json --n-toys 10000 --shards-list 50,100,200 --repeats 3 --sweep-id study",
    ],
    ["A page with its figures:", "nsfarm-deno report study.sweep.json"],
  ],
  "sweep render": [
    ["The runs of a study, to be submitted later:", ABOUT_SWEEP],
    ["Then:", `nsfarm-deno sweep submit ${SWEEP}`],
  ],
  "sweep submit": [
    ["Run, collect and merge one run after the other:", `nsfarm-deno sweep submit ${SWEEP}`],
    ["Measure finished runs again too:", `nsfarm-deno sweep submit ${SWEEP} --force`],
  ],
  "sweep collect": [["Collect every run of a sweep:", `nsfarm-deno sweep collect ${SWEEP}`]],
  "sweep merge": [["Merge every run of a sweep:", `nsfarm-deno sweep merge ${SWEEP}`]],
  "sweep summarize": [
    ["Print the times of a sweep:", `nsfarm-deno sweep summarize ${SWEEP}`],
    [
      "Write them as a page and a table:",
      `nsfarm-deno sweep summarize ${SWEEP} --out-md study.md --out-csv study.csv`,
    ],
  ],
  "limit run": [
    [
      "The upper limit at 95 % CL of a pyhf workspace, to an error of 0.01:",
      "nsfarm-deno limit run --workload hypotest-toys --config WS.json --mu 0.5:3:0.25 --n-toys 2000 --shards 4 --accuracy 0.01 --limit-id higgs",
    ],
  ],
  "limit render": [
    [
      "The runs of a limit, to be submitted later:",
      "nsfarm-deno limit render --workload hypotest-toys --config WS.json --mu 0.5:3:0.25 --n-toys 2000 --shards 4 --limit-id higgs",
    ],
    ["Then:", `nsfarm-deno limit submit ${LIMIT}`],
  ],
  "limit submit": [
    ["Run all points, and merge each:", `nsfarm-deno limit submit ${LIMIT}`],
    ["With more toys near the limit until its error is 0.01:", `nsfarm-deno limit submit ${LIMIT} --accuracy 0.01`],
  ],
  "limit collect": [["Collect and merge every point:", `nsfarm-deno limit collect ${LIMIT}`]],
  "limit summarize": [
    ["The limit, and a page with the CLs curve:", `nsfarm-deno limit summarize ${LIMIT}`],
    ["At 90 % CL, for a script:", `nsfarm-deno limit summarize ${LIMIT} --cl 0.9 --json`],
  ],
  "inject run": [
    [
      "Toys at four values of mu, and what their fits make of them:",
      "nsfarm-deno inject run --config SPEC.json --inject mu=0.5,1,1.5,2 --n-toys 2000 --shards 4 --inject-id closure",
    ],
    [
      "Toys of another truth than the fit's, with the looser threshold:",
      "nsfarm-deno inject run --config SPEC.json --inject mu=0:2:0.5 --set lambda_bkg=-0.035 --n-toys 2000 --shards 4 --max-bias 0.2",
    ],
  ],
  "inject render": [
    [
      "The runs of a study, to be submitted later:",
      "nsfarm-deno inject render --config SPEC.json --inject mu=0.5,1,1.5,2 --n-toys 2000 --shards 4 --inject-id closure",
    ],
    ["Then:", `nsfarm-deno inject submit ${INJECT}`],
  ],
  "inject submit": [["Run all points, and merge each:", `nsfarm-deno inject submit ${INJECT}`]],
  "inject collect": [["Collect and merge every point:", `nsfarm-deno inject collect ${INJECT}`]],
  "inject summarize": [
    ["Bias, pulls and coverage, and a page with figures:", `nsfarm-deno inject summarize ${INJECT}`],
    ["With the looser threshold, for a script:", `nsfarm-deno inject summarize ${INJECT} --max-bias 0.2 --json`],
  ],
  plan: [
    ["What other shard counts would take on the same slots:", "nsfarm-deno plan --from study1"],
    ["100,000 toys on 64 slots:", "nsfarm-deno plan --from study1 --n-toys 100000 --slots 64"],
    ["Only these counts:", "nsfarm-deno plan --from study1 --shards-list 50,100,200"],
  ],
  report: [
    ["A page of a run, study1/report.html:", "nsfarm-deno report study1"],
    ["Its figures as SVG files for a paper:", "nsfarm-deno report study1 --svg figures"],
    ["A page of a sweep:", "nsfarm-deno report study.sweep.json"],
  ],
  extend: [
    ["500 more toys in the same merged result:", "nsfarm-deno extend study1 --n-toys +500 --wait"],
    ["In 10 shards, submitted later:", "nsfarm-deno extend study1 --n-toys +500 --shards 10 --no-submit"],
  ],
  archive: [
    ["One file to keep:", "nsfarm-deno archive study1"],
    ["Under another name; then check it:", "nsfarm-deno archive study1 --out paper.tar"],
  ],
  export: [
    ["For pandas or polars, study1.parquet:", "nsfarm-deno export study1 --format parquet"],
    ["The first toys as text:", "nsfarm-deno export study1 --format csv --out - | head"],
  ],
  "self-check": [
    ["After copying the program to a shared folder:", "nsfarm-deno self-check /shared/sw"],
    ["To send to an administrator:", "nsfarm-deno self-check --json"],
  ],
  preflight: [
    ["What Slurm allows here:", "nsfarm-deno preflight --scheduler slurm"],
    ["What the hosts of a file can do:", "nsfarm-deno preflight --hosts-file hosts"],
    ["Write a profile with this site's defaults:", "nsfarm-deno preflight --scheduler slurm --write-profile"],
  ],
  nodes: [
    ["Nodes that failed, why, and in which runs:", "nsfarm-deno nodes"],
    ["Forget the faults of a node that was repaired:", "nsfarm-deno nodes --clear node7"],
  ],
  plugin: [
    ["List the plugins:", "nsfarm-deno plugin list"],
    ["Write a new one:", "nsfarm-deno plugin new mysched"],
  ],
  work: [
    ["Run open shards of a run on this machine, two at a time:", "nsfarm-deno work study1 --slots 2"],
    ["In the background:", "nsfarm-deno work study1 --detach"],
  ],
  job: [["Run shards 3 and 4 here, as a job would:", "nsfarm-deno job study1 3 4"]],
  completions: [
    ["Completions for bash:", "nsfarm-deno completions bash > ~/.local/share/bash-completion/completions/nsfarm-deno"],
    ["The manual page:", "nsfarm-deno completions man > nsfarm-deno.1"],
  ],
  schema: [
    ["List the documents:", "nsfarm-deno schema"],
    ["The JSON Schema of a manifest:", "nsfarm-deno schema manifest"],
  ],
};

/** Returns the commands that come after a run that ended with an exit code, as lines for a terminal. */
export function nextCommands(run_dir: string, exit_code: number): string[] {
  const next = exit_code === EXIT_CODES.shards
    ? [["doctor", "what went wrong"], ["retry", "rerun the shards without a valid result"]]
    : [
      ["report", "a page with figures"],
      exit_code === 0 ? ["archive", "one file to keep"] : ["doctor", "what is wrong"],
    ];
  const rows = next.map(([name, what = ""]) => [quoteCommand(["nsfarm-deno", name ?? "", run_dir]), what]);
  return ["Next:", ...textTable(rows, { indent: "  " })];
}

/** Returns the lines that end the help of a command. */
export const examplesOf = (name: string): string[] =>
  (EXAMPLES[name] ?? []).flatMap(([purpose, command]) => [`  ${purpose}`, `    ${command}`]);
