/** Where an array lies in its file: rows of so many bytes, in chunks of so many rows. */
export interface Rows {
  readonly rows: number;
  readonly bytes: number;
  readonly chunk: number;
}

/** Bytes that are read at a time, and how many at most where a chunk is larger. */
const [USUAL, MOST] = [1 << 22, 1 << 27];

/** Rows that are read at a time: whole chunks, so that each is unpacked once. */
export function stepOf({ rows, bytes, chunk }: Rows): number {
  const own = Math.max(1, Math.min(chunk, rows));
  const most = Math.max(1, Math.floor(MOST / bytes));
  if (own > most) return most;
  return own * Math.max(1, Math.floor(USUAL / (own * bytes)));
}
