import type { FarmManifest, OptionValue } from "./contracts/manifest.ts";

/**
 * The manifest with other values for options of its scheduler, the change in its history; itself where nothing differs.
 * @param doing `retried`: the first word of what the history says
 * @param doubled those of them that become twice what they were: on record until jobs have them
 */
export function changeOptions(
  manifest: FarmManifest,
  changes: Readonly<Record<string, OptionValue>>,
  doing: string,
  at_utc: string,
  doubled: readonly string[] = [],
): FarmManifest {
  const { options, history } = manifest.farm;
  const words = Object.entries(changes).flatMap(([name, value]) =>
    options[name] === value ? [] : [`--${name} ${options[name] ?? "(none)"} → ${value}`]
  );
  if (words.length === 0) return manifest;
  const change = `${doing} with ${words.join(", ")}`;
  const farm = {
    ...manifest.farm,
    options: { ...options, ...changes },
    first_options: manifest.farm.first_options ?? options,
    history: [...history, { at_utc, change, ...(doubled.length > 0 ? { doubled: [...doubled], ...UNUSED } : {}) }],
  };
  return { ...manifest, farm };
}

const UNUSED = { submitted_at_utc: null };
