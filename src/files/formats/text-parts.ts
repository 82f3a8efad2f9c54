/** Text that is put together piece by piece, in parts of bytes. */
export interface TextParts {
  add(text: string): void;
  /** Whether a part was made since the last rest. */
  readonly full: boolean;
  /** Lets the event loop turn. */
  rest(): Promise<void>;
  parts(): readonly Uint8Array[];
}

/** Letters of a part. */
const LETTERS = 1 << 20;

export function textParts(): TextParts {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let text = '';
  let full = false;
  return {
    add(more) {
      text += more;
      if (text.length < LETTERS) return;
      parts.push(encoder.encode(text));
      text = '';
      full = true;
    },
    get full() {
      return full;
    },
    async rest() {
      full = false;
      await new Promise(setImmediate);
    },
    parts() {
      if (text !== '') parts.push(encoder.encode(text));
      text = '';
      return parts;
    },
  };
}

/** A number with as many digits as bring it back; what is no decimal as Python reads it. */
export const decimal = (x: number): string => {
  if (Number.isFinite(x)) return Object.is(x, -0) ? '-0' : String(x);
  return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
};
