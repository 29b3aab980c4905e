import net from 'node:net';

/** What is read at once, but for longer messages. */
const BUFFER_BYTES = 64 * 1024;
/** A message begins with its type and its length, which counts itself. */
const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;

/**
 * A socket for pg's client that reads into one buffer over and over, and hands on whole messages: their bytes are only
 * there until the listeners of `data` have returned, and pg's parser looks at them no longer. Node would take 64 KiB anew
 * for each read, and collecting these costs more than all else about rows of many bytes.
 * @param ssl whether the connection is going to be encrypted, when what is read are no messages
 * @returns not connected yet
 * @see https://www.postgresql.org/docs/18/protocol-message-formats.html
 */
export function steadySocket({ ssl }: { ssl?: unknown }): net.Socket {
  if (ssl) return new net.Socket();
  let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Bytes at the beginning of the buffer, of a message that is not complete. */
  let held = 0;

  const onRead = (count: number): boolean => {
    const end = held + count;
    const { whole, next } = messagesIn(buffer, end);
    if (whole > 0) socket.emit('data', buffer.subarray(0, whole));
    const read = buffer;
    const size = Math.max(BUFFER_BYTES, next);
    if (buffer.length !== size) buffer = Buffer.allocUnsafeSlow(size);
    read.copy(buffer, 0, whole, end);
    held = end - whole;
    return true;
  };
  const socket = new net.Socket({ onread: { buffer: () => buffer.subarray(held), callback: onRead } });
  return socket;
}

/** @returns how many of the bytes are whole messages, and how long the next one is, 0 where that is not known yet */
function messagesIn(buffer: Buffer, end: number): { whole: number; next: number } {
  let whole = 0;
  while (whole + TYPE_BYTES + LENGTH_BYTES <= end) {
    const length = TYPE_BYTES + buffer.readUInt32BE(whole + TYPE_BYTES);
    if (whole + length > end) return { whole, next: length };
    whole += length;
  }
  return { whole, next: 0 };
}
