import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sentFacts } from "../../../core/job_txt.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { type HostFacts, readHostFacts } from "../../../core/ssh/host_facts.ts";
import type { FarmHost } from "../../../core/ssh/hosts_file.ts";
import type { HostLink } from "../../../runtime/ssh/link.ts";
import { HostFault } from "../../../runtime/ssh/session.ts";
import { inventedMetrics } from "../../fixtures/metrics.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { planOf, sampleRecord } from "../../fixtures/run.ts";

/** What becomes of a fit: "dies" takes its wrapper with it, "stays" ends only when it is killed. */
type Fate = "ok" | "exit" | "dies" | "stays";

interface Fit {
  shard: number;
  state: "runs" | "ended" | "dead";
  timer: number;
}

/**
 * A host that answers as its agent does (templates/host_agent.sh.mustache), and on the run's own disk leaves what its
 * wrapper does. Its fits go on when its connection drops.
 */
export class FakeHost {
  readonly farm_host: FarmHost;
  readonly facts: HostFacts;
  /** How long a connection to it takes to be made. */
  connect_ms = 10;
  fit_ms = 300;
  isUp = true;
  fate: (shard: number) => Fate = () => "ok";
  /** All lines that it was sent. */
  readonly sent: string[] = [];
  /** The shards that it began, in order. */
  readonly begun: number[] = [];
  readonly #fits = new Map<string, Fit>();
  #tell: (line: string) => void = () => {};
  #end: (why: string) => void = () => {};

  constructor(readonly manifest: FarmManifest, readonly name: string, cores = 2) {
    this.farm_host = { name, user: null, port: null, weight: null, threads: null, line: 1 };
    this.facts = readHostFacts([`host=${name}`, `boot_id=boot-${name}`, `cpus_logical=${cores}`]);
  }

  /** @throws {HostFault} */
  async connect(): Promise<HostLink> {
    await new Promise((resolve) => setTimeout(resolve, this.connect_ms));
    if (!this.isUp) throw new HostFault("no route to it");
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    this.#end = resolve;
    return {
      facts: this.facts,
      clock: { clock_offset_s: 0, round_trip_s: 0 },
      mode: "shared",
      folder: "/runs",
      send: (line) => this.#take(line),
      listen: (tell) => {
        this.#tell = tell;
        return ended;
      },
      session: () => {
        throw new Error("nothing is sent there");
      },
      close: () => {
        resolve("closed");
        return Promise.resolve(true);
      },
    };
  }

  /** Ends the connection, and takes no other one until it is up again. */
  drop(): void {
    this.isUp = false;
    this.#tell = () => {};
    this.#end("the connection broke");
  }

  /** So that an earlier driver's attempt runs there. */
  begin(id: string, shard: number): void {
    this.begun.push(shard);
    const fate = this.fate(shard);
    const end = () => fate === "dies" ? this.#dies(id) : this.#ends(id, shard, fate);
    const timer = fate === "stays" ? 0 : setTimeout(end, this.fit_ms);
    this.#fits.set(id, { shard, state: "runs", timer });
  }

  #take(line: string): void {
    if (!this.isUp) return;
    this.sent.push(line);
    const [word, id = "", shard] = line.split(" ");
    if (word === "start") this.begin(id, Number(shard));
    if (word === "start" || word === "find") this.#answer(id);
    if (word === "drop") this.#fits.delete(id);
    if (word === "stop") this.#stop(id, line.endsWith("KILL"));
  }

  #stop(id: string, isFinal: boolean): void {
    const fit = this.#fits.get(id);
    if (fit?.state !== "runs") return;
    clearTimeout(fit.timer);
    // The wrapper notes its end, unless it is killed before it can.
    if (isFinal) this.#dies(id);
    else if (this.fate(fit.shard) !== "stays") this.#ends(id, fit.shard, "terminated");
  }

  #answer(id: string): void {
    const fit = this.#fits.get(id);
    const words = { runs: `running ${id} 7 70`, ended: `ended ${id}`, dead: `dead ${id} 1000000 Killed` };
    const line = fit ? words[fit.state] : `absent ${id}`;
    queueMicrotask(() => this.#tell(line));
  }

  #dies(id: string): void {
    const fit = this.#fits.get(id);
    if (fit) fit.state = "dead";
    this.#answer(id);
  }

  /** Leaves the files of its wrapper: whole ones, whatever they tell. */
  #ends(id: string, shard: number, cause: "ok" | "exit" | "terminated" | "stays"): void {
    const { manifest } = this;
    const [plan, base] = [planOf(manifest, shard), join(manifest.run_dir, "incoming", `shard_${shard}.${id}`)];
    const output = inventedOutput(manifest, plan);
    const reported = cause === "stays" ? "ok" : cause;
    if (reported === "ok") {
      writeFileSync(`${base}.out.json`, output);
      writeFileSync(`${base}.metrics.json`, inventedMetrics(manifest, plan, output));
    }
    const exit_code = { ok: 0, exit: 3, terminated: null }[reported];
    const change = {
      host: this.name,
      cause: reported,
      exit_code,
      wall_s: this.fit_ms / 1000,
      nextstat_version: "0.10.1",
    };
    const record = sampleRecord(manifest, plan, change);
    const process = { host: this.name, boot_id: `boot-${this.name}`, pid: 7, start_ticks: "70" };
    writeFileSync(
      `${base}.job.txt`,
      sentFacts(record, process, { attempt: id, submission_token: null, metrics_bytes: null }),
    );
    const fit = this.#fits.get(id);
    if (fit) fit.state = "ended";
    this.#answer(id);
  }
}
