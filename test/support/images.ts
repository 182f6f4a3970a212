/** What the Dockerfiles build, under names of the tests' own. */
export const IMAGE_NAMES = ['app', 'apache', 'nginx', 'haproxy'] as const
export type ImageName = (typeof IMAGE_NAMES)[number]

export function imageTag(name: ImageName): string {
  return `gatehouse-test/${name}:latest`
}
