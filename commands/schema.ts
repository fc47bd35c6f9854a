import * as z from "../core/schema/zod.ts";
import { FarmError } from "../core/errors.ts";
import { nearestName } from "../core/flags.ts";
import { textTable } from "../core/format.ts";
import { DOCUMENTS } from "../core/schema/documents.ts";
import { defineCommand, NO_FLAGS } from "./flags.ts";
import { printAnswer } from "./output.ts";

export default defineCommand({
  needs: [],
  flags: NO_FLAGS,
  run: ({ args, out }) => {
    const [name] = args;
    if (name === undefined) {
      out.print(textTable(Object.entries(DOCUMENTS).map(([key, { file }]) => [key, file])).join("\n"));
      out.document(Object.fromEntries(Object.entries(DOCUMENTS).map(([key, one]) => [key, jsonSchema(one)])));
      return;
    }
    const found = Object.hasOwn(DOCUMENTS, name) ? DOCUMENTS[name] : undefined;
    if (!found) {
      const names = Object.keys(DOCUMENTS);
      const near = nearestName(name, names);
      throw new FarmError(
        "usage",
        `Cannot show a schema "${name}": known are ${names.join(", ")}`,
        near && `Did you mean "${near}"?`,
      );
    }
    printAnswer(JSON.stringify(jsonSchema(found), null, 2));
  },
});

function jsonSchema({ file, schema }: (typeof DOCUMENTS)[string]): unknown {
  return { title: file, ...z.toJSONSchema(schema, { io: "input" }) };
}
