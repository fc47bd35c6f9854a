import { fileURLToPath } from "node:url";
import { whyNoCluster } from "../clusters/cluster.ts";

const INSTALL = fileURLToPath(new URL("../../scripts/cluster/packages", import.meta.url));

/**
 * Installs Debian packages that are missing.
 * @returns why nothing can be installed here (no root, no Debian); empty where they are there
 * @throws where they should have come and did not, with what apt-get said
 */
export function whyNotInstalled(...packages: string[]): string {
  if (whyNoCluster !== "") return `no ${packages.join(", ")}, and none can be installed: ${whyNoCluster}`;
  const { success, stderr } = new Deno.Command(INSTALL, { args: packages }).outputSync();
  if (success) return "";
  throw new Error(`${packages.join(", ")} cannot be installed: ${new TextDecoder().decode(stderr).trim()}`);
}
