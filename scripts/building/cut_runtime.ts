/** Cuts the runtime out of a program that `deno compile` made. */
import { DevError } from "../tools/dev_error.ts";

/**
 * Returns the runtime: the first part of such a program, byte for byte. The compiled files follow, and the last 8 bytes
 * are their length.
 * @throws DevError if the program has another layout
 */
export function cutRuntime(program: Uint8Array): Uint8Array {
  const payload = program.length < 8 ? 0n : lastNumber(program);
  if (payload > 8n && payload < BigInt(program.length)) return program.subarray(0, program.length - Number(payload));
  throw new DevError(`Cannot cut the runtime out of a program: its last 8 bytes say ${payload}, wanted a length in it`);
}

function lastNumber(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8).getBigUint64(0, true);
}
