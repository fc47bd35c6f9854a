/** Runs a program in this terminal; returns its exit code. */
export async function runHere(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<number> {
  const inherited = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  const { code } = await new Deno.Command(program, { args, ...options, ...inherited }).spawn().status;
  return code;
}
