/** The picture that a browser paints of a QR code: of squares of one unit, each `M… h1v1H…Z`. */
export function svgImage(svg: string): { width: number; height: number; data: Uint8Array } {
  const scale = 4
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]) * scale
  const data = new Uint8Array(size * size * 4).fill(255)
  for (const [x, y] of squares(/ d="([^"]+)"/.exec(svg)?.[1] ?? ''))
    for (let row = y * scale; row < (y + 1) * scale; row += 1)
      for (let column = x * scale; column < (x + 1) * scale; column += 1)
        data.fill(0, (row * size + column) * 4, (row * size + column) * 4 + 3)
  return { width: size, height: size, data }
}

/** Where each square begins; `m` is from the beginning of the last one. */
function squares(path: string): readonly (readonly [x: number, y: number])[] {
  let [x, y] = [0, 0]
  return [...path.matchAll(/([Mm])(-?\d+) ?(-?\d+)h1v1(?:H\d+|h-1)Z/g)].map(([, command, dx, dy]) => {
    x = Number(dx) + (command === 'm' ? x : 0)
    y = Number(dy) + (command === 'm' ? y : 0)
    return [x, y] as const
  })
}
