/** The runtime inside a program that `deno compile` made. */
import { DevError } from "../tools/dev_error.ts";

/**
 * The first part of such a program is the runtime, byte for byte; what was compiled follows, and the last 8 bytes are
 * the length of that.
 *
 * @throws DevError if the program was not made so
 */
export function cutRuntime(program: Uint8Array): Uint8Array {
  const payload = program.length < 8 ? 0n : lastNumber(program);
  if (payload > 8n && payload < BigInt(program.length)) return program.subarray(0, program.length - Number(payload));
  throw new DevError(`Cannot cut the runtime out of a program: its last 8 bytes say ${payload}, wanted a length in it`);
}

function lastNumber(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8).getBigUint64(0, true);
}
