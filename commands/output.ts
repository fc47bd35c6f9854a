import type { Output } from "./command.ts";

export function makeOutput(json: boolean): Output {
  return {
    json,
    print: (text) => {
      if (!json) console.log(text);
    },
    document: (value, stream = false) => {
      if (json) console.log(stream ? JSON.stringify(value) : JSON.stringify(value, null, 2));
    },
    note: (text) => console.error(text),
  };
}
