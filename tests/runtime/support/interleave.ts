import { Gate, type PendingOperation, STATE } from "./gate.ts";

/** A worker thread behind a gate. */
export class Actor {
  readonly gate = new Gate();
  readonly #worker: Worker;

  constructor(script: URL) {
    this.#worker = new Worker(script, { type: "module" });
    this.#worker.postMessage(this.gate.memory);
  }

  /** Begins a job and lets it come to its first operation that others can see. */
  begin(job: string): void {
    this.gate.writeText(job);
    this.gate.set(STATE.job);
    this.#settle();
  }

  get ended(): boolean {
    return this.gate.state === STATE.ended;
  }

  get pending(): PendingOperation {
    return this.gate.pending;
  }

  step(): void {
    this.gate.set(STATE.go);
    this.#settle();
  }

  kill(): void {
    this.gate.set(STATE.kill);
    this.#settle();
  }

  close(): void {
    this.gate.writeText("");
    this.gate.set(STATE.job);
    this.#worker.terminate();
  }

  #settle(): void {
    this.gate.await([STATE.asking, STATE.ended]);
  }
}

/** One point of a schedule: who may go on, who was chosen, and who need not be tried any more. */
interface Node {
  pending: (PendingOperation | null)[];
  able: number[];
  chosen: number;
  /** Nobody can go on unless a right whose holder is gone counts as given up. */
  stale: boolean;
  /** Tried here already, or equal to a schedule that was. */
  asleep: Set<number>;
}

interface World {
  actors: Actor[];
  /** Makes the world as it was and begins every actor's job. */
  begin(): void;
  /** Whether an operation that takes an exclusive right would succeed now. */
  rightIsFree(): boolean;
  /** Called once before an actor goes on to take a right whose holder will never give it back. */
  rightIsStale(): void;
  /** Looks at what a whole schedule has led to. */
  end(schedule: string): Promise<void>;
}

const depend = (a: PendingOperation | null | undefined, b: PendingOperation | null | undefined): boolean =>
  !!a && !!b && (a.names & b.names) !== 0 && (a.changes || b.changes);

/**
 * Runs every order of the actors' operations, but of orders that differ only in swaps of independent operations (other
 * names, or both only look) just one: a depth-first search with sleep sets (Godefroid 1996), each schedule from anew.
 * @param most where fewer are enough
 * @returns how many schedules were run to their end
 */
export async function everySchedule(world: World, most = Infinity): Promise<number> {
  const path: Node[] = [];
  let count = 0;
  do {
    world.begin();
    if (runOne(world, path)) {
      await world.end(path.map((node) => "AB"[node.chosen] ?? "?").join(""));
      count++;
    }
  } while (count < most && nextPath(path));
  return count;
}

/** Follows the path and goes on from its end; false when all that is left is asleep. */
function runOne(world: World, path: Node[]): boolean {
  for (let depth = 0; world.actors.some((actor) => !actor.ended); depth++) {
    const node = path[depth] ?? newNode(world, path[depth - 1]);
    if (depth === path.length) {
      if (node.chosen < 0) {
        for (const actor of world.actors) while (!actor.ended) actor.kill();
        return false;
      }
      path.push(node);
    }
    if (node.stale) world.rightIsStale();
    stepOne(world, node);
  }
  return true;
}

function stepOne({ actors }: World, { pending, chosen }: Node): void {
  const actor = actors[chosen];
  if (!actor || actor.ended || JSON.stringify(actor.pending) !== JSON.stringify(pending[chosen])) {
    throw new Error("The same schedule led to another place than before: something in it is not deterministic");
  }
  actor.step();
}

function newNode(world: World, before: Node | undefined): Node {
  const pending = world.actors.map((actor) => actor.ended ? null : actor.pending);
  const free = ableIn(pending, world.rightIsFree());
  const stale = free.length === 0;
  const able = stale ? ableIn(pending, true) : free;
  const asleep = new Set(
    [...before?.asleep ?? []].filter((i) => !depend(before?.pending[i], before?.pending[before.chosen])),
  );
  return { pending, able, chosen: able.find((i) => !asleep.has(i)) ?? -1, stale, asleep };
}

function ableIn(pending: (PendingOperation | null)[], right_is_free: boolean): number[] {
  return pending.flatMap((one, i) => one && (!one.takes_right || right_is_free) ? [i] : []);
}

/** Turns the path into the next one that was not tried; false when there is none. */
function nextPath(path: Node[]): boolean {
  for (let node = path.at(-1); node; node = path.at(-1)) {
    const { able, asleep } = node;
    asleep.add(node.chosen);
    const next = able.find((i) => !asleep.has(i));
    if (next !== undefined) {
      node.chosen = next;
      return true;
    }
    path.pop();
  }
  return false;
}
