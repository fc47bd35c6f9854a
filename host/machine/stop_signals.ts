import { EXIT_CODES } from "../../core/errors.ts";

export interface StopSignals {
  signal: AbortSignal;
  /** The exit code that the signal asks for, or null while none came. */
  exitCode(): number | null;
  close(): void;
}

const CODES: Partial<Record<Deno.Signal, number>> = {
  SIGINT: EXIT_CODES.interrupted,
  SIGTERM: EXIT_CODES.terminated,
  SIGHUP: 129,
  SIGUSR1: EXIT_CODES.terminated,
};

/** Turns signals into an AbortSignal, so that children are stopped and what is known is written. */
export function watchSignals(signals: Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"]): StopSignals {
  const controller = new AbortController();
  let code: number | null = null;
  const handlers = signals.map((name) => {
    const handler = () => {
      code ??= CODES[name] ?? EXIT_CODES.terminated;
      controller.abort("terminated");
    };
    Deno.addSignalListener(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    exitCode: () => code,
    close: () => handlers.forEach(({ name, handler }) => Deno.removeSignalListener(name, handler)),
  };
}
