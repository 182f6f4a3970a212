/** What the Dockerfiles build. */
export const IMAGE_NAMES = ['app', 'apache', 'nginx', 'haproxy', 'intranet', 'postgres'] as const
export type ImageName = (typeof IMAGE_NAMES)[number]
