const PLAIN = /^[A-Za-z0-9_./:=@%+,\[\]-]+$/;

/**
 * One option as an #SBATCH line takes it. Between double quotes sbatch takes all but `\` and `"` as they are, and `\`
 * before either of them is dropped; outside of quotes `#` would begin a comment.
 * Source: get_argument() in sbatch's opt.c; tried with 24.11.5.
 * @param option `--name` or `--name=value`
 */
export function sbatchLine(option: string): string {
  const cut = option.indexOf("=");
  const value = option.slice(cut + 1);
  if (cut < 0 || PLAIN.test(value)) return option;
  return `${option.slice(0, cut + 1)}"${value.replaceAll(/[\\"]/g, "\\$&")}"`;
}

/**
 * A path in `--output`, where `%` begins a replacement and is written twice; a backslash would switch all replacements
 * off, so such paths are refused before (sbatch(1), FILENAME PATTERN).
 */
export const filenamePattern = (path: string): string => path.replaceAll("%", "%%");
