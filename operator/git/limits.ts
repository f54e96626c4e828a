/** What a server may make us hold or do. Past a limit the remote is `RemoteInvalid`. */
export interface Limits {
  /** Of one answer, in bytes, as it comes over the wire. */
  readonly answerBytes: number;
  /** Of one pack, in bytes. */
  readonly packBytes: number;
  /** Objects in one pack. */
  readonly packObjects: number;
  /** Objects in the answer to an incremental fetch; with more, the whole tree is fetched, which may well be smaller. */
  readonly incrementalObjects: number;
  /** Of one object, inflated, in bytes. */
  readonly objectBytes: number;
  /** Of all objects of one pack, inflated, in bytes. */
  readonly inflatedBytes: number;
  /** Deltas on deltas; git itself writes 4,095 at most. */
  readonly deltaDepth: number;
  /** Seconds that reading one pack may take, from when its thread starts. */
  readonly packSeconds: number;
  /** For what is known of one pack's objects besides their bytes, in MiB. */
  readonly packHeapMegabytes: number;
  /** Refs in one answer. */
  readonly refs: number;
  /** Files listed below one folder: trees may name the same folder again and again. */
  readonly files: number;
  /** Of a file's path, in characters: no file system takes more, and folders may lie as deep as a server likes. */
  readonly pathLength: number;
  /** Milliseconds for one request from its start to the end of its answer, as a multiple of the remote's timeout. */
  readonly wholeRequestFactor: number;
}

export const defaultLimits: Limits = {
  answerBytes: 300 * 2 ** 20,
  packBytes: 256 * 2 ** 20,
  packObjects: 500_000,
  incrementalObjects: 20_000,
  objectBytes: 64 * 2 ** 20,
  inflatedBytes: 512 * 2 ** 20,
  deltaDepth: 4_095,
  packSeconds: 120,
  packHeapMegabytes: 256,
  refs: 100_000,
  files: 500_000,
  pathLength: 4_096,
  wholeRequestFactor: 10,
};
