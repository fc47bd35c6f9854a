import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unusedHosts } from "../../../runtime/state/unused_hosts.ts";
import { sampleManifest } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";

Deno.test("a host of the hosts file without a finished shard is named, with the command that shows why", () =>
  inFolder(async (folder) => {
    const file = join(folder, "hosts");
    await writeFile(file, "root@127.0.0.1 port=2201\nroot@127.0.0.1 port=2299\n");
    const options = { "hosts-file": file, "ssh-config": "/etc/my farm", "ssh-port": 22, "accept-new": true };
    const manifest = sampleManifest({ farm: { options } });
    const finished = ["root@127.0.0.1:2201"];
    assert.deepEqual(unusedHosts(manifest, finished), [
      "the host root@127.0.0.1:2299 finished no shard: nsfarm-deno preflight " +
      `--hosts-file '${file}' --ssh-port 22 --ssh-config '/etc/my farm' --accept-new shows whether it can be used`,
    ]);
    assert.deepEqual(unusedHosts(sampleManifest(), finished), []);
    assert.deepEqual(
      unusedHosts(sampleManifest({ farm: { options: { "hosts-file": `${file}.gone` } } }), finished),
      [],
    );
  }));
