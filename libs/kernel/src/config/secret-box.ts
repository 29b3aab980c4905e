import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Sizes of AES-256-GCM by NIST SP 800-38D: a random nonce of 96 bits, a tag of 128. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts what is kept outside of the process and is nobody else's business, under a key made from the master key. */
export class SecretBox {
  private readonly key: Buffer;

  /** @param masterKey at least 32 bytes; the same in every process */
  constructor(masterKey: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', masterKey, '', 'midplane/stored-secret', 32));
  }

  /**
   * @param place what the secret belongs to, such as the id of its row: it can be opened nowhere else
   * @returns nonce, tag and ciphertext
   */
  seal(secret: string, place: string): Buffer {
    return this.sealBytes(Buffer.from(secret), place);
  }

  /** As {@link seal}, of bytes. */
  sealBytes(bytes: Uint8Array, place: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place));
    const text = cipher.update(bytes);
    const end = cipher.final();
    return Buffer.concat([nonce, cipher.getAuthTag(), text, end]);
  }

  /** @throws Error where it was sealed under another master key, for another place, or altered */
  open(sealed: Buffer, place: string): string {
    return this.openBytes(sealed, place).toString('utf8');
  }

  /** As {@link open}, of bytes. */
  openBytes(sealed: Buffer, place: string): Buffer {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const text = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([text, decipher.final()]);
  }
}
