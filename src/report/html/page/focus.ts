/** The keyboard's place on a page that is drawn again and again. */

const FOCUSABLE = 'a[href], button, summary, [tabindex]'

/**
 * Remembers what has the focus within these parts. The function that is returned gives it to what stands in its place after they were
 * drawn anew: the same one of its section.
 */
export function rememberFocus(...parts: readonly HTMLElement[]): () => void {
  const active = document.activeElement
  const part = parts.find((one) => active !== null && one.contains(active))
  if (active === null || part === undefined) return () => {}
  const section = active.closest('section')?.id
  const within = (): Element => (section === undefined ? part : (part.querySelector(`#${section}`) ?? part))
  const place = [...within().querySelectorAll(FOCUSABLE)].indexOf(active)
  return () => {
    const next = [...within().querySelectorAll<HTMLElement>(FOCUSABLE)][place]
    next?.focus({ preventScroll: true })
  }
}
