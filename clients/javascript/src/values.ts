/** A time as a Date, unix seconds, or ISO 8601. */
export type Time = Date | number | string;

/** A filter: one value, or a list that means any of them. */
export type OneOrMore<T> = T | readonly T[];

/** A range of a filter: any of the four bounds. */
export interface Range<T> {
  gte?: T;
  gt?: T;
  lte?: T;
  lt?: T;
}

/**
 * The item as JSON. Dates become ISO 8601, undefined is left out.
 *
 * Throws TypeError, in the caller's own stack, for what JSON cannot say, NaN among it: JSON.stringify would make it null.
 */
export function toJson(item: object): string {
  return JSON.stringify(item, (key, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new TypeError(`${key} is ${value}, which JSON cannot say.`);
    }
    if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") {
      throw new TypeError(`${key} is a ${typeof value}, which JSON cannot say.`);
    }
    return value;
  });
}

/** Query parameters: a list repeats its parameter, an object becomes `created_at[gte]`; undefined is left out. */
export function toParams(filters: object): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    if (value === undefined || value === null) {
      continue;
    }
    if (typeof value === "object" && !Array.isArray(value) && !(value instanceof Date)) {
      for (const [key, inner] of Object.entries(value as object)) {
        append(params, `${name}[${key}]`, inner);
      }
    } else {
      append(params, name, value);
    }
  }
  return params;
}

function append(params: URLSearchParams, name: string, value: unknown): void {
  for (const one of Array.isArray(value) ? value : [value]) {
    if (one !== undefined) {
      params.append(name, one instanceof Date ? one.toISOString() : String(one));
    }
  }
}
