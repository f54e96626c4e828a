/** `burst` at once, then one more each `refillMs`. */
export interface BucketLimit {
  readonly burst: number;
  readonly refillMs: number;
}

export interface Bucket {
  tokens: number;
  /** Until when it has been refilled, in milliseconds since the epoch. */
  at: number;
}

export function takeToken(bucket: Bucket, { burst, refillMs }: BucketLimit, now: number): boolean {
  const refilled = Math.floor((now - bucket.at) / refillMs);
  if (refilled > 0) {
    bucket.tokens = Math.min(burst, bucket.tokens + refilled);
    bucket.at += refilled * refillMs;
  }
  if (bucket.tokens <= 0) return false;
  bucket.tokens--;
  return true;
}
