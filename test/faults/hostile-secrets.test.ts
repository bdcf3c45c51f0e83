import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../support/command-line.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Each in a place of its own; none may be seen anywhere but in the list of what is to be tried again. */
const SECRETS = {
  password: 'planted-password-4711',
  user: 'planted-user-4712',
  token: 'planted-token-4713',
  cookie: 'planted-cookie-4714',
  key: 'planted-key-4715',
  proxy: 'planted-proxy-4716',
} as const

const RETRY_LIST = /\.failed\.txt$/

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Places where a secret stands in the clear, or as Basic credentials. */
function leaks(where: string, content: Buffer): string[] {
  const basic = Buffer.from(`${SECRETS.user}:${SECRETS.password}`).toString('base64')
  const text = content.toString('latin1')
  return [...Object.values(SECRETS), basic]
    .filter((secret) => text.includes(secret))
    .map((secret) => `${secret}: ${where}`)
}

test.each(['plain', 'json', 'bar'])(
  'no secret is in anything that a run leaves or says (--progress %s)',
  async (progress) => {
    using folder = temporaryFolder()
    const asked: string[] = []
    await using site = await serve({
      '/good': (request, response) => {
        asked.push(request.headers.authorization ?? '')
        response.setHeader('set-cookie', `session=${SECRETS.cookie}`)
        response.end('<a><b>1</b><b>2</b></a>')
      },
      '/cut': (_, response) =>
        void response.writeHead(200, { 'content-length': 99 }).write('<a>', () => response.destroy()),
      '/bad': '<a><b></a>',
      '/moved': (_, response) => void response.writeHead(302, { location: '/good' }).end(),
      '/astray': (_, response) =>
        void response.writeHead(302, { location: `ftp://${SECRETS.user}:${SECRETS.password}@127.0.0.1/` }).end(),
      '/denied': (_, response) => void response.writeHead(401, { 'www-authenticate': 'Basic' }).end('no'),
    })
    const secret = (path: string): string => site.url(path).replace('//', `//${SECRETS.user}:${SECRETS.password}@`)
    const paths = ['/good', '/cut', '/bad', '/moved', '/astray', '/denied', '/not-there']
    const broken = [
      `http://${SECRETS.user}:${SECRETS.password}@[nonsense/`,
      `ftp://${SECRETS.user}:${SECRETS.password}@h/`,
    ]
    const list = folder.write('list.txt', [...paths.map(secret), ...broken].join('\n'))
    const transform = folder.write(
      'transform.mjs',
      "export default (record, { n }) => { if (n === 1) throw new Error('second'); return record }",
    )
    const { stdout, stderr, exitCode } = await runCommand(
      [
        '-i',
        list,
        '-r',
        'b',
        '-o',
        'out.ndjson',
        '--transform',
        transform,
        '--retries',
        '0',
        '--progress',
        progress,
        '--cache',
        'cache',
        '--events',
        'events.ndjson',
        '--report',
        'report.html',
        '--summary',
        'summary.json',
        '-H',
        `X-Api-Key: ${SECRETS.key}`,
        '-H',
        `Cookie: session=${SECRETS.cookie}`,
        '-H',
        `Proxy-Authorization: Bearer ${SECRETS.token}`,
      ],
      { cwd: folder.path },
    )
    expect(exitCode).toBe(1)
    expect(asked.length).toBeGreaterThan(0)
    const found = filesOf(folder.path)
      .filter((path) => path !== list && path !== transform && !RETRY_LIST.test(path))
      .flatMap((path) => leaks(path, readFileSync(path)))
    found.push(...leaks('stdout', stdout), ...leaks('stderr', Buffer.from(stderr)))
    expect(found).toEqual([])
    for (const path of filesOf(folder.path).filter((name) => RETRY_LIST.test(name)))
      expect(statSync(path).mode & 0o777).toBe(0o600)
  },
)

test("a proxy's password is not in what is said when it cannot be reached", async () => {
  using folder = temporaryFolder()
  const { stdout, stderr, exitCode } = await runCommand(
    [
      'http://no-such-host.invalid/a',
      '-o',
      'out.ndjson',
      '--retries',
      '0',
      '--proxy',
      `http://u:${SECRETS.proxy}@127.0.0.1:1`,
    ],
    { cwd: folder.path },
  )
  expect(exitCode).toBe(1)
  const found = filesOf(folder.path)
    .filter((path) => !RETRY_LIST.test(path))
    .flatMap((path) => leaks(path, readFileSync(path)))
  expect([...found, ...leaks('stdout', stdout), ...leaks('stderr', Buffer.from(stderr))]).toEqual([])
})
