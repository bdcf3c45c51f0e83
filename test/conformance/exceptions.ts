/**
 * Cases of the suite that xmlmill answers differently on purpose, by id, each with the reason. Both are about an encoding declaration
 * that contradicts the byte order mark. XML 1.0 (4.3.3) calls it a fatal error; RFC 7303 (3.3), which is younger, lets the mark
 * decide. There is no doubt how to read such documents: they are read, and the contradiction is noted as `encodingRedeclared`.
 */
export const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  [
    'hst-lhs-007',
    'UTF-8 with a byte order mark, declared as ISO-8859-1: the mark decides (RFC 7303, 3.3), noted as `encodingRedeclared`. libxml2 accepts it too.',
  ],
  [
    'hst-lhs-008',
    'UTF-16 with a byte order mark, declared as UTF-8: the mark decides (RFC 7303, 3.3), noted as `encodingRedeclared`. libxml2 accepts it too.',
  ],
])
