/**
 * `zod/mini` with one schema for all texts, all numbers, all optional texts and so on: zod takes 25 µs to make a schema,
 * and each command starts with hundreds of them. A schema never changes, so that its users can share it.
 */
import * as z from "zod/mini";

export * from "zod/mini";

const [text, real, whole, flag] = [z.string(), z.number(), z.int(), z.boolean()];

export const string = (): typeof text => text;
export const number = (): typeof real => real;
export const int = (): typeof whole => whole;
export const boolean = (): typeof flag => flag;

const [any, none] = [z.unknown(), z.never()];

export const unknown = (): typeof any => any;

// zod itself makes a schema of unknown values for each object.
export const looseObject: typeof z.looseObject = (shape) => objectSchema(shape, any);
export const strictObject: typeof z.strictObject = (shape) => objectSchema(shape, none);

const objectSchema = (shape: object, catchall: object) =>
  Reflect.construct(z.ZodMiniObject, [{ type: "object", shape, catchall }]);

export const array = shared(z.array);
export const nullable = shared(z.nullable);
export const optional = shared(z.optional);
export const exactOptional = shared(z.exactOptional);

/** Returns the same function with its result of each schema remembered. */
function shared<T extends (inner: never) => unknown>(make: T): T {
  const made = new WeakMap<object, unknown>();
  return new Proxy(make, {
    apply: (_, self, [inner]) => {
      if (!made.has(inner)) made.set(inner, Reflect.apply(make, self, [inner]));
      return made.get(inner);
    },
  });
}
