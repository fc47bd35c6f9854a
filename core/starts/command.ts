import type { FarmManifest } from "../schema/manifest.ts";

/**
 * Begins each document in a file that holds those of all starts, one after the other: a text sequence of RFC 7464. No
 * JSON contains this character, so that the file is cut without being parsed.
 */
export const NEXT_DOCUMENT = "\x1e";

/**
 * POSIX sh script that fits the same toys from one start after the other, as one process: it goes on when the process
 * that started it dies, is stopped by one signal, and leaves all outputs in one file, or none. Its arguments are the
 * output, the metrics file, a spec for each start, `--`, and nextstat's command without these three.
 */
export const EACH_START = `out=$1 metrics=$2 fit= stopped=
shift 2
one() {
  config=$1
  until [ "$1" = -- ]; do shift; done
  shift
  "$@" --config "$config" --json-metrics "$metrics.one" -o "$out.one" </dev/null &
  fit=$!
  [ -z "$stopped" ] || kill -s TERM "$fit" 2>/dev/null
  wait "$fit"
  code=$?
  while kill -s 0 "$fit" 2>/dev/null; do
    wait "$fit"
    code=$?
  done
  [ "$code" -eq 0 ] || exit "$code"
  [ -z "$stopped" ] || exit 143
  for name in "$out" "$metrics"; do
    printf '\\036' >>"$name.all" && cat "$name.one" >>"$name.all" && rm -f "$name.one" || exit 74
  done
}
stop() {
  stopped=1
  [ -z "$fit" ] || kill -s TERM "$fit" 2>/dev/null
}
trap stop TERM INT HUP
trap 'rm -f "$out.one" "$metrics.one" "$out.all" "$metrics.all"' EXIT
rm -f "$out.all" "$metrics.all"
while [ "$1" != -- ]; do
  one "$@"
  shift
done
mv -f "$metrics.all" "$metrics" && mv -f "$out.all" "$out" || exit 74`;

/** Names of the three flags that differ from start to start. */
const OF_START = new Set(["--config", "--json-metrics", "-o"]);

/**
 * Returns the command that fits the toys of a command from each start of a run.
 * @param words nextstat's command from the run's own data
 * @param root folder that holds the run's starts; undefined: the one in which the command runs
 */
export function eachStart(
  { farm: { starts } }: FarmManifest,
  words: readonly string[],
  paths: { config: string; out: string; metrics: string; root?: string },
): string[] {
  const specs = (starts?.list ?? []).map(({ spec }) => {
    if (spec === null) return paths.config;
    return paths.root === undefined ? spec : `${paths.root}/${spec}`;
  });
  const common = words.filter((word, i) => !OF_START.has(word) && !OF_START.has(words[i - 1] ?? ""));
  return ["sh", "-c", EACH_START, "nsfarm-starts", paths.out, paths.metrics, ...specs, "--", ...common];
}
