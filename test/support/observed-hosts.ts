/** Origin servers that see how they are asked: how many at once, and when. */
import { type Route, type Site, serve } from './serve.ts'

export interface ObservedHosts extends AsyncDisposable {
  /** The documents in turns: the first of each host, the second of each host, and so on. */
  readonly urls: readonly string[]
  readonly sites: readonly Site[]
  /** When each request came, by host, in milliseconds. */
  readonly starts: readonly (readonly number[])[]
  /** Most starts within any stretch of so many milliseconds at one host. */
  mostStartsWithin(ms: number): number
}

/** @param answerMs how long each document takes */
export async function observeHosts(hosts: number, documents: number, answerMs: number): Promise<ObservedHosts> {
  const starts = Array.from({ length: hosts }, (): number[] => [])
  const sites = await Promise.all(
    starts.map((times) => {
      const route: Route = (request, response) => {
        times.push(performance.now())
        setTimeout(() => response.end(`<l><p>${request.url}</p></l>`), answerMs)
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
    mostStartsWithin: (ms) => Math.max(...starts.map((times) => mostWithin(times, ms))),
    async [Symbol.asyncDispose]() {
      await Promise.all(sites.map((site) => site.close()))
    },
  }
}

function mostWithin(times: readonly number[], ms: number): number {
  let most = 0
  let first = 0
  for (const [last, time] of times.entries()) {
    while (time - (times[first] ?? 0) >= ms) first += 1
    most = Math.max(most, last - first + 1)
  }
  return most
}
