import { Agent, request } from 'undici'
import { toLines } from './lines.ts'

const dispatcher = new Agent({ connections: 1 })

export default async function mill(url: string): Promise<string> {
  const { statusCode, body } = await request(url, { dispatcher })
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`)
  return toLines(url, await body.text())
}
