/** The last `most` bytes of a regular file as text; empty where there is none. */
export function readTail(path: string, most = 64 * 1024): string {
  try {
    if (!Deno.lstatSync(path).isFile) return "";
    const file = Deno.openSync(path, { read: true });
    try {
      const { size } = file.statSync();
      const bytes = new Uint8Array(Math.min(size, most));
      file.seekSync(size - bytes.length, Deno.SeekMode.Start);
      file.readSync(bytes);
      return new TextDecoder().decode(bytes).trimEnd();
    } finally {
      file.close();
    }
  } catch {
    return "";
  }
}
