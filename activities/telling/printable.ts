/** Windows-1252 beyond Latin-1: what the fonts that every PDF reader has can show. */
const BEYOND_LATIN_1 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ'

/** Letters that Unicode does not take apart. */
const PLAIN: Readonly<Record<string, string>> = {
  Ł: 'L',
  ł: 'l',
  Đ: 'D',
  đ: 'd',
  Ħ: 'H',
  ħ: 'h',
  ı: 'i',
  Ŧ: 'T',
  ŧ: 't',
  '−': '-',
}

/**
 * Text in letters that a PDF shows without a font of its own: accents that it lacks are dropped (Žák stays, Dvořák
 * becomes Dvorák). `null` for other scripts, which would come out as question marks.
 */
export function printable(text: string): string | null {
  const letters = Array.from(text.normalize('NFC').replace(/[\p{Zs}\p{Cc}]+/gu, ' '), shown)
  return letters.includes(null) ? null : letters.join('')
}

function shown(letter: string): string | null {
  if (isShown(letter)) return letter
  const plain = PLAIN[letter] ?? letter.normalize('NFKD').replace(/\p{M}+/gu, '')
  return plain !== '' && Array.from(plain).every(isShown) ? plain : null
}

function isShown(letter: string): boolean {
  return /^[\x20-\x7e\xa1-\xff]$/.test(letter) || BEYOND_LATIN_1.includes(letter)
}
