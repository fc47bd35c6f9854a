import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { giveAway } from "../clusters/as_user.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";
import { requestArgs, runDir } from "../support/farm.ts";
import { readRecord } from "../support/run_dir.ts";

const PROFILE = fileURLToPath(new URL("../../profiles/ssh-workstations.jsonc", import.meta.url));
const test = sshFile({ hosts: 2 });

test("the shipped profile of workstations runs on the hosts of the file beside it", async (farm) => {
  const file = join(farm.folder, "ssh-workstations.jsonc");
  await copyFile(PROFILE, file);
  await giveAway(file);
  await farm.hostsFile("w1", "w2");
  const request = requestArgs(farm.folder, { toys: 24, shards: 12 });
  await farm.must(["run", "--profile", file, "--ssh-config", farm.hosts.config, ...request]);
  const dir = runDir(farm.folder);
  await assertMerged(dir, { toys: 24 });
  const hosts = await Promise.all(Array.from({ length: 12 }, async (_, shard) => (await readRecord(dir, shard)).host));
  assert.match([...new Set(hosts)].sort().join(), /^w1(,w2)?$|^w2$/);
});
