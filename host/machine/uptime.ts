/** Seconds since this machine's start, whole ones, sleep included (sysinfo(2)); null where that is not known. */
export function uptime_s(): number | null {
  try {
    return Deno.osUptime();
  } catch {
    return null;
  }
}
