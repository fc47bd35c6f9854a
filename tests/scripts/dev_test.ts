import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pinnedDeno, root } from "../../scripts/tools.ts";

/** An npm that "installs" a Deno of the version asked for, writes a line for each call, and takes some time. */
const fakeNpm = `#!/bin/sh
echo call >>"$CALLS"
while [ "$1" != --prefix ]; do shift; done
folder="$2/node_modules/@deno/linux-x64-glibc"
for last; do :; done
sleep "\${NPM_SECONDS:-0}"
[ -d "$2" ] || exit 1
[ -z "\${NPM_FAILS:-}" ] || { echo "no such package" >&2; exit 1; }
mkdir -p "$folder"
printf '#!/bin/sh\\necho "deno %s (stable, release)"\\n' "\${last#deno@}" >"$folder/deno"
`;

interface Checkout {
  folder: string;
  store: string;
  calls: () => Promise<number>;
  dev: (args: string[], env?: Record<string, string>) => Deno.Command;
}

/** A checkout with only the script, on a machine with a fake npm and, like any other, a few system programs. */
async function inCheckout(work: (checkout: Checkout) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "a b" });
  try {
    await work(await makeCheckout(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeCheckout(folder: string): Promise<Checkout> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await copyFile(join(root, "dev"), join(folder, "dev"));
  for (const name of ["cat", "chmod", "dirname", "mkdir", "mv", "rm", "sed", "sleep"]) await linkProgram(bin, name);
  await writeProgram(join(bin, "node"), "#!/bin/sh\n");
  await writeProgram(join(bin, "npm"), fakeNpm);
  const calls = join(folder, "calls");
  const fixed = { PATH: bin, HOME: folder, CALLS: calls };
  return {
    folder,
    store: join(folder, ".tools", "deno"),
    calls: async () => (await readFile(calls, "utf8").catch(() => "")).split("\n").length - 1,
    dev: (args, env = {}) =>
      new Deno.Command("/bin/sh", {
        args: [join(folder, "dev"), ...args],
        cwd: "/",
        clearEnv: true,
        env: { ...fixed, ...env },
      }),
  };
}

async function linkProgram(bin: string, name: string): Promise<void> {
  for (const folder of ["/usr/bin", "/bin"]) {
    if (await Deno.stat(join(folder, name)).catch(() => undefined)) {
      return await symlink(join(folder, name), join(bin, name));
    }
  }
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

async function run(command: Deno.Command) {
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("./dev alone lists its commands, without fetching anything", () =>
  inCheckout(async ({ dev, calls }) => {
    const { code, stdout } = await run(dev([]));
    assert.equal(code, 0);
    for (const name of ["demo", "test", "build", "check", "bench", "fmt", "bless"]) {
      assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    }
    assert.equal(await calls(), 0);
  }));

Deno.test("./dev refuses an unknown command", () =>
  inCheckout(async ({ dev }) => {
    const { code, stderr } = await run(dev(["tset"]));
    assert.deepEqual({ code, stderr }, { code: 1, stderr: 'dev: unknown command "tset"; ./dev help lists them\n' });
  }));

Deno.test("./dev fetches Deno once, into a folder whose name may have a space", () =>
  inCheckout(async ({ dev, calls, store }) => {
    for (let i = 0; i < 2; i++) {
      const { code, stdout } = await run(dev(["deno-path"]));
      assert.deepEqual({ code, stdout }, { code: 0, stdout: `${store}/deno-${pinnedDeno}\n` });
    }
    assert.equal(await calls(), 1);
    assert.deepEqual(await readdir(store), [`deno-${pinnedDeno}`]);
  }));

Deno.test("two ./dev at once fetch Deno once", () =>
  inCheckout(async ({ dev, calls }) => {
    const both = [1, 2].map(() => run(dev(["deno-path"], { NPM_SECONDS: "1" })));
    assert.deepEqual((await Promise.all(both)).map(({ code }) => code), [0, 0]);
    assert.equal(await calls(), 1);
  }));

Deno.test("a ./dev that was killed while it fetched does not stop the next, and leaves nothing", () =>
  inCheckout(async ({ dev, store, calls }) => {
    const killed = dev(["deno-path"], { NPM_SECONDS: "2" }).spawn();
    while (await calls() === 0) await new Promise((done) => setTimeout(done, 20));
    killed.kill("SIGKILL");
    await killed.status;
    assert.equal((await run(dev(["deno-path"]))).code, 0);
    assert.deepEqual(await readdir(store), [`deno-${pinnedDeno}`]);
  }));

Deno.test("./dev prints npm's message when the fetch fails, and leaves nothing", () =>
  inCheckout(async ({ dev, store }) => {
    const { code, stderr } = await run(dev(["deno-path"], { NPM_FAILS: "1" }));
    assert.equal(code, 1);
    assert.match(stderr, /^dev: npm: no such package$/m);
    assert.match(stderr, /^dev: cannot fetch Deno [^\n]*set NSFARM_DENO/m);
    assert.deepEqual(await readdir(store), []);
  }));

Deno.test("./dev says what to install where npm is missing", () =>
  inCheckout(async ({ dev, folder }) => {
    await Deno.remove(join(folder, "bin", "npm"));
    const { code, stderr } = await run(dev(["check"]));
    assert.equal(code, 1);
    assert.match(stderr, /^dev: cannot fetch Deno [^\n]*: no "npm" on PATH; install [^\n]*\n$/);
  }));

Deno.test("./dev takes a Deno on PATH only if it is the pinned version", () =>
  inCheckout(async ({ dev, folder, store }) => {
    const own = join(folder, "bin", "deno");
    await writeProgram(own, '#!/bin/sh\necho "deno 2.9.8 (stable)"\n');
    assert.equal((await run(dev(["deno-path"]))).stdout, `${store}/deno-${pinnedDeno}\n`);
    await writeProgram(own, `#!/bin/sh\necho "deno ${pinnedDeno} (stable)"\n`);
    assert.equal((await run(dev(["deno-path"]))).stdout, `${own}\n`);
  }));

Deno.test("./dev refuses an NSFARM_DENO that is no Deno, by name", () =>
  inCheckout(async ({ dev }) => {
    const { code, stderr } = await run(dev(["check"], { NSFARM_DENO: "/nowhere/deno" }));
    assert.equal(code, 1);
    assert.match(stderr, /^dev: cannot use NSFARM_DENO="\/nowhere\/deno": [^\n]*\n$/);
  }));

Deno.test("Each command of ./dev that runs a script is a task of deno.json too, for editors, and runs ./dev", async () => {
  const script = await readFile(join(root, "dev"), "utf8");
  const commands = /^([a-z |]+)\)\n +find_deno\n +exec/m.exec(script)?.[1]?.split(" | ") ?? [];
  const { tasks } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  assert.deepEqual(tasks, Object.fromEntries(commands.map((name) => [name, `./dev ${name}`])));
  assert.ok(commands.length >= 8);
});
