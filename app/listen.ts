import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from './errors.ts'

function sentence(code: string | undefined, where: string): string {
  if (code === 'EADDRINUSE') {
    return `${where} is in use by another program. Stop that one, or choose another port with GATEHOUSE_PORT.`
  }
  if (code === 'EACCES') return `This user may not listen on ${where}. Choose a GATEHOUSE_PORT above 1023.`
  return `Cannot listen on ${where} (${code}). GATEHOUSE_LISTEN_HOST must be an address of this machine.`
}

/** @throws AppError LISTEN_FAILED */
export async function listen(server: Server, host: string | undefined, port: number): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ ...(host !== undefined && { host }), port }, resolve)
  try {
    await promise
  } catch (cause) {
    const where = `Port ${port} of ${host ?? 'all interfaces'}`
    throw new AppError('LISTEN_FAILED', sentence((cause as NodeJS.ErrnoException).code, where), { cause })
  } finally {
    server.off('error', reject)
  }
  return server.address() as AddressInfo
}
