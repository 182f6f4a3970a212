import { z } from 'zod'
import type { SeenPaste } from '../../pastes/find-paste.ts'
import { PAGE_LIMIT } from './schemas.ts'

/** `?burn` and `?burn=true` say the same. */
const FLAG = z
  .enum(['', 'true', 'false'])
  .default('false')
  .transform(text => text !== 'false')
const WISH = {
  expires_in: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'Seconds; left out or empty, the most that the level allows' }),
  burn: FLAG.meta({ description: 'The first reader is the only one' }),
  private: FLAG.meta({ description: 'Only for the owner, who needs a certificate' }),
  name: z.string().max(1024).optional().meta({ description: 'As which file it is saved' }),
}
export const PasteQuery = z.strictObject(WISH)
/** For the description only: what is in it comes as a stream. */
export const UploadForm = z.strictObject({
  file: z.string().optional().meta({ description: 'The paste as a file' }),
  text: z.string().optional().meta({ description: 'The paste as a text, instead of a file' }),
  ...WISH,
})
export const PasteListQuery = z.strictObject({
  all: FLAG.meta({ description: "Everybody's, for administrators" }),
  after: z.string().max(64).optional(),
  limit: PAGE_LIMIT,
})

const TIME = z.iso.datetime()
export const PasteJson = z.object({
  id: z
    .string()
    .meta({ description: '32 hexadecimal digits; whoever knows it may read what is not private' }),
  name: z.string().nullable(),
  media_type: z.string(),
  size: z.int().meta({ description: 'Octets' }),
  sha256: z
    .string()
    .nullable()
    .meta({ description: 'Upper-case hexadecimal; not of what burns, which could be guessed by it' }),
  created_at: TIME,
  expires_at: TIME,
  burn: z.boolean(),
  burnt_at: TIME.nullable().meta({ description: 'When its one reader had it' }),
  private: z.boolean(),
  yours: z.boolean(),
  owner: z.string().nullable().meta({
    description:
      'Name, or SHA-256 of a certificate that nobody vouches for; for owners and administrators only',
  }),
})
export const PasteListJson = z.object({
  pastes: z.array(PasteJson),
  next: z
    .string()
    .nullable()
    .meta({ description: 'What `after` has to be for the next page; null on the last' }),
})

/** @param showsOwner to an administrator */
export function pasteJson({ row, isOwn }: SeenPaste, showsOwner: boolean): z.infer<typeof PasteJson> {
  return {
    id: row.id,
    name: row.fileName,
    media_type: row.mediaType,
    size: row.size,
    sha256: row.isBurning ? null : row.sha256,
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: new Date(row.expiresAt).toISOString(),
    burn: row.isBurning,
    burnt_at: row.burntAt === null ? null : new Date(row.burntAt).toISOString(),
    private: row.isPrivate,
    yours: isOwn,
    owner: isOwn || showsOwner ? row.ownerName : null,
  }
}
