/** Where the store is when nothing else is said: a file below the working folder. */
export const DEFAULT_DATABASE_URL = 'sqlite:data/gatehouse.sqlite'
