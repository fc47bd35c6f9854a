import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binary, type Ran, readText, start } from "./farm.ts";

const DRIVER = fileURLToPath(new URL("pty_driver.py", import.meta.url));

/** Whether a pseudo-terminal can be made here, and the reason for a test's name if not. */
export const canPty: boolean = await new Deno.Command("python3", { args: ["-c", "import pty"] }).output()
  .then(({ success }) => success, () => false);
export const unlessPty: string = canPty ? "" : " (left out: no python3 with its module pty)";

interface Shown {
  /** Returns the output in the terminal so far, with line ends as programs write them. */
  text(): Promise<string>;
  ended: Promise<Ran>;
}

/** Runs the program in a terminal with this number of columns. */
export function inTerminal(folder: string, columns: number, args: string[]): Shown {
  const file = join(folder, "shown.txt");
  const { ended } = start(folder, [DRIVER, file, `${columns}`, binary(), ...args], { program: "python3" });
  return { ended, text: async () => (await readText(file)).replaceAll("\r\n", "\n") };
}
