import type { CommandSpec } from "./command.ts";
const c: CommandSpec = { name: "merge", needs: [], define: () => {}, run: () => Promise.resolve(1) };
export default c;
