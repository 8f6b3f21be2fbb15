/** Quantities as Kubernetes writes them, and durations: text to numbers. */

/**
 * Factors of Kubernetes quantities: binary (Ki…), decimal (k…) and milli. Source: Kubernetes "Resource
 * quantities".
 */
const FACTORS: Record<string, number> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * Reads a Kubernetes quantity (`512Mi`, `1.5Gi`, `500m`, `2`, `1e3`) as a number in base units (bytes,
 * cores).
 *
 * @returns undefined where the text is no positive quantity.
 *
 * @example
 * ```ts
 * parseQuantity('512Mi'); // → 536870912
 * parseQuantity('500m'); // → 0.5
 * parseQuantity('a lot'); // → undefined
 * ```
 */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(?:[eE]([+-]?\d{1,2})|(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]) * 10 ** Number(match[2] ?? 0) * (FACTORS[match[3] ?? ''] ?? Number.NaN);
  return value > 0 && Number.isFinite(value) ? value : undefined;
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a duration (`500ms`, `90s`, `5m`, `1h30m`, `2d`) as milliseconds.
 *
 * @returns undefined where the text is no positive duration, or one of more than 68 years.
 *
 * @example
 * ```ts
 * parseDurationMs('1h30m'); // → 5400000
 * parseDurationMs('90'); // → undefined
 * ```
 */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0);
  return total > 0 && total <= 2 ** 31 * 1000 ? total : undefined;
}
