import { whyNoCluster } from "../clusters/cluster.ts";
import { BACKENDS } from "./backends.ts";

/** Declares a test of several schedules on a backend; it is left out with the reason if there can be no hosts. */
export function chaosTests(name: string, { from, rounds }: { from: number; rounds: number }): void {
  const title = `Random faults that come together end in a whole run (${name}, seeds ${from} to ${from + rounds - 1})`;
  if (name !== "local" && whyNoCluster !== "") {
    Deno.test({ name: `${title} (left out: ${whyNoCluster})`, ignore: true, fn: () => {} });
    return;
  }
  Deno.test(title, async () => {
    const before = CHANGED.map((variable) => [variable, Deno.env.get(variable)] as const);
    const backend = await BACKENDS[name]?.();
    if (!backend) throw new Error(`there is no backend "${name}"`);
    try {
      for (let seed = from; seed < from + rounds; seed++) await backend.round(seed);
    } finally {
      backend.close();
      for (const [variable, value] of before) if (value !== undefined) Deno.env.set(variable, value);
      if (before.some(([variable, value]) => variable === "TMPDIR" && value === undefined)) Deno.env.delete("TMPDIR");
    }
  });
}

/** Variables with the paths of program copies on a cluster, which disappear with it. */
const CHANGED = ["NSFARM_TEST_BINARY", "NSFARM_TEST_NEXTSTAT", "NSFARM_TEST_INPUTS", "TMPDIR"];
