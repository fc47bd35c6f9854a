import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostAgent } from "../../schedulers/host_agent.ts";
import { readText } from "../support/farm.ts";
import { FOLDER_VARIABLE, inFolder, until } from "../support/scratch.ts";

/**
 * Says some lines to an agent, and ends the connection once it has said what is wanted. `bin` comes first on its PATH.
 * @returns all that it has said
 */
async function converse(folder: string, lines: string[], wanted: RegExp): Promise<string> {
  const script = hostAgent({
    ...{ base: join(folder, "base"), folder: "r/h", run_dir: join(folder, "r"), run_token: "t" },
    ...{ nextstat: "/nonexistent", sent_nextstat: "nextstat", sharing: false },
  });
  const agent = new Deno.Command("setsid", {
    args: ["sh", "-c", script],
    env: { PATH: `${join(folder, "bin")}:/usr/local/bin:/usr/bin:/bin`, [FOLDER_VARIABLE]: folder },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = agent.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  let said = "";
  for await (const text of agent.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (wanted.test(said)) await writer.close().catch(() => {});
  }
  await agent.status;
  return said;
}

/** A host on which a run is staged whose wrapper only notes that it began, and that a process is slow to get a session. */
async function inHost(work: (folder: string, began: () => Promise<string>) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const place = join(folder, "base/r/h");
    for (const made of [place, join(folder, "bin")]) await mkdir(made, { recursive: true });
    await writeFile(join(place, "job_wrapper.sh"), `echo "$$ $*" >>"${join(folder, "began")}"\n`);
    await writeFile(join(folder, "bin/setsid"), '#!/bin/sh\nsleep 0.5\nexec /usr/bin/setsid "$@"\n');
    await chmod(join(folder, "bin/setsid"), 0o755);
    await work(folder, () => readText(join(folder, "began")));
  });
}

Deno.test("a shard that is being started when the connection ends runs all the same, and its process is on record", () =>
  inHost(async (folder, began) => {
    await converse(folder, ["open", "start ssh-1 7 1 job token slot"], /^opened/m);
    await until("the wrapper has begun", async () => await began() !== "");
    const [pid, ...words] = (await began()).trim().split(" ");
    assert.deepEqual(words, ["transfer", "7", "job", "", "token"]);
    assert.equal((await readText(join(folder, "base/r/h/started/ssh-1/pid"))).split(" ")[0], pid);
  }));

Deno.test("a shard that was found never to have begun does not begin, however late its start arrives", () =>
  inHost(async (folder, began) => {
    await converse(folder, ["open", "find ssh-1 7"], /^absent ssh-1$/m);
    await converse(folder, ["open", "start ssh-1 7 1 job token slot"], /^(absent|starting|running) ssh-1/m);
    const said = await converse(folder, ["open", "find ssh-1 7"], /^(absent|starting|running) ssh-1/m);
    assert.match(said, /^absent ssh-1$/m);
    assert.equal(await began(), "");
  }));
