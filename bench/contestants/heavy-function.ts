import { hash } from 'node:crypto'

const DIGESTS = 200

/** The heavy function of the transform scenario. */
export default function transform(record: unknown): { readonly title: string; readonly digest: string } {
  const title: unknown = typeof record === 'object' && record !== null ? Reflect.get(record, 'title') : undefined
  if (typeof title !== 'string') throw new Error('a record has no title')
  let digest = title
  for (let count = 0; count < DIGESTS; count++) digest = hash('sha256', digest, 'hex')
  return { title, digest }
}
