import assert from "node:assert/strict";
import { join } from "node:path";
import { EACH_START } from "../../core/starts/command.ts";
import { runSh, shells } from "./support/run_sh.ts";

interface Place {
  folder: string;
  shell: string;
  /** Runs the script with a program in the place of nextstat, from two starts. */
  run(body: string): { code: number; stderr: string };
}

/** Runs a test in a folder with an awkward name, for each shell of this machine. */
function inEachShell(name: string, work: (place: Place) => void | Promise<void>): void {
  for (const shell of shells()) {
    Deno.test(`the fits from each start, ${shell}: ${name}`, async () => {
      const parent = Deno.makeTempDirSync();
      try {
        const folder = join(parent, "it's a $run %d");
        Deno.mkdirSync(folder);
        await work({ folder, shell, run: (body) => runSh(EACH_START, { shell, args: argsOf(folder, body) }) });
      } finally {
        Deno.removeSync(parent, { recursive: true });
      }
    });
  }
}

/** Writes the program and returns the script's arguments. */
function argsOf(folder: string, body: string): string[] {
  const program = join(folder, "next stat");
  const script = `#!/bin/sh
here=\${0%/*}
[ "$1 $2" = "fits --n-toys" ] || exit 90
while [ $# -gt 0 ]; do
  case $1 in
  --config) config=\${2##*/} ;;
  --json-metrics) metrics=$2 ;;
  -o) out=$2 ;;
  esac
  shift
done
good() { printf '{"of":"%s"}\\n' "$config" >"$out"; printf '{"m":"%s"}\\n' "$config" >"$metrics"; }
${body}
`;
  Deno.writeTextFileSync(program, script, { mode: 0o755 });
  const [out, metrics] = [join(folder, "out.json"), join(folder, "metrics.json")];
  return [out, metrics, join(folder, "a b.json"), join(folder, "c'd.json"), "--", program, "fits", "--n-toys", "5"];
}

const names = (folder: string): string[] =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== "next stat").sort();

inEachShell("leave all outputs in one file, in the order of the starts, and nothing else", ({ folder, run }) => {
  assert.deepEqual(run("good"), { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(names(folder), ["metrics.json", "out.json"]);
  const text = (name: string) => Deno.readTextFileSync(join(folder, name));
  assert.equal(text("out.json"), `\x1e{"of":"a b.json"}\n\x1e{"of":"c'd.json"}\n`);
  assert.equal(text("metrics.json"), `\x1e{"m":"a b.json"}\n\x1e{"m":"c'd.json"}\n`);
});

inEachShell("end with the code of the first that fails, and leave nothing", ({ folder, run }) => {
  const { code, stderr } = run(`echo "from $config" >&2; good; [ "$config" = "a b.json" ] || exit 7`);
  assert.deepEqual([code, stderr], [7, "from a b.json\nfrom c'd.json\n"]);
  assert.deepEqual(names(folder), []);
  assert.equal(run("good; exit 3").code, 3);
  assert.deepEqual(names(folder), []);
});

inEachShell("have failed where a fit ends well and leaves no output", ({ folder, run }) => {
  assert.equal(run(`[ "$config" = "a b.json" ] && good; exit 0`).code, 74);
  assert.deepEqual(names(folder), []);
});

inEachShell("do not add to what an earlier, killed attempt has left", ({ folder, run }) => {
  for (const name of ["out.json.all", "metrics.json.all", "out.json.one"]) {
    Deno.writeTextFileSync(join(folder, name), "old");
  }
  assert.equal(run("good").code, 0);
  assert.equal(Deno.readTextFileSync(join(folder, "out.json")).split("\x1e").length, 3);
  assert.deepEqual(names(folder), ["metrics.json", "out.json"]);
});

inEachShell("are all stopped by one signal, and no further one begins", async ({ folder, shell }) => {
  const args = argsOf(folder, `echo $$ >>"$here/began"; [ "$config" = "a b.json" ] || good; exec sleep 60`);
  const child = new Deno.Command(shell, { args: ["-c", EACH_START, "starts", ...args], stdout: "null" }).spawn();
  const began = join(folder, "began");
  const pids = () => {
    try {
      return Deno.readTextFileSync(began).split("\n").filter(Boolean);
    } catch {
      return [];
    }
  };
  while (pids().length === 0) await new Promise((go) => setTimeout(go, 20));
  child.kill("SIGTERM");
  const { code } = await child.status;
  assert.equal(code, 143);
  const [pid, ...more] = pids();
  assert.deepEqual(more, []);
  assert.throws(() => Deno.statSync(`/proc/${pid}`));
  assert.deepEqual(names(folder), ["began"]);
});
