import { dirname, isAbsolute, join } from "node:path";

/** Every file that a spec names: the values of its `file` keys, wherever they are, sorted, once each. */
export function specFiles(spec: unknown): string[] {
  const found = new Set<string>();
  const open: { value: unknown; depth: number }[] = [{ value: spec, depth: 0 }];
  for (let one = open.pop(); one; one = open.pop()) {
    if (typeof one.value !== "object" || one.value === null) continue;
    if (one.depth > 200) throw new Error("is nested deeper than 200 levels");
    for (const [key, value] of Object.entries(one.value)) {
      if (key === "file" && typeof value === "string") found.add(value);
      else open.push({ value, depth: one.depth + 1 });
    }
  }
  return [...found].sort();
}

/** Where an input lies: its path is relative to the spec's folder, or absolute. */
export const inputPath = (config: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(config), path);
