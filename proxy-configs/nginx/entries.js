import signedList from 'signed-list.js'

/** Applies all changes of a list or none; gives how many entries there are then, of `entries` before. */
async function apply(zone, list, entries) {
  const done = []
  let named = 0
  try {
    named = await applyLines(zone, list.changes, list.to, done)
  } catch (_error) {
    await applyLines(zone, done.map(opposite).join('\n'), list.to, [])
    throw Error('it does not fit into js_shared_dict_zone')
  }
  if (list.from > 0) return done.reduce((sum, change) => sum + (change[0] === '+' ? 1 : -1), entries)
  if (zone.size() > named) deleteOthers(zone, list.to)
  return zone.size()
}

/** Gives the number of lines; those that made a difference are added to `done`. */
async function applyLines(zone, text, mark, done) {
  let count = 0
  await signedList.inSlices(text, slice => {
    // Servers print the same serial number with and without leading zeros.
    const changes = slice
      .replace(/([+-])0+/g, '$1')
      .trimEnd()
      .split('\n')
    changes.forEach(change => {
      if (applyOne(zone, change, mark)) done.push(change)
    })
    count += changes.length
  })
  return count
}

/** An entry is marked with the generation that named it last. */
function applyOne(zone, change, mark) {
  const entry = change.slice(1)
  if (change[0] === '-') return zone.delete(entry)
  const isNew = !zone.has(entry)
  zone.set(entry, mark)
  return isNew
}

function opposite(change) {
  return (change[0] === '+' ? '-' : '+') + change.slice(1)
}

/** What a whole list does not name is not on it any more. */
function deleteOthers(zone, mark) {
  zone.items(zone.size()).forEach(item => {
    if (item[1] !== mark) zone.delete(item[0])
  })
}

export default { apply }
