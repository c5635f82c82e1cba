// Text as PostgreSQL can hold it. Neither `text` nor `jsonb` takes NUL, and `jsonb` takes no lone
// surrogate; other stores keep both. So U+001A, which "substitutes" by its name, is an escape: with
// four hexadecimal digits behind it, it stands for that UTF-16 unit, and with another U+001A behind
// it for itself. All other text is kept as it is.

const ESCAPE = '\u001a'
const UNFIT = new RegExp(`[\\0${ESCAPE}]|\\p{Surrogate}`, 'gu')
const ESCAPED = new RegExp(`${ESCAPE}(${ESCAPE}|[0-9a-f]{4})`, 'g')

/** @param {string} text any */
function toColumn(text) {
  return text.replace(UNFIT, (unit) =>
    unit === ESCAPE ? ESCAPE + ESCAPE : ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, '0'),
  )
}

/** @param {string} text what `toColumn` gave */
function fromColumn(text) {
  return text.replace(ESCAPED, (_, unit) =>
    unit === ESCAPE ? ESCAPE : String.fromCharCode(Number.parseInt(unit, 16)),
  )
}

module.exports = { fromColumn, toColumn }
