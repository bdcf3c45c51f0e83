/**
 * How long a Retry-After header asks to wait, in milliseconds (RFC 9110, section 10.2.3): a number of seconds, or an HTTP-date,
 * of which one in the past is 0. Undefined when the header is absent or nonsense.
 *
 * @param nowMs the wall clock, milliseconds since 1970
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const value = header?.trim() ?? ''
  // Some servers send a fraction; what they mean is clear.
  if (/^\d{1,10}(?:\.\d*)?$/.test(value)) return Math.ceil(Number(value) * 1000)
  const at = httpDate(value)
  return at === undefined ? undefined : Math.max(0, at - nowMs)
}

/** IMF-fixdate, and the two obsolete forms that a recipient must accept (RFC 9110, section 5.6.7): all in GMT. */
const FORMS = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
]

function httpDate(value: string): number | undefined {
  if (!FORMS.some((form) => form.test(value))) return undefined
  // asctime's form has no zone, and Date.parse would take it as local time.
  const at = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`)
  return Number.isNaN(at) ? undefined : at
}
