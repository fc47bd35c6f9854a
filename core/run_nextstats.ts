import type { FarmManifest } from "./contracts/manifest.ts";

/** A nextstat by which toys of a run may be fitted, and by what it is known again without a hash. */
interface NextstatFile {
  sha256: string;
  bytes?: number | undefined;
  mtime_ms?: number | undefined;
  ctime_ms?: number | undefined;
}

/** The nextstat that a run was rendered with, and those that were taken on purpose since. */
export function nextstatsOf({ farm }: Pick<FarmManifest, "farm">): NextstatFile[] {
  const { nextstat_sha256: sha256, nextstat_bytes, nextstat_mtime_ms, nextstat_ctime_ms } = farm;
  const rendered = { sha256, bytes: nextstat_bytes, mtime_ms: nextstat_mtime_ms, ctime_ms: nextstat_ctime_ms };
  return [rendered, ...farm.accepted_nextstats ?? []];
}

/** Whether hosts run a nextstat of their own, of which only the version is known here. */
export const isHostsOwn = ({ farm }: Pick<FarmManifest, "farm">): boolean =>
  farm.options["remote-nextstat-bin"] !== undefined;

/** What makes a nextstat of this sha256 none of the run's, or null, also where it cannot be known. */
export function nextstatFault(manifest: Pick<FarmManifest, "farm">, sha256: string | null): string | null {
  const known = nextstatsOf(manifest);
  if (sha256 === null || isHostsOwn(manifest) || known.some((one) => one.sha256 === sha256)) return null;
  return `sha256 ${sha256.slice(0, 12)}, not ${known.map((one) => one.sha256.slice(0, 12)).join(" or ")}`;
}
