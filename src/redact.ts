const HIDDEN = '***'

/**
 * A URL fit for a message: user name and password become `***`, nothing else changes (RFC 3986, section 3.2.1, asks for this).
 *
 * Works on text that is no valid URL as well, for that is what messages quote most: there everything between the
 * scheme and the last `@` is hidden, because a password with a bare `/` or `#` in it is a common reason for being invalid.
 */
export function redactUrl(url: string): string {
  if (!url.includes('@') || /^\s*file:/i.test(url)) return url
  // A URL parser drops these wherever they stand, so they must not hide user info from us.
  const text = url.replace(/[\t\r\n]/g, '')
  if (!URL.canParse(text)) return text.replace(/^([^:]*:[/\\]*).*@/s, `$1${HIDDEN}@`)
  return (
    text
      .replace(/^(\s*[a-z][a-z0-9+.-]*:[/\\]*)[^/?#\\]*@/i, `$1${HIDDEN}@`)
      // A URL in the path of another, as archives and proxies have it.
      .replace(/(:[/\\]{2,})[^/?#\\\s]*@/g, `$1${HIDDEN}@`)
  )
}
