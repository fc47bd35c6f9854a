import { parse } from "es-module-lexer/js";
// The CommonJS build: the package names its ESM build in a way that does not bundle, and that has no types beside it.
// @ts-types="npm:sucrase@3.35.1"
import { transform } from "sucrase";
import { errorText, FarmError } from "../../core/errors.ts";
import { pluginFault } from "./plugin_fault.ts";

/** A file of a plugin as its Worker runs it: types are gone, imports are calls of `require`. */
interface Script {
  code: string;
  /** What it imports, as it is written there. */
  imports: string[];
}

/**
 * @param file path, ending in .ts or .js
 * @throws {FarmError} input, for what cannot be read as a module or may not be in a plugin
 */
export function toScript(file: string, text: string): Script {
  try {
    const plain = file.endsWith(".ts") ? withoutTypes(file, text) : text;
    const imports = importsIn(file, plain);
    const { code } = transform(plain, { transforms: ["imports"], disableESTransforms: true });
    return { code, imports };
  } catch (error) {
    throw error instanceof FarmError ? error : pluginFault(file, `it is no module: ${errorText(error)}`);
  }
}

/** Sucrase drops a namespace without a word; all else of TypeScript it can strip or turn into JavaScript. */
function withoutTypes(file: string, text: string): string {
  if (/^\s*(export\s+)?namespace\s+\w/m.test(text)) {
    throw pluginFault(file, "it has a namespace, which cannot be stripped", "Put its functions at the top of a file");
  }
  return transform(text, { transforms: ["typescript"], disableESTransforms: true }).code;
}

function importsIn(file: string, code: string): string[] {
  return parse(code)[0].map((one) => {
    const where = `line ${code.slice(0, one.importStart).split("\n").length}`;
    if (one.type === "dynamic") {
      throw pluginFault(file, `it has an import() in ${where}`, "Write an import at the top of the file instead");
    }
    if (one.type === "import-meta") {
      throw pluginFault(file, `it has an import.meta in ${where}`, "An adapter needs nothing from where it lies");
    }
    return one.specifier ?? "";
  });
}
