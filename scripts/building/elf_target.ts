const machines = new Map([[62, "x86_64-unknown-linux-gnu"], [183, "aarch64-unknown-linux-gnu"]]);

/** Returns the machine of a Linux program, by the names of the build targets; undefined for anything else. */
export function elfTarget(program: Uint8Array): string | undefined {
  const isElf64 = program[0] === 0x7f && program[1] === 0x45 && program[2] === 0x4c && program[3] === 0x46 &&
    program[4] === 2 && program[5] === 1;
  if (!isElf64 || program.length < 64) return undefined;
  return machines.get(program[18]! + program[19]! * 256);
}
