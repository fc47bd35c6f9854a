import * as z from "./schema/zod.ts";

type Check = (value: unknown) => boolean;

/**
 * Returns a check that is several times as fast as the schema, for documents that are read by the thousands. True: the
 * value has the schema's type. False: the schema must parse the value to find a fault, or none.
 */
export function quickCheck<T extends z.core.$ZodType>(schema: T): (value: unknown) => value is z.infer<T> {
  // Made at the first use, so that a command that reads no such document starts without it.
  let check: Check | undefined;
  return (value): value is z.infer<T> => (check ??= checkOf(schema))(value);
}

function checkOf(schema: z.core.$ZodType): Check {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      return objectCheck(def);
    case "nullable":
      return either(def.innerType, null);
    case "optional":
      return either(def.innerType, undefined);
    case "array":
      return arrayCheck(schema, def);
    case "literal":
      return (value) => def.values.some((one) => one === value);
    case "enum":
      return enumCheck(Object.values(def.entries));
    case "string":
      return stringCheck(schema, def);
    case "record":
      return recordCheck(schema, def);
    case "boolean":
      return (value) => typeof value === "boolean";
    case "unknown":
      return () => true;
    case "number":
      return numberCheck(schema, def);
    default:
      return slowCheck(schema);
  }
}

/** Falls back to the schema itself for kinds that have no fast check: slower, but correct. */
function slowCheck(schema: z.core.$ZodType): Check {
  return (value) => z.safeParse(schema, value).success;
}

function either(inner: z.core.$ZodType, other: null | undefined): Check {
  const check = checkOf(inner);
  return (value) => value === other || check(value);
}

function enumCheck(values: unknown[]): Check {
  const known = new Set(values);
  return (value) => known.has(value);
}

function arrayCheck(schema: z.core.$ZodType, { element, checks = [] }: z.core.$ZodArrayDef): Check {
  let least = 0;
  for (const check of checks) {
    const rule: z.core.$ZodCheckDef & { minimum?: unknown } = check._zod.def;
    if (rule.check !== "min_length" || typeof rule.minimum !== "number") return slowCheck(schema);
    least = Math.max(least, rule.minimum);
  }
  const check = element._zod.def.type === "unknown" ? () => true : checkOf(element);
  return (value) => Array.isArray(value) && value.length >= least && value.every((one) => check(one));
}

function objectCheck(def: z.core.$ZodObjectDef): Check {
  const members = Object.entries(def.shape).map(([name, member]) => ({ name, check: memberCheck(name, member) }));
  // A strict object must count its keys, and another catch-all has its own check.
  if (def.catchall?._zod.def.type !== "unknown") return strictCheck(members);
  return (value) => isObject(value) && members.every(({ name, check }) => check(value[name], value));
}

/** Only a member of any type may be undefined and must still be present. */
function memberCheck(name: string, member: z.core.$ZodType): MemberCheck {
  if (member._zod.def.type === "unknown") return (_, whole) => Object.hasOwn(whole, name);
  return checkOf(member);
}

type MemberCheck = (value: unknown, whole: object) => boolean;

function strictCheck(members: { name: string; check: MemberCheck }[]): Check {
  const names = new Set(members.map(({ name }) => name));
  return (value) =>
    isObject(value) && members.every(({ name, check }) => check(value[name], value)) &&
    Object.keys(value).every((key) => names.has(key));
}

/** Returns whether a value is an object, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks a record with plain string keys. Zod drops `__proto__` from its result, so this key is not plain. */
function recordCheck(schema: z.core.$ZodType, def: z.core.$ZodRecordDef): Check {
  const { keyType, valueType } = def;
  if (keyType._zod.def.type !== "string" || keyType._zod.def.checks?.length) return slowCheck(schema);
  const check = checkOf(valueType);
  return (value) => {
    if (!isObject(value)) return false;
    for (const key in value) if (!check(value[key]) || key === "__proto__") return false;
    return true;
  };
}

function stringCheck(schema: z.core.$ZodType, def: z.core.$ZodStringDef): Check {
  if ("format" in def) return slowCheck(schema);
  const patterns: RegExp[] = [];
  for (const check of def.checks ?? []) {
    const rule: z.core.$ZodCheckDef & { format?: unknown; pattern?: unknown } = check._zod.def;
    if (rule.format !== "regex" || !(rule.pattern instanceof RegExp) || rule.pattern.global) return slowCheck(schema);
    patterns.push(rule.pattern);
  }
  return (value) => typeof value === "string" && patterns.every((pattern) => pattern.test(value));
}

function numberCheck(schema: z.core.$ZodType, def: z.core.$ZodNumberDef): Check {
  const isWhole = "format" in def && def.format === "safeint";
  let least = -Infinity;
  for (const check of def.checks ?? []) {
    const rule: z.core.$ZodCheckDef & { value?: unknown; inclusive?: unknown } = check._zod.def;
    if (rule.check !== "greater_than" || rule.inclusive !== true || typeof rule.value !== "number") {
      return slowCheck(schema);
    }
    least = Math.max(least, rule.value);
  }
  if ("format" in def && !isWhole) return slowCheck(schema);
  return (value) => (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) && Number(value) >= least;
}
