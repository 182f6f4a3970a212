import { PNG } from 'pngjs'
import decodeQR from 'qr/decode.js'

/** What the QR code in a picture says, as a camera sees it. */
export function readQr(png: Buffer): string {
  const { data, width, height } = PNG.sync.read(png)
  return decodeQR({ data, width, height })
}
