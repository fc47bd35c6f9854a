import { type Progress, progressLine } from "../core/progress_line.ts";
import { printNote } from "./print.ts";

/** A pipe gets a line only this often, and one that tells nothing new less often. */
const PLAIN_EVERY_MS = 5000;
const SAME_EVERY_MS = 60_000;
const REDRAW_MS = 100;

interface ProgressView {
  show(progress: Progress): void;
  /** A line that stays, above the bar. */
  say(text: string): void;
  close(): void;
}

/** A bar on a terminal's stderr; plain lines elsewhere, without colour or cursor movement. */
export function openProgress(): ProgressView {
  return Deno.stderr.isTerminal() ? new Bar() : new Lines();
}

class Lines implements ProgressView {
  #last = -Infinity;
  #line = "";
  show(progress: Progress): void {
    const line = progressLine(progress, 0);
    const now = performance.now();
    const every = line === this.#line ? SAME_EVERY_MS : PLAIN_EVERY_MS;
    if (now - this.#last < every && (line === this.#line || progress.done < progress.total)) return;
    this.#last = now;
    this.#line = line;
    printNote(line);
  }
  say(text: string): void {
    printNote(text);
  }
  close(): void {}
}

class Bar implements ProgressView {
  #drawn = false;
  #last = -Infinity;
  #line = "";
  show(progress: Progress): void {
    const width = columns();
    this.#line = progressLine(progress, width >= 100 ? 30 : 12, width - 1);
    if (performance.now() - this.#last < REDRAW_MS && progress.done < progress.total) return;
    this.#last = performance.now();
    this.#draw();
  }
  say(text: string): void {
    this.#clear();
    printNote(text);
    if (this.#line !== "") this.#draw();
  }
  close(): void {
    if (this.#drawn) write("\n");
    this.#drawn = false;
  }
  #draw(): void {
    write(`\r\x1b[K${this.#line}`);
    this.#drawn = true;
  }
  #clear(): void {
    if (this.#drawn) write("\r\x1b[K");
  }
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

const encoder = new TextEncoder();

function write(text: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(text));
  } catch {
    // the terminal has gone away: the work goes on
  }
}
