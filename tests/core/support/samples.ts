const FOLDER = new URL("../../samples/", import.meta.url);

/** Returns a document as its program wrote it (tests/samples/README.md). */
export const sampleText = (name: string): string => Deno.readTextFileSync(new URL(name, FOLDER));

export const sampleJson = (name: string): unknown => JSON.parse(sampleText(name));
