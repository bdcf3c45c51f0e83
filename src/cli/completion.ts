/**
 * What makes a shell complete commands and flags, made from the tables. Static text, so that a tab costs nothing; yargs' own starts the
 * program for each, which takes a tenth of a second.
 */
import { flagName, OPTIONS, type OptionSpec } from '../options.ts'
import { COMMANDS, type CommandSpec, type Shell } from './commands.ts'

interface Flag {
  /** `--record` */
  readonly long: string
  /** `-r` */
  readonly short: string | undefined
  readonly help: string
  readonly takesValue: boolean
  /** What the value may be, where that is one of a few. */
  readonly choices: readonly string[]
  /** Whether it may be given again. */
  readonly repeats: boolean
  /** Whether the value is a path, as far as the table knows. */
  readonly isFile: boolean
}

const GENERAL: readonly Flag[] = [
  { ...noValue('--help', 'Show the help.'), short: '-h' },
  noValue('--version', 'Show the version.'),
]

export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell]()
}

function noValue(long: string, help: string): Flag {
  return { long, short: undefined, help, takesValue: false, choices: [], repeats: false, isFile: false }
}

function flagsOf({ options, takesRunOptions }: CommandSpec): Flag[] {
  const specs = Object.entries<OptionSpec>({ ...(takesRunOptions ? OPTIONS : {}), ...options })
  const flags = specs.map(([name, spec]) => ({
    long: flagName(name),
    short: spec.alias === undefined ? undefined : `-${spec.alias}`,
    help: spec.help,
    takesValue: spec.kind !== 'switch',
    choices: spec.kind === 'choice' ? spec.choices : [],
    repeats: spec.kind === 'texts' || spec.kind === 'names',
    isFile: 'placeholder' in spec && /^(?:FILE|TARGET)/.test(spec.placeholder),
  }))
  return [...flags, ...GENERAL]
}

function spellings({ long, short }: Flag): string[] {
  return short === undefined ? [long] : [short, long]
}

function bash(): string {
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== '')
  const flagCases = COMMANDS.map((command) => {
    const words = flagsOf(command).flatMap(spellings).join(' ')
    return `    ${command.name === '' ? '*' : command.name}) flags='${words}' ;;`
  })
  const choiceCases = COMMANDS.flatMap(({ name, choices }) =>
    choices === undefined ? [] : [`    ${name}) words='${choices.join(' ')}' ;;`],
  )
  const all = uniqueFlags()
  const valueCases = all
    .filter(({ choices }) => choices.length > 0)
    .map((flag) => `    ${spellings(flag).join('|')}) words='${flag.choices.join(' ')}' ;;`)
  const files = all.filter(({ isFile }) => isFile).flatMap(spellings)
  const others = all.filter(({ takesValue, choices, isFile }) => takesValue && choices.length === 0 && !isFile)
  // The run has no name, so its flags are those of any word that is no command.
  return `# bash completion for xmlmill
_xmlmill() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words='' flags=''
  COMPREPLY=()
  case $previous in
${valueCases.join('\n')}
    ${files.join('|')}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    ${others.flatMap(spellings).join('|')}) return ;;
  esac
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    return
  fi
  case \${COMP_WORDS[1]} in
${flagCases.toSorted((a, b) => Number(a.startsWith('    *')) - Number(b.startsWith('    *'))).join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${choiceCases.join('\n')}
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
  elif [[ -n $words && $COMP_CWORD -gt 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    if [[ $COMP_CWORD -eq 1 ]]; then
      mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W 'run ${names.join(' ')}' -- "$current")
    fi
  fi
}
complete -o filenames -F _xmlmill xmlmill
`
}

/** Flags of all commands; one that several have, once. */
function uniqueFlags(): Flag[] {
  return [...new Map(COMMANDS.flatMap(flagsOf).map((flag) => [flag.long, flag])).values()]
}

function zsh(): string {
  const commands = COMMANDS.filter(({ name }) => name !== '')
  const described = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`)
  const cases = commands.map(
    (command) => `      ${command.name})\n        _arguments -s ${zshArguments(command)}\n        ;;`,
  )
  const [run] = COMMANDS
  return `#compdef xmlmill
# zsh completion for xmlmill
_xmlmill() {
  local -a commands
  commands=(
    'run:${zshText(run?.summary ?? '')}'
${described.join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  case $words[2] in
${cases.join('\n')}
    *)
      _arguments -s ${run === undefined ? '' : zshArguments(run)}
      ;;
  esac
}
if [[ $funcstack[1] == _xmlmill ]]; then _xmlmill "$@"; else compdef _xmlmill xmlmill; fi
`
}

function zshArguments(command: CommandSpec): string {
  const flags = flagsOf(command).flatMap((flag) =>
    spellings(flag).map((spelling) => {
      const action = flag.choices.length > 0 ? `(${flag.choices.join(' ')})` : flag.isFile ? '_files' : ''
      const value = flag.takesValue ? `:value:${action}` : ''
      return `'${flag.repeats ? '*' : ''}${spelling}[${zshText(flag.help)}]${value}'`
    }),
  )
  const rest = command.choices === undefined ? `'*:file:_files'` : `'*:name:(${command.choices.join(' ')})'`
  return [...flags, rest].join(' \\\n        ')
}

/** As it may stand between single quotes in a specification: brackets, colons and backslashes mean something there. */
function zshText(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&').replaceAll("'", "'\\''")
}

function fish(): string {
  const commands = COMMANDS.filter(({ name }) => name !== '')
  const names = ['run', ...commands.map(({ name }) => name)].join(' ')
  const lines = [
    '# fish completion for xmlmill',
    ...[{ name: 'run', summary: COMMANDS[0]?.summary ?? '' }, ...commands].map(
      ({ name, summary }) =>
        `complete -c xmlmill -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d '${fishText(summary)}'`,
    ),
  ]
  for (const command of COMMANDS) {
    const others = commands.map(({ name }) => name).join(' ')
    const condition =
      command.name === '' ? `not __fish_seen_subcommand_from ${others}` : `__fish_seen_subcommand_from ${command.name}`
    if (command.choices !== undefined)
      lines.push(`complete -c xmlmill -n '${condition}' -f -a '${command.choices.join(' ')}'`)
    for (const flag of flagsOf(command)) {
      const short = flag.short === undefined ? '' : ` -s ${flag.short.slice(1)}`
      const choices = flag.choices.length > 0 ? ` -f -a '${flag.choices.join(' ')}'` : flag.isFile ? ' -F' : ''
      const value = flag.takesValue ? ` -r${choices}` : ''
      lines.push(
        `complete -c xmlmill -n '${condition}'${short} -l ${flag.long.slice(2)}${value} -d '${fishText(flag.help)}'`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

function fishText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
