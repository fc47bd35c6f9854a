/** What is installed, as a folder: the program and all that belongs beside it. */
import { chmod, copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root, runTool } from "../tools.ts";

/** Where the words of `nsfarm-deno completions` go below a prefix. */
const TEXTS: Record<string, string> = {
  bash: "share/bash-completion/completions/nsfarm-deno",
  zsh: "share/zsh/site-functions/_nsfarm-deno",
  fish: "share/fish/vendor_completions.d/nsfarm-deno.fish",
  man: "share/man/man1/nsfarm-deno.1",
};

const PAPERS = ["LICENSE", "CHANGELOG.md"];

/**
 * Fills a folder with bin/ and share/ of a prefix. The texts are printed by the program that runs here: they are the
 * same for every machine.
 * @returns the folder
 */
export async function makeTree(program: string, version: string, folder: string): Promise<string> {
  await put(folder, "bin/nsfarm-deno", (to) => copyFile(program, to));
  await chmod(join(folder, "bin/nsfarm-deno"), 0o755);
  for (const [what, path] of Object.entries(TEXTS)) {
    await put(folder, path, async (to) => await writeFile(to, await print(["completions", what])));
  }
  for (const [name, schema] of Object.entries(await schemas())) {
    const document = { $id: `urn:nsfarm-deno:${version}:${name}`, ...schema };
    const text = `${JSON.stringify(document, null, 2)}\n`;
    await put(folder, `share/nsfarm-deno/schemas/${name}.schema.json`, (to) => writeFile(to, text));
  }
  for (const path of await sources("plugins", "profiles")) {
    await put(folder, `share/nsfarm-deno/${path}`, (to) => copyFile(join(root, path), to));
  }
  for (const name of PAPERS) {
    await put(folder, `share/doc/nsfarm-deno/${name}`, (to) => copyFile(join(root, name), to));
  }
  return folder;
}

async function put(folder: string, path: string, write: (to: string) => Promise<void>): Promise<void> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true });
  await write(to);
}

const print = (args: string[]): Promise<string> =>
  runTool(Deno.execPath(), ["run", "-A", "--no-check", join(root, "main.ts"), ...args], {
    doing: `print ${args.join(" ")}`,
    next: "run ./dev check",
    cwd: root,
  });

async function schemas(): Promise<Record<string, object>> {
  return JSON.parse(await print(["schema", "--json"]));
}

/** Paths in git below these folders, so that nothing else of a working folder is published. */
async function sources(...folders: string[]): Promise<string[]> {
  const printed = await runTool("git", ["ls-files", ...folders], {
    ...{ doing: `list ${folders.join(" and ")}`, next: "release from a git checkout", cwd: root },
  });
  return printed.split("\n").filter((path) => path !== "");
}

/** Time of every file in an archive, in seconds since 1970 (https://reproducible-builds.org/docs/archives/). */
export const ARCHIVE_TIME_S = 946_684_800;

const STABLE = ["--format=ustar", "--sort=name", `--mtime=@${ARCHIVE_TIME_S}`, "--owner=0", "--group=0"].concat(
  ["--numeric-owner", "--mode=u+rwX,go+rX,go-w"],
);

/** Packs a folder under a name into `out`. */
export async function makeArchive(folder: string, name: string, out: string): Promise<void> {
  const options = { doing: `pack ${name}.tar.gz`, next: "install GNU tar and gzip", cwd: dirname(folder) };
  const tar = join(dirname(folder), `${name}.tar`);
  const named = ["--transform", `s,^\\.,${name},`, "-C", folder];
  await runTool("tar", [...STABLE, ...named, "-cf", tar, "."], options);
  await runTool("gzip", ["-9", "-n", tar], options);
  await rename(`${tar}.gz`, join(out, `${name}.tar.gz`));
}
