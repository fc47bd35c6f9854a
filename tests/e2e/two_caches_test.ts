import assert from "node:assert/strict";
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { whyNoCluster } from "../clusters/cluster.ts";
import { binary, type Ran, readText, requestArgs, start, type Started } from "../support/farm.ts";
import { must } from "../support/mounts.ts";
import { whyNotInstalled } from "../support/packages.ts";
import { countDone } from "../support/run_dir.ts";
import { endProcesses, inFolder, killQuietly, processesOf, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

/** Longer than any test takes: whoever waits until a client forgets what it has in mind is not done in time. */
const CACHED_S = 600;

/** Why there can be no clients of one file server here; empty where there can. */
const whyNoClients: string = (() => {
  if (whyNoCluster !== "") return whyNoCluster;
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
  } catch {
    return "/dev/fuse cannot be opened here";
  }
  return whyNotInstalled("bindfs");
})();

/** A machine of its own name and start, with a client's cache of its own of the folder that all of them see. */
interface Client {
  start(args: string[]): Started;
  /** Runs the program to its end, and fails with what was printed unless the exit code is the wanted one. */
  must(args: string[], code?: number): Promise<Ran>;
}

/**
 * Runs a test on two clients of one file server. Each keeps in mind for minutes which names are there, which are not, and
 * what they name, as NFS's do for a minute at most.
 * @param work gets the folder as both see it, and as it is on the server
 */
async function onTwoClients(
  folder: string,
  work: (clients: [Client, Client], shared: string, server: string) => Promise<void>,
): Promise<void> {
  const [shared, server] = [join(folder, "shared"), join(folder, "server")];
  for (const one of [shared, server]) await mkdir(one);
  const mounts: string[] = [];
  try {
    for (const name of ["n1", "n2"]) mounts.push(await mountClient(server, join(folder, `mount-${name}`)));
    const [a, b] = await Promise.all(["n1", "n2"].map((name) => clientOf(folder, name, shared)));
    if (a && b) await work([a, b], shared, server);
  } catch (error) {
    // What still runs would keep the mounts, and that would be told in place of what went wrong.
    await endProcesses(folder);
    throw error;
  } finally {
    for (const mount of mounts) {
      await must("umount", [mount]).catch(() => must("umount", ["-l", mount]));
      // A host that another test has made meanwhile keeps a copy of the mount, until the folder that is mounted on is gone.
      await rmdir(mount);
    }
    await until(
      "bindfs has ended",
      async () => !(await processesOf(server)).some(({ command }) => /bindfs/.test(command)),
    );
  }
}

async function mountClient(server: string, mount: string): Promise<string> {
  await mkdir(mount);
  const times = ["entry", "negative", "attr"].map((what) => `${what}_timeout=${CACHED_S}`);
  await must("bindfs", ["-o", [...times, "use_ino"].join(","), server, mount]);
  return mount;
}

const ENTER = `hostname "$1" && mount --bind "$2" /proc/sys/kernel/random/boot_id && mount --bind "$3" "$4" || exit 99
shift 4
exec "$@"`;

async function clientOf(folder: string, name: string, shared: string): Promise<Client> {
  const boot_id = join(folder, `${name}.boot_id`);
  await writeFile(boot_id, `${crypto.randomUUID()}\n`);
  const inside = ["--uts", "--mount", "--propagation", "slave", "sh", "-c", ENTER, "sh"];
  const begin = (args: string[]) => {
    const words = [...inside, name, boot_id, join(folder, `mount-${name}`), shared, binary(), ...args];
    return start(folder, words, { program: "unshare" });
  };
  return {
    start: begin,
    must: async (args, code = 0) => {
      const ran = await begin(args).ended;
      if (ran.code === code) return ran;
      throw new Error(`${name}: ${args.join(" ")} exited ${ran.code}, wanted ${code}\n${ran.stdout}${ran.stderr}`);
    },
  };
}

interface TwoCaches {
  folder: string;
  clients: [Client, Client];
  /** The run as both clients see it, and as it is on the server. */
  dir: string;
  on_server: string;
  fake: StandIn;
}

/** Renders a run on the first of two clients whose caches outlast the test. */
function test(name: string, shards: number, behaviour: string, work: (on: TwoCaches) => Promise<void>): void {
  Deno.test({
    name: `two clients with caches of their own: ${name}${whyNoClients && ` (left out: ${whyNoClients})`}`,
    ignore: whyNoClients !== "",
    fn: () =>
      inFolder((folder) =>
        onTwoClients(folder, async (clients, shared, server) => {
          const fake = await standIn(folder, behaviour);
          const request = requestArgs(folder, { toys: 2 * shards, shards, nextstat: fake.path });
          await clients[0].must(["render", ...request, "--out-dir", join(shared, "runs")]);
          const [dir, on_server] = [join(shared, "runs", "r"), join(server, "runs", "r")];
          await work({ folder, clients, dir, on_server, fake });
        })
      ),
  });
}

const fitsOf = async (fake: StandIn, what: string) =>
  (await fake.log()).filter((line) => line.what === what).map(({ shard }) => shard).sort((a, b) => a - b);

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test(
  "both machines take shards until none is left and then end; the other collects, merges and archives",
  10,
  "sleep 0.2",
  async (on) => {
    const { folder, clients: [a, b], dir, on_server, fake } = on;
    const [one, other] = await Promise.all([a.must(["work", dir]), b.must(["work", dir])]);
    for (const { stderr, stdout } of [one, other]) assert.match(stdout + stderr, /10\/10 done|10 done/);
    assert.deepEqual(await fitsOf(fake, "start"), upTo(10), "no shard was fitted twice");
    assert.equal(await countDone(on_server), 10);
    for (const words of [["status"], ["collect"], ["merge"], ["verify"], ["archive"]]) await b.must([...words, dir]);
    assertSameToys(await readJson(join(on_server, "merged.out.json")), await unsharded(folder, 20));
    for (const words of [["status"], ["collect"], ["verify"]]) await a.must([...words, dir]);
  },
);

test(
  "a shard that one machine had looked up in vain is fitted by the other meanwhile",
  4,
  `[ "$shard" != 3 ] || [ -e "$here/mended" ] || exit 3`,
  async (on) => {
    const { folder, clients: [a, b], dir, on_server, fake } = on;
    await a.must(["work", dir], 5);
    // Both have looked at all of it: that one failed, and that its files are not there.
    for (const client of [a, b]) await client.must(["status", dir]);
    await b.must(["collect", dir], 5);
    await fake.mark("mended");
    await b.must(["retry", dir, "--wait"]);
    for (const client of [a, b]) await client.must(["collect", dir]);
    await a.must(["merge", dir]);
    assertSameToys(await readJson(join(on_server, "merged.out.json")), await unsharded(folder, 8));
    assert.deepEqual(await fitsOf(fake, "end"), upTo(4), "what was done was not done again");
  },
);

test(
  "a machine that has seen a shard waiting sees it started and done, though nothing had started at its first look",
  2,
  'until [ -e "$here/go" ]; do sleep 0.1; done',
  async (on) => {
    const { clients: [a, b], dir, fake } = on;
    assert.match((await a.must(["status", dir])).stdout, /2 not submitted/);
    const working = b.start(["work", dir, "--slots", "2"]);
    await until("both run", async () => (await fitsOf(fake, "start")).length === 2);
    const { stdout } = await a.must(["status", dir]);
    assert.match(stdout, /2 unknown/);
    assert.match(stdout, /a worker \(2 slots\) was started on n2/);
    await fake.mark("go");
    assert.equal((await working.ended).code, 0);
    assert.match((await a.must(["status", dir])).stdout, /2 done/);
  },
);

test("the machine of a killed loop continues its shards, while the other works", 8, "sleep 0.3", async (on) => {
  const { folder, clients: [a, b], dir, on_server, fake } = on;
  const [killed, other] = [a.start(["work", dir]), b.start(["work", dir])];
  await until("fits go on", async () => (await fitsOf(fake, "end")).length >= 2);
  killed.kill("SIGKILL");
  await killed.ended;
  await a.must(["work", dir]);
  const left = await other.ended;
  assert.equal(left.code, 0, left.stdout + left.stderr);
  assert.equal(await countDone(on_server), 8);
  assert.deepEqual(await fitsOf(fake, "double"), [], "no shard was fitted twice at the same time");
  await b.must(["merge", dir]);
  assertSameToys(await readJson(join(on_server, "merged.out.json")), await unsharded(folder, 16));
});

test(
  "the shards of a killed loop are taken over by the other machine once its heartbeats stop; back, it accepts",
  4,
  'case $(hostname) in n1) [ -e "$here/back" ] || exec sleep 600 ;; esac',
  async (on) => {
    const { folder, clients: [a, b], dir, on_server, fake } = on;
    const killed = a.start(["work", dir]);
    await until("a fit goes on", async () => (await fitsOf(fake, "start")).length > 0);
    killed.kill("SIGKILL");
    await killed.ended;
    // One that was begun just before writes its line late.
    await until("its fits are dead", async () => {
      for (const { pid } of await fake.log()) killQuietly(pid);
      return !(await processesOf(folder)).some(({ command }) => /stand-in|sleep 600/.test(command));
    });
    await beatFaster(on_server);
    const { stdout, stderr } = await b.must(["work", dir]);
    assert.match(stdout + stderr, /4\/4 done|4 done/);
    await fake.mark("back");
    assert.deepEqual(await fitsOf(fake, "double"), [], "no shard was fitted twice at the same time");
    const before = await fitsOf(fake, "start");
    await a.must(["work", dir]);
    assert.deepEqual(await fitsOf(fake, "start"), before, "what the other has done is not done again");
    await a.must(["collect", dir]);
    await a.must(["merge", dir]);
    assertSameToys(await readJson(join(on_server, "merged.out.json")), await unsharded(folder, 8));
  },
);

/** The dead loop said that it beats each second, so that two minutes need not be waited for. */
async function beatFaster(on_server: string): Promise<void> {
  const claims = join(on_server, "claims");
  for (const { name } of Deno.readDirSync(claims)) {
    if (!name.startsWith("worker_")) continue;
    const path = join(claims, name);
    const text = await readText(path);
    assert.match(text, /"beat_interval_s": 40/);
    await writeFile(path, text.replace('"beat_interval_s": 40', '"beat_interval_s": 1'));
  }
}
