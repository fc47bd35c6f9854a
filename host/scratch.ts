/** A private folder (0700) for files that nobody else looks at: TMPDIR, else /dev/shm where /tmp takes nothing. */
export function makeScratch(): string {
  try {
    return Deno.makeTempDirSync({ prefix: "nsfarm-" });
  } catch (error) {
    try {
      return Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "nsfarm-" });
    } catch {
      throw error;
    }
  }
}
