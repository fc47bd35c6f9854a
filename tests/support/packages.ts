import { fileURLToPath } from "node:url";

const INSTALL = fileURLToPath(new URL("../../scripts/cluster/packages", import.meta.url));

/**
 * Installs Debian packages that are missing.
 * @returns why they cannot be had; empty where they are there
 */
export function whyNotInstalled(...packages: string[]): string {
  const { success, stderr } = new Deno.Command(INSTALL, { args: packages }).outputSync();
  return success ? "" : new TextDecoder().decode(stderr).trim() || `${packages.join(", ")} cannot be installed`;
}
