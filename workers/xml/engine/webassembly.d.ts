/** The part of the WebAssembly JavaScript interface that the engine uses; @types/node has none. */
declare namespace WebAssembly {
  type Value = number | bigint
  type Call = (...values: Value[]) => Value | undefined
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, (...values: number[]) => void>>)
    readonly exports: Record<string, Call | Memory | { readonly value: number }>
  }
}
