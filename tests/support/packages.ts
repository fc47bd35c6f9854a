import { fileURLToPath } from "node:url";
import { whyNoCluster } from "../clusters/cluster.ts";

const INSTALL = fileURLToPath(new URL("../../scripts/cluster/packages", import.meta.url));

/**
 * Installs missing Debian packages.
 * @returns why nothing can be installed here (no root, no Debian); empty if the packages are installed
 * @throws with apt-get's message, if the installation fails
 */
export function whyNotInstalled(...packages: string[]): string {
  if (whyNoCluster !== "") return `no ${packages.join(", ")}, and none can be installed: ${whyNoCluster}`;
  const { success, stderr } = new Deno.Command(INSTALL, { args: packages }).outputSync();
  if (success) return "";
  throw new Error(`${packages.join(", ")} cannot be installed: ${new TextDecoder().decode(stderr).trim()}`);
}
