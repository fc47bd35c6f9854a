import assert from "node:assert/strict";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostAgent } from "../../../schedulers/host_agent.ts";
import { readText } from "../../support/farm.ts";
import { FOLDER_VARIABLE, inFolder, until } from "../../support/scratch.ts";

/**
 * Says some lines to an agent, and ends the connection once it has said what is wanted. `bin` comes first on its PATH.
 * @returns all that it has said
 */
async function converse(folder: string, lines: string[], wanted: RegExp, sharing = false): Promise<string> {
  const script = hostAgent({
    ...{ base: join(folder, "base"), folder: "r.t0/h", earlier: "r/h", run_dir: join(folder, "r") },
    ...{ run_token: "t0", nextstat: "/nonexistent", sent_nextstat: "nextstat", sharing },
  });
  const agent = new Deno.Command("setsid", {
    args: ["sh", "-c", script],
    env: { PATH: `${join(folder, "bin")}:/usr/local/bin:/usr/bin:/bin`, [FOLDER_VARIABLE]: folder },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = agent.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  let printed = "";
  for await (const text of agent.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (wanted.test(printed)) await writer.close().catch(() => {});
  }
  await agent.status;
  return printed;
}

/** A host on which a run is staged whose wrapper only notes that it began, and that a process is slow to get a session. */
async function inHost(work: (folder: string, began: () => Promise<string>) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const place = join(folder, "base/r.t0/h");
    for (const made of [place, join(folder, "bin")]) await mkdir(made, { recursive: true });
    await writeFile(join(place, "job_wrapper.sh"), `echo "$$ $*" >>"${join(folder, "began")}"\n`);
    await writeFile(join(folder, "bin/setsid"), '#!/bin/sh\nsleep 0.5\nexec /usr/bin/setsid "$@"\n');
    await chmod(join(folder, "bin/setsid"), 0o755);
    await work(folder, () => readText(join(folder, "began")));
  });
}

Deno.test("a shard that is starting when the connection ends runs all the same, and its process is recorded", () =>
  inHost(async (folder, began) => {
    await converse(folder, ["open", "start ssh-1 7 1 job token slot"], /^opened/m);
    await until("the wrapper has begun", async () => await began() !== "");
    const [pid, ...words] = (await began()).trim().split(" ");
    assert.deepEqual(words, ["transfer", "7", "job", "", "token"]);
    assert.equal((await readText(join(folder, "base/r.t0/h/started/ssh-1/pid"))).split(" ")[0], pid);
  }));

Deno.test("a shard that is stopped while it starts is stopped, with all its processes", () =>
  inHost(async (folder, began) => {
    const wrapper = `trap '' TERM; sleep 20; echo over >>"${join(folder, "began")}"\n`;
    await writeFile(join(folder, "base/r.t0/h/job_wrapper.sh"), wrapper);
    const lines = ["open", "start ssh-1 7 1 job token slot", "stop ssh-1 TERM", "stop ssh-1 KILL"];
    assert.match(await converse(folder, lines, /^dead ssh-1/m), /^dead ssh-1/m);
    assert.equal(await began(), "");
  }));

Deno.test("a shard that was reported as never started does not start, however late its start request arrives", () =>
  inHost(async (folder, began) => {
    await converse(folder, ["open", "find ssh-1 7"], /^absent ssh-1$/m);
    await converse(folder, ["open", "start ssh-1 7 1 job token slot"], /^(absent|starting|running) ssh-1/m);
    const printed = await converse(folder, ["open", "find ssh-1 7"], /^(absent|starting|running) ssh-1/m);
    assert.match(printed, /^absent ssh-1$/m);
    assert.equal(await began(), "");
  }));

/** A host on which an earlier version has begun a shard of the run with the token `token`, that has ended. */
async function inEarlierHost(token: string, work: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const [place, run] = [join(folder, "base/r/h"), join(folder, "r")];
    for (const made of ["started/ssh-1", "incoming"]) await mkdir(join(place, made), { recursive: true });
    for (const made of ["attempts", "incoming"]) await mkdir(join(run, made), { recursive: true });
    await writeFile(join(place, "job_wrapper.sh"), `run_token=${token}\n`);
    await writeFile(join(place, "incoming/shard_7.ssh-1.job.txt"), `run_token=${token}\nend=1\n`);
    await writeFile(join(run, "manifest.json"), '{"run_token": "t0"}');
    await work(folder);
    for (const made of [place, run]) await rm(join(made, "incoming"), { recursive: true });
  });
}

Deno.test("attempts of an earlier version on a host, in a folder without the run's token, are found", () =>
  inEarlierHost("t0", async (folder) => {
    const printed = await converse(folder, ["open", "find ssh-1 7"], /^(ended|absent) ssh-1$/m);
    assert.match(printed, /^opened transfer r\/h$/m);
    assert.match(printed, /^ended ssh-1$/m);
  }));

Deno.test("the folder that an earlier version gave to another run of the same id is left alone", () =>
  inEarlierHost("t1", async (folder) => {
    const printed = await converse(folder, ["open", "find ssh-1 7"], /^(ended|absent) ssh-1$/m);
    // By itself: the folder could not be removed while the search for the attempt still marks it there.
    await converse(folder, ["open", "tidy"], /^tidied$/m);
    assert.match(printed, /^opened transfer r\.t0\/h$/m);
    assert.match(printed, /^absent ssh-1$/m);
    assert.equal(await readText(join(folder, "base/r/h/incoming/shard_7.ssh-1.job.txt")), "run_token=t1\nend=1\n");
  }));

Deno.test("a host that sees the run directory recognizes an earlier version's folder by the attempts of the run", () =>
  inEarlierHost("t1", async (folder) => {
    await writeFile(join(folder, "r/incoming/shard_7.ssh-1.job.txt"), "run_token=t0\nend=1\n");
    await writeFile(join(folder, "r/attempts/shard_7.1.json"), '{"attempt_token": "ssh-1"}');
    const printed = await converse(folder, ["open", "find ssh-1 7"], /^(ended|absent) ssh-1$/m, true);
    assert.match(printed, /^opened shared r\/h$/m);
    assert.match(printed, /^ended ssh-1$/m);
  }));
