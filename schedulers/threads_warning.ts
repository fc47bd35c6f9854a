/** More threads than CPUs run, but slower, and slow down whoever has the other CPUs. */
export function threadsWarning(threads: number, cpus: number, option: string): string[] {
  if (threads <= cpus) return [];
  return [
    `--threads ${threads} is more than the ${
      cpus === 1 ? "one CPU" : `${cpus} CPUs`
    } of each job (--${option} ${cpus}): threads will wait for each other`,
  ];
}
