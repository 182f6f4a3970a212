import type { Express } from 'express'
import type { ILayer, IRoute } from 'express-serve-static-core'

export interface RouteOf {
  /** As Express writes it: `/pki/certs/:serial`. */
  readonly path: string
  /** In lower case; without what takes every method, which here only refuses. */
  readonly methods: readonly string[]
}

interface Layer extends Omit<ILayer, 'handle' | 'route'> {
  readonly handle: { readonly stack?: readonly Layer[] }
  readonly route?: IRoute
  /** Whether it is for all paths; Express does not keep for which it is otherwise. */
  readonly slash: boolean
}

/** Every route of an application, as its routers have it: none can be left out of a test that goes by them. */
export function routesOf(app: Express): readonly RouteOf[] {
  const routes = (app.router.stack as unknown as readonly Layer[]).flatMap(routesIn)
  return [...Map.groupBy(routes, ({ path }) => path)].map(([path, same]) => ({
    path,
    methods: [...new Set(same.flatMap(methodsOf))],
  }))
}

function routesIn({ route, handle, slash, name }: Layer): readonly IRoute[] {
  if (route) return [route]
  if (handle.stack === undefined) return []
  if (!slash) throw new Error(`The router ${name} is below a path, which cannot be seen from outside.`)
  return handle.stack.flatMap(routesIn)
}

function methodsOf({ stack }: IRoute): readonly string[] {
  return stack.map(({ method }) => method).filter(method => method !== undefined)
}
