import type { Express } from 'express'

export interface RouteOf {
  /** As Express writes it: `/pki/certs/:serial`. */
  readonly path: string
  /** In lower case; without what takes every method, which here only refuses. */
  readonly methods: readonly string[]
}

/** As Express keeps it. */
interface Layer {
  readonly name: string
  readonly handle: { readonly stack?: readonly Layer[] }
  readonly route?: Route
  /** Whether it is for all paths; for which it is otherwise, it does not say. */
  readonly slash: boolean
}

interface Route {
  readonly path: string
  readonly stack: readonly { readonly method?: string }[]
}

/** Every route of an application, as its routers have it: none can be left out of a test that goes by them. */
export function routesOf(app: Express): readonly RouteOf[] {
  const routes = (app.router.stack as unknown as readonly Layer[]).flatMap(routesIn)
  return [...Map.groupBy(routes, ({ path }) => path)].map(([path, same]) => ({
    path,
    methods: [...new Set(same.flatMap(methodsOf))],
  }))
}

function routesIn({ route, handle, slash, name }: Layer): readonly Route[] {
  if (route) return [route]
  if (handle.stack === undefined) return []
  if (!slash) throw new Error(`The router ${name} is below a path, which cannot be seen from outside.`)
  return handle.stack.flatMap(routesIn)
}

function methodsOf({ stack }: Route): readonly string[] {
  return stack.map(({ method }) => method).filter(method => method !== undefined)
}
