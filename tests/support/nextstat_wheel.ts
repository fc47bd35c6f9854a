import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pythonTools } from "../../scripts/release/packages.ts";
import { nextstat } from "./farm.ts";
import { runProgram } from "./release.ts";

/**
 * Packs the tests' nextstat as a wheel of the layout that nextstat-cli has, so that it installs without a network.
 * @returns the path of the wheel
 */
export async function nextstatWheel(out: string): Promise<string> {
  const place = join(out, "nextstat_wheel");
  const info = join(place, "nextstat_cli-0.10.1.dist-info");
  const scripts = join(place, "nextstat_cli-0.10.1.data/scripts");
  for (const folder of [info, scripts]) await mkdir(folder, { recursive: true });
  await cp(nextstat(), join(scripts, "nextstat"));
  await writeFile(join(info, "METADATA"), "Metadata-Version: 2.1\nName: nextstat-cli\nVersion: 0.10.1\n");
  await writeFile(
    join(info, "WHEEL"),
    "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
  );
  const env = { PYTHONPATH: await pythonTools() };
  await runProgram("python3", ["-m", "wheel", "pack", place, "--dest-dir", out], { env });
  return join(out, (await readdir(out)).find((name) => name.endsWith(".whl")) ?? "");
}
