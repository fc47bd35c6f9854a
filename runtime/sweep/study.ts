import { join, resolve } from "node:path";
import type * as z from "../../core/schema/zod.ts";
import { explainRead, readDocument } from "../fs/read.ts";

/** What tells the document of one kind of study from another: of a sweep, a limit, an injection study. */
export interface StudyKind<Document> {
  /** Its name in commands, files and the flags `--<name>-id` and `--<name>-json`. */
  name: string;
  /** Its name in messages. */
  title: string;
  /** `schema_version` of its document. */
  version: string;
  schema: z.ZodMiniType<Document>;
}

export interface OpenStudy<Document> {
  path: string;
  document: Document;
}

/** Opens a study. @throws {FarmError} input, when it does not exist or is no such document */
export function loadStudy<D>({ name, title, version, schema }: StudyKind<D>, path: string): OpenStudy<D> {
  const next = `Name a <${name}_id>.${name}.json of schema ${version}`;
  const document = explainRead(`the ${title}`, path, next, () => readDocument(path, schema));
  return { path: resolve(path), document };
}

export const studyPath = (out_root: string, id: string, { name }: { name: string }): string =>
  join(out_root, `${id}.${name}.json`);
