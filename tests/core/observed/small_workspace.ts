import assert from "node:assert/strict";
import { readWorkspace, type Workspace } from "../../../core/observed/workspace.ts";

/** Returns a workspace of one bin with a signal and a background. @param further modifiers of each */
export function smallWorkspace(signal: unknown[] = [], background: unknown[] = []): Workspace {
  const workspace = readWorkspace({
    channels: [{
      name: "c",
      samples: [
        { name: "s", data: [20], modifiers: [{ name: "mu", type: "normfactor", data: null }, ...signal] },
        { name: "b", data: [50], modifiers: background },
      ],
    }],
    observations: [{ name: "c", data: [55] }],
    measurements: [{ name: "m", config: { poi: "mu", parameters: [] } }],
    version: "1.0.0",
  });
  assert(workspace);
  return workspace;
}
