// Figures as tables: medians, and what they are to those of classic-level.

import { cpus, release, type } from 'node:os'

const REFERENCE = 'classic-level'

export function machine() {
  const [{ model }] = cpus()
  return `${type()} ${release()}, ${cpus().length} × ${model}, Node ${process.version}`
}

/** @param {Map<string, Record<string, number>[]>} results figures of each round by contender */
export function table(results) {
  const medians = new Map(Array.from(results, ([name, rounds]) => [name, medianOfEach(rounds)]))
  const reference = medians.get(REFERENCE)
  const works = [...new Set([...medians.values()].flatMap(Object.keys))]
  const head = ['per second', ...medians.keys()]
  const rows = works.map((work) => [
    work,
    ...Array.from(medians.values(), (figures) => cell(figures[work], reference?.[work])),
  ])
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')
}

function cell(figure, reference) {
  if (figure === undefined) return ''
  const rounded = Number(figure.toPrecision(3)).toLocaleString('en')
  return reference ? `${rounded} (${(figure / reference).toFixed(2)}×)` : rounded
}

function medianOfEach(rounds) {
  const works = Object.keys(rounds[0])
  return Object.fromEntries(works.map((work) => [work, median(rounds.map((round) => round[work]))]))
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
