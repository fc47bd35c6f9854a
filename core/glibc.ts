/** The C library of a machine, and which one nsfarm-deno needs. */

/** Oldest glibc with which nsfarm-deno starts: its runtime is linked to it (a test compares this with the program). */
export const NEEDED_GLIBC = "2.27";

/** Returns the version in what `getconf GNU_LIBC_VERSION` or `ldd --version` prints first; null: another C library. */
export function readGlibc(printed: string | null): string | null {
  return /^(?:glibc|ldd \(.*\)) (\d+\.\d+)\b/.exec(printed?.trim() ?? "")?.[1] ?? null;
}

/** Returns whether nsfarm-deno cannot start with this glibc; false where the version is unknown. */
const isTooOld = (version: string | null): boolean =>
  version !== null && version.localeCompare(NEEDED_GLIBC, "en", { numeric: true }) < 0;

/** Returns a line about the machines where nsfarm-deno does not start, or none. @param machines each with its glibc */
export function oldGlibc(machines: Iterable<readonly [string, string | null]>): string[] {
  const old = [...new Map(machines)].filter(([, version]) => isTooOld(version));
  if (old.length === 0) return [];
  const named = old.slice(0, 4).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `glibc older than ${NEEDED_GLIBC}: ${named}${old.length > 4 ? " …" : ""}; the sh wrapper runs the shards there`,
  ];
}
