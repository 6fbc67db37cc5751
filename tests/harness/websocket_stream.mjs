// Splits one direction of a WebSocket connection (RFC 6455 §5.2) into the HTTP head and the frames.

const HEAD_END = Buffer.from("\r\n\r\n");
const TEXT = 1;
const CONTINUATION = 0;

export class WebSocketStream {
  #isHead = true;
  #kept = Buffer.alloc(0);
  /** The fragments of a message that is not complete. */
  #pieces = [];

  /** Yields the parts that these bytes complete: `{ bytes }` of the head, `{ bytes, opcode, text? }` of a frame, its text unmasked. */
  *push(chunk) {
    let data = this.#kept.length > 0 ? Buffer.concat([this.#kept, chunk]) : chunk;
    for (;;) {
      const length = this.#isHead ? headLength(data) : frameLength(data);
      if (length === undefined || data.length < length) break;
      const bytes = data.subarray(0, length);
      data = data.subarray(length);
      if (this.#isHead) {
        this.#isHead = false;
        yield { bytes };
      } else {
        yield { bytes, ...this.#read(bytes) };
      }
    }
    this.#kept = Buffer.from(data);
  }

  /** Takes the bytes that are no complete part out of the stream, and returns them. */
  rest() {
    const kept = this.#kept;
    this.#kept = Buffer.alloc(0);
    return kept;
  }

  #read(bytes) {
    const opcode = bytes[0] & 0x0f;
    if (opcode === TEXT) this.#pieces = [];
    else if (opcode !== CONTINUATION) return { opcode };
    this.#pieces.push(payload(bytes));
    return (bytes[0] & 0x80) === 0 ? { opcode } : { opcode, text: Buffer.concat(this.#pieces).toString() };
  }
}

function headLength(data) {
  const end = data.indexOf(HEAD_END);
  return end < 0 ? undefined : end + HEAD_END.length;
}

/** Returns where the payload begins and ends, or undefined when the header is not complete. */
function bounds(data) {
  if (data.length < 2) return undefined;
  const short = data[1] & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + extended + ((data[1] & 0x80) === 0 ? 0 : 4);
  if (data.length < start) return undefined;
  const length = extended === 0 ? short : extended === 2 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
  return { start, end: start + length };
}

const frameLength = (data) => bounds(data)?.end;

function payload(bytes) {
  const { start } = bounds(bytes);
  const content = bytes.subarray(start);
  if ((bytes[1] & 0x80) === 0) return content;
  const mask = bytes.subarray(start - 4, start);
  return content.map((byte, at) => byte ^ mask[at & 3]);
}
