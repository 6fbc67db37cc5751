// Counts the data frames (RFC 6455 §5.2) of one direction of a WebSocket from its bytes, after the HTTP head.

const HEAD_END = Buffer.from("\r\n\r\n");
const OPCODE_BINARY = 2;

export class FrameCounter {
  #isHead = true;
  /** Bytes that were too few to be a whole header, or the end of a head. */
  #kept = Buffer.alloc(0);
  /** Payload bytes of the present frame that are still to come. */
  #left = 0;
  #counted;

  /** The counter calls `counted(bytes)` for each data frame, with the length of its payload. */
  constructor(counted) {
    this.#counted = counted;
  }

  push(chunk) {
    let data = this.#kept.length > 0 ? Buffer.concat([this.#kept, chunk]) : chunk;
    this.#kept = Buffer.alloc(0);
    if (this.#isHead) {
      const end = data.indexOf(HEAD_END);
      if (end < 0) {
        this.#kept = data.subarray(-(HEAD_END.length - 1));
        return;
      }
      this.#isHead = false;
      data = data.subarray(end + HEAD_END.length);
    }
    while (data.length > 0) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, data.length);
        this.#left -= passed;
        data = data.subarray(passed);
        continue;
      }
      const header = readHeader(data);
      if (!header) {
        this.#kept = Buffer.from(data);
        return;
      }
      if (header.isData) this.#counted(header.payload);
      this.#left = header.payload;
      data = data.subarray(header.length);
    }
  }
}

/** Returns the header at the front of the bytes: { length, payload, isData }, or undefined if a part of it is missing. */
function readHeader(data) {
  if (data.length < 2) return undefined;
  const isMasked = (data[1] & 0x80) !== 0;
  const short = data[1] & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const length = 2 + extended + (isMasked ? 4 : 0);
  if (data.length < length) return undefined;
  const payload = extended === 0 ? short : extended === 2 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
  return { length, payload, isData: (data[0] & 0x0f) <= OPCODE_BINARY };
}
