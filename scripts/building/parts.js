// The build writes this file anew: by command, functions that load the texts of its scripts and its code cache. This one is
// for ./dev check.
/** @type {Map<string | undefined, { scripts(): Promise<{ default: Record<string, string> }>, cache?(): Promise<{ default: Uint8Array }> }>} */
export default new Map();
