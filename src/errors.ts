/**
 * Every way in which a run, a document or a record can fail: one code each, with what happens next and what to do about it.
 * Codes are stable: match on `code`, never on the message.
 */

/** What an error does: `retry` the document, `fail` the document, `reject` the record, `stop` the run. */
export type Disposition = 'retry' | 'fail' | 'reject' | 'stop'

interface Kind {
  readonly disposition: Disposition
  /** One sentence: what this code says. */
  readonly meaning: string
  /** One sentence: what the reader can do. */
  readonly remedy: string
}

export const ERRORS = {
  // The list of documents.
  URL_INVALID: {
    disposition: 'fail',
    meaning: 'A line of the list, or an argument, is not an http, https or file URL nor a local path.',
    remedy: 'Correct the line named in the message and run again.',
  },
  SOURCE_UNREADABLE: {
    disposition: 'stop',
    meaning: 'A list of URLs could not be read.',
    remedy: 'Check the path and the permissions of the list.',
  },
  FILE_UNREADABLE: {
    disposition: 'fail',
    meaning: 'A local document does not exist or could not be read.',
    remedy: 'Check the path and its permissions.',
  },

  // Connections.
  DNS_FAILED: {
    disposition: 'retry',
    meaning: "The host's name could not be resolved.",
    remedy: 'Check the spelling of the host and the resolver of this machine.',
  },
  CONNECT_FAILED: {
    disposition: 'retry',
    meaning: 'The host refused the connection or could not be reached.',
    remedy: 'Check that the server runs, and the port, firewall and proxy.',
  },
  CONNECT_TIMEOUT: {
    disposition: 'retry',
    meaning: 'No connection came about in time.',
    remedy: 'Raise --connect-timeout, or check firewall and proxy.',
  },
  TLS_FAILED: {
    disposition: 'fail',
    meaning: "The server's certificate or its TLS was not accepted.",
    remedy: 'Give the right certificate authority with --cacert, or have the server corrected.',
  },
  CONNECTION_LOST: {
    disposition: 'retry',
    meaning: 'The server closed or reset the connection before the document was whole.',
    remedy: 'Run again later; a lower --concurrency may help a server under load.',
  },
  HTTP_MALFORMED: {
    disposition: 'retry',
    meaning: 'The answer was not valid HTTP.',
    remedy: 'Check that the URL points to a web server, and what stands between.',
  },
  STALLED: {
    disposition: 'retry',
    meaning: 'The server sent nothing, or under 1 KiB/s, for too long.',
    remedy: 'Raise --stall-timeout, or lower --concurrency.',
  },
  TIMEOUT: {
    disposition: 'retry',
    meaning: 'The document took longer than --timeout allows.',
    remedy: 'Raise --timeout.',
  },

  // Answers.
  HTTP_REFUSED: {
    disposition: 'fail',
    meaning: 'The server answered with a status that asking again will not change, such as 404.',
    remedy: 'Check the URL, and the credentials where the status is 401 or 403.',
  },
  HTTP_UNAVAILABLE: {
    disposition: 'retry',
    meaning: 'The server answered with a status that may pass, such as 503 or 429.',
    remedy: 'Run again later; --rate or a lower --per-host asks less of the server.',
  },
  HOST_UNAVAILABLE: {
    disposition: 'fail',
    meaning:
      'The host failed so often in a row, pauses included, that its other documents were not asked for any more.',
    remedy: 'Run again when the host is well; --host-failures sets how often it may fail before each pause.',
  },
  RETRY_AFTER_TOO_LONG: {
    disposition: 'fail',
    meaning: 'The server asked to wait for longer than --retry-max-wait.',
    remedy: 'Run again after the time that the message names, or raise --retry-max-wait.',
  },
  REDIRECT_REFUSED: {
    disposition: 'fail',
    meaning:
      'A redirect led to where xmlmill does not follow: more than 10 hops, another scheme, or a private address.',
    remedy: 'Use the final URL in the list, if it is to be trusted.',
  },
  ADDRESS_REFUSED: {
    disposition: 'fail',
    meaning: 'The address is private and --public-only is set.',
    remedy: 'Leave out --public-only if the list is to be trusted.',
  },
  BODY_EMPTY: {
    disposition: 'fail',
    meaning: 'The answer had no body.',
    remedy: 'Open the URL in a browser: there is nothing to mill behind it.',
  },
  BODY_TRUNCATED: {
    disposition: 'retry',
    meaning: 'The body ended before its announced length or before its compressed stream did.',
    remedy: 'Run again; a server or proxy cuts answers short.',
  },
  BODY_CORRUPT: {
    disposition: 'retry',
    meaning: 'The compressed body could not be decompressed.',
    remedy: 'Run again; if it stays, the file on the server is damaged.',
  },
  CODING_UNKNOWN: {
    disposition: 'fail',
    meaning: 'The Content-Encoding is none of gzip, deflate, br, zstd.',
    remedy: 'Have the server send one of these, or none.',
  },
  BODY_TOO_LARGE: {
    disposition: 'fail',
    meaning: 'The document, decompressed, is larger than --max-bytes.',
    remedy: 'Raise --max-bytes if the document is to be trusted.',
  },
  BODY_NOT_XML: {
    disposition: 'fail',
    meaning: 'The body is something else than XML, such as an HTML page or JSON.',
    remedy: 'Check the URL: servers answer with a page of their own where a document is missing or a login is needed.',
  },

  // The cache.
  OFFLINE_MISS: {
    disposition: 'fail',
    meaning: 'With --offline: the document is not in the cache.',
    remedy: 'Run once without --offline, with the same --cache and headers.',
  },
  CACHE_CORRUPT: {
    disposition: 'retry',
    meaning: 'What the cache has of the document is damaged; it was taken out of the cache.',
    remedy: 'Run again without --offline: the document is downloaded anew.',
  },

  // Encodings.
  CHARSET_UNKNOWN: {
    disposition: 'fail',
    meaning: "The document's encoding is not known here.",
    remedy: 'Have the document sent as UTF-8.',
  },
  CHARSET_INVALID: {
    disposition: 'fail',
    meaning: "Bytes of the document are not of its encoding; the message names the first one's offset.",
    remedy: 'The document declares the wrong encoding or is damaged: have it corrected at the source.',
  },

  // XML.
  XML_NOT_WELL_FORMED: {
    disposition: 'fail',
    meaning: 'The document breaks a rule of XML 1.0; the message names the rule, the line and the column.',
    remedy: 'Have the document corrected at the source.',
  },
  XML_SYNTAX: {
    disposition: 'fail',
    meaning: 'Markup is malformed, such as an attribute without quotes or a lone "&"; the message says what and where.',
    remedy: 'Have the document corrected at the source.',
  },
  XML_TAG_MISMATCH: {
    disposition: 'fail',
    meaning: 'An end tag closes another element than the one that is open.',
    remedy: 'Have the document corrected at the source: the message says where the open element began.',
  },
  XML_ATTRIBUTE_DUPLICATE: {
    disposition: 'fail',
    meaning: 'An attribute stands twice in one tag.',
    remedy: 'Have the document corrected at the source.',
  },
  XML_CHARACTER_INVALID: {
    disposition: 'fail',
    meaning:
      'The document has a character, or a reference to one, that XML 1.0 does not allow, such as a control character.',
    remedy: 'Have the character removed at the source; XML 1.1 documents with such characters are not read.',
  },
  XML_ROOT_INVALID: {
    disposition: 'fail',
    meaning:
      'Something stands outside the root element that cannot stand there: text, a second root, or a CDATA section.',
    remedy: 'Have the document corrected at the source; several documents in one body must be served one by one.',
  },
  XML_DOCTYPE_INVALID: {
    disposition: 'fail',
    meaning: 'The document type declaration is malformed or misplaced.',
    remedy: 'Have the document corrected at the source.',
  },
  XML_ENTITY_UNDECLARED: {
    disposition: 'fail',
    meaning: 'A reference names an entity that the document does not declare.',
    remedy: 'Have the entity declared, or written as a character, at the source.',
  },
  XML_ENTITY_INVALID: {
    disposition: 'fail',
    meaning: 'An entity is used where it cannot be, or its text is not whole by itself.',
    remedy: 'Have the document corrected at the source.',
  },
  XML_NAMESPACE_INVALID: {
    disposition: 'fail',
    meaning: 'The document breaks a rule of Namespaces in XML, and --namespaces is strict.',
    remedy: 'Leave out --namespaces strict, or have the document corrected at the source.',
  },
  XML_TRUNCATED: {
    disposition: 'retry',
    meaning: 'The document ends in the middle: an element or a construct is still open.',
    remedy: 'Run again; if it stays, the file itself is cut short.',
  },
  XML_ENTITY_EXPANSION: {
    disposition: 'fail',
    meaning: "The document's entities expand to far more text than the document has.",
    remedy: 'Have the document corrected at the source; if it is meant to attack readers, leave it out.',
  },
  DEPTH_TOO_GREAT: {
    disposition: 'fail',
    meaning: 'Elements are nested more deeply than --max-depth.',
    remedy: 'Raise --max-depth if the document is to be trusted.',
  },
  RECORD_TOO_LARGE: {
    disposition: 'fail',
    meaning: 'A record is larger than --max-record-bytes.',
    remedy: 'Choose a smaller element with --record, or raise --max-record-bytes.',
  },
  NAMES_TOO_MANY: {
    disposition: 'fail',
    meaning: "The document's different names of elements and attributes take more memory than a record may.",
    remedy: 'Raise --max-record-bytes if the document is to be trusted.',
  },
  PARSER_FAILED: {
    disposition: 'fail',
    meaning: 'The parser chosen with --parser could not read a well-formed document.',
    remedy: 'Leave out --parser to use the default one.',
  },

  // Code in the threads.
  TRANSFORM_THREW: {
    disposition: 'reject',
    meaning: "The transform threw, or returned what JSON can't carry.",
    remedy:
      'Each line of the rejects file has a record, its XML and the reason; mend the transform, then run again with --fresh.',
  },
  RECORD_REFUSED: {
    disposition: 'reject',
    meaning: "The record does not fit the output's columns.",
    remedy: 'See the rejects file for the reason; name the columns with --columns, then run again with --fresh.',
  },
  TRANSFORM_UNLOADABLE: {
    disposition: 'stop',
    meaning: 'The transform module does not load, or exports no default function.',
    remedy: 'Correct the module; nothing was fetched.',
  },
  TRANSFORM_TIMEOUT: {
    disposition: 'fail',
    meaning: 'The transform did not come back with a record of this document within --transform-timeout.',
    remedy: 'Look for an endless loop or a promise that never settles, or raise --transform-timeout.',
  },
  OUT_OF_MEMORY: {
    disposition: 'fail',
    meaning: "The document took more memory than there is, also when a thread had all of the run's to itself.",
    remedy: 'Raise --memory, choose a smaller element with --record, or look at what the transform keeps.',
  },
  WORKER_CRASHED: {
    disposition: 'fail',
    meaning: 'The worker thread ended while it milled this document, also when it had the thread to itself.',
    remedy: 'Look at the transform (memory, process.exit), or report the document as a bug.',
  },

  THREADS_FAILED: {
    disposition: 'stop',
    meaning: 'Worker threads end as soon as they start.',
    remedy: 'Look at what the transform module does when it is loaded in a thread.',
  },

  // The run.
  OPTIONS_INVALID: {
    disposition: 'stop',
    meaning: 'The options do not fit together or have impossible values.',
    remedy: 'See --help.',
  },
  OUTPUT_EXISTS: {
    disposition: 'stop',
    meaning: 'The output file exists and has data in it.',
    remedy: 'Give --fresh to replace it, or another --output; an output with its ledger beside it is gone on with.',
  },
  OUTPUT_LOCKED: {
    disposition: 'stop',
    meaning: 'Another run is writing to the output.',
    remedy: 'Wait until it has ended, or give another --output; the message names its process.',
  },
  SHAPE_CHANGED: {
    disposition: 'stop',
    meaning: 'The options would give records of another shape than those that the output already has.',
    remedy:
      'Give the same options as before, or another output; a run into the same output starts over with --fresh. Parts are merged if their runs had the same options.',
  },
  PART_INCOMPLETE: {
    disposition: 'stop',
    meaning: 'A part that is to be merged, or what it is to be merged into, is of a run that has not come to its end.',
    remedy: 'Give the command that writes it again, until it has ended, and then merge again.',
  },
  PARTS_DIFFER: {
    disposition: 'stop',
    meaning: 'A document is done in two of the parts that are to be merged, and they do not agree on it.',
    remedy: 'Bring both to what the server sends now, with --update, or leave one of the parts out.',
  },
  PART_DAMAGED: {
    disposition: 'stop',
    meaning: 'A part that is to be merged is not what its ledger says.',
    remedy:
      'Copy the part that the message names once more, with what stands beside it, or mill its documents again with --fresh; `xmlmill verify` tells all that is wrong with it.',
  },
  OUTPUT_FAILED: {
    disposition: 'stop',
    meaning: 'Records could not be written.',
    remedy: 'Check space and permissions of the target, then run again.',
  },
  OUTPUT_CLOSED: {
    disposition: 'stop',
    meaning: 'Whoever read the output went away, as `head` does when it has enough.',
    remedy: 'Nothing is wrong; the rest was not fetched.',
  },
  QUEUE_UNUSABLE: {
    disposition: 'stop',
    meaning: 'The database has no queue of xmlmill, or one of another version, or no run of that name.',
    remedy: 'Give the database that `xmlmill submit` was given, and the same version of xmlmill.',
  },
  QUEUE_FAILED: {
    disposition: 'stop',
    meaning: 'The database of the queue refused something, or was away for too long.',
    remedy:
      'Look at the address, the permissions and the database that the message names, and give the command again: what is in the queue is not lost.',
  },
  TRANSFORM_REFUSED: {
    disposition: 'stop',
    meaning:
      'A run in the queue brings a transform that this worker was not told to run, or that is not the one that was submitted.',
    remedy:
      'Look at the transform: if it is yours, give `xmlmill work` --allow-transform with the hash that the message names; if another stands in the queue than was submitted, submit the run under another --name.',
  },
  REPORT_FAILED: {
    disposition: 'stop',
    meaning: 'The file of --report, --events or --summary could not be written. The records are not affected.',
    remedy: 'Check space and permissions of its folder.',
  },
  REPORT_UNREADABLE: {
    disposition: 'stop',
    meaning: 'There is nothing that a report could be made from.',
    remedy: 'Give `xmlmill report` a file that --events wrote, or the output of a run that keeps a ledger.',
  },
  PORT_UNAVAILABLE: {
    disposition: 'stop',
    meaning: 'The port of --live or --metrics could not be opened.',
    remedy: 'Give another port, or 0 for any that is free.',
  },
  ABORTED: {
    disposition: 'stop',
    meaning: 'The run was stopped by a signal or by its AbortSignal.',
    remedy: 'Run the same command again.',
  },
  INTERNAL: {
    disposition: 'fail',
    meaning: 'xmlmill itself made a mistake.',
    remedy: 'Please report it with the message and the document.',
  },
} as const satisfies Record<string, Kind>

export type ErrorCode = keyof typeof ERRORS

/** Where in a document something went wrong. Lines and columns count from 1, in characters; bytes from 0, decompressed. */
export interface Place {
  readonly line?: number
  readonly column?: number
  readonly byteOffset?: number
}

/** A failure as plain data, as it crosses the channel (an Error sent over a port loses its class and fields). */
export interface Failure extends Place {
  readonly code: ErrorCode
  /** What, where, and with which value. */
  readonly message: string
  readonly disposition: Disposition
  /** HTTP status, where an answer was the failure. */
  readonly status?: number
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number
}

export interface MillErrorDetails extends Place {
  readonly cause?: unknown
  readonly status?: number
  readonly retryAfterMs?: number
}

/** The one error class: match on `code`. */
export class MillError extends Error {
  override readonly name = 'MillError'
  readonly code: ErrorCode
  readonly details: MillErrorDetails

  constructor(code: ErrorCode, message: string, details: MillErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.details = details
  }

  get disposition(): Disposition {
    return ERRORS[this.code].disposition
  }

  get remedy(): string {
    return ERRORS[this.code].remedy
  }

  /** The error that a failure was made from, but for its cause. */
  static from({ code, message, disposition: _, ...details }: Failure): MillError {
    return new MillError(code, message, details)
  }

  toFailure(): Failure {
    const { cause: _, ...place } = this.details
    return { code: this.code, message: this.message, disposition: this.disposition, ...place }
  }
}

/** Any thrown value as a failure: what is not a MillError is a mistake of ours, and says so. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof MillError) return thrown.toFailure()
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  return new MillError('INTERNAL', message).toFailure()
}
