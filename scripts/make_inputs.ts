/** Makes the input files of the demo and the tests. */
import { parquetWriteBuffer } from "hyparquet-writer";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pid } from "node:process";
import { drawMasses } from "./tools/draw_masses.ts";
import { dataFiles, gaussExpSpec, type SpecSize, yields } from "./tools/gauss_exp_spec.ts";

const seed = 20260215;

/**
 * Writes gauss_exp_<size>.json and its observed data into `dir`, the same bytes each time.
 * @returns the path of the spec
 */
export async function makeInputs(dir: string, size: SpecSize): Promise<string> {
  const spec = join(dir, `gauss_exp_${size}.json`);
  await mkdir(dir, { recursive: true });
  await writeWhole(join(dir, dataFiles[size]), massParquet(size));
  await writeWhole(spec, `${JSON.stringify(gaussExpSpec(size), undefined, 2)}\n`);
  return spec;
}

/** Returns a Parquet file with one required DOUBLE column, uncompressed, which every reader understands. */
function massParquet(size: SpecSize): Uint8Array {
  const mass = { name: "mass", data: drawMasses(seed, yields[size]), type: "DOUBLE", nullable: false } as const;
  return new Uint8Array(parquetWriteBuffer({ codec: "UNCOMPRESSED", columnData: [mass] }));
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.${pid}.tmp`, content);
  await rename(`${path}.${pid}.tmp`, path);
}
