import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { completionScript } from '../../src/cli/completion.ts'
import { flagName, OPTIONS } from '../../src/options.ts'
import { runCommand, runShell } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What a tab gives behind these words in bash; the last one is being typed. */
function complete(words: readonly string[], cwd = '/'): string[] {
  const script = `${completionScript('bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_xmlmill; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('/bin/bash', ['-c', script], { cwd, encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  return stdout.split('\n').filter((line) => line !== '')
}

test('completes commands and files at the first word', () => {
  using folder = temporaryFolder()
  folder.write('peanuts.xml', '<a/>')
  expect(complete(['xmlmill', 'pe'], folder.path).sort()).toEqual(['peanuts.xml', 'peek'])
})

test('completes the flags of a run, and of a command its own as well', () => {
  expect(complete(['xmlmill', '--rec'])).toEqual(['--record'])
  expect(complete(['xmlmill', 'https://example.org/', '--retr'])).toEqual(['--retries', '--retry-max-wait'])
  expect(complete(['xmlmill', 'peek', '--doc'])).toEqual(['--documents'])
  expect(complete(['xmlmill', '--doc'])).toEqual([])
})

test('completes what a flag takes', () => {
  expect(complete(['xmlmill', '--shape', ''])).toEqual(['json', 'ordered', 'xml'])
  expect(complete(['xmlmill', 'peek', '--types', 'j'])).toEqual(['json-schema'])
  expect(complete(['xmlmill', 'completion', ''])).toEqual(['bash', 'zsh', 'fish'])
  expect(complete(['xmlmill', '-j', ''])).toEqual([])
})

test('completes file names where a flag takes a file', () => {
  using folder = temporaryFolder()
  folder.write('urls.txt', '')
  expect(complete(['xmlmill', '-i', 'u'], folder.path)).toEqual(['urls.txt'])
})

test.each(['bash', 'zsh', 'fish'] as const)('knows every option and every command in %s', (shell) => {
  const script = completionScript(shell)
  for (const { name, options } of COMMANDS) {
    expect(script).toContain(name)
    for (const option of Object.keys({ ...OPTIONS, ...options })) {
      const flag = flagName(option)
      expect(script).toContain(shell === 'fish' ? ` -l ${flag.slice(2)} ` : flag)
    }
  }
})

test('is a script that bash reads, as the command prints it', async () => {
  const { exitCode } = await runShell('xmlmill completion bash | bash -n', { cwd: '/' })
  expect(exitCode).toBe(0)
})

test.each(['zsh', 'fish'] as const)('is a script that %s reads, where it is installed', async (shell) => {
  if (spawnSync(shell, ['--version']).error !== undefined) {
    process.stderr.write(`no ${shell} here: its completion is not tried in it\n`)
    return
  }
  const { status, stderr } = spawnSync(shell, ['-n'], { input: completionScript(shell), encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})

test('refuses a shell that it does not know', async () => {
  const { exitCode, stderr } = await runCommand(['completion', 'tcsh'], { cwd: '/' })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('bash')
})
