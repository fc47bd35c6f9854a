import { dirname, join } from "node:path";
import { orElse } from "../../core/errors.ts";
import type { RunRequest } from "../../core/request.ts";
import type { FarmManifest, WorkloadSettings } from "../../core/schema/manifest.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import type { SpecFacts } from "../../core/workload/workload.ts";
import { parseJson } from "../fs/read.ts";
import { removeTree } from "../fs/write.ts";
import { makeScratch } from "../run/temporary.ts";
import { runNextstat } from "../system/nextstat.ts";

/** Seconds that one fit may take; the toys of a model with longer ones have too many bins to tie. */
const TIES_TIMEOUT_S = 60;

/**
 * Returns what the spec says of its test, by fits of changed copies where the request allows trial fits. A fit that
 * fails is no fault: what the spec alone says remains.
 */
export async function findSpecFacts(
  { check }: Pick<RunRequest, "check">,
  manifest: FarmManifest,
  spec: unknown,
): Promise<Partial<WorkloadSettings>> {
  const { spec_facts } = workloadOf(manifest);
  if (!spec_facts) return {};
  const of_spec = spec_facts.ofSpec(spec, manifest);
  const copies = check ? spec_facts.copies(spec, manifest) : [];
  if (copies.length === 0) return of_spec;
  const scratch = makeScratch(dirname(manifest.run_dir));
  try {
    const documents = await Promise.all(
      copies.map((copy, i) => fitCopy(spec_facts, manifest, copy, join(scratch, `${i}`))),
    );
    return { ...of_spec, ...spec_facts.ofFits(spec, manifest, documents) };
  } finally {
    removeTree(scratch);
  }
}

/** @param path beginning of the names of the copy and of its fit */
async function fitCopy({ command }: SpecFacts, manifest: FarmManifest, copy: unknown, path: string): Promise<unknown> {
  const [config, out] = [`${path}.json`, `${path}.out.json`];
  Deno.writeTextFileSync(config, JSON.stringify(copy));
  const argv = command(manifest, { nextstat: manifest.nextstat_bin, config, out });
  const { exit_code } = await runNextstat(argv, { cwd: dirname(config), timeout_s: TIES_TIMEOUT_S });
  return exit_code === 0 ? orElse(null, () => parseJson(Deno.readFileSync(out))) : null;
}
