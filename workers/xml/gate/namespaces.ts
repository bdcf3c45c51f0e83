/** Namespace names of open elements (Namespaces in XML 1.0, section 6). */

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'

export class NamespaceScopes {
  readonly #scopes: ReadonlyMap<string, string>[] = [new Map([['xml', XML_NAMESPACE]])]

  /** Enters an element and gives its namespace name: empty for none, and for a prefix that is not bound. */
  enter(name: string, attributes: Readonly<Record<string, string>>): string {
    const outer = this.#scopes.at(-1) ?? new Map<string, string>()
    const declared = Object.entries(attributes).filter(([key]) => key === 'xmlns' || key.startsWith('xmlns:'))
    const scope =
      declared.length === 0 ? outer : new Map([...outer, ...declared.map(([key, uri]) => [key.slice(6), uri] as const)])
    this.#scopes.push(scope)
    const colon = name.indexOf(':')
    return scope.get(colon === -1 ? '' : name.slice(0, colon)) ?? ''
  }

  leave(): void {
    this.#scopes.pop()
  }
}
