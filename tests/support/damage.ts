/** Flips one bit of a byte near the end of a file, which keeps its size. */
export async function flipByte(path: string): Promise<void> {
  const file = await Deno.open(path, { read: true, write: true });
  try {
    const byte = new Uint8Array(1);
    await file.seek(-60, Deno.SeekMode.End);
    await file.read(byte);
    await file.seek(-60, Deno.SeekMode.End);
    await file.write(byte.map((value) => value ^ 1));
  } finally {
    file.close();
  }
}
