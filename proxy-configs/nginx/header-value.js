/** Whether a header can say it as it is: no control character, which would end the line, and no blank at an end. */
function isHeaderValue(text) {
  return (
    text !== '' &&
    text === text.trim() &&
    text.split('').every(character => character >= ' ' && character !== '\x7f')
  )
}

export default { isHeaderValue }
