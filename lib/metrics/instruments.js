// What this process counts: the operations of each set of labels, and what belongs to the process
// as a whole. Databases that are open are asked for their files when somebody wants to know; they
// are held weakly, because being counted must not keep one open.

const { checkLabels } = require('./labels.js')
const { SampledHistogram } = require('./sampled-histogram.js')

/** One for every set of labels: stores with the same labels count together. */
const series = new Map()

/** @typedef {{ labels: Record<string, string>, writes: SampledHistogram, reads: SampledHistogram,
 *    databases: Set<WeakRef<object>> }} Series */

/** @returns {Series} */
function seriesOf(operation, given) {
  const labels = checkLabels(operation, given)
  const key = JSON.stringify(labels)
  if (!series.has(key)) {
    const [writes, reads] = [new SampledHistogram(), new SampledHistogram()]
    series.set(key, { labels, writes, reads, databases: new Set() })
  }
  return series.get(key)
}

/** The handles that the databases of a series have open; those that share a database count once. */
function openFiles({ databases }) {
  const handles = new Map()
  for (const reference of databases) {
    const files = reference.deref()?.openFiles()
    if (files === undefined) databases.delete(reference)
    else handles.set(files.database, files.handles)
  }
  return [...handles.values()].reduce((sum, count) => sum + count, 0)
}

/** Records that were turned into their text. */
const encodes = new SampledHistogram()

module.exports = { encodes, openFiles, series, seriesOf }
