/** A list of what is bundled into the program, in the CycloneDX format (https://cyclonedx.org/docs/1.6/json/). */
import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { pinnedDeno, root, runTool } from "../tools.ts";

/** What `deno info --json` tells of the packages that a program imports. */
const Info = z.object({
  npmPackages: z.record(z.string(), z.object({ name: z.string(), version: z.string() })),
});

const Lock = z.object({ npm: z.record(z.string(), z.object({ integrity: z.string() })) });

/** Writes the list: the packages that main.ts imports, directly or through others, with their sha512, and the runtime. */
export async function makeSbom(version: string, out: string): Promise<void> {
  const printed = await runTool(Deno.execPath(), ["info", "--json", "main.ts"], {
    ...{ doing: "list the packages of main.ts", next: "run ./dev check", cwd: root },
  });
  const { npmPackages } = Info.parse(JSON.parse(printed));
  const { npm } = Lock.parse(JSON.parse(await readFile(join(root, "deno.lock"), "utf8")));
  const libraries = Object.entries(npmPackages).map(([key, one]) => ({
    ...component("library", "npm", one.name, one.version),
    hashes: hashesOf(npm[key]?.integrity ?? ""),
  }));
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: component("application", "generic", "nsfarm-deno", version) },
    components: [component("application", "generic", "deno", pinnedDeno), ...libraries]
      .sort((a, b) => a.purl < b.purl ? -1 : 1),
  };
  await writeFile(join(out, `nsfarm-deno-${version}.cdx.json`), `${JSON.stringify(document, null, 2)}\n`);
}

/** A package URL: https://github.com/package-url/purl-spec */
function component(type: "application" | "library", scheme: string, name: string, version: string) {
  const purl = `pkg:${scheme}/${name.replace("@", "%40")}@${version}`;
  return { type, name, version, "bom-ref": purl, purl };
}

/** Integrity strings of npm are base64 (https://w3c.github.io/webappsec-subresource-integrity/). */
function hashesOf(integrity: string): { alg: "SHA-512"; content: string }[] {
  const base64 = /^sha512-(.+)$/.exec(integrity)?.[1];
  return base64 === undefined ? [] : [{ alg: "SHA-512", content: Buffer.from(base64, "base64").toString("hex") }];
}
