import assert from "node:assert/strict";
import { UsageMeter } from "../../../runtime/system/usage.ts";
import { until } from "../../support/scratch.ts";

/** Runs a program under a meter and returns what it used. */
async function measured(meter: UsageMeter, argv: [string, ...string[]]) {
  const [program, ...args] = argv;
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
  const start_ticks = await meter.watch(child.pid);
  await child.status;
  return { start_ticks, usage: await meter.end(child.pid) };
}

/** The meter's helper ends a moment after it was closed: the last of these tests waits for it. */
function meterTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Counts to a number: some CPU time, and next to no system's. */
const BUSY: [string, ...string[]] = ["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"];
const IDLE: [string, ...string[]] = ["sleep", "0.4"];

/** The process that the meter itself keeps for its looks. */
async function readers(): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["--ppid", `${Deno.pid}`, "-o", "args="] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("sh -c while IFS=")).length;
}

meterTest("a fit's CPU time, peak memory and start time are measured", async () => {
  const meter = new UsageMeter();
  const { start_ticks, usage } = await measured(meter, [
    Deno.execPath(),
    "eval",
    "await new Promise((r) => setTimeout(r, 400))",
  ]);
  meter.close();
  assert.match(start_ticks ?? "", /^[1-9][0-9]*$/);
  assert.ok((usage.max_rss_bytes ?? 0) > 20_000_000, `${usage.max_rss_bytes}`);
  assert.ok((usage.cpu_user_s ?? 0) + (usage.cpu_system_s ?? 0) > 0);
});

meterTest("the CPU time of fits that end at the same time goes to the fit that used it", async () => {
  const meter = new UsageMeter();
  const fits = [BUSY, IDLE].map(([program, ...args]) => new Deno.Command(program, { args }).spawn());
  await Promise.all(fits.map((fit) => meter.watch(fit.pid)));
  await Promise.all(fits.map((fit) => fit.status));
  const [busy, idle] = await Promise.all(fits.map((fit) => meter.end(fit.pid)));
  meter.close();
  assert.ok((busy?.cpu_user_s ?? 0) > 3 * (idle?.cpu_user_s ?? 0), `${busy?.cpu_user_s} and ${idle?.cpu_user_s}`);
});

meterTest(
  "a meter has no data of a process that it never watched, and no memory of one that ended at once",
  async () => {
    const meter = new UsageMeter();
    assert.deepEqual(await meter.end(1), { cpu_user_s: null, cpu_system_s: null, max_rss_bytes: null });
    const { usage } = await measured(meter, ["true"]);
    meter.close();
    assert.ok(usage.cpu_user_s !== null);
    assert.ok(usage.max_rss_bytes === null || usage.max_rss_bytes > 0);
  },
);

meterTest("a closed meter leaves no process, and answers all the same", async () => {
  const before = await readers();
  const meter = new UsageMeter();
  const child = new Deno.Command("sleep", { args: ["0.1"] }).spawn();
  await meter.watch(child.pid);
  meter.close();
  await child.status;
  await meter.end(child.pid);
  await until("its helper is gone", async () => await readers() <= before);
});
