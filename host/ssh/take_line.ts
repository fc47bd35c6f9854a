import { updateAttempt } from "../shard/attempts.ts";
import type { HostLink } from "./link.ts";
import type { RemoteShard } from "./remote_shard.ts";

/** How often and how long a shard may be about to start until it is taken for dead. */
const MOST_STARTING = 20;
const STARTING_MS = 500;

interface Listener {
  shards: ReadonlyMap<string, RemoteShard>;
  look(shard: RemoteShard): void;
}

/** What a host's agent says of one attempt: `WORD ID …`. */
export function takeLine(host: Listener, line: string, link: HostLink): void {
  const [word, id = "", ...rest] = line.split(" ");
  const shard = host.shards.get(id);
  if (!shard || shard.ended) return;
  const dead = (words: string[]) =>
    shard.settle({ kind: "dead", free_kb: words[0] ? Number(words[0]) : null, said: words.slice(1).join(" ") });
  if (word === "running") noteProcess(shard, link, rest);
  else if (word === "free") shard.free();
  else if (word === "ended" || word === "absent") shard.settle({ kind: word });
  else if (word === "dead" || word === "fault") dead(rest);
  else if (word === "starting" && shard.starting++ < MOST_STARTING) setTimeout(() => host.look(shard), STARTING_MS);
  else if (word === "starting") dead(rest);
}

/** The wrapper there, so that a later look can tell it from another process of its number. */
function noteProcess(shard: RemoteShard, { facts }: HostLink, [pid, start_ticks]: string[]): void {
  if (shard.open.attempt.fit !== null || !(Number(pid) > 0)) return;
  const fit = {
    host: facts.host,
    boot_id: facts.boot_id ?? "unknown",
    pid: Number(pid),
    start_ticks: start_ticks ?? "0",
  };
  try {
    updateAttempt(shard.open, { fit });
  } catch {
    // its host knows it by its name in any case
  }
}
