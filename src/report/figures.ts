/** Figures as people read them. Bytes are decimal here (1 MB is 1,000,000), as networks and disks count them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `48,272` */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1 record`, `48,272 records` */
export function formatPlural(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${Math.round(count) === 1 ? singular : plural}`
}

/** `55.2 MB` */
export function formatBytes(bytes: number): string {
  const exponent = unitOf(bytes)
  return `${scaled(bytes, exponent)} ${UNITS[exponent]}`
}

/** `1.2 of 4.8 MB`: both in the unit of the whole, so that they can be compared at a glance. */
export function formatBytesOf(part: number, whole: number): string {
  const exponent = unitOf(whole)
  return `${scaled(part, exponent)} of ${scaled(whole, exponent)} ${UNITS[exponent]}`
}

/** `24.1 MB/s` */
export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

/** `0:11`, `12:05`, `1:02:05` */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const tail = `${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`
  return seconds < 3600 ? tail.replace(/^0/, '') : `${Math.floor(seconds / 3600)}:${tail}`
}

/** `850 ms`, `11.2 s`, `2 min 05 s`, `1 h 02 min` */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

function unitOf(bytes: number): number {
  let exponent = 0
  // 999.5 would be written as 1000 of the smaller unit.
  while (bytes >= 999.5 * 1000 ** exponent && exponent < UNITS.length - 1) exponent++
  return exponent
}

function scaled(bytes: number, exponent: number): string {
  const value = bytes / 1000 ** exponent
  return exponent === 0 || value >= 99.95 ? String(Math.round(value)) : value.toFixed(1)
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
