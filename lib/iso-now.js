// The time in ISO form. Many records are written in one millisecond, and the text of a time costs
// as much as that of a small record.

let lastTime
let lastText

function isoNow() {
  const time = Date.now()
  if (time !== lastTime) {
    lastTime = time
    lastText = new Date(time).toISOString()
  }
  return lastText
}

module.exports = { isoNow }
