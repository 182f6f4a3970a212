/** What every plot has besides its drawing: a screen reader has `title` and `description`, and everybody the table. */
export interface Plot {
  /** Of the page. */
  readonly id: string
  readonly title: string
  readonly description: string
  readonly width: number
  readonly height: number
  readonly table: PlotTable
}

export interface PlotTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
  /** What is left out. */
  readonly note?: string
}
