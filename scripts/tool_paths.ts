/** Where the development tools keep things. All of it is ignored by git and can be deleted at any time. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What was fetched: Deno, the runtime, nextstat. */
export const toolsDir = join(root, ".tools");

/** What was built. */
export const distDir = join(root, "dist");

/** The program that `./dev build` makes. */
export const binaryPath = join(distDir, "nsfarm-deno");

/** What `./dev demo` leaves. */
export const demoDir = join(root, ".demo");

/** The Deno that builds the program; `./dev` holds the same number, and a test compares the two. */
export const pinnedDeno = "2.4.2";
