/** Origin servers that see how they are asked: how many at once, and when. */
import { type Route, type Site, serve } from './serve.ts'

export interface ObservedHosts extends AsyncDisposable {
  /** The documents in turns: the first of each host, the second of each host, and so on. */
  readonly urls: readonly string[]
  readonly sites: readonly Site[]
  /** When each request came, by host, in milliseconds since 1970. */
  readonly starts: readonly (readonly number[])[]
}

/**
 * @param answerMs how long each document takes
 * @param together of each host, how many are asked for before the first is answered
 */
export async function observeHosts(
  hosts: number,
  documents: number,
  answerMs: number,
  together = 1,
): Promise<ObservedHosts> {
  const starts = Array.from({ length: hosts }, (): number[] => [])
  const sites = await Promise.all(
    starts.map((times) => {
      const first: (() => void)[] = []
      const route: Route = (request, response) => {
        times.push(Date.now())
        const answer = () => void setTimeout(() => response.end(`<l><p>${request.url}</p></l>`), answerMs)
        first.push(answer)
        if (first.length === together) for (const one of first) one()
        else if (first.length > together) answer()
      }
      const each = Math.ceil(documents / hosts)
      return serve(Object.fromEntries(Array.from({ length: each }, (_, index) => [`/${index}`, route])))
    }),
  )
  return {
    urls: Array.from(
      { length: documents },
      (_, index) => sites[index % hosts]?.url(`/${Math.floor(index / hosts)}`) ?? '',
    ),
    sites,
    starts,
    async [Symbol.asyncDispose]() {
      await Promise.all(sites.map((site) => site.close()))
    },
  }
}
