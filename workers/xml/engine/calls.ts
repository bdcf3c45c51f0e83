/** The compiled engine's calls by name: what assembly/index.ts exports. A missing one is found when the engine is made. */

export type Call = (...values: number[]) => number

export interface Calls {
  readonly memory: WebAssembly.Memory
  readonly setLimits: Call
  readonly setShape: Call
  readonly setKeys: Call
  readonly initialise: Call
  readonly reserveNamespaces: Call
  readonly stageBytes: Call
  readonly keepBytes: Call
  readonly keepAux: Call
  readonly nameStaged: Call
  readonly namespaceStaged: Call
  readonly addStep: Call
  readonly addEdge: Call
  readonly markArray: Call
  readonly reset: Call
  readonly open: Call
  readonly room: Call
  readonly feed: Call
  readonly run: Call
  readonly defineEntity: Call
  readonly stageDefault: Call
  readonly declareAttribute: Call
  readonly outputStart: Call
  readonly outputLength: Call
  readonly drain: Call
  readonly recordCount: Call
  readonly nameCount: Call
  readonly unknownEntityCount: Call
  readonly unboundPrefixCount: Call
  readonly namespaceErrorCount: Call
  readonly lostMemberCount: Call
  readonly mixedElementCount: Call
  readonly regroupedElementCount: Call
  readonly droppedCommentCount: Call
  readonly shortenedInstructionCount: Call
  readonly nextUntold: Call
  readonly tell: Call
  readonly allTold: Call
  readonly tokenAddress: Call
  readonly position: Call
  readonly isAskedInAttribute: Call
  readonly failureReason: Call
  readonly failureSubject: Call
  readonly failureAddress: Call
  readonly invalidCharacterCode: Call
  readonly inputStart: Call
  readonly inputEnd: Call
  readonly bytesBefore: Call
  readonly withinToken: Call
  readonly openElements: Call
  readonly elementName: Call
  readonly openEntities: Call
  readonly entityName: Call
  readonly nameAddress: Call
  readonly nameSize: Call
  readonly locateAddress: Call
  readonly locateOpenElement: Call
  readonly foundLine: Call
  readonly foundColumn: Call
}

/** @throws Error when the compiled engine is not the one that belongs to this source */
export function engineCalls(instance: WebAssembly.Instance): Calls {
  const { exports } = instance
  const call = (name: string): Call => {
    const exported = exports[name]
    if (typeof exported !== 'function') throw mismatch(name)
    // A call without a result gives undefined, which nobody reads.
    return (...values) => Number(exported(...values))
  }
  const { memory } = exports
  if (memory === undefined || !('buffer' in memory)) throw mismatch('memory')
  return {
    memory,
    setLimits: call('setLimits'),
    setShape: call('setShape'),
    setKeys: call('setKeys'),
    initialise: call('initialise'),
    reserveNamespaces: call('reserveNamespaces'),
    stageBytes: call('stageBytes'),
    keepBytes: call('keepBytes'),
    keepAux: call('keepAux'),
    nameStaged: call('nameStaged'),
    namespaceStaged: call('namespaceStaged'),
    addStep: call('addStep'),
    addEdge: call('addEdge'),
    markArray: call('markArray'),
    reset: call('reset'),
    open: call('open'),
    room: call('room'),
    feed: call('feed'),
    run: call('run'),
    defineEntity: call('defineEntity'),
    stageDefault: call('stageDefault'),
    declareAttribute: call('declareAttribute'),
    outputStart: call('outputStart'),
    outputLength: call('outputLength'),
    drain: call('drain'),
    recordCount: call('recordCount'),
    nameCount: call('nameCount'),
    unknownEntityCount: call('unknownEntityCount'),
    unboundPrefixCount: call('unboundPrefixCount'),
    namespaceErrorCount: call('namespaceErrorCount'),
    lostMemberCount: call('lostMemberCount'),
    mixedElementCount: call('mixedElementCount'),
    regroupedElementCount: call('regroupedElementCount'),
    droppedCommentCount: call('droppedCommentCount'),
    shortenedInstructionCount: call('shortenedInstructionCount'),
    nextUntold: call('nextUntold'),
    tell: call('tell'),
    allTold: call('allTold'),
    tokenAddress: call('tokenAddress'),
    position: call('position'),
    isAskedInAttribute: call('isAskedInAttribute'),
    failureReason: call('failureReason'),
    failureSubject: call('failureSubject'),
    failureAddress: call('failureAddress'),
    invalidCharacterCode: call('invalidCharacterCode'),
    inputStart: call('inputStart'),
    inputEnd: call('inputEnd'),
    bytesBefore: call('bytesBefore'),
    withinToken: call('withinToken'),
    openElements: call('openElements'),
    elementName: call('elementName'),
    openEntities: call('openEntities'),
    entityName: call('entityName'),
    nameAddress: call('nameAddress'),
    nameSize: call('nameSize'),
    locateAddress: call('locateAddress'),
    locateOpenElement: call('locateOpenElement'),
    foundLine: call('foundLine'),
    foundColumn: call('foundColumn'),
  }
}

function mismatch(name: string): Error {
  return new Error(`the compiled engine has no ${name}: compile it again (node scripts/build-engine.ts)`)
}
