/** Writes docs/errors.md from the table in src/errors.ts; with `--check` it only says whether the file is up to date (exit 1 when not). */
import { readFile, writeFile } from 'node:fs/promises'
import { type Disposition, ERRORS } from '../src/errors.ts'

const FILE = new URL('../docs/errors.md', import.meta.url)

const CONSEQUENCES: Readonly<Record<Disposition, string>> = {
  retry: 'The document is tried again, up to `--retries` times; then it fails.',
  fail: 'The document fails; the run goes on.',
  reject: 'The record goes into the rejects file; its document and the run go on.',
  stop: 'The run ends.',
}

const HEAD = `# Errors

Every failure has one of these codes. Codes are stable: match on \`code\`, never on the message. The message of a failure
says what happened, where, and with which value; \`line\` and \`column\` count from 1, \`byteOffset\` from 0.

What happens next is part of the code:

${Object.entries(CONSEQUENCES)
  .map(([disposition, consequence]) => `- **${disposition}**: ${consequence}`)
  .join('\n')}

This page is generated from \`src/errors.ts\` by \`node scripts/error-docs.ts\`.

| code | meaning | what happens | what to do |
|---|---|---|---|
`

const rows = Object.entries(ERRORS).map(([code, { meaning, disposition, remedy }]) => {
  const cells = [`\`${code}\``, meaning, disposition, remedy]
  // An anchor for each code, so that a message can link to it.
  return `| <a id="${code}"></a>${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
})
const wanted = HEAD + rows.join('')

if (process.argv.includes('--check')) {
  const present = await readFile(FILE, 'utf8').catch(() => '')
  if (present !== wanted) {
    process.stderr.write('docs/errors.md is not what src/errors.ts says: run `node scripts/error-docs.ts`\n')
    process.exitCode = 1
  }
} else {
  await writeFile(FILE, wanted)
}
