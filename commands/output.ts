import type { Output } from "./command.ts";
import { printAnswer, printNote } from "./print.ts";

export function makeOutput(json: boolean): Output {
  return {
    json,
    print: (text) => {
      if (!json) printAnswer(text);
    },
    document: (value, stream = false) => {
      if (json) printAnswer(stream ? JSON.stringify(value) : JSON.stringify(value, null, 2));
    },
    note: printNote,
  };
}
