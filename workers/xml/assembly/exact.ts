// --values: which texts are exact numbers or booleans. Exact means that JavaScript writes the number as the text has it,
// so that nothing is lost: not 007, 1.10, +1, 1e5, -0, nor numbers of more digits than a double keeps.
import { DASH, byte } from './bytes'

/** Digits that a double always keeps. */
const MAX_DIGITS: u32 = 15

/** Whether the n bytes at s may be written without quotes. */
export function isExact(s: usize, n: u32): bool {
  if (n == 4) if (load<u32>(s) == 0x65757274) return true
  if (n == 5) if (load<u32>(s) == 0x736c6166 && byte(s + 4) == 101) return true
  return n > 0 && n <= 24 && isExactNumber(s, n)
}

function isExactNumber(s: usize, n: u32): bool {
  const e = s + n
  const negative = byte(s) == DASH
  if (negative) s++
  const whole = digits(s)
  if (!whole || (byte(s) == 48 && whole > 1)) return false
  if (s + whole == e) return whole <= MAX_DIGITS && !(negative && byte(s) == 48)
  if (byte(s + whole) != 46) return false
  const fraction = digits(s + whole + 1)
  if (!fraction || s + whole + 1 + fraction != e || byte(e - 1) == 48) return false
  // JavaScript writes what is below 0.000001 with an exponent.
  if (byte(s) == 48 && zeros(s + 2) > 5) return false
  return whole + fraction <= MAX_DIGITS
}

function digits(p: usize): u32 {
  let n: u32 = 0
  while (byte(p + n) - 48 < 10) n++
  return n
}

function zeros(p: usize): u32 {
  let n: u32 = 0
  while (byte(p + n) == 48) n++
  return n
}
