/** What a stranger reads of a package on PyPI or npm: what it is, how it is begun with, what it needs. */
import { NEEDED_GLIBC } from "../../core/glibc.ts";

export const HOMEPAGE = "https://nextstat.io";
export const SUMMARY = "Splits nextstat toys into shards, runs them on a farm, checks and merges the set";

/** Returns a README in Markdown. @param install the lines that install it and nextstat */
export const readmeOf = (install: readonly string[]): string =>
  `# nsfarm-deno

Splits the toys of \`nextstat unbinned-fit-toys\` into shards with deterministic seeds, runs them on this machine, Slurm,
HTCondor or hosts behind ssh, survives killed and lost jobs, proves that the merged set is whole, and measures how the
farm scaled.

\`\`\`sh
${install.join("\n")}
nsfarm-deno self-check
nsfarm-deno run --config SPEC.json --n-toys 2000
\`\`\`

The package holds one program for Linux with glibc ${NEEDED_GLIBC} or newer; \`nsfarm-deno help\` shows its commands. Jobs run the
same file: install it in a folder that all machines of the farm see.
`;
