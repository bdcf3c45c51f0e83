/** Elements made in one expression. Text is always set as text: URLs and messages hold what strangers wrote. */

type Child = Node | string | false | undefined

export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (name === 'style') node.style.cssText = String(value)
    else node.setAttribute(name, value === true ? '' : String(value))
  }
  node.append(...children.filter((child) => child !== false && child !== undefined))
  return node
}

/** A table with a heading; the first column is text. */
export function dataTable(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLTableElement {
  return element(
    'table',
    { 'aria-label': caption },
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell))))),
  )
}

/** A picture with its figures as a table beside it. */
export function figure(
  caption: string,
  picture: Element,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  picture.setAttribute('role', 'img')
  picture.setAttribute('aria-label', `${caption}. The same figures are in the table that follows.`)
  return element(
    'figure',
    {},
    element('figcaption', {}, caption),
    picture,
    element(
      'details',
      {},
      element('summary', {}, 'As a table'),
      element(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
        dataTable(caption, heads, rows),
      ),
    ),
  )
}

export function section(id: string, title: string, hint: string, ...children: readonly Child[]): HTMLElement {
  return element(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    element('h2', { id: `${id}-title` }, title),
    hint !== '' && element('p', { class: 'hint' }, hint),
    ...children,
  )
}
