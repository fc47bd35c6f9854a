import assert from "node:assert/strict";
import { join } from "node:path";
import type { RenderContext, Rendered, SchedulerAdapter } from "../../schedulers/adapter.ts";
import htcondor from "../../schedulers/htcondor.ts";
import slurm from "../../schedulers/slurm.ts";
import { exampleContext, exampleManifest } from "../fixtures/context.ts";
import { runSh, shells } from "./support/run_sh.ts";

/** What the loader of glibc 2.17 prints for a program that is linked to 2.27. */
const LOADER = "/lib64/libc.so.6: version `GLIBC_2.27' not found (required by nsfarm-deno)";

interface Node {
  folder: string;
  context(farm?: Partial<RenderContext["manifest"]["farm"]>): RenderContext;
  /** Runs the script of a job here, as the first task. */
  job(
    adapter: SchedulerAdapter,
    context: RenderContext,
    shell: string,
  ): { code: number; stdout: string; stderr: string };
}

/** A node with glibc 2.17, on which a program fails to start, and where the sh wrapper prints its arguments. */
function onOldNode(name: string, work: (node: Node, shell: string) => void): void {
  for (const shell of shells()) {
    Deno.test(`job script, ${shell}: ${name}`, () => {
      const folder = join(Deno.makeTempDirSync(), "it's a $run");
      Deno.mkdirSync(folder);
      const write = (name: string, text: string) =>
        Deno.writeTextFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      write("getconf", "echo glibc 2.17");
      write("nsfarm-deno", `echo "nsfarm-deno: ${LOADER.replace("`", "\\`")}" >&2; exit 1`);
      write("job_wrapper.sh", `echo "sh wrapper: $*"`);
      try {
        work({
          folder,
          context: (farm) => {
            const manifest = { ...exampleManifest(4, farm), run_dir: folder };
            return exampleContext(manifest, { nsfarm: join(folder, "nsfarm-deno"), options: manifest.farm.options });
          },
          job: (adapter, context, shell) => {
            const names = ["slurm_array_job.sh", "condor_job.sh"];
            const text = adapter.render(context).files.find(({ path }) => names.includes(path))?.text ?? "";
            const env = {
              PATH: `${folder}:${Deno.env.get("PATH")}`,
              SLURM_ARRAY_TASK_ID: "0",
              SLURM_ARRAY_JOB_ID: "7",
            };
            return runSh(text, {
              shell,
              cwd: folder,
              env,
              args: adapter === slurm ? [] : ["0", "7", "0", "nsfarm-aa"],
            });
          },
        }, shell);
      } finally {
        Deno.removeSync(join(folder, ".."), { recursive: true });
      }
    });
  }
}

/** Returns job files whose scripts run as where a scheduler limits the addresses of jobs. */
const limitAddresses = ({ files, ...others }: Rendered): Rendered => ({
  ...others,
  files: files.map((file) => ({ ...file, text: `ulimit -v 4000000\n${file.text}` })),
});

onOldNode("where nsfarm-deno does not start, the sh wrapper runs the shards, and the log says why", (node, shell) => {
  for (const adapter of [slurm, htcondor]) {
    const { code, stdout, stderr } = node.job(adapter, node.context(), shell);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^sh wrapper: shared 0 7 0/);
    const [first = "", second = ""] = stderr.split("\n");
    assert.match(first, /^nsfarm-deno does not start on \S+ \(glibc 2\.17; it needs 2\.27\): the sh wrapper runs its/);
    assert.equal(second, `nsfarm-deno: ${LOADER}`);
  }
});

onOldNode(
  "where the addresses of a job are limited, the log says that too, and what the program printed",
  (node, shell) => {
    const context = node.context();
    Deno.writeTextFileSync(
      context.nsfarm,
      `#!/bin/sh\nprintf '\n#\n# Fatal: CagedHeap\n#\n==== C stack\n' >&2; exit 133\n`,
    );
    const limited = { ...slurm, render: () => limitAddresses(slurm.render(context)) };
    const { code, stdout, stderr } = node.job(limited, context, shell);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^sh wrapper: shared 0 7 0/);
    assert.match(
      stderr,
      /\(glibc 2\.17; it needs 2\.27; ulimit -v is 4000000 KiB, it needs unlimited\): the sh wrapper/,
    );
    assert.deepEqual(stderr.split("\n").slice(1), ["# Fatal: CagedHeap", "==== C stack", ""]);
  },
);

onOldNode("several shards of one job go to the sh wrapper as one word", (node, shell) => {
  const context = node.context({ options: { "shards-per-job": 2 } });
  assert.match(node.job(slurm, context, shell).stdout, /^sh wrapper: shared 0\+1 7 0/);
});

onOldNode("the lines of --setup come first, since they may be what it needs to start", (node, shell) => {
  const setup = [`printf '#!/bin/sh\\n' >"$nsfarm"`];
  const { stdout, stderr } = node.job(slurm, node.context({ options: { setup } }), shell);
  assert.equal(stdout, "");
  assert.doesNotMatch(stderr, /does not start/);
});

onOldNode("with --wrapper binary, and for pilots, it only warns and starts what was asked for", (node, shell) => {
  for (const adapter of [slurm, htcondor]) {
    for (
      const [farm, advice] of [[{ wrapper_given: true }, "leave out --wrapper binary"], [
        { pilots: 2 },
        "pilots need it: leave out --pilots",
      ]] as const
    ) {
      const { code, stdout, stderr } = node.job(adapter, node.context(farm), shell);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.equal(stderr.split("\n")[0]?.split("): ")[1], advice);
      assert.equal(stderr.split("\n")[2], `nsfarm-deno: ${LOADER}`);
    }
  }
});

onOldNode("in a container its C library counts, and the sh wrapper runs outside", (node, shell) => {
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(join(node.folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const options = { container: "/cvmfs/fit image.sif", "shards-per-job": 2 };
  // The node's own C library is new enough; the image's is not.
  write(
    "apptainer",
    `while :; do case $1 in *.sif) shift && break ;; esac; shift; done\necho "$1" >>inside.log\nexec "$@"`,
  );
  const log = () => Deno.readTextFileSync(join(node.folder, "inside.log")).trim().split("\n");
  for (const adapter of [slurm, htcondor]) {
    const { stdout, stderr } = node.job(adapter, node.context({ options }), shell);
    assert.match(stdout, /^sh wrapper: shared 0/, stderr);
    assert.match(stderr, /^nsfarm-deno does not start on \S+ \(glibc 2\.17; it needs 2\.27\)/);
  }
  assert.deepEqual(log().map((path) => path.split("/").at(-1)), ["nsfarm-deno", "getconf", "nsfarm-deno", "getconf"]);
  write("nsfarm-deno", `echo "$*"`);
  const { code, stdout } = node.job(slurm, node.context({ options }), shell);
  assert.deepEqual([code, stdout], [0, `job ${node.folder} 0 1\n`]);
});

Deno.test("a run with pilots or --wrapper binary has no sh wrapper for Slurm, any other has", () => {
  const hasWrapper = (farm: Partial<RenderContext["manifest"]["farm"]>) => {
    const manifest = exampleManifest(4, farm);
    const { files } = slurm.render(exampleContext(manifest, { options: manifest.farm.options }));
    return files.some(({ path }) => path === "job_wrapper.sh");
  };
  assert.equal(hasWrapper({}), true);
  assert.equal(hasWrapper({ wrapper: "sh", wrapper_given: true }), true);
  assert.equal(hasWrapper({ pilots: 2 }), false);
  assert.equal(hasWrapper({ wrapper_given: true }), false);
  assert.equal(hasWrapper({ options: { container: "/cvmfs/fit.sif" } }), true);
});
