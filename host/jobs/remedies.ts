import type { Raise, Remedies } from "../../core/advice.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { refusalOf } from "./submissions.ts";

/** What `retry` can raise: twice what the run asked for, or a first value, where it asked for nothing. */
export function remediesFor(run: Run<FarmManifest>, adapter: Backend): Remedies {
  return {
    more_memory: raiseOf(run, adapter, "memory", ["4GB", "4G"]),
    more_time: raiseOf(run, adapter, "time", []),
    refusal: refusalOf(run),
  };
}

function raiseOf(run: Run<FarmManifest>, adapter: Backend, role: "memory" | "time", first: string[]): Raise {
  const option = adapter.options.find((one) => one.role === role);
  if (!option) return null;
  if (run.manifest.farm.options[option.name] !== undefined) return "twice";
  return first.find((value) => new RegExp(`^(?:${option.pattern ?? ".*"})$`).test(value)) ?? null;
}
