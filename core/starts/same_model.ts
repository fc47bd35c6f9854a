import { isObject } from "../quick_check.ts";

/**
 * Returns where two specs differ in more than the start of their fits, as the path of a member; null: nowhere. The files
 * of observed data, and the values at which the fit of these begins, are the start.
 */
export function modelDifference(one: unknown, other: unknown): string | null {
  return differenceAt(withoutStart(one), withoutStart(other), "");
}

/** Returns a copy of a spec without its data files and the init of its parameters. */
function withoutStart(spec: unknown): unknown {
  if (!isObject(spec)) return spec;
  const { model, channels } = spec;
  return {
    ...spec,
    ...(isObject(model) ? { model: { ...model, parameters: eachWithout(model["parameters"], ["init"]) } } : {}),
    channels: Array.isArray(channels)
      ? channels.map((channel) =>
        isObject(channel) ? { ...channel, data: eachWithout([channel["data"]], ["file"]) } : channel
      )
      : channels,
  };
}

function eachWithout(list: unknown, names: readonly string[]): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((one: unknown) =>
    isObject(one) ? Object.fromEntries(Object.entries(one).filter(([name]) => !names.includes(name))) : one
  );
}

function differenceAt(one: unknown, other: unknown, path: string): string | null {
  if (one === other) return null;
  if (!isBranch(one) || !isBranch(other)) return path || "the whole spec";
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    const found = differenceAt(
      Reflect.get(one, name),
      Reflect.get(other, name),
      path === "" ? name : `${path}.${name}`,
    );
    if (found !== null) return found;
  }
  return null;
}

const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null;
