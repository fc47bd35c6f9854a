/** Paths of the development tools. Everything there is ignored by git and can be deleted at any time. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Fetched programs: Deno, the runtime, nextstat. */
export const toolsDir = join(root, ".tools");

/** The folder of builds. */
export const distDir = join(root, "dist");

/** The program that `./dev build` makes. */
export const binaryPath = join(distDir, "nsfarm-deno");

/** The folder of `./dev demo`. */
export const demoDir = join(root, ".demo");

/** The Deno that builds the program; `./dev` holds the same number, and a test compares the two. */
export const pinnedDeno = "2.4.2";
