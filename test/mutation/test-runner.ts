import { relative } from 'node:path'
import { createVitest, type TestModule, type TestProject, type Vitest } from 'vitest/node'
import { PLACES } from '../support/changed-files.ts'
import type { Setting } from './accepts-files.ts'
import type { Target } from './targets.ts'
import type { Killer } from './trial.ts'

/** Its containers are those of compose.yaml, which no changed configuration reaches. */
const WITHOUT_CONFIGURATION = /\/compose\.test\.ts$/

interface TestFile {
  readonly path: string
  readonly milliseconds: number
  kills: number
}

/** The end-to-end tests of one target, run again and again in one process: images and keys are made once. */
export class TestRunner implements AsyncDisposable {
  readonly #vitest: Vitest
  readonly #project: TestProject
  readonly #target: Target
  readonly #volume: string
  #files: readonly TestFile[] = []

  private constructor(vitest: Vitest, target: Target, mounted: string) {
    this.#vitest = vitest
    this.#project = vitest.getProjectByName('e2e')
    this.#target = target
    this.#volume = `${mounted}:${PLACES[target.variable]}:ro`
    this.#project.config.env = {
      GATEHOUSE_TEST_FRONTS: target.proxies.join(','),
      [target.variable]: mounted,
    }
  }

  /** @throws Error when a test fails already, or none is there */
  static async start(target: Target, mounted: string): Promise<TestRunner> {
    const vitest = await withoutSignalHandlers(() =>
      createVitest('test', { project: ['e2e'], watch: false, bail: 1, reporters: [{}] }),
    )
    const runner = new TestRunner(vitest, target, mounted)
    try {
      await runner.#demandSuccess()
      return runner
    } catch (error) {
      await vitest.close()
      throw error
    }
  }

  get setting(): Setting {
    const { images, keys } = this.#project.getProvidedContext()
    return { target: this.#target, images, keys, volume: this.#volume }
  }

  /**
   * The first test that fails. The one that did so the last time is asked first, then file after file; a failure that
   * nobody has seen before has to happen twice, so that a machine out of breath is no proof.
   */
  async findKiller(hint: Killer | undefined): Promise<Killer | undefined> {
    const remembered = hint && this.#files.find(({ path }) => path === hint.file)
    if (remembered && hint.test !== undefined && (await this.#run(hint.file, hint.test))) return hint
    const others = this.#files.filter(file => file !== remembered).toSorted(byKillsPerTime)
    for (const file of remembered ? [remembered, ...others] : others) {
      const killer = await this.#run(file.path)
      if (!killer || !(await this.#run(killer.file, killer.test))) continue
      file.kills += 1
      return killer
    }
    return undefined
  }

  /** One file, or one test of it; the answer is what failed first. */
  async #run(path: string, test?: string): Promise<Killer | undefined> {
    const specification = this.#project.createSpecification(
      `${this.#vitest.config.root}/${path}`,
      test === undefined ? undefined : { testNames: [test] },
    )
    const { testModules } = await this.#vitest.runTestSpecifications([specification])
    const module = testModules.find(({ moduleId }) => moduleId === specification.moduleId)
    if (!module) throw new Error(`Vitest did not run ${path}.`)
    return firstFailure(module, path)
  }

  async #demandSuccess(): Promise<void> {
    const specifications = await this.#vitest.globTestSpecifications()
    const files: TestFile[] = []
    for (const { moduleId } of specifications.filter(spec => !WITHOUT_CONFIGURATION.test(spec.moduleId))) {
      const path = relative(this.#vitest.config.root, moduleId)
      const begin = performance.now()
      const failure = await this.#run(path)
      const module = this.#vitest.state.getTestModules().find(found => found.moduleId === moduleId)
      // A file about something else than proxies has no tests for these.
      if (!module || [...module.children.allTests()].length === 0) continue
      if (failure)
        throw new Error(`Without any change fails ${path}: ${failure.test ?? 'the start of the stack'}`)
      files.push({ path, milliseconds: performance.now() - begin, kills: 0 })
    }
    if (files.length === 0) throw new Error(`No test is about ${this.#target.folder}.`)
    this.#files = files
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vitest.close()
  }
}

function firstFailure(module: TestModule, file: string): Killer | undefined {
  const [failed] = module.children.allTests('failed')
  if (failed) return { file, test: failed.fullName }
  return module.state() === 'failed' ? { file, test: undefined } : undefined
}

/** One kill to begin with, so that the shortest file is first while nothing is known. */
function byKillsPerTime(one: TestFile, other: TestFile): number {
  return (other.kills + 1) / other.milliseconds - (one.kills + 1) / one.milliseconds
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Vitest would end the process at once, with everything that it started left running. */
async function withoutSignalHandlers(start: () => Promise<Vitest>): Promise<Vitest> {
  const before = SIGNALS.map(signal => process.listeners(signal))
  const vitest = await start()
  for (const [i, signal] of SIGNALS.entries())
    for (const listener of process.listeners(signal))
      if (!before[i]?.includes(listener)) process.off(signal, listener)
  return vitest
}
