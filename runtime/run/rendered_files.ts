import { dirname, join } from "node:path";
import { nextstatFault, nextstatsOf } from "../../core/check_manifest.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { faultWords } from "../../core/file_fault.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { inputPath, startFiles, startTime } from "../../core/staging.ts";
import { hashFile } from "../fs/hash_file.ts";
import { nextstatVersion } from "../system/nextstat.ts";
import { loadFarmRun, type Run } from "./load_manifest.ts";

/** Spec, inputs and nextstat as they are now. */
interface FilesNow {
  nextstat_sha256: string | null;
  /** Why no shard may be fitted with them, and what to do; null: no fault. */
  fault: { what: string; next: string } | null;
}

const BRING_BACK = "Restore the files that the run was rendered with, or render a new run";

/**
 * Spec, files of the spec, and nextstat, checked before each attempt. Size and time are compared first, with the
 * manifest or the last check; files are hashed only where these differ.
 */
export class RenderedFiles {
  readonly #seen = new Map<string, { stamp: string; sha256: string }>();

  constructor(readonly run: Run<FarmManifest>) {}

  async inspect(): Promise<FilesNow> {
    try {
      const what = this.#inputsFault();
      if (what !== null) return { nextstat_sha256: null, fault: { what, next: BRING_BACK } };
      return await this.#inspectNextstat();
    } catch (error) {
      return { nextstat_sha256: null, fault: { what: faultWords(error) ?? errorText(error), next: BRING_BACK } };
    }
  }

  /** Checks the files. @throws {FarmError} input, where shards may not be fitted with them */
  async require(doing: string): Promise<void> {
    const { fault } = await this.inspect();
    if (fault !== null) throw new FarmError("input", `${doing}: ${fault.what}`, fault.next);
  }

  #inputsFault(): string | null {
    const { manifest, manifest_path } = this.run;
    const { inputs, input_mtimes_ms: mtimes_ms } = manifest.farm;
    const files = [
      ...inputs.map((one) => ({ ...one, at: inputPath(manifest.config, one.path), mtime_ms: mtimes_ms?.[one.path] })),
      ...startFiles(manifest).map((one) => ({
        ...one,
        at: join(dirname(manifest_path), one.path),
        mtime_ms: startTime(manifest, one.path),
      })),
    ];
    for (const { at: path, bytes, sha256, mtime_ms } of files) {
      try {
        const info = Deno.statSync(path);
        const known = info.mtime?.getTime() === mtime_ms ? sha256 : null;
        if (info.size === bytes && this.#sumOf(path, info, known) === sha256) continue;
        return `"${path}" is not the file that the run was rendered with`;
      } catch (error) {
        return `"${path}" cannot be read: ${faultWords(error) ?? errorText(error)}`;
      }
    }
    return null;
  }

  async #inspectNextstat(): Promise<FilesNow> {
    const { manifest, manifest_path } = this.run;
    const path = manifest.nextstat_bin;
    const info = Deno.statSync(path);
    const known = nextstatsOf(manifest).find((one) =>
      one.bytes === info.size && one.mtime_ms === info.mtime?.getTime() &&
      (one.ctime_ms === undefined || one.ctime_ms === info.ctime?.getTime())
    );
    const nextstat_sha256 = this.#sumOf(path, info, known?.sha256 ?? null);
    if (nextstatFault(manifest, nextstat_sha256) === null) return { nextstat_sha256, fault: null };
    // It may have been accepted since this process read the manifest.
    const what = nextstatFault(loadFarmRun(manifest_path).manifest, nextstat_sha256);
    return { nextstat_sha256, fault: what === null ? null : await this.#nextstatFault(path, what) };
  }

  async #nextstatFault(path: string, what: string): Promise<FilesNow["fault"]> {
    const { manifest, dir } = this.run;
    const [version, wanted] = [await nextstatVersion(path), manifest.farm.nextstat_version];
    if (version !== wanted) return otherVersion(path, version, wanted);
    return {
      what: `nextstat "${path}" is not the file that the run was rendered with: ${what}`,
      next: `Restore it, or accept the changed file: nsfarm-deno retry ${quoteWord(dir)} --accept-changed-nextstat`,
    };
  }

  #sumOf(path: string, info: Deno.FileInfo, known: string | null): string {
    const { size, ino } = info;
    const stamp = [size, ino, info.mtime?.getTime(), info.ctime?.getTime()].join(" ");
    const seen = this.#seen.get(path);
    if (seen?.stamp === stamp) return seen.sha256;
    const sha256 = known ?? hashFile(path).sha256;
    this.#seen.set(path, { stamp, sha256 });
    return sha256;
  }
}

/** Returns the error for a nextstat of another version, which no flag allows: toys of two versions are not one set. */
export function otherVersion(path: string, version: string, wanted: string): { what: string; next: string } {
  return { what: `nextstat "${path}" is version ${version}, the run was rendered with ${wanted}`, next: BRING_BACK };
}
