/** Runs a text, or a file, with a real POSIX shell and only the given environment. */
export function runSh(
  script: string,
  { shell = "sh", args = [], cwd, env = {} }: {
    shell?: string;
    args?: string[];
    cwd?: string;
    env?: Record<string, string>;
  } = {},
): { code: number; stdout: string; stderr: string } {
  const command = new Deno.Command(shell, {
    args: ["-c", script, shell, ...args],
    ...(cwd === undefined ? {} : { cwd }),
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", ...env },
  });
  const { code, stdout, stderr } = command.outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Returns the POSIX shells of this machine that are /bin/sh on users' nodes. */
export function shells(): string[] {
  return ["sh", "dash", "bash"].filter((name) => {
    try {
      return new Deno.Command(name, { args: ["-c", ":"], stdout: "null", stderr: "null" }).outputSync().success;
    } catch {
      return false;
    }
  });
}
