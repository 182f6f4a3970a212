import { AppError } from './errors.ts'

/** What is read from a setting by a part that does not know whose words it reads: its complaint then says which. */
export async function ofSetting<Result>(name: string, read: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'CONFIG_INVALID') throw error
    throw new AppError('CONFIG_INVALID', `${name}: ${error.message}`, { cause: error })
  }
}
