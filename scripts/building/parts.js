// A build writes the real one: by command, functions that load the texts of its scripts and its code cache.
/** @type {Map<string | undefined, { scripts(): Promise<{ default: Record<string, string> }>, cache?(): Promise<{ default: Uint8Array }> }>} */
export default new Map();
